"""Where a source comes from: a file of the target, or a model of a library that travels with auditor."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self

from auditor.repo.errors import Unreadable
from auditor.repo.source import Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.repo.snapshot import Snapshot

LIBRARY_ROOT: Final = "<library>"
"""The folder that paths of library models seem to lie in."""
_SETTLED_SECONDS: Final = 2.0
"""A file changed so shortly before it was read may change again without a new time stamp (as on FAT)."""


class Source(Protocol):
    """A Python source to read."""

    @property
    def path(self) -> str:
        """As it stands in a module."""

    @property
    def role(self) -> Role | Literal["library"]:
        """What it is for."""

    def place(self, salt: bytes) -> bytes:
        """A digest that differs between places, and at one place whenever the content does."""

    def is_settled(self, now: float) -> bool:
        """Whether `place` can be trusted to tell the next change, for a content read at `now` or later."""

    def read(self) -> bytes:
        """The content; raises `Unreadable`."""


@dataclass(frozen=True, slots=True)
class TargetSource:
    """A file of a snapshot."""

    snapshot: Snapshot
    file: SourceFile

    @property
    def path(self) -> str:
        """Relative to the target's root."""
        return self.file.path

    @property
    def role(self) -> Role:
        """As the snapshot judged it."""
        return self.file.role

    def place(self, salt: bytes) -> bytes:
        """By root, path and stamp: inodes are only unique on one device."""
        return _digest(salt, str(self.snapshot.root), self.file.path, self.file.stamp)

    def is_settled(self, now: float) -> bool:
        """A blob's id says it all; a file's time must be some seconds old."""
        if self.snapshot.dirty is False:
            return True
        try:
            about = (self.snapshot.root / self.file.path).lstat()
        except OSError:
            return False
        return max(about.st_mtime, about.st_ctime) < now - _SETTLED_SECONDS

    def read(self) -> bytes:
        """The content, if it is still the one that was listed."""
        return self.snapshot.read(self.file)


@dataclass(frozen=True, slots=True)
class LibrarySource:
    """A model of a library's module, in the folder of models."""

    folder: Path
    name: str
    """Relative to the folder, `/`-separated."""

    @property
    def path(self) -> str:
        """`<library>/rest_framework/generics.py`."""
        return f"{LIBRARY_ROOT}/{self.name}"

    @property
    def role(self) -> Literal["library"]:
        """Never the target's own."""
        return "library"

    @classmethod
    def below(cls, folder: Path) -> Iterator[Self]:
        """Every model in `folder`, sorted."""
        for path in sorted(folder.rglob("*.py")):
            yield cls(folder, path.relative_to(folder).as_posix())

    def place(self, salt: bytes) -> bytes:
        """By path, time and size."""
        about = (self.folder / self.name).stat()
        return _digest(
            salt, str(self.folder), self.name, f"{about.st_mtime_ns} {about.st_ctime_ns} {about.st_size}"
        )

    def is_settled(self, now: float) -> bool:
        """As for the target's."""
        about = (self.folder / self.name).stat()
        return max(about.st_mtime, about.st_ctime) < now - _SETTLED_SECONDS

    def read(self) -> bytes:
        """The content."""
        try:
            return (self.folder / self.name).read_bytes()
        except OSError as error:
            raise Unreadable(self.path, error.strerror or str(error)) from error


def _digest(salt: bytes, *parts: str) -> bytes:
    return hashlib.blake2b(
        "\0".join(parts).encode("utf-8", "surrogateescape"), key=salt, digest_size=16
    ).digest()
