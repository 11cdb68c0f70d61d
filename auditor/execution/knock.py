"""Asking an application whether it serves: a plain GET over the unix socket that leads to it."""

import http.client
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

_BODY_BYTES: Final = 64 << 10
_REDIRECTS: Final = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `status` is None when nothing did."""

    status: int | None
    location: str = ""
    body: bytes = b""
    """At most 64 KiB."""

    @property
    def served(self) -> bool:
        """An answer, and not that of a failure."""
        return self.status is not None and self.status < 500


class _Bounded(socket.socket):
    """One whose reading ends at a moment: heads without end (1xx) and a body that drips are many short waits."""

    until = 0.0

    def recv_into(self, *given: Any, **more: Any) -> int:
        left_s = self.until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.settimeout(left_s)
        return super().recv_into(*given, **more)


class _Door(http.client.HTTPConnection):
    def __init__(self, door: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._door, self._timeout_s = door, timeout_s

    def connect(self) -> None:
        self.sock = _Bounded(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.until = time.monotonic() + self._timeout_s
        self.sock.connect(str(self._door))


def knock(door: Path, path: str, /, *, timeout_s: float) -> Reply:
    """One GET, `timeout_s` for all of it. What goes wrong on the way is no answer."""
    connection = _Door(door, timeout_s)
    try:
        connection.request("GET", path, headers={"Accept": "*/*", "Connection": "close"})
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers.get("Location", ""), answer.read(_BODY_BYTES))
    except (OSError, http.client.HTTPException, ValueError):
        return Reply(None)
    finally:
        connection.close()


def circle(door: Path, path: str, /, *, timeout_s: float) -> tuple[str, ...]:
    """The paths that redirect to each other in a circle when `path` is followed; empty when it leads somewhere.

    A redirect to the same path on another scheme or host is a circle too: there is only one server here.
    """
    seen = [path]
    for _ in range(_REDIRECTS):
        reply = knock(door, seen[-1], timeout_s=timeout_s)
        if reply.status is None or not 300 <= reply.status < 400 or not reply.location:
            return ()
        parts = urlsplit(urljoin(f"http://localhost{seen[-1]}", reply.location))
        following = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if following in seen:
            return (*seen[seen.index(following) :], following)
        seen.append(following)
    return tuple(seen)
