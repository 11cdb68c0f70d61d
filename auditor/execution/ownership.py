"""Whose files are: what a guest writes must belong to it, and under an overlay everything must."""

import os
import stat
from pathlib import Path

from auditor.execution.guest import Guest
from auditor.execution.walking import walk
from auditor.model.fault import Fault


def own_copy(copy: Path, guest: Guest, /) -> None:
    """Hands a private copy over to the guest: owner and group of all that is in it, and of itself.

    Needed before it is bound writable or as an overlay: where one file belongs to another uid or gid than the
    guest's, an overlay fails to write it ("Value too large for defined data type"). Links are changed
    themselves, never followed. Set-user-ID and set-group-ID bits go. `Fault` when it can't be done.
    """
    _change(copy, guest)


def check_owned(copy: Path, guest: Guest, /) -> None:
    """`Fault` when an overlay over `copy` would fail; a folder that did not change is looked at once."""
    root = os.lstat(copy)
    key = _key(root, guest)
    if key in _CHECKED:
        return
    strangers: list[str] = []

    def look(_: int, name: str, found: os.stat_result) -> None:
        if (found.st_uid, found.st_gid) != (guest.uid, guest.gid):
            strangers.append(name)

    if (root.st_uid, root.st_gid) != (guest.uid, guest.gid):
        strangers.append(copy.name)
    walk(copy, look)
    if strangers:
        raise Fault(
            f"{len(strangers)} files, {strangers[0]!r} among them, don't belong to {guest.uid}:{guest.gid}, "
            "so a layer over them can't be written",
            where=str(copy),
            hint="this is a copy that was not prepared: own_copy",
        )
    _CHECKED.add(key)


def _change(copy: Path, guest: Guest) -> None:
    def change(folder: int, name: str, found: os.stat_result) -> None:
        _own(name, found, guest, folder=folder)

    try:
        walk(copy, change)
        _own(os.fspath(copy), os.lstat(copy), guest, folder=None)
        owned = os.lstat(copy)
    except OSError as error:
        raise Fault(
            f"can't be handed to the guest ({guest.uid}:{guest.gid}): {error.strerror}", where=str(copy)
        ) from error
    _CHECKED.add(_key(owned, guest))


def _own(name: str, found: os.stat_result, guest: Guest, *, folder: int | None) -> None:
    if (found.st_uid, found.st_gid) != (guest.uid, guest.gid):
        os.chown(name, guest.uid, guest.gid, dir_fd=folder, follow_symlinks=False)
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o6000 and not stat.S_ISLNK(found.st_mode):
        os.chmod(name, mode & ~0o6000, dir_fd=folder)


def _key(root: os.stat_result, guest: Guest) -> tuple[int, int, int, Guest]:
    """With the time of its last change: a number is given again to the next folder."""
    return root.st_dev, root.st_ino, root.st_ctime_ns, guest


_CHECKED: set[tuple[int, int, int, Guest]] = set()
"""Folders known to belong to a guest throughout."""
