"""Folders of this process that are gone when it is: ``<state>/tmp/<pid>-<start time>``."""

import contextlib
import os
from pathlib import Path
from typing import Final

from auditor.execution.removal import remove_tree

_START_TIME: Final = 19
"""Which field of /proc/PID/stat after the command's name: ticks since boot."""


def own_folder(state: Path, /) -> Path:
    """The folder of this process, made when it is not there; folders whose process is gone are removed first."""
    parent = state / "tmp"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_abandoned(state)
    folder = parent / f"{os.getpid()}-{start_time(os.getpid())}"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def remove_abandoned(state: Path, /) -> tuple[Path, ...]:
    """Removes what processes left that are gone; gives what was removed. One that can't be stays for the next."""
    removed = []
    with contextlib.suppress(FileNotFoundError), os.scandir(state / "tmp") as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            pid, _, started = entry.name.partition("-")
            if pid.isdigit() and started.isdigit() and start_time(int(pid)) != int(started):
                with contextlib.suppress(OSError):
                    remove_tree(Path(entry.path))
                    removed.append(Path(entry.path))
    return tuple(removed)


def start_time(pid: int, /) -> int | None:
    """When a process began, in ticks since boot; None when there is none: a pid alone may be another's by now."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] in {b"Z", b"X"} else int(fields[_START_TIME])
