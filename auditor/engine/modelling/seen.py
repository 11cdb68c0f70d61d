"""What the requests of an endpoint were seen to ask of the database, for whoever is to make them ask less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from auditor.model.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.measure.request import Request

MOST_REQUESTS: Final = 4
"""The costliest are told with their statements; others are counted."""
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
    costliest = sorted(known, key=lambda name: (-sum(statements[name].values()), name))
    lines = []
    for name in costliest[:MOST_REQUESTS]:
        lines.append(f"{_line(requests[name])}: {sum(statements[name].values())} statements")
        often = sorted(statements[name].items(), key=lambda pair: (-pair[1], pair[0]))
        lines += [f"  {count} x {_statement(text)}" for text, count in often[:MOST_STATEMENTS]]
        if len(often) > MOST_STATEMENTS:
            lines.append(f"  and {len(often) - MOST_STATEMENTS} other statements")
    if len(costliest) > MOST_REQUESTS:
        fewest = sum(statements[costliest[-1]].values())
        lines.append(f"and {len(costliest) - MOST_REQUESTS} more requests, down to {fewest} statements")
    return "\n".join(lines)


def _line(request: Request) -> str:
    query = f"?{urlencode(request.query)}" if request.query else ""
    who = f" as {request.identity}" if request.identity else ""
    return f"{request.method} {request.path}{query}{who}"


def _statement(text: str) -> str:
    return shorten(_COLUMNS.sub("…", " ".join(text.split())), _LONGEST)
