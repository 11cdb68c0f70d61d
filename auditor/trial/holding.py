"""One process at a time works on a target: who holds it, and how the second one is told."""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from auditor.model.fault import Fault

LOCK: Final = "lock"
_MOST_BYTES: Final = 4096


@contextmanager
def held(folder: Path, /, *, doing: str) -> Iterator[None]:
    """Nobody else works on the target whose state is in `folder` while this lasts; `doing` is told to who tries.

    The kernel lets go when the process ends, however it ends: a lock is never stale.

    Raises:
        Fault: another process holds it, named with its pid.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / LOCK
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            raise Fault(
                f"{_holder(descriptor)} is at work on this target",
                where=str(path),
                hint="wait for it, or end it: nothing is lost",
            ) from error
        about = {"pid": os.getpid(), "doing": doing, "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(about).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    """As it wrote itself; it may be about to."""
    try:
        about = json.loads(os.pread(descriptor, _MOST_BYTES, 0))
        return f"{about['doing']} (process {about['pid']}, since {about['since']})"
    except (ValueError, KeyError, TypeError):
        return "another auditor"
