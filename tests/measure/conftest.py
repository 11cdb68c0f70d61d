"""A little application on a unix socket, so that replaying is tested over a real connection."""

import os
import shutil
import socket
import socketserver
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from little_app import App, Got


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def _handler(app: App) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            got = Got(
                self.command,
                self.path,
                {k.lower(): v for k, v in self.headers.items()},
                self.rfile.read(length),
            )
            reply = app(got)
            self.send_response_only(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Connection", "close")
            if isinstance(reply.body, bytes):
                extra = 10 if reply.cut_short else 0
                self.send_header("Content-Length", str(len(reply.body) + extra))
            self.end_headers()
            self.close_connection = True
            try:
                for chunk in [reply.body] if isinstance(reply.body, bytes) else reply.body:
                    self.wfile.write(chunk)
            except (BrokenPipeError, ConnectionResetError):
                pass

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815  the library's names

    return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[App], Path]]:
    """Starts an application; gives the path of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="m"))  # short: a socket's path has 108 bytes
    servers: list[_Server] = []

    def start(app: App) -> Path:
        path = folder / f"{len(servers)}.sock"
        server = _Server(str(path), _handler(app))
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return path

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
    shutil.rmtree(folder)


@pytest.fixture
def listening() -> Iterator[tuple[Path, socket.socket]]:
    """A socket that accepts nothing by itself."""
    folder = Path(tempfile.mkdtemp(prefix="m"))
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen()
        yield path, listener
    shutil.rmtree(folder)
