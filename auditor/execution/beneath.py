"""Reading what a guest wrote: never through a link, never anything but a plain file, never more than asked for."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not blocking: a planted FIFO would hang the open."""


def open_beneath(root: Path, path: str, /) -> int:
    """A descriptor of the plain file `path` (relative, ``/``-separated) below `root`, for reading.

    `OSError` when there is none, or a link stands anywhere below `root`.
    """
    *folders, name = path.split("/")
    current = os.open(root, _FOLDER)
    try:
        for folder in folders:
            _checked(folder, path)
            inner = os.open(folder, _FOLDER, dir_fd=current)
            os.close(current)
            current = inner
        _checked(name, path)
        file = os.open(name, _FILE, dir_fd=current)
    finally:
        os.close(current)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "is not a plain file", path)
    return file


def read_beneath(root: Path, path: str, /, *, limit: int, start: int = 0) -> bytes:
    """At most `limit` bytes of a file from `start`; `OSError` as `open_beneath`."""
    file = os.fdopen(open_beneath(root, path), "rb")
    with file:
        file.seek(start)
        return file.read(limit)


def tail_beneath(root: Path, path: str, /, *, limit: int) -> bytes:
    """The last `limit` bytes of a file; empty when it can't be read."""
    try:
        file = os.fdopen(open_beneath(root, path), "rb")
    except OSError:
        return b""
    with file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - limit))
        return file.read(limit)


def ends_beneath(root: Path, path: str, /, *, limit: int) -> bytes:
    """A whole file, or its first and last `limit` / 2 bytes; empty when it can't be read."""
    try:
        file = os.fdopen(open_beneath(root, path), "rb")
    except OSError:
        return b""
    with file:
        size = os.fstat(file.fileno()).st_size
        if size <= limit:
            return file.read(limit)
        head = file.read(limit // 2)
        file.seek(size - limit // 2)
        return head + b"\n... left out: the middle ...\n" + file.read(limit // 2)


def _checked(name: str, path: str) -> None:
    if name in {"", ".", ".."}:
        raise OSError(errno.EINVAL, "leads out of its folder", path)
