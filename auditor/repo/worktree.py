"""The files of a tree as they stand on disk, uncommitted changes included."""

import os
import stat
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from auditor.repo.errors import Unreadable
from auditor.repo.git_folder import GitFolder
from auditor.repo.ignore import IgnoreFile, Scope
from auditor.repo.roles import HEAD_BYTES
from auditor.repo.tracked import Tracked, read_tracked
from auditor.repo.walk import Entry

_IGNORE_BYTES: Final = 1024 * 1024
# A FIFO put where a file was must not block, a link must not lead elsewhere; Windows has neither flag.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class WorkTree:
    """A folder on disk, in the shape `walk` wants. `root` is absolute and resolved."""

    def __init__(self, root: Path, git: GitFolder | None, *, id_bytes: int = 20) -> None:
        self._root = str(root)
        self._git = git
        self._id_bytes = id_bytes
        self.unread_rules: list[tuple[str, str]] = []
        """`.gitignore` files that are there and can't be read, from the root, each with the reason."""
        top = git.top if git else None
        self._prefix = root.relative_to(top).as_posix() + "/" if top and top != root else ""

    def entries(self, folder: str) -> list[Entry]:
        """What is in `folder`; raises OSError."""
        with os.scandir(f"{self._root}/{folder}" if folder else self._root) as found:
            return [Entry(item.name, _kind(item), item) for item in found]

    def identify(self, entry: Entry) -> tuple[int, str]:
        """Size and stamp; raises OSError."""
        assert isinstance(entry.handle, os.DirEntry)
        about = entry.handle.stat(follow_symlinks=False)
        return about.st_size, stamp_of(about)

    def head(self, path: str, entry: Entry) -> bytes:  # noqa: ARG002  the protocol's; a commit needs the entry
        """The first bytes of a file; empty when it has gone."""
        try:
            return read_regular(f"{self._root}/{path}", HEAD_BYTES)[0]
        except OSError:
            return b""

    def link_target(self, path: str) -> str:
        """Where a link leads, judged by its text alone: to look would be to follow it."""
        try:
            target = os.readlink(f"{self._root}/{path}")  # noqa: PTH115  a string is what is wanted
        except OSError:
            return ""
        end = os.path.normpath(os.path.join(self._root, os.path.dirname(path), target))  # noqa: PTH118, PTH120
        return "stays in the tree" if f"{end}/".startswith(f"{self._root}/") else "leads out of the tree"

    def is_foreign(self, names: AbstractSet[str]) -> bool:
        """Repositories inside a repository are not part of it; in a plain folder they are just folders."""
        return self._git is not None and ".git" in names

    def scope(self, folder: str, outer: Scope, names: AbstractSet[str]) -> Scope:
        """The outer rules and those of the folder's own `.gitignore`."""
        if ".gitignore" not in names:
            return outer
        path = f"{self._root}/{folder}/.gitignore" if folder else f"{self._root}/.gitignore"
        return outer.within(len(self.components(folder)), self._rules(path))

    def components(self, folder: str) -> tuple[bytes, ...]:
        """The folder counted from the repository's top."""
        whole = (self._prefix + folder).rstrip("/")
        return tuple(os.fsencode(whole).split(b"/")) if whole else ()

    def is_tracked(self, path: str, *, folder: bool) -> bool:
        """Whether the index lists the file, or a file in the folder."""
        whole = self._prefix + path
        return self._tracked.has_under(whole) if folder else self._tracked.has(whole)

    def outer_scope(self) -> Scope:
        """The rules from above the root: `info/exclude`, and each `.gitignore` from the repository's top.

        A root that these leave out was named on purpose: then they say nothing about what is in it.
        """
        if self._git is None or self._git.top is None:
            return Scope()
        exclude = IgnoreFile.parse(_bounded(str(self._git.common / "info" / "exclude")))
        scope = Scope().within(0, exclude)
        parts = self.components("")
        folder = str(self._git.top)
        for depth, part in enumerate(parts):
            scope = scope.within(depth, self._rules(f"{folder}/.gitignore"))
            name = os.fsdecode(part)
            if scope.ignores(name, parts[:depth], directory=True):
                return Scope()
            folder = f"{folder}/{name}"
        return scope

    def _rules(self, path: str) -> IgnoreFile:
        try:
            return IgnoreFile.parse(read_regular(path, _IGNORE_BYTES)[0])
        except FileNotFoundError:
            return IgnoreFile.parse(b"")
        except OSError as error:
            shown = os.path.relpath(path, self._root).replace(os.sep, "/")
            self.unread_rules.append((shown, error.strerror or str(error)))
            return IgnoreFile.parse(b"")

    @cached_property
    def _tracked(self) -> Tracked:
        if self._git is None or self._git.top is None:
            return Tracked([])
        return read_tracked(self._git.own / "index", id_bytes=self._id_bytes)


def read_listed(root: Path, path: str, *, stamp: str, limit: int) -> bytes:
    """The content of a file that was listed with `stamp`.

    Raises:
        Unreadable: it has gone, has changed since, or is no plain file any more.
    """
    try:
        data, now = read_regular(f"{root}/{path}", limit + 1)
    except OSError as error:
        raise Unreadable(path, error.strerror or str(error)) from error
    if now != stamp or len(data) > limit:
        raise Unreadable(path, "changed while it was being read")
    return data


def read_regular(path: str, limit: int) -> tuple[bytes, str]:
    """At most `limit` bytes of a regular file, and the stamp it had once they were read; raises OSError."""
    file = os.open(path, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(None, "not a regular file")
        pieces = []
        left = limit
        while left and (piece := os.read(file, left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces), stamp_of(os.fstat(file))
    finally:
        os.close(file)


def stamp_of(about: os.stat_result) -> str:
    """What changes whenever content does: a tool can set a time back, but not the time of that."""
    return f"{about.st_mtime_ns:x}.{about.st_ctime_ns:x}.{about.st_size:x}.{about.st_ino:x}"


def _kind(item: "os.DirEntry[str]") -> Literal["file", "folder", "link", "special"]:
    if item.is_file(follow_symlinks=False):
        return "file"
    if item.is_dir(follow_symlinks=False):
        return "folder"
    return "link" if item.is_symlink() else "special"


def _bounded(path: str) -> bytes:
    try:
        return read_regular(path, _IGNORE_BYTES)[0]
    except OSError:
        return b""
