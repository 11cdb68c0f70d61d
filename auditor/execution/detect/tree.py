"""The files of a tree, listed and read within bounds: it may be huge, full of links, or made to hurt."""

import os
import re
import stat
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from auditor.model.text import clean
from auditor.repo.roles import CACHES

_MOST_FILES: Final = 50_000
_DEEPEST: Final = 10
"""Folders below the root; what starts an application stands near the top."""
_MOST_BYTES: Final = 256 << 10
_MOST_OF_A_KIND: Final = 100
_CLOSED: Final = CACHES | {"node_modules", "bower_components", "site-packages"}


@dataclass(frozen=True, slots=True)
class Tree:
    """A target's files, as names."""

    root: Path
    files: tuple[str, ...]
    """Relative, ``/``-separated, those nearer to the top first, then by name."""
    complete: bool
    """False when a limit was met."""
    known: frozenset[str] = field(repr=False)
    """`files`, and every folder that holds one."""

    def named(self, *names: str) -> tuple[str, ...]:
        """Files with one of these names: the nearest to the top, no more than a project has."""
        found = (file for file in self.files if file.rpartition("/")[2] in names)
        return tuple(islice(found, _MOST_OF_A_KIND))

    def matching(self, pattern: re.Pattern[str], /) -> tuple[str, ...]:
        """Files whose name `pattern` fits as a whole: the nearest to the top, no more than a project has."""
        found = (file for file in self.files if pattern.fullmatch(file.rpartition("/")[2]))
        return tuple(islice(found, _MOST_OF_A_KIND))

    def read(self, file: str, /) -> str:
        """The text of a file; empty for one that is too long, binary, a link, or gone."""
        return _read(self.root / file)

    def find(self, path: str, /, *, near: str = "") -> str | None:
        """The file or folder that `path` means to somebody in the folder `near`; None when there is none.

        An absolute path (of an image, of a server) is looked for by its end: ``/opt/app/bin/run`` is ``bin/run``.
        """
        parts = PurePosixPath(path).parts
        if not parts:
            return None
        if parts[0] != "/":
            joined = os.path.normpath(f"{near}/{path}" if near else path)
            return joined if joined in self.known or joined == "." else None
        inner = parts[1:]
        ends = ("/".join(inner[at:]) for at in range(len(inner)))
        return next((end for end in ends if end in self.known), None)


def open_tree(root: Path, /) -> Tree:
    """Lists `root`; unreadable folders are left out, links are never followed."""
    files: list[str] = []
    folders: set[str] = set()
    stack = [""]
    complete = True
    while stack:
        folder = stack.pop()
        try:
            with os.scandir(root / folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            complete = False
            continue
        if folder and any(entry.name == "pyvenv.cfg" for entry in listed):
            continue
        if folder:
            folders.add(folder)
        for entry in listed:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if not _is_plain(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _CLOSED and path.count("/") < _DEEPEST:
                    stack.append(path)
            elif entry.is_file(follow_symlinks=False):
                files.append(path)
        if len(files) > _MOST_FILES:
            complete = False
            break
    files.sort(key=lambda path: (path.count("/"), path))
    return Tree(root, tuple(files), complete, frozenset(files) | folders)


def _is_plain(name: str) -> bool:
    """Names that could forge a line of the written file are not worth proposing."""
    return clean(name) == name and name.isprintable() and '"' not in name


def _read(path: Path) -> str:
    flags = (
        os.O_RDONLY
        | getattr(os, "O_NOFOLLOW", 0)
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_CLOEXEC", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return ""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return ""
        content = os.read(descriptor, _MOST_BYTES)
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return "" if b"\0" in content else content.decode("utf-8", "replace").replace("\r\n", "\n")
