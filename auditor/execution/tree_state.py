"""What became of a private copy: which files differ from what they were, and the way back.

Nothing may run in the copy meanwhile. What a guest left there is never followed.
"""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from auditor.execution.guest import Guest
from auditor.execution.ownership import own_copy
from auditor.execution.plain_files import copy_beneath
from auditor.execution.removal import remove_tree
from auditor.execution.walking import walk
from auditor.repo.roles import CACHES

_LINKS_OF: Final = "/proc/self/fd/{}"


class Stamp(NamedTuple):
    """What tells that a file is as it was. A folder has only its kind."""

    mode: int
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0


def stamps(root: Path, /) -> dict[str, Stamp]:
    """Every path below `root`, caches of tools aside. `OSError` where folders are too deep to be named."""
    found: dict[str, Stamp] = {}
    prefix = os.path.realpath(root)

    def visit(folder: int, name: str, status: os.stat_result) -> None:
        path = str(Path(_LINKS_OF.format(folder)).readlink() / name)[len(prefix) + 1 :]
        if stat.S_ISDIR(status.st_mode):
            found[path] = Stamp(status.st_mode)
        else:
            found[path] = Stamp(
                status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
            )

    walk(root, visit)
    return {path: stamp for path, stamp in found.items() if CACHES.isdisjoint(path.split("/"))}


def changed(before: Mapping[str, Stamp], after: Mapping[str, Stamp], /) -> tuple[str, ...]:
    """Paths that were added, changed or removed, parents first."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def restore(
    root: Path, before: Mapping[str, Stamp], /, *, kept: Path, guest: Guest, aside: Collection[str] = ()
) -> tuple[str, ...]:
    """Makes `root` again what `before` says, with contents from `kept`; gives the paths that differed.

    `aside` is left as it is. The new files' stamps are new: take `stamps` again for the next time.
    """
    differing = tuple(path for path in changed(before, stamps(root)) if path not in aside)
    for path in differing:
        remove_tree(root / path)
        if path in before and os.path.lexists(kept / path):
            put(kept, path, root, guest=guest)
    return differing


def put(source: Path, path: str, root: Path, /, *, guest: Guest) -> None:
    """Copies one path of `source` to `root`, where its folder stands and it does not: file, link or empty folder."""
    status = (source / path).lstat()
    to = root / path
    if stat.S_ISDIR(status.st_mode):
        to.mkdir(mode=stat.S_IMODE(status.st_mode))
    elif stat.S_ISLNK(status.st_mode):
        to.symlink_to((source / path).readlink())
    elif stat.S_ISREG(status.st_mode):
        copy_beneath(source, path, to)
        to.chmod(stat.S_IMODE(status.st_mode) & 0o777)
        os.utime(to, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        return
    if os.geteuid() == 0:
        os.chown(to, guest.uid, guest.gid, follow_symlinks=False)


def put_all(source: Path, root: Path, /, *, guest: Guest, aside: Collection[str] = ()) -> None:
    """Copies all of `source` but `aside` over `root`; what stands in the way goes."""
    for path, stamp in sorted(stamps(source).items()):
        if path not in aside and not (
            stat.S_ISDIR(stamp.mode) and (root / path).is_dir() and not (root / path).is_symlink()
        ):
            remove_tree(root / path)
            put(source, path, root, guest=guest)
    own_copy(root, guest)
