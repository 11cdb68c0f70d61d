"""The probe's spool from outside: entries of each process, as far as they are whole.

A file `<pid>.spool` holds entries one after the other: the size of one in four bytes, big end first, and the entry as
`marshal` writes it. The spool is the target's to write, so nothing in it is trusted.
"""

import os
from pathlib import Path
from typing import Final

from auditor.execution.beneath import open_beneath

SUFFIX: Final = ".spool"
_SIZE_BYTES: Final = 4
_SPOOL_BYTES: Final = 1 << 30


def read_spooled(folder: Path, offsets: dict[str, int], /) -> tuple[bytes, ...]:
    """Whole entries of the probe, by process, from `offsets` on, which are moved; `OSError` when the spool was tampered with."""
    return tuple(
        entry
        for name in sorted(entry.name for entry in folder.iterdir())
        if name.endswith(SUFFIX)
        for entry in _new(folder, name, offsets)
    )


def whole_entries(data: bytes, /) -> tuple[list[bytes], int]:
    """The entries that `data` begins with, and where the first that is not whole begins."""
    entries, at = [], 0
    while at + _SIZE_BYTES <= len(data):
        end = at + _SIZE_BYTES + int.from_bytes(data[at : at + _SIZE_BYTES], "big")
        if end > len(data):
            break
        entries.append(data[at + _SIZE_BYTES : end])
        at = end
    return entries, at


def framed(entry: bytes, /) -> bytes:
    """An entry as it stands in a spool."""
    return len(entry).to_bytes(_SIZE_BYTES, "big") + entry


def _new(folder: Path, name: str, offsets: dict[str, int]) -> list[bytes]:
    start = offsets.get(name, 0)
    with os.fdopen(open_beneath(folder, name), "rb") as file:
        file.seek(start)
        data = file.read(_SPOOL_BYTES)
    entries, end = whole_entries(data)
    offsets[name] = start + end
    return entries
