"""What an import gives: requests, and how many entries were left aside, by reason."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditor.measure.request import Request

SECRETS: Final = frozenset({
    "authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token", "x-csrf-token", "x-csrftoken",
    "x-xsrf-token",
})  # fmt: skip
"""Headers that are never taken over: name an identity instead."""
_STATIC: Final = (
    ".avif", ".css", ".gif", ".ico", ".jpeg", ".jpg", ".js", ".map", ".mjs", ".mp4", ".png", ".svg", ".ttf", ".webp",
    ".woff", ".woff2",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Requests in the order of their first appearance."""

    requests: tuple[Request, ...]
    skipped: tuple[tuple[str, int], ...] = ()
    """Reason and number of entries."""
    notes: tuple[str, ...] = ()
    """What a person must know, one sentence each."""


def is_static(path: str, /) -> bool:
    """Whether a path is that of a file which no application answers for."""
    return path.lower().endswith(_STATIC)


def numbered(requests: Iterable[Request], /) -> tuple[Request, ...]:
    """Each with an id of its own: method and path, with a number where that is taken."""
    met: Counter[str] = Counter()
    named: list[Request] = []
    for request in requests:
        name = f"{request.method} {request.path}"
        met[name] += 1
        id_ = name if met[name] == 1 else f"{name} #{met[name]}"
        named.append(request.model_copy(update={"id": id_}))
    return tuple(named)


def counted(skipped: Counter[str], /) -> tuple[tuple[str, int], ...]:
    """Reasons, the most frequent first."""
    return tuple(sorted(skipped.items(), key=lambda item: (-item[1], item[0])))
