"""Knocking at a door behind which somebody plays for time."""

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.execution.knock import knock

Answering = Callable[[bytes, bool], Path]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A socket that answers one connection with bytes, once or for ever."""
    folder = Path(tempfile.mkdtemp(prefix="k"))  # short: a socket's path has 108 bytes
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as threads:
        listener.bind(str(folder / "s"))
        listener.listen()

        def start(sent: bytes, for_ever: bool) -> Path:  # noqa: FBT001  as a fixture's callable is told
            def answer() -> None:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(1 << 16)
                    connection.sendall(sent)
                    while for_ever:
                        connection.sendall(sent)

            thread = threading.Thread(target=answer)
            thread.start()
            threads.callback(thread.join)
            return folder / "s"

        yield start
    shutil.rmtree(folder)


def test_an_answer(answering: Answering) -> None:
    door = answering(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", False)
    reply = knock(door, "/", timeout_s=5)
    assert (reply.status, reply.body) == (200, b"ok")


def test_heads_without_end_are_no_answer(answering: Answering) -> None:
    door = answering(b"HTTP/1.1 100 Continue\r\n\r\n", True)
    assert knock(door, "/", timeout_s=0.3).status is None
