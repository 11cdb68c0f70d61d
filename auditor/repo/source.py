"""What a snapshot is made of: the files that are read, and those that are not, with the reason."""

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal[
    "app",
    "test",
    "migration",
    "vendored",
    "generated",
    "script",
    "stub",
    "template",
    "sql",
    "config",
    "interface",
]
"""What a file is for. `stub` is a `.pyi` of the application: types to read, never code at fault; `interface` is a
description of an HTTP interface (OpenAPI), from which a framework may serve."""

SkipReason = Literal[
    "excluded",
    "dependencies",
    "nested-repository",
    "link",
    "special",
    "too-large",
    "missing",
    "unreadable",
    "name",
]

SKIP_TEXT: Final[dict[SkipReason, str]] = {
    "excluded": "excluded by the user",
    "dependencies": "installed dependencies",
    "nested-repository": "a repository of its own (submodule)",
    "link": "a symbolic link",
    "special": "not a regular file",
    "too-large": "too large",
    "missing": "its content is not in this clone",
    "unreadable": "cannot be read",
    "name": "its name is not UTF-8",
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the target that an audit may read."""

    path: str
    """Relative to the root, `/`-separated, valid UTF-8; it may hold any other character, a newline too."""
    role: Role
    size: int
    """Bytes."""
    stamp: str
    """Differs when the content does: times, size and inode in a work tree, the blob id in a commit."""

    @property
    def is_python(self) -> bool:
        """Whether it is Python source, whatever its role (a `gunicorn.conf.py` is `config` and Python)."""
        return self.path.endswith((".py", ".pyi"))


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that would have been read, or searched, and was not."""

    path: str
    """As in `SourceFile`; bytes that are not UTF-8 are written `\\xNN`."""
    reason: SkipReason
    detail: str = ""

    @property
    def text(self) -> str:
        """The reason for a person: `too large (2.1 MB)`."""
        return SKIP_TEXT[self.reason] + (f" ({self.detail})" if self.detail else "")
