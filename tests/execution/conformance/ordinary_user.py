"""Becomes an ordinary user and then another program: python ordinary_user.py UID FOLDER... -- COMMAND...

The interpreter may lie below root's own closed folder. So that this user can run it all the same, each FOLDER is
shown at its place in a mount namespace in which the closed folders above it are replaced by open, empty ones.
"""

import os
import sys
from pathlib import Path

from auditor.execution.keeper import kernel


def main() -> None:
    """Never returns."""
    split = sys.argv.index("--")
    uid, folders, command = (
        int(sys.argv[1]),
        [Path(word) for word in sys.argv[2:split]],
        sys.argv[split + 1 :],
    )
    kernel.own_mounts()
    opened = [(folder, os.open(folder, os.O_PATH)) for folder in folders]
    for closed in sorted({top for folder in folders if (top := _closed_above(folder))}):
        kernel.mount_memory(str(closed))
    for folder, descriptor in opened:
        if _closed_above(folder) is None and folder.exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        kernel.mount_open(descriptor, str(folder))
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execv(command[0], command)


def _closed_above(folder: Path) -> Path | None:
    """The highest folder on the way that others can't pass."""
    for parent in reversed(folder.parents):
        if not parent.exists():
            return None
        if not parent.stat().st_mode & 0o001:
            return parent
    return None


if __name__ == "__main__":
    main()
