"""Sends one message over the unix socket that leads to the application, and reads what comes back within limits."""

import contextlib
import hashlib
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx

from auditor.measure.answer import Answer, Ending
from auditor.measure.encoding import Message

REQUEST_HEADER: Final = "x-auditor-request"
"""Carries the opaque id by which the probe's record is found; the probe takes it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much of an answer is waited for."""

    deadline_s: float = 30.0
    """For one request, from sending to the last byte; past it the answer is a `timeout`."""
    keep_bytes: int = 4 << 20
    """Of a body; of the rest only the length and the hash are kept."""
    read_bytes: int = 2 << 30
    """Of a body; past it the connection is closed and the answer is `broken`."""


TIMED: Final = Limits(deadline_s=120.0)
"""Of a request that is timed: slow ones are what we are here for."""


class Door:
    """A client for one application. Each message gets a connection of its own; safe in several threads.

    A `kept` one sends message after message on one connection for as long as the server lets it. Of a server with several
    processes one answers them all then, so what it remembers does not depend on chance.
    """

    def __init__(self, socket: Path, /, *, limits: Limits | None = None, kept: bool = False) -> None:
        self.limits = limits or Limits()
        connections = httpx.Limits(max_connections=None, max_keepalive_connections=1 if kept else 0)
        self._socket = socket
        self._kept = kept
        self._transport = httpx.HTTPTransport(uds=str(socket), limits=connections, retries=0)
        self._sent = threading.local()
        """When what this thread waits for was sent: a connection that is kept outlives a message."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes what is open."""
        self._transport.close()

    def send(self, message: Message, /, *, opaque: str | None = None) -> Answer:
        """Sends and reads; never raises for what the application does.

        Args:
            message: what to send.
            opaque: the id for the probe; None sends none (latency is measured without it).
        """
        reading = _Reading(time.monotonic(), self.limits)
        self._sent.at = time.monotonic()
        if not self._socket.exists():
            return reading.ended("refused", "the server's socket is not there")
        try:
            self._exchange(message, opaque, reading)
        except (httpx.TimeoutException, TimeoutError):
            return reading.ended("timeout", f"no end after {self.limits.deadline_s:g} s")
        except httpx.ConnectError as error:
            _close_unconnected(error)
            return reading.ended("refused", str(error) or "no connection")
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return reading.ended("broken", str(error) or type(error).__name__)
        return reading.ended(reading.ending, reading.error)

    def _exchange(self, message: Message, opaque: str | None, reading: "_Reading") -> None:
        headers = [*message.headers, *(() if self._kept else (("connection", "close"),))]
        if opaque is not None:
            headers.append((REQUEST_HEADER, opaque))
        if message.body or message.method in {"POST", "PUT", "PATCH"}:
            headers.append(("content-length", str(len(message.body))))
        request = httpx.Request(
            message.method,
            "http://localhost/",
            headers=[
                (name.encode("ascii"), value.encode("utf-8", "surrogatepass")) for name, value in headers
            ],
            stream=httpx.ByteStream(message.body),
            extensions={
                "target": message.target.encode("ascii"),
                "timeout": httpx.Timeout(self.limits.deadline_s).as_dict(),
                "trace": self._connected,
            },
        )
        response = self._transport.handle_request(request)
        with contextlib.closing(response):
            reading.begin(response)
            assert isinstance(response.stream, httpx.SyncByteStream)
            reading.read(iter(response.stream))

    def _connected(self, event: str, about: Mapping[str, Any]) -> None:
        """Holds a new connection to the deadline: httpx limits each read, and heads without end (1xx) are many reads."""
        if event != "connection.connect_unix_socket.complete":
            return
        stream = about["return_value"]
        stream.read = self._until_deadline(stream.read)

    def _until_deadline(self, read: Callable[..., bytes]) -> Callable[..., bytes]:
        def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
            if time.monotonic() - self._sent.at > self.limits.deadline_s:
                raise TimeoutError
            return read(max_bytes, timeout)

        return bounded


def _close_unconnected(error: BaseException) -> None:
    """Closes the socket that could not be connected, which httpcore leaves open in the frame that failed."""
    cause: BaseException | None = error
    while cause is not None:
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            held = frame.f_locals.get("sock")
            if isinstance(held, socket.socket):
                held.close()
        cause = cause.__cause__ or cause.__context__


class _Reading:
    """An answer while it comes."""

    def __init__(self, started: float, limits: Limits) -> None:
        self.ending: Ending = "answered"
        self.error = ""
        self._started = started
        self._limits = limits
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._ttfb_ms = 0.0
        self._kept = bytearray()
        self._bytes = 0
        self._hash = hashlib.sha256()

    def begin(self, response: httpx.Response) -> None:
        self._ttfb_ms = self._elapsed_ms()
        self._status = response.status_code
        self._headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw
        )

    def read(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            self._bytes += len(chunk)
            self._hash.update(chunk)
            if len(self._kept) < self._limits.keep_bytes:
                self._kept += chunk[: self._limits.keep_bytes - len(self._kept)]
            if self._bytes > self._limits.read_bytes:
                self.ending = "broken"
                self.error = f"the body is longer than {self._limits.read_bytes:,} bytes"
                return
            if self._elapsed_ms() > self._limits.deadline_s * 1000:
                self.ending = "timeout"
                self.error = f"the body had no end after {self._limits.deadline_s:g} s"
                return

    def ended(self, ending: Ending, error: str) -> Answer:
        return Answer(
            ending=ending,
            status=self._status,
            headers=self._headers,
            body=bytes(self._kept),
            body_bytes=self._bytes,
            sha256=self._hash.hexdigest(),
            error=error,
            ttfb_ms=self._ttfb_ms,
            total_ms=self._elapsed_ms(),
        )

    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self._started) * 1000
