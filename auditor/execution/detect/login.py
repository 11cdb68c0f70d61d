"""Routes that sign somebody in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.reading import children
from auditor.frameworks.entry import EntryPoint
from auditor.index import ir

_NAMES: Final = {
    "login": 0.8, "signin": 0.8, "sign-in": 0.8, "log-in": 0.8, "session": 0.75, "sessions": 0.75, "token": 0.7,
    "access-token": 0.7, "obtain-token": 0.7, "authenticate": 0.7, "auth": 0.6,
}  # fmt: skip
"""The last part of the path, and how likely it is what a client posts its password to."""


_FIELDS: Final = ("username", "email", "login", "user", "phone")
"""What a handler may read a person's name from, the likeliest first."""
_BY_USERNAME: Final = frozenset({"django", "rest_framework"})


@dataclass(frozen=True, slots=True)
class Login:
    """A route that takes a name and a password."""

    path: str
    field: str
    """What the name is sent as."""


def logins(entries: Sequence[EntryPoint], /) -> tuple[Clue[Login], ...]:
    """Routes that take a POST, the best first."""
    clues = []
    for entry in entries:
        last = entry.path.rstrip("/").rpartition("/")[2].lower().replace("_", "-")
        if (
            entry.kind == "http"
            and entry.method in {"POST", "ANY"}
            and last in _NAMES
            and "{" not in entry.path
        ):
            admin = 0.5 if "admin" in entry.path else 1.0
            found = Login(entry.path, _field(entry))
            clues.append(Clue(found, f"{entry.file}:{entry.line}", round(_NAMES[last] * admin, 2)))
    return tuple(sorted(clues, key=lambda clue: (-clue.confidence, len(clue.value.path), clue.value.path)))


def _field(entry: EntryPoint) -> str:
    """The name that the handler reads, where its text says so."""
    said: set[str] = set()
    stack = list(entry.handler.body)
    while stack:
        node = stack.pop()
        if node[0] == ir.CONST and isinstance(node[2], str):
            said.add(node[2])
        stack.extend(children(node))
    usual = "username" if entry.framework in _BY_USERNAME else "email"
    return next((field for field in _FIELDS if field in said), usual)
