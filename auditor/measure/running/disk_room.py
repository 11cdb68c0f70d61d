"""Whether the disk has room for a run."""

import shutil
from pathlib import Path
from typing import Final

from auditor.model.fault import Fault

LEAST_ROOM: Final = 8 << 20
"""Bytes: private copies of a small target with its data, and the events and trees of a short run."""


def check_room(folder: Path, /, *, least: int = LEAST_ROOM) -> None:
    """`Fault` where the disk that `folder` is or will be on has fewer bytes left.

    The first to meet its end would be the target, which could only say that it died, or the probe, which can't say anything.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    left = shutil.disk_usage(there).free
    if left < least:
        raise Fault(
            f"only {left >> 10:,} KiB are left on its disk, and a run takes {least >> 20:,} MiB at least",
            where=str(folder),
            hint="make room, or name another folder by --state",
        )
