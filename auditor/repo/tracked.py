"""The paths git tracks, from the index file: they belong to the repository even where a rule ignores them."""

import bisect
import os
from pathlib import Path
from typing import Final

from auditor.repo.git_folder import read_small

_INDEX_BYTES: Final = 64 * 1024 * 1024
_PATH_BYTES: Final = 4096
_STAT_BYTES: Final = 40
_EXTENDED: Final = 0x4000
_PREFIXED_VERSION: Final = 4


class Tracked:
    """The sorted paths of an index, relative to the work tree's top."""

    def __init__(self, paths: list[bytes]) -> None:
        self._paths = paths

    def has(self, path: str) -> bool:
        """Whether the file is tracked."""
        raw = os.fsencode(path)
        at = bisect.bisect_left(self._paths, raw)
        return at < len(self._paths) and self._paths[at] == raw

    def has_under(self, folder: str) -> bool:
        """Whether any file below the folder is tracked."""
        raw = os.fsencode(folder) + b"/"
        at = bisect.bisect_left(self._paths, raw)
        return at < len(self._paths) and self._paths[at].startswith(raw)


def read_tracked(index: Path, *, id_bytes: int) -> Tracked:
    """What the index at `index` lists; nothing when there is none or it can't be understood.

    `id_bytes` is the length of an object id, 20 or 32. Of a split or sparse index, only what it lists itself.
    """
    data = read_small(index, limit=_INDEX_BYTES)
    try:
        return Tracked(sorted(_paths(data, id_bytes)))
    except (IndexError, ValueError):
        return Tracked([])


def _paths(data: bytes, id_bytes: int) -> list[bytes]:
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or not 2 <= version <= _PREFIXED_VERSION:
        return []
    flags_at = _STAT_BYTES + id_bytes
    paths: list[bytes] = []
    previous = b""
    at = 12
    for _ in range(int.from_bytes(data[8:12], "big")):
        flags = int.from_bytes(data[at + flags_at : at + flags_at + 2], "big")
        begin = at + flags_at + (4 if flags & _EXTENDED else 2)
        if version == _PREFIXED_VERSION:
            strip, begin = _varint(data, begin)
            end = data.index(0, begin)
            previous = previous[: len(previous) - strip] + data[begin:end]
            at = end + 1
        else:
            end = data.index(0, begin)
            previous = data[begin:end]
            # Entries are padded with one to eight NULs to a multiple of eight.
            at += (end - at + 8) // 8 * 8
        if len(previous) > _PATH_BYTES:
            raise ValueError
        paths.append(previous)
    return paths


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """How many bytes of the former path to drop, in git's offset encoding, and what follows."""
    byte = data[at]
    at += 1
    value = byte & 0x7F
    while byte & 0x80:
        byte = data[at]
        at += 1
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, at
