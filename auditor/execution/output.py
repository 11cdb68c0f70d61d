"""What a command prints: beginning and end are kept, lines are handed on as they come."""

from collections import deque
from collections.abc import Callable
from typing import Final

_LONGEST_LINE: Final = 64 << 10
"""A longer one is handed on in pieces: something may print forever without an end of line."""


class Kept:
    """One stream, capped at `limit` bytes: half from its beginning, half from its end."""

    def __init__(self, limit: int) -> None:
        self._head = bytearray()
        self._head_limit = limit // 2
        self._tail: deque[bytes] = deque()
        self._tail_limit = limit - self._head_limit
        self._tail_bytes = 0
        self.dropped_bytes = 0

    def add(self, chunk: bytes, /) -> None:
        """Takes what came next."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if not chunk:
            return
        self._tail.append(chunk)
        self._tail_bytes += len(chunk)
        while self._tail_bytes > self._tail_limit:
            excess = self._tail_bytes - self._tail_limit
            first = self._tail.popleft()
            cut = min(excess, len(first))
            if cut < len(first):
                self._tail.appendleft(first[cut:])
            self._tail_bytes -= cut
            self.dropped_bytes += cut

    def value(self) -> bytes:
        """What is left; a line in the middle says how much is missing."""
        gap = f"\n[{self.dropped_bytes} bytes left out]\n".encode() if self.dropped_bytes else b""
        return bytes(self._head) + gap + b"".join(self._tail)


class Lines:
    """Cuts a stream into lines, without their ends."""

    def __init__(self, each: Callable[[bytes], None]) -> None:
        self._each = each
        self._rest = b""

    def add(self, chunk: bytes, /) -> None:
        """Takes what came next."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._each(line)
        while len(self._rest) >= _LONGEST_LINE:
            self._each(self._rest[:_LONGEST_LINE])
            self._rest = self._rest[_LONGEST_LINE:]

    def finish(self) -> None:
        """The last line may have no end."""
        if self._rest:
            self._each(self._rest)
            self._rest = b""
