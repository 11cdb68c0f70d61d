"""Connections: one for each message, or one for as long as the server keeps it."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.measure.encoding import encode
from auditor.measure.identity import Identity
from auditor.measure.replay import replay
from auditor.measure.request import Request
from auditor.measure.sending import Door
from auditor.measure.workload import workload_of

Listening = tuple[Path, socket.socket]
MESSAGE = encode(Request(id="a", path="/"), {}, host="localhost")


@pytest.fixture
def workers(listening: Listening) -> Callable[..., list[int]]:
    """Starts a server of which each connection is answered by a worker of its own; gives who answered, in turn."""
    _, listener = listening

    def start(connections: int, *, keeps: bool = True) -> list[int]:
        answered: list[int] = []

        def serve() -> None:
            for worker in range(connections):
                with listener.accept()[0] as connection, connection.makefile("rb") as lines:
                    while head := _head(lines):
                        answered.append(worker)
                        closes = not keeps or b"connection: close" in head
                        extra = b"Connection: close\r\n" if closes else b""
                        connection.sendall(b"HTTP/1.1 200 OK\r\n" + extra + b"Content-Length: 2\r\n\r\n{}")
                        if closes:
                            break

        threading.Thread(target=serve, daemon=True).start()
        return answered

    return start


def _head(lines: object) -> bytes:
    head = b""
    for line in lines:  # type: ignore[attr-defined]  # what `makefile` gives has no name of its own
        head += line.lower()
        if line == b"\r\n":
            break
    return head


def test_each_message_gets_a_connection_of_its_own(
    listening: Listening, workers: Callable[..., list[int]]
) -> None:
    answered = workers(3)
    with Door(listening[0]) as door:
        assert [door.send(MESSAGE).status for _ in range(3)] == [200, 200, 200]
    assert answered == [0, 1, 2]


def test_a_kept_door_is_answered_by_one_worker(
    listening: Listening, workers: Callable[..., list[int]]
) -> None:
    answered = workers(1)
    with Door(listening[0], kept=True) as door:
        assert [door.send(MESSAGE).status for _ in range(3)] == [200, 200, 200]
    assert answered == [0, 0, 0]


def test_a_server_that_closes_is_connected_to_again(
    listening: Listening, workers: Callable[..., list[int]]
) -> None:
    answered = workers(2, keeps=False)
    with Door(listening[0], kept=True) as door:
        assert [door.send(MESSAGE).status for _ in range(2)] == [200, 200]
    assert answered == [0, 1]


def test_what_a_door_is_handed_for_comes_from_one_worker_with_its_login(
    listening: Listening, workers: Callable[..., list[int]]
) -> None:
    answered = workers(1)
    ann = Identity(name="ann", login=(Request(id="login", method="POST", path="/login"),))
    asked = workload_of([Request(id="a", path="/", identity="ann"), Request(id="b", path="/")])
    with Door(listening[0], kept=True) as door:
        for _ in range(2):
            done = replay(asked, door, identities=(ann,))
            assert [each.answer.status for each in done.exchanges] == [200, 200]
    assert answered == [0] * 6


def test_a_server_that_no_longer_listens_refuses_and_nothing_stays_open(listening: Listening) -> None:
    path, listener = listening
    listener.close()  # its file stays, as after a kill
    with Door(path) as door:
        assert door.send(MESSAGE).ending == "refused"
