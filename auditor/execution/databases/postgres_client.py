"""As much of a PostgreSQL client as its keeper needs: one connection over a unix socket, texts in, texts out."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from auditor.execution.witness.framing import BrokenFrame, Frame, Framer

_CHUNK: Final = 1 << 16
_PROTOCOL: Final = 196_608
_ALL: Final = tuple(bytes([code]) for code in range(256))
_CLEARTEXT: Final = 3


class PostgresError(Exception):
    """What the server said no to."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class PostgresClient:
    """A connection. A context manager."""

    def __init__(
        self, server: Path, *, user: str, password: str, database: str, timeout_s: float = 600.0
    ) -> None:
        """Connects; `OSError` when nobody listens at `server`, `PostgresError` when it refuses."""
        self._framer = Framer(_ALL)
        self._frames: Iterator[Frame] = iter(())
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(server))
            words = f"user\0{user}\0database\0{database}\0client_encoding\0UTF8\0\0".encode()
            self._socket.sendall((len(words) + 8).to_bytes(4, "big") + _PROTOCOL.to_bytes(4, "big") + words)
            self._authenticate(password)
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

    def _authenticate(self, password: str) -> None:
        for frame in self._received():
            if frame.kind == b"E":
                raise _error(frame.payload)
            if frame.kind == b"R" and int.from_bytes(frame.payload[:4], "big") == _CLEARTEXT:
                self._send(b"p", password.encode() + b"\0")
            if frame.kind == b"Z":
                return

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
