"""One connection's conversation: which statements were asked for, and what became of them.

Pure: fed with what each side sent, it gives the statements that have ended. Simple and extended queries, statements and
portals by name, pipelines, COPY and errors, after which the server passes over everything up to the next Sync.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from auditor.execution.witness.framing import Frame, Framer
from auditor.execution.witness.seen import SeenStatement

_ASKED: Final = (b"Q", b"P", b"B", b"E", b"C", b"S", b"F")
_ANSWERED: Final = (b"C", b"E", b"I", b"s", b"Z")
_TEXT_BYTES: Final = 1 << 20
"""Of a statement's text; a bulk insert can be longer, and nobody reads on."""


@dataclass(slots=True)
class _Asked:
    """What will be answered: a statement, or the end of an exchange (`text` None)."""

    text: str | None
    bytes_in: int = 0
    began_s: float = 0.0
    simple: bool = False
    """Sent as text, in a message that ends its exchange: it may hold several statements."""
    prepared: bool = False
    portal: str = ""
    continued: bool = False
    rows: int = 0
    bytes_out: int = 0
    parts: int = 0


@dataclass(slots=True)
class _Prepared:
    text: str
    named: bool
    executed: bool = False


@dataclass(slots=True)
class Conversation:
    """What was said on connection `number`."""

    number: int
    clock: Callable[[], float] = time.monotonic
    _asking: Framer = field(default_factory=lambda: Framer(_ASKED))
    _answering: Framer = field(default_factory=lambda: Framer(_ANSWERED))
    _queue: deque[_Asked] = field(default_factory=deque)
    _statements: dict[str, _Prepared] = field(default_factory=dict)
    _portals: dict[str, _Asked] = field(default_factory=dict)
    _parsing_bytes: dict[str, int] = field(default_factory=dict)
    """Of Parse messages, by statement, counted with the next execution."""

    def ask(self, data: bytes) -> None:
        """What the target sent, after its startup message. Raises `BrokenFrame`."""
        now = self.clock()
        for frame in self._asking.feed(data):
            self._one_asked(frame, now)

    def answer(self, data: bytes) -> Iterator[SeenStatement]:
        """What the server sent; gives the statements that ended with it. Raises `BrokenFrame`."""
        for frame in self._answering.feed(data):
            yield from self._one_answered(frame)

    def _one_asked(self, frame: Frame, now: float) -> None:
        kind, size, payload, _ = frame
        match kind:
            case b"Q":
                self._statements.pop("", None)
                text = _text(payload.partition(b"\0")[0])
                self._queue.append(_Asked(text, size, now, simple=True))
            case b"P":
                name, text = (_text(part) for part in payload.split(b"\0", 2)[:2])
                self._statements[name] = _Prepared(text, named=bool(name))
                self._parsing_bytes[name] = size
            case b"B":
                portal, name = (_text(part) for part in payload.split(b"\0", 2)[:2])
                self._bind(portal, name, size)
            case b"E":
                portal = _text(payload.partition(b"\0")[0])
                bound = self._portals.get(portal, _Asked("", portal=portal))
                bound.bytes_in += size
                self._queue.append(bound)
                bound.began_s = bound.began_s or now
            case b"C":
                held = self._statements if payload[:1] == b"S" else self._portals
                held.pop(_text(payload[1:].partition(b"\0")[0]), None)
            case b"S" | b"F":
                self._queue.append(_Asked(None if kind == b"S" else "", size, now, simple=kind == b"F"))

    def _bind(self, portal: str, name: str, size: int) -> None:
        statement = self._statements.get(name)
        text = statement.text if statement else ""
        again = statement is not None and statement.named and statement.executed
        if statement is not None:
            statement.executed = True
        size += self._parsing_bytes.pop(name, 0)
        self._portals[portal] = _Asked(text, size, prepared=again, portal=portal)

    def _one_answered(self, frame: Frame) -> Iterator[SeenStatement]:
        kind, size, payload, count = frame
        head = self._queue[0] if self._queue else None
        match kind:
            case b"D" | b"d" if head is not None:
                head.rows += count if kind == b"D" else 0
                head.bytes_out += size
            case b"C" | b"I" if head is not None and head.text is not None:
                yield self._ended(head, _text(payload.rstrip(b"\0")) if kind == b"C" else "")
            case b"s" if head is not None and head.text is not None:
                yield self._suspended(head)
            case b"E":
                yield from self._refused(_sqlstate(payload))
            case b"Z":
                self._exchanged()

    def _ended(self, asked: _Asked, tag: str, error: str | None = None) -> SeenStatement:
        words = tag.rstrip("0123456789 ")
        last = tag.rpartition(" ")[2]
        statement = SeenStatement(
            connection=self.number,
            text=(asked.text or "")[:_TEXT_BYTES],
            part=asked.parts,
            tag=words,
            rows=asked.rows,
            affected=int(last) if last.isdigit() else 0,
            bytes_in=asked.bytes_in,
            bytes_out=asked.bytes_out,
            began_s=asked.began_s,
            ended_s=self.clock(),
            error=error,
            prepared=asked.prepared,
            continued=asked.continued,
        )
        if asked.simple:  # its message may hold another one
            asked.parts += 1
            asked.rows = asked.bytes_in = asked.bytes_out = 0
        else:
            self._queue.popleft()
            if self._portals.get(asked.portal) is asked:
                del self._portals[asked.portal]
        return statement

    def _suspended(self, asked: _Asked) -> SeenStatement:
        """As many rows as were asked for; more of them may be, and that is the same statement."""
        portal = self._portals.get(asked.portal)
        statement = self._ended(asked, "SELECT")
        asked.continued, asked.rows, asked.bytes_in, asked.bytes_out = (
            True,
            0,
            0,
            0,
        )  # it may stand in the queue again
        if portal is asked:
            self._portals[asked.portal] = asked
        return statement

    def _refused(self, sqlstate: str) -> Iterator[SeenStatement]:
        """The first that was not answered has failed, and what follows it in its exchange is not looked at."""
        head = self._queue[0] if self._queue else None
        if head is None or head.text is None:
            return  # no statement was executed: a connection was refused, or something could not be prepared
        yield self._ended(head, "", sqlstate)
        if not head.simple:
            while self._queue and self._queue[0].text is not None and not self._queue[0].simple:
                self._queue.popleft()

    def _exchanged(self) -> None:
        """The server is ready again: one exchange, up to a Sync or a simple query, is over."""
        while self._queue:
            asked = self._queue.popleft()
            if asked.text is None or asked.simple:
                return


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _sqlstate(payload: bytes) -> str:
    for part in payload.split(b"\0"):
        if part[:1] == b"C":
            return _text(part[1:])
    return ""
