"""PostgreSQL's messages out of a stream of bytes: a letter, a length, a payload (protocol 3)."""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

_HEADER_BYTES: Final = 5
MAX_MESSAGE_BYTES: Final = (1 << 30) + (1 << 10)
"""The server's own limit of a value is 1 GB."""


class Frame(NamedTuple):
    """One message."""

    kind: bytes
    size: int
    """Of the whole message in bytes."""
    payload: bytes
    """Empty for kinds whose content is not asked for."""


class BrokenFrame(Exception):  # noqa: N818  what a hostile or confused peer sent
    """What came is no message of the protocol."""


class Framer:
    """Cuts a stream into frames. Only the payloads of `wanted` are kept; the others are passed over uncopied."""

    def __init__(self, wanted: Collection[bytes]) -> None:
        self._wanted = frozenset(wanted)
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
            kind = data[at : at + 1]
            length = int.from_bytes(data[at + 1 : at + _HEADER_BYTES], "big")
            if not 4 <= length <= MAX_MESSAGE_BYTES:
                raise BrokenFrame(f"a message {kind!r} of {length} bytes")
            size = length + 1
            if kind not in self._wanted:
                yield Frame(kind, size, b"")
                taken = min(size, end - at)
                self._skip = size - taken
                at += taken
            elif end - at < size:
                break
            else:
                yield Frame(kind, size, data[at + _HEADER_BYTES : at + size])
                at += size
        self._held += data[at:]
