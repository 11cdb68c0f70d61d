"""Copying and reading database files that a guest wrote."""

import os
from pathlib import Path
from typing import Final

from auditor.execution.beneath import open_beneath
from auditor.execution.guest import Guest

_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK: Final = 16 << 20


def copy_beneath(source: Path, path: str, to: Path, /) -> bool:
    """Copies the file `path` below `source` to the new file `to`; False when there is none."""
    try:
        reading = open_beneath(source, path)
    except FileNotFoundError:
        return False
    try:
        writing = os.open(to, _WRITE, 0o600)
        try:
            at, size = 0, os.fstat(reading).st_size
            while at < size:
                sent = os.sendfile(writing, reading, at, _CHUNK)
                if sent == 0:
                    break
                at += sent
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    return True


def hand_over(path: Path, guest: Guest, /) -> None:
    """Makes a file of ours the guest's."""
    if os.geteuid() == 0:
        os.chown(path, guest.uid, guest.gid, follow_symlinks=False)
