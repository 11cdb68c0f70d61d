"""PostgreSQL's messages out of a stream of bytes: a letter, a length, a payload (protocol 3)."""

import struct
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_HEADER: Final = struct.Struct(">BI")
_HEADER_BYTES: Final = 5
MAX_MESSAGE_BYTES: Final = (1 << 30) + (1 << 10)
"""The server's own limit of a value is 1 GB."""


class Frame(NamedTuple):
    """One message, or several of the same kind after each other whose content is not asked for."""

    kind: bytes
    size: int
    """In bytes, headers included."""
    payload: bytes
    """Empty for kinds whose content is not asked for."""
    messages: int = 1


class BrokenFrame(Exception):  # noqa: N818  what a hostile or confused peer sent
    """What came is no message of the protocol."""


class Framer:
    """Cuts a stream into frames. Only the payloads of `wanted` are kept; the others are passed over uncopied."""

    def __init__(self, wanted: Collection[bytes]) -> None:
        self._wanted = frozenset(kind[0] for kind in wanted)
        self._held = bytearray()
        """The beginning of a message whose rest has not come."""
        self._skip = 0
        """Bytes still to come of a payload that nobody wants."""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The messages that `data` completes, an unwanted payload counting as complete with its header."""
        if self._held:
            self._held += data
            data = bytes(self._held)
            self._held.clear()
        at, end = 0, len(data)
        if self._skip:
            at = min(self._skip, end)
            self._skip -= at
        while end - at >= _HEADER_BYTES:
            kind, length = _HEADER.unpack_from(data, at)
            if not 4 <= length <= MAX_MESSAGE_BYTES:
                raise BrokenFrame(f"a message {bytes([kind])!r} of {length} bytes")
            if kind not in self._wanted:
                following, count = _run(data, at, kind)
                yield Frame(data[at : at + 1], following - at, b"", count)
                at = min(following, end)
                self._skip = following - at
            elif end - at <= length:
                break
            else:
                yield Frame(data[at : at + 1], length + 1, data[at + _HEADER_BYTES : at + length + 1])
                at += length + 1
        self._held += data[at:]


def _run(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """Where the messages of one kind that begin at `at` end, and how many they are: a result's rows come in thousands."""
    last = len(data) - _HEADER_BYTES
    unpack = _HEADER.unpack_from
    count = 0
    while at <= last:
        found, length = unpack(data, at)
        if found != kind or not 4 <= length <= MAX_MESSAGE_BYTES:
            break
        at += length + 1
        count += 1
    return at, count
