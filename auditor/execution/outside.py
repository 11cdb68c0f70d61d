"""The outside world: hosts that answer from written or recorded responses, and a list of what nothing answered."""

import json
import os
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from auditor.config.outside import OutsideSettings, ResponseSettings
from auditor.execution.authority import Authority
from auditor.execution.beneath import read_beneath
from auditor.execution.confinement import RUN
from auditor.execution.guest import Guest
from auditor.execution.supervised import Relay
from auditor.model.fault import Fault

FOLDER: Final = "outside"
"""In the target's shared folder."""
PROXY_PORT: Final = 3128
_RECORDED_BYTES: Final = 64 << 20
_BODY_BYTES: Final = 64 << 20
_IDLE_S: Final = 30.0
_TLS_HANDSHAKE: Final = b"\x16"
_LOWEST_FREE_PORT: Final = 1024
"""Below, only a privileged process may listen where a jail has no low ports, and there is none in a jail."""
_WEB_PORTS: Final = (80, 443)
_TRUSTING: Final = (
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("AWS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"),
)
"""Where OpenSSL, requests, curl, botocore and gRPC are told whom to trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCall:
    """One request that left the target."""

    host: str
    method: str
    path: str
    """Without the query."""
    status: int | None
    """None when nothing answered it."""
    at_s: float
    """`time.monotonic`."""


class Outside:
    """The hosts of one world. Leaving it ends them."""

    def __init__(
        self,
        settings: tuple[OutsideSettings, ...],
        run: Path,
        /,
        *,
        tree: Path,
        guest: Guest,
        authority: Authority | None,
        low_ports: bool = False,
    ) -> None:
        """Starts to answer on unix sockets below `run`. Recorded responses are read from `tree`.

        With `low_ports` every host has its own ports in the jail, 80 and 443 too; without them these are had through the proxy alone.
        `authority` signs for https; without one only http is answered. `Fault` when recorded responses can't be read.
        """
        self._hosts = {
            (each.host, each.port): (each, recorded(tree, each) if each.file else each.responses)
            for each in settings
        }
        self._settings = settings
        self._low_ports = low_ports
        self._authority = authority
        self._lock = threading.Lock()
        self._calls: list[OutsideCall] = []
        self._servers: list[_Listener] = []
        for number, each in enumerate(settings, start=2):
            if self._ports(each):
                self._listen(run / FOLDER / f"{number}.sock", guest, (each.host, each.port))
        if self._has_proxy:
            self._listen(run / FOLDER / "proxy.sock", guest, None)

    @property
    def hosts(self) -> tuple[tuple[str, str], ...]:
        """Lines for the jail's /etc/hosts."""
        reached = {each.host for each in self._settings if self._ports(each)}
        return tuple((address, host) for host, address in self._addresses().items() if host in reached)

    @property
    def relays(self) -> tuple[Relay, ...]:
        """From the addresses of the hosts, and the proxy's, to the sockets."""
        addresses = self._addresses()
        own = tuple(
            Relay(
                name=each.host,
                listen=f"tcp:{addresses[each.host]}:{port}",
                to=(f"unix:{RUN}/{FOLDER}/{n}.sock",),
            )
            for n, each in enumerate(self._settings, start=2)
            for port in self._ports(each)
        )
        proxy = Relay(
            name="proxy", listen=f"tcp:127.0.0.1:{PROXY_PORT}", to=(f"unix:{RUN}/{FOLDER}/proxy.sock",)
        )
        return (*own, proxy) if self._has_proxy else own

    @property
    def env(self) -> Mapping[str, str]:
        """Where the usual libraries find the proxy, and whom they trust."""
        env: dict[str, str] = {}
        if self._has_proxy:
            proxy = f"http://127.0.0.1:{PROXY_PORT}"
            env |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), proxy)
            env |= dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1,::1")
        if self._settings and self._authority is not None:
            bundle = f"{RUN}/{FOLDER}/{self._authority.bundle.name}"
            env |= dict.fromkeys(_TRUSTING, bundle)
        return env

    def calls(self, since_s: float = 0.0) -> tuple[OutsideCall, ...]:
        """What was asked of the outside since a moment (`time.monotonic`), in the order of arrival."""
        with self._lock:
            return tuple(call for call in self._calls if call.at_s >= since_s)

    def unanswered(self) -> tuple[OutsideCall, ...]:
        """What nothing answered: each host, method and path once."""
        missing = {(c.host, c.method, c.path): c for c in reversed(self.calls()) if c.status is None}
        return tuple(sorted(missing.values(), key=lambda call: (call.host, call.path, call.method)))

    def answer(self, host: str, port: int, method: str, path: str) -> tuple[ResponseSettings, int] | None:
        """The response and its delay in milliseconds; None when nothing answers."""
        found = self._hosts.get((host, port)) or self._hosts.get((host, None))
        for response in found[1] if found else ():
            if response.method in {"*", method} and fnmatchcase(path, response.path):
                return response, found[0].delay_ms if response.delay_ms is None else response.delay_ms  # type: ignore[index]
        return None

    def knows(self, host: str) -> bool:
        """Whether a host is one of ours."""
        return any(each.host == host for each in self._settings)

    def note(self, call: OutsideCall) -> None:
        """Remembers one."""
        with self._lock:
            self._calls.append(call)

    def tls(self) -> ssl.SSLContext | None:
        """For the hosts' side of https."""
        return self._authority.context if self._authority else None

    def close(self) -> None:
        """Ends the hosts."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _has_proxy(self) -> bool:
        return any(_is_asked_through_proxies(each) for each in self._settings)

    def _addresses(self) -> Mapping[str, str]:
        """One for each host, whatever the number of its ports."""
        hosts = dict.fromkeys(each.host for each in self._settings)
        return {host: f"127.0.0.{number}" for number, host in enumerate(hosts, start=2)}

    def _ports(self, host: OutsideSettings) -> tuple[int, ...]:
        """Those that it has in the jail: without low ports none for a host that is asked at 80 and 443."""
        if host.port is None:
            taken = {each.port for each in self._settings if each.host == host.host}
            return tuple(port for port in _WEB_PORTS if port not in taken) if self._low_ports else ()
        return (host.port,) if self._low_ports or host.port >= _LOWEST_FREE_PORT else ()

    def _listen(self, path: Path, guest: Guest, host: tuple[str, int | None] | None) -> None:
        server = _Listener(path, self, host)
        if os.geteuid() == 0:
            os.chown(path, guest.uid, guest.gid)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.1,), name="outside", daemon=True).start()


class _Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, path: Path, outside: Outside, host: tuple[str, int | None] | None) -> None:
        path.unlink(missing_ok=True)
        self.outside = outside
        self.host = host
        """Whose address this is; None for the proxy, which is told."""
        super().__init__(str(path), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A target that hangs up in the middle is its own business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server: _Listener

    def setup(self) -> None:
        self.request.settimeout(_IDLE_S)
        first = self.request.recv(1, socket.MSG_PEEK)
        self.at: tuple[str, int | None] | None = self.server.host
        if first == _TLS_HANDSHAKE:
            self._secure()
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        setattr(self, f"do_{self.command}", self._tunnel if self.command == "CONNECT" else self._serve)
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
        """Calls are listed; standard error is for people."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        host, port = self.at or (parts.hostname or "", parts.port or 80)
        self._read_body()
        path = parts.path or "/"
        found = self.server.outside.answer(host, port or 80, self.command, path)
        call = OutsideCall(
            host=host,
            method=self.command,
            path=path,
            status=found[0].status if found else None,
            at_s=time.monotonic(),
        )
        self.server.outside.note(call)
        if found is None:
            self.close_connection = True  # as if nobody were there
            return
        response, delay_ms = found
        time.sleep(delay_ms / 1000)
        self._send(response)

    def _send(self, response: ResponseSettings) -> None:
        body = response.body.encode() if response.json is None else json.dumps(response.json).encode()
        headers = {name.lower(): value for name, value in response.headers}
        headers.setdefault(
            "content-type", "text/plain; charset=utf-8" if response.json is None else "application/json"
        )
        headers["content-length"] = str(len(body))
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _tunnel(self) -> None:
        """A proxy is asked for a host by name, and then for TLS or anything else with it."""
        host, _, port = self.path.rpartition(":")
        self.at = (host.lower(), int(port) if port.isdigit() else 443)
        outside = self.server.outside
        if not outside.knows(self.at[0]):
            outside.note(
                OutsideCall(host=self.at[0], method="CONNECT", path="", status=None, at_s=time.monotonic())
            )
            self.close_connection = True
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.flush()
        self.close_connection = False  # whatever the version in which it was asked: the tunnel begins now
        if self.request.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            self._secure()
            super().setup()

    def _secure(self) -> None:
        context = self.server.outside.tls()
        if context is None:
            raise OSError("there is no authority to sign for this host")
        self.request = context.wrap_socket(self.request, server_side=True)

    def _read_body(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
            return
        with suppress(ValueError):
            self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _BODY_BYTES))


def recorded(tree: Path, host: OutsideSettings, /) -> tuple[ResponseSettings, ...]:
    """The responses in a host's file: a line of JSON each, with the keys that written ones have, `delay_ms` for the delay."""
    assert host.file is not None
    try:
        lines = read_beneath(tree, host.file, limit=_RECORDED_BYTES).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"recorded responses of {host.host} can't be read: {error}", where=host.file) from error
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
                headers = tuple(sorted(value.pop("headers", {}).items()))
                found.append(ResponseSettings(**value, headers=headers))
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise Fault(f"is no response: {error}", where=f"{host.file}:{number}") from error
    return tuple(found)


def _is_asked_through_proxies(host: OutsideSettings) -> bool:
    return host.port is None or host.port < _LOWEST_FREE_PORT
