"""Where a PostgreSQL server listens: a unix socket or a host and a port."""

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Address:
    """A place to connect to."""

    path: Path | None = None
    """Of a unix socket."""
    host: str = ""
    port: int = 0

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine for certain: a unix socket or a loopback address by number or by ``localhost``."""
        if self.path is not None or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def connect(self, timeout_s: float | None = None, /) -> socket.socket:
        """A connected socket; `OSError` when nobody listens."""
        if self.path is None:
            return socket.create_connection((self.host, self.port), timeout_s)
        connected = socket.socket(socket.AF_UNIX)
        try:
            connected.settimeout(timeout_s)
            connected.connect(str(self.path))
        except BaseException:
            connected.close()
            raise
        return connected

    def __str__(self) -> str:
        return str(self.path) if self.path is not None else f"{self.host}:{self.port}"
