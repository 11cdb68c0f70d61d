"""Which endpoint a request of the workload is for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_APPLICATION = re.compile(r" \([^()]+\)$")
"""What tells an endpoint apart from that of another application in the same tree; requests go to one of them."""
_PARAMETER = re.compile(r"\{[^{}]*\}|(?<=/)\*$")
"""`{name}`, or the `*` that all below a folder of files ends with."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The known endpoints of a target, by id (`GET /api/items/{id}`)."""

    ids: tuple[str, ...]

    @classmethod
    def of(cls, ids: Iterable[str], /) -> "Endpoints":
        """Those among `ids` that are routes."""
        return cls(tuple(sorted({id_ for id_ in ids if id_.partition(" ")[2].startswith("/")})))

    def match(self, method: str, path: str, /) -> str:
        """The id of the most literal route that takes the request; `METHOD path` itself where none is known."""
        fitting = [id_ for id_ in self.ids if _fits(id_, method, path)]
        return min(fitting, key=lambda id_: _looseness(id_, path), default=f"{method} {path}")


def _fits(id_: str, method: str, path: str) -> bool:
    verb, _, route = _APPLICATION.sub("", id_).partition(" ")
    asked = {method, "GET"} if method == "HEAD" else {method}
    return (verb == "ANY" or verb in asked) and _pattern(route).fullmatch(path) is not None


@lru_cache(maxsize=4096)
def _pattern(route: str) -> re.Pattern[str]:
    # A parameter may take more than one segment (a path converter); a looser fit loses to a stricter one.
    literal = [re.escape(part) for part in _PARAMETER.split(route.rstrip("/"))]
    # What stands between two parameters is found once, where it stands first: going back would not fit more paths.
    between = "".join(f"(?>.+?{part})" for part in literal[1:-1])
    return re.compile(f"{literal[0]}{between}{f'.+{literal[-1]}' if literal[1:] else ''}/?")


def _looseness(id_: str, path: str) -> tuple[int, bool, int, bool, str]:
    """More segments first, then the slash at the end as it was asked, fewer parameters, a method of its own."""
    verb, _, route = _APPLICATION.sub("", id_).partition(" ")
    parameters = len(_PARAMETER.findall(route))
    segments = route.rstrip("/").count("/")
    return (-segments, route.endswith("/") != path.endswith("/"), parameters, verb == "ANY", id_)
