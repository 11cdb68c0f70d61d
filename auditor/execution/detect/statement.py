"""A command that somebody wrote down, and where."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """The kinds of file that commands stand in."""

    PROCFILE = "procfile"
    DOCKERFILE = "dockerfile"
    COMPOSE = "compose"
    SYSTEMD = "systemd"
    SUPERVISOR = "supervisor"
    SCRIPT = "script"
    TASK = "task"
    MAKEFILE = "makefile"
    README = "readme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One command."""

    words: tuple[str, ...]
    """As a shell would split it; variables whose value the same file tells are replaced."""
    file: str
    line: int
    origin: Origin
    name: str = ""
    """What the source calls it: a process type, a unit, a service, a target, a shell function."""
    folder: str = ""
    """Of the tree, from where it is run as far as that is known; empty is the top."""

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"
