"""As much of a PostgreSQL client as its keeper needs: one connection, texts in, texts out."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, Self

from auditor.execution.address import Address
from auditor.execution.databases.scram import MECHANISM, ScramClient
from auditor.execution.witness.framing import BrokenFrame, Frame, Framer

_CHUNK: Final = 1 << 16
_PROTOCOL: Final = 196_608
_ALL: Final = tuple(bytes([code]) for code in range(256))


class PostgresError(Exception):
    """What the server said no to."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class PostgresClient:
    """A connection. A context manager."""

    def __init__(
        self, server: Address, *, user: str, password: str, database: str, timeout_s: float = 600.0
    ) -> None:
        """Connects; `OSError` when nobody listens at `server`, `PostgresError` when it refuses."""
        self._framer = Framer(_ALL)
        self._scram = ScramClient(password)
        self._frames: Iterator[Frame] = iter(())
        self._socket = server.connect(timeout_s)
        try:
            words = f"user\0{user}\0database\0{database}\0client_encoding\0UTF8\0\0".encode()
            self._socket.sendall((len(words) + 8).to_bytes(4, "big") + _PROTOCOL.to_bytes(4, "big") + words)
            self._authenticate(user, password)
        except BaseException:
            self._socket.close()
            raise

    def query(self, text: str, /) -> list[tuple[str | None, ...]]:
        """The rows of the last statement in `text`, each value as the server writes it."""
        self._send(b"Q", text.encode() + b"\0")
        rows: list[tuple[str | None, ...]] = []
        error: PostgresError | None = None
        for frame in self._received():
            match frame.kind:
                case b"T":
                    rows = []
                case b"D":
                    rows.append(_values(frame.payload))
                case b"E":
                    error = _error(frame.payload)
                case b"Z":
                    break
        if error is not None:
            raise error
        return rows

    def close(self) -> None:
        """Says goodbye."""
        try:
            self._send(b"X", b"")
        except OSError:
            pass  # it has gone already
        finally:
            self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _authenticate(self, user: str, password: str) -> None:
        for frame in self._received():
            if frame.kind == b"E":
                raise _error(frame.payload)
            if frame.kind == b"R":
                self._prove(int.from_bytes(frame.payload[:4], "big"), frame.payload[4:], user, password)
            if frame.kind == b"Z":
                return

    def _prove(self, way: int, payload: bytes, user: str, password: str) -> None:
        """Answers one request of the server's for the password."""
        match way:
            case 3:
                self._send(b"p", password.encode() + b"\0")
            case 5:
                inner = hashlib.md5(f"{password}{user}".encode(), usedforsecurity=False).hexdigest()
                outer = hashlib.md5(inner.encode() + payload[:4], usedforsecurity=False).hexdigest()
                self._send(b"p", f"md5{outer}".encode() + b"\0")
            case 10:
                first = self._scram.first.encode()
                self._send(b"p", MECHANISM.encode() + b"\0" + len(first).to_bytes(4, "big") + first)
            case 11:
                try:
                    self._send(b"p", self._scram.final(payload.decode()).encode())
                except ValueError as error:
                    raise PostgresError("08P01", str(error)) from error
            case 0 | 12:
                pass  # let in; the server's own proof adds nothing on this machine
            case _:
                raise PostgresError("0A000", f"it wants a way to sign in that is not known here ({way})")

    def _send(self, kind: bytes, payload: bytes) -> None:
        self._socket.sendall(kind + (len(payload) + 4).to_bytes(4, "big") + payload)

    def _received(self) -> Iterator[Frame]:
        """One message after the other; `OSError` when the server has gone."""
        while True:
            frame = next(self._frames, None)
            if frame is not None:
                yield frame
                continue
            data = self._socket.recv(_CHUNK)
            if not data:
                raise ConnectionResetError("the server closed the connection")
            try:
                self._frames = iter(list(self._framer.feed(data)))
            except BrokenFrame as error:
                raise ConnectionAbortedError(str(error)) from error


def all_or_none(client: PostgresClient, statements: Iterable[str], /, *, longest: str) -> bool:
    """Whether all of them could be run, in one transaction; else none was. `longest`: for each, as PostgreSQL writes times."""
    try:
        client.query(f"BEGIN; SET LOCAL statement_timeout = '{longest}'; {'; '.join(statements)}; COMMIT")
    except PostgresError:
        with suppress(PostgresError):
            client.query("ROLLBACK")
        return False
    return True


def identifier(name: str, /) -> str:
    """A name, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str, /) -> str:
    """A text, quoted."""
    return "'" + text.replace("'", "''") + "'"


def _values(payload: bytes) -> tuple[str | None, ...]:
    values: list[str | None] = []
    at = 2
    for _ in range(int.from_bytes(payload[:2], "big")):
        size = int.from_bytes(payload[at : at + 4], "big", signed=True)
        at += 4
        values.append(None if size < 0 else payload[at : at + size].decode())
        at += max(size, 0)
    return tuple(values)


def _error(payload: bytes) -> PostgresError:
    fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in payload.split(b"\0") if part}
    return PostgresError(fields.get(b"C", ""), fields.get(b"M", "unknown"))
