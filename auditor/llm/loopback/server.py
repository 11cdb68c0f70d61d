"""Takes HTTP requests on a port of loopback and hands each to the next answer, which may break any rule of HTTP."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from auditor.llm.wire.tree import text_at

Protocol = Literal["messages", "responses", "chat", "models", "unknown"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, and the connection to answer it on."""

    method: str
    path: str
    headers: dict[str, str]
    """By lower-case names."""
    body: Any
    """As JSON; None where there is none."""
    connection: socket.socket
    stopping: threading.Event

    @property
    def protocol(self) -> Protocol:
        """Which protocol it is asked in, by its path."""
        path = self.path.partition("?")[0].rstrip("/")
        if path.endswith("/messages"):
            return "messages"
        if path.endswith("/responses"):
            return "responses"
        if path.endswith("/chat/completions"):
            return "chat"
        return "models" if "/models" in path else "unknown"

    @property
    def model(self) -> str:
        """The model it is put to."""
        return text_at(self.body, "model")

    def send(self, content: bytes, /) -> None:
        """Writes to the connection, whatever it is."""
        self.connection.sendall(content)

    def left(self) -> None:
        """Returns when the other side has gone, or the service stops."""
        with contextlib.suppress(OSError):
            while not self.stopping.is_set() and self.connection.recv(4096):
                pass


Answer = Callable[[Call], None]
"""Writes the whole reply; the connection is closed behind it."""


class LoopbackService:
    """Answers the first request with the first answer, and so on; the last one answers all that follow.

    A context manager. `url` is its address; every call is kept in `calls`.
    """

    def __init__(self, answers: Iterable[Answer], /) -> None:
        self._answers = list(answers)
        self.calls: list[Call] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Without a path: as Anthropic's base URL; OpenAI's has ``/v1`` behind it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def questions(self) -> list[Call]:
        """The calls that ask a model, and not for the list of models."""
        return [call for call in self.calls if call.method == "POST"]

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):  # wakes the accept
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            with self._lock:
                self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with (
            connection,
            contextlib.suppress(OSError),
        ):  # who asked has hung up: that is no fault of the service
            call = self._read(connection)
            if call is not None:
                with self._lock:
                    self.calls.append(call)
                    answer = self._answers[min(len(self.calls), len(self._answers)) - 1]
                answer(call)
        with self._lock:
            self._open.remove(connection)

    def _read(self, connection: socket.socket) -> Call | None:
        if not connection.recv(1, socket.MSG_PEEK).isalpha():  # TLS, which begins otherwise and has no lines
            return None
        with connection.makefile("rb") as stream:
            first = stream.readline().decode("latin-1").split()
            if len(first) != 3:
                return None
            headers = {}
            while (line := stream.readline().decode("latin-1").strip()) != "":
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            content = stream.read(int(headers.get("content-length", "0")))
        return Call(
            method=first[0],
            path=first[1],
            headers=headers,
            body=json.loads(content) if content else None,
            connection=connection,
            stopping=self._stopping,
        )
