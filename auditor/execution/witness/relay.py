"""The relay itself: a unix socket on the host, a thread for each direction of each connection."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from auditor.execution.address import Address
from auditor.execution.guest import Guest
from auditor.execution.witness.conversation import Conversation
from auditor.execution.witness.framing import BrokenFrame
from auditor.execution.witness.seen import Seen, SeenStatement, Totals

KEEP: Final = 500_000
"""Statements that are kept, of about 300 bytes each; older ones are dropped and counted."""
_CHUNK: Final = 1 << 16
_STARTUP_BYTES: Final = 10_000
"""The server's own limit of a startup packet."""
_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_PROTOCOL_3: Final = 3


class Witness:
    """Relays from the socket at `door` to the server at `server`, for one role and database alone, and counts.

    Safe in several threads. Leaving it closes every connection.
    """

    def __init__(
        self,
        door: Path,
        server: Address,
        *,
        role: str,
        database: str,
        guest: Guest,
        round_trip_ms: float = 0.0,
    ) -> None:
        self._server = server
        self._allowed = {b"user": role.encode(), b"database": database.encode()}
        self.round_trip_ms = round_trip_ms
        """Added to what the target sends, before it goes on: what the network to a real server would take."""
        self._lock = threading.Lock()
        self._statements: list[SeenStatement] = []
        self._opened: list[float] = []
        self._dropped = 0
        self._totals = Totals()
        self._sockets: set[socket.socket] = set()
        self._closed = False
        door.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(door))
        door.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(door, guest.uid, guest.gid)
        self._listener.listen(256)
        threading.Thread(target=self._accept, name="witness", daemon=True).start()

    def seen(self, since: float = 0.0, until: float | None = None) -> Seen:
        """What began between two moments (`time.monotonic`) and has ended by now."""
        end = time.monotonic() if until is None else until
        with self._lock:
            statements = tuple(each for each in self._statements if since <= each.began_s <= end)
            connections = sum(since <= each <= end for each in self._opened)
            return Seen(statements=statements, connections=connections, dropped=self._dropped)

    def totals(self) -> Totals:
        """Sums of all that has ended by now; costs the same however much that is."""
        with self._lock:
            return self._totals

    def clear(self) -> None:
        """Forgets the statements that were seen; the sums go on."""
        with self._lock:
            self._statements.clear()
            self._opened.clear()
            self._dropped = 0

    def close(self) -> None:
        """Ends every connection."""
        self._closed = True
        with self._lock:
            sockets = [self._listener, *self._sockets]
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        number = 0
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._serve, args=(client, number), name="witness", daemon=True).start()

    def _serve(self, client: socket.socket, number: int) -> None:
        """One connection from its first byte to its last."""
        with client, self._known(client), contextlib.suppress(OSError):
            startup = self._startup(client)
            if startup is not None:
                with self._server.connect() as server, self._known(server):
                    server.sendall(startup)
                    self._relay(client, server, number)

    def _relay(self, client: socket.socket, server: socket.socket, number: int) -> None:
        with self._lock:
            self._opened.append(time.monotonic())
            self._totals = replace(self._totals, connections=self._totals.connections + 1)
        talk = Conversation(number)
        back = threading.Thread(
            target=self._pass, args=(server, client, self._answered(talk)), name="witness", daemon=True
        )
        back.start()
        self._pass(client, server, self._asked(talk))
        back.join()

    @contextlib.contextmanager
    def _known(self, *sockets: socket.socket) -> Iterator[None]:
        with self._lock:
            self._sockets.update(sockets)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.difference_update(sockets)

    def _startup(self, client: socket.socket) -> bytes | None:
        """The packet that begins the connection, when it is for our role and database; what else it can be is dealt with."""
        for _ in range(3):
            packet = _packet(client)
            if packet is None:
                return None
            code = int.from_bytes(packet[4:8], "big")
            if code in {_SSL, _GSS}:
                client.sendall(b"N")
            elif code == _CANCEL:
                with self._server.connect() as server:
                    server.sendall(packet)
                return None
            elif code >> 16 != _PROTOCOL_3 or _words(packet) | self._allowed != _words(packet):
                text = "the witness lets only the target's own role in, and only to its own database"
                client.sendall(_refusal("28000", text))
                return None
            else:
                return packet
        return None

    def _pass(self, source: socket.socket, target: socket.socket, note: Callable[[bytes], None]) -> None:
        """Relays one direction. What was noted comes before what is sent, so that nobody is told of what is not counted."""
        try:
            while data := source.recv(_CHUNK):
                note(data)
                target.sendall(data)
        except (OSError, BrokenFrame):
            pass
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _asked(self, talk: Conversation) -> Callable[[bytes], None]:
        def note(data: bytes) -> None:
            talk.ask(data)
            if self.round_trip_ms:
                time.sleep(self.round_trip_ms / 1000)

        return note

    def _answered(self, talk: Conversation) -> Callable[[bytes], None]:
        def note(data: bytes) -> None:
            ended = list(talk.answer(data))
            if ended:
                with self._lock:
                    self._statements += ended
                    for statement in ended:
                        self._totals = self._totals.with_statement(statement)
                    surplus = len(self._statements) - KEEP
                    if surplus > 0:
                        del self._statements[:surplus]
                        self._dropped += surplus

        return note


def _packet(client: socket.socket) -> bytes | None:
    """A packet of the startup phase; None for what is none."""
    head = _exactly(client, 4)
    size = int.from_bytes(head, "big")
    if len(head) < 4 or not 8 <= size <= _STARTUP_BYTES:
        return None
    rest = _exactly(client, size - 4)
    return head + rest if len(rest) == size - 4 else None


def _exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := client.recv(size - len(data))):
        data += more
    return data


def _words(packet: bytes) -> dict[bytes, bytes]:
    """What a startup packet says; without a database it means the one called like its user."""
    words = packet[8:].split(b"\0")
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    return {b"database": pairs.get(b"user", b""), **pairs}


def _refusal(sqlstate: str, text: str) -> bytes:
    fields = f"SFATAL\0VFATAL\0C{sqlstate}\0M{text}\0\0".encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields
