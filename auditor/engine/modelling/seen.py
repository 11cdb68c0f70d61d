"""What the requests of an endpoint were seen to ask of the database, for whoever is to make them ask less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from auditor.model.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.measure.request import Request

MOST_DIFFERENT: Final = 4
"""Of requests that ask differently, the costliest are told with their statements; others are counted."""
MOST_ALIKE: Final = 6
MOST_STATEMENTS: Final = 12
_LONGEST: Final = 200
_COLUMNS: Final = re.compile(
    r"(?<=SELECT )(?:DISTINCT )?(?!COUNT|SUM|MAX|MIN|AVG|EXISTS)[^()]{60,}?(?= FROM )", re.IGNORECASE
)


def seen_text(
    asked: Sequence[str], statements: Mapping[str, Mapping[str, int]], requests: Mapping[str, Request], /
) -> str:
    """`asked` are ids of the endpoint's counted requests, `statements` how often each of them ran each; empty if nothing is known."""
    known = [name for name in asked if name in statements and name in requests]
    if not known:
        return ""
    alike: dict[tuple[tuple[str, int], ...], list[str]] = {}
    for name in known:
        alike.setdefault(tuple(sorted(statements[name].items())), []).append(name)
    groups = sorted(alike.values(), key=lambda names: (-sum(statements[names[0]].values()), names))
    lines = []
    for name, *others in groups[:MOST_DIFFERENT]:
        lines.append(f"{_line(requests[name])}: {sum(statements[name].values())} statements")
        lines += [f"  the same for {_line(requests[other])}" for other in others[:MOST_ALIKE]]
        if len(others) > MOST_ALIKE:
            lines.append(f"  and for {len(others) - MOST_ALIKE} more")
        often = sorted(statements[name].items(), key=lambda pair: (-pair[1], pair[0]))
        lines += [f"  {count} x {_statement(text)}" for text, count in often[:MOST_STATEMENTS]]
        if len(often) > MOST_STATEMENTS:
            lines.append(f"  and {len(often) - MOST_STATEMENTS} other statements")
    rest = groups[MOST_DIFFERENT:]
    if rest:
        fewest = sum(statements[rest[-1][0]].values())
        lines.append(f"and {sum(map(len, rest))} more requests, down to {fewest} statements")
    return "\n".join(lines)


def _line(request: Request) -> str:
    query = f"?{urlencode(request.query)}" if request.query else ""
    who = f" as {request.identity}" if request.identity else ""
    return f"{request.method} {request.path}{query}{who}"


def _statement(text: str) -> str:
    return shorten(_COLUMNS.sub("…", " ".join(text.split())), _LONGEST)
