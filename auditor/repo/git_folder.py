"""Where git keeps its data for a tree, found by looking at files: git itself is not asked.

git would read the configuration on the way, and a hostile one can run commands.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LINE_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class GitFolder:
    """The places that matter; `top` is None in a bare repository."""

    own: Path
    """HEAD and index: of this very work tree."""
    common: Path
    """Objects and branches: shared by all work trees of the repository."""
    top: Path | None
    """The work tree's root, at or above the audited directory."""

    @property
    def is_shallow(self) -> bool:
        """Whether history was cut off when it was cloned."""
        return (self.common / "shallow").exists()

    @property
    def has_reftable(self) -> bool:
        """Whether names are in a binary table instead of files."""
        return (self.common / "reftable").is_dir()


def find_git_folder(root: Path) -> GitFolder | None:
    """The repository that `root` (absolute, resolved) belongs to, or is."""
    if _is_git_folder(root):
        return GitFolder(own=root, common=_common(root), top=None)
    for top in (root, *root.parents):
        own = _linked(top / ".git")
        if own is not None and _is_git_folder(own):
            return GitFolder(own=own, common=_common(own), top=top)
    return None


def read_small(path: Path, *, limit: int = _LINE_BYTES) -> bytes:
    """The content of a regular file of at most `limit` bytes; empty when there is no such file."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        return b""
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return b""
        data = stream.read(limit + 1)
    return data if len(data) <= limit else b""


def _linked(dot_git: Path) -> Path | None:
    """`.git` itself, or what the file `.git` of a linked work tree or a submodule names."""
    try:
        if dot_git.is_dir():
            return dot_git
        line = read_small(dot_git)
        if not line.startswith(b"gitdir: "):
            return None
        return dot_git.parent / os.fsdecode(line.removeprefix(b"gitdir: ").rstrip(b"\r\n"))
    except (OSError, ValueError):
        return None


def _common(own: Path) -> Path:
    named = read_small(own / "commondir").rstrip(b"\r\n")
    return own / os.fsdecode(named) if named and b"\0" not in named else own


def _is_git_folder(folder: Path) -> bool:
    try:
        return (folder / "HEAD").is_file() and (_common(folder) / "objects").is_dir()
    except (OSError, ValueError):
        return False
