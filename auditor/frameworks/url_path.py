"""URL paths as endpoint ids have them: joined, parameters as `{name}`, converters dropped."""

from __future__ import annotations

import re
from typing import Final

from auditor.frameworks.literals import HOLE

_ANGLE: Final = re.compile(r"<(?:[^<>:]*:)?([^<>]*)>")
_ANGLE_NAME_FIRST: Final = re.compile(r"<(\w+)(?::[^<>]*)?>")
_BRACE_START: Final = re.compile(r"\{([A-Za-z_]\w*)\s*(?::)")
_STAR: Final = re.compile(r"(^|/)\*(\w+)")


def text(value: object) -> str:
    """A path part: what is no text is `{?}`."""
    return value if isinstance(value, str) else "" if value is None else HOLE


def from_angles(rule: str) -> str:
    """Flask's `/books/<int:id>` as `/books/{id}`."""
    return _ANGLE.sub(lambda m: "{" + m[1] + "}", rule)


def from_angles_name_first(rule: str) -> str:
    """Sanic's and Bottle's `/books/<id:int>` as `/books/{id}`."""
    return _ANGLE_NAME_FIRST.sub(lambda m: "{" + m[1] + "}", rule)


def from_braces(path: str) -> str:
    """Starlette's `{id:int}` and Pyramid's `{id:[a-z]{2}}` and `*rest` as `{id}` and `{rest}`."""
    out: list[str] = []
    at = 0
    while (found := _BRACE_START.search(path, at)) is not None:
        out += [path[at : found.start()], "{", found[1], "}"]
        at = closing(path, found.start())
    return _STAR.sub(r"\1{\2}", "".join(out) + path[at:])


def closing(path: str, start: int) -> int:
    """Where the brace that opens at `start` is closed, braces inside it counted."""
    depth = 0
    for n in range(start, len(path)):
        depth += {"{": 1, "}": -1}.get(path[n], 0)
        if depth == 0:
            return n + 1
    return len(path)


def rooted(path: str) -> str:
    """A path that begins with exactly one slash, wherever its parts met."""
    return "/" + re.sub(r"/{2,}", "/", path).lstrip("/")


def under(prefix: str, rule: str) -> str:
    """Flask's joining: one slash between; an empty rule is the prefix itself."""
    if not prefix:
        return rule
    return f"{prefix.rstrip('/')}/{rule.lstrip('/')}" if rule else prefix
