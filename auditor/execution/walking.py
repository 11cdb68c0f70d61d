"""Walking a tree that somebody hostile may have made: no link is followed, no depth is too deep."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Visit = Callable[[int, str, os.stat_result], None]
"""Of an open folder, a name in it and what that is (the link itself, if it is one)."""


def walk(root: Path, visit: Visit, /, *, unlock: bool = False) -> None:
    """Calls `visit` for all below `root`, folders after what is in them; one folder is open at a time.

    `visit` may remove what it is given. Nothing else may write in the tree meanwhile. `unlock` gives the owner
    access to folders that lack it. `OSError` when something can't be read.
    """
    current = os.open(root, _FOLDER)
    try:
        waiting = [_visited(current, visit)]
        names: list[str] = []
        while waiting[-1] or names:
            if waiting[-1]:
                names.append(waiting[-1].pop())
                current = _moved(current, names[-1], unlock=unlock)
                waiting.append(_visited(current, visit))
            else:
                current = _moved(current, "..", unlock=False)
                waiting.pop()
                name = names.pop()
                visit(current, name, os.lstat(name, dir_fd=current))
    finally:
        os.close(current)


def _visited(folder: int, visit: Visit) -> list[str]:
    """Visits what is no folder; the names of those that are, last first."""
    folders = []
    for name in sorted(os.listdir(folder)):
        found = os.lstat(name, dir_fd=folder)
        if stat.S_ISDIR(found.st_mode):
            folders.append(name)
        else:
            visit(folder, name, found)
    return folders[::-1]


def _moved(current: int, name: str, *, unlock: bool) -> int:
    if unlock and os.lstat(name, dir_fd=current).st_mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=current)
    following = os.open(name, _FOLDER, dir_fd=current)
    os.close(current)
    return following
