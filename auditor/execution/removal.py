"""Taking away what a guest left behind, whatever it is."""

import os
import stat
from pathlib import Path

from auditor.execution.walking import walk


def remove_tree(root: Path, /) -> None:
    """Deletes `root` and all below: 4,096 levels, a million files, locked folders, FIFOs, links (not their ends).

    Nothing is opened but folders. It is no error when there is nothing. `OSError` when something can't be deleted.
    """
    try:
        found = os.lstat(root)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        root.unlink()
        return
    if found.st_mode & 0o700 != 0o700:
        root.chmod(0o700)
    walk(root, _remove, unlock=True)
    root.rmdir()


def _remove(folder: int, name: str, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        os.rmdir(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)
