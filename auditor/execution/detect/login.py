"""Routes that sign somebody in."""

from collections.abc import Sequence
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.frameworks.entry import EntryPoint

_NAMES: Final = {
    "login": 0.8, "signin": 0.8, "sign-in": 0.8, "log-in": 0.8, "session": 0.75, "sessions": 0.75, "token": 0.7,
    "access-token": 0.7, "obtain-token": 0.7, "authenticate": 0.7, "auth": 0.6,
}  # fmt: skip
"""The last part of the path, and how likely it is what a client posts its password to."""


def login_paths(entries: Sequence[EntryPoint], /) -> tuple[Clue[str], ...]:
    """Paths that take a POST, the best first."""
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
            clues.append(Clue(entry.path, f"{entry.file}:{entry.line}", round(_NAMES[last] * admin, 2)))
    return tuple(sorted(clues, key=lambda clue: (-clue.confidence, len(clue.value), clue.value)))
