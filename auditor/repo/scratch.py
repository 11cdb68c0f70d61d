"""Folders under the system's temporary folder, and what a process that was killed has left of them.

Each is named after the process that made it, and locked by it: the kernel lets go when that process ends, however it ends. So one that
is named after a process that is not there, is ours and is locked by nobody can be removed, also where processes of another
container share the folder.
"""

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"auditor-[a-z]+-(\d+)-\w+")
_locks: Final[dict[Path, int]] = {}
_swept: Final[set[Path]] = set()


@contextmanager
def scratch(kind: str, /) -> Iterator[Path]:
    """An empty folder of our own, gone afterwards; `kind` says in a word what it is for."""
    folder = make_scratch(kind)
    try:
        yield folder
    finally:
        drop_scratch(folder)


def make_scratch(kind: str, /) -> Path:
    """The same, for who takes it away by `drop_scratch`. The first one of a process removes what dead ones have left."""
    parent = Path(tempfile.gettempdir()).resolve()
    if parent not in _swept:
        _swept.add(parent)
        sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"auditor-{kind}-{os.getpid()}-", dir=parent))
    if (lock := _locked(folder)) is not None:
        _locks[folder] = lock
    return folder


def drop_scratch(folder: Path, /) -> None:
    """Removes it."""
    shutil.rmtree(folder, ignore_errors=True)
    if (lock := _locks.pop(folder, None)) is not None:
        os.close(lock)


def sweep(parent: Path, /) -> tuple[Path, ...]:
    """Removes the folders of our own in `parent` whose process is gone, and says which; what can't be removed is left."""
    gone = []
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            named = _NAME.fullmatch(entry.name)
            if named is None or _is_alive(int(named[1])):
                continue
            folder = Path(entry.path)
            if (lock := _locked(folder)) is None:
                continue
            try:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
            if not folder.exists():
                gone.append(folder)
    return tuple(sorted(gone))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder; None where it is no folder of ours, another process holds it, or the system has no such locks."""
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415  there is none on Windows, where reading works too

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        if about.st_uid != os.geteuid() or not stat.S_ISDIR(about.st_mode):
            raise BlockingIOError
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
