"""What the probe costs on the sample's endpoints, with and without it.

Where `valgrind` is installed it counts the instructions of a worker that collects no garbage, which a busy machine does
not change; `--seconds` takes CPU seconds instead, which also hold the collections and what the kernel does: an endpoint is asked in pairs of batches, who begins
alternates, and the figure compares the lower quartiles of the batches, because a busy machine only ever adds.

    python benchmarks/probe_overhead.py
    python benchmarks/probe_overhead.py --seconds --rounds 40

`--before FOLDER` holds another state of the probe (its folder `sandbox/probe`) beside this one, in the same rounds.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import instructions

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "evals/cases/discovery/app"
PROBE = ROOT / "sandbox/probe"
WORKER = ROOT / "benchmarks/guest/one_worker.py"

ENDPOINTS = {
    "discover": "/api/v1/spaces/discover?city=berlin&date=2026-03-03&capacity=4",
    "discover, all of it": "/api/v1/spaces/discover?city=berlin&date=2026-03-03",
    "space": "/api/v1/spaces/3",
    "reviews": "/api/v1/spaces/3/reviews",
    "locations": "/api/v1/locations",
    "location's spaces": "/api/v1/locations/1/spaces",
    "add-ons": "/api/v1/add-ons",
    "profile": "/api/v1/profile",
    "bookings": "/api/v1/bookings",
    "health": "/health",
}
BATCH_MILLIONS = 60
"""Instructions of a batch at least: what a worker does once a second must not decide."""


@dataclass
class Server:
    """One worker of the sample."""

    process: "subprocess.Popen[bytes]"
    door: str
    token: str = ""
    counter: instructions.Counter | None = field(default=None)

    def connection(self) -> http.client.HTTPConnection:
        host, port = self.door.split(":")
        return http.client.HTTPConnection(host, int(port), timeout=300)

    def ask(self, connection: http.client.HTTPConnection, path: str, request: str) -> bytes:
        headers = {"X-Auditor-Request": request, "Authorization": f"Bearer {self.token}"}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
        return body

    def asked(self, path: str, count: int) -> None:
        """Sends `count` requests."""
        connection = self.connection()
        for number in range(count):
            self.ask(connection, path, f"r{number}")
        connection.close()

    def cpu_seconds(self) -> float:
        """Of all threads, since it began."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def seconds_of(server: Server, path: str, count: int) -> float:
    """Milliseconds of CPU a request, the writing of its record included."""
    before = server.cpu_seconds()
    server.asked(path, count)
    return (server.cpu_seconds() - before) / count * 1000


def instructions_of(server: Server, path: str, count: int) -> float:
    """Millions of instructions a request."""
    assert server.counter is not None
    server.counter.begin()
    server.asked(path, count)
    return server.counter.taken() / count / 1e6


@contextmanager
def booted(place: Path, *, scale: int, probe: Path | None, counted: bool) -> Iterator[Server]:
    """A worker of a seeded copy of the sample, with its production settings."""
    tree, spool = place / "app", place / "spool"
    shutil.copytree(SAMPLE, tree)
    spool.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "DATABASE_URL": f"sqlite:///{tree}/discovery.db",
        "WEB_CONCURRENCY": "1",
        "PORT": str(port),
        "LOG_FILE": str(place / "app.log"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
    seed = [sys.executable, "seed.py", "--scale", str(scale)]
    subprocess.run(seed, cwd=tree, env=env, check=True, stdout=subprocess.DEVNULL)
    if probe is not None:
        env |= {"PYTHONPATH": str(probe), "AUDITOR_SPOOL": str(spool), "AUDITOR_TREE": str(tree)}
    command = [sys.executable, str(WORKER), "--config", "gunicorn.conf.py", "wsgi:app"]
    if counted:
        env["WITHOUT_COLLECTOR"] = "1"
        command = instructions.under(place, command)
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tree, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        server = Server(process, f"127.0.0.1:{port}")
        sign_in(server)
        if counted:
            server.counter = instructions.Counter(process.pid, place)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def sign_in(server: Server) -> None:
    """Waits until it serves, and gets a token."""
    while True:
        if server.process.poll() is not None:
            raise SystemExit(f"the worker ended with {server.process.returncode}")
        connection = server.connection()
        try:
            server.ask(connection, "/ready", "ready")
            break
        except OSError:
            time.sleep(0.1)
    body = json.dumps({"email": "ada@nook.example", "password": "discover"})
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    server.token = json.loads(connection.getresponse().read())["token"]


def measure(
    servers: dict[str, Server],
    path: str,
    *,
    rounds: int,
    batch: float,
    cost: Callable[[Server, str, int], float],
) -> dict[str, list[float]]:
    """What a request costs, for each batch of either server; a batch costs about `batch`."""
    for server in servers.values():
        server.asked(path, 3)
    count = max(1, min(200, round(batch / max(cost(servers["without"], path, 2), 1e-4))))
    for server in servers.values():  # the interpreter rewrites what it runs often
        server.asked(path, count)
    found: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds):
        for name in reversed(servers) if number % 2 else servers:
            found[name].append(cost(servers[name], path, count))
    return found


def quiet(values: list[float]) -> float:
    """The lower quartile: what it costs when nobody else disturbs."""
    return statistics.quantiles(values, n=4)[0] if len(values) > 3 else min(values)


def added(observed: list[float], plain: list[float], middle: Callable[[list[float]], float]) -> float:
    return middle(observed) / middle(plain) - 1


def interval(
    observed: list[float], plain: list[float], middle: Callable[[list[float]], float], seed: int = 1
) -> tuple[float, float]:
    """Of `added`, 95 %, from 500 draws of pairs with replacement."""
    random = Random(seed)  # noqa: S311  no secrets here
    pairs = list(zip(observed, plain, strict=True))
    found = []
    for _ in range(500):
        drawn = random.choices(pairs, k=len(pairs))
        found.append(added([pair[0] for pair in drawn], [pair[1] for pair in drawn], middle))
    found.sort()
    return found[12], found[487]


def main() -> None:
    """Prints a line an endpoint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--seconds", action="store_true", help="CPU seconds although valgrind is here")
    parser.add_argument("--rounds", type=int, help="pairs of batches: 3 of instructions, 40 of seconds")
    parser.add_argument(
        "--batch", type=float, help="millions of instructions, or CPU milliseconds, of a batch"
    )
    parser.add_argument("--same", action="store_true", help="both without the probe: what is made up")
    parser.add_argument("--before", type=Path, help="another state of the probe")
    parser.add_argument("--only", default="", help="endpoints whose name contains this")
    options = parser.parse_args()
    counted = not options.seconds and instructions.available()
    rounds = options.rounds or (3 if counted else 40)
    batch = options.batch or (BATCH_MILLIONS if counted else 60)
    cost, middle = (instructions_of, statistics.fmean) if counted else (seconds_of, quiet)
    probes = {"without": None, "with": None if options.same else PROBE}
    if options.before:
        probes["before"] = options.before.resolve()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        servers = {}
        for name, probe in probes.items():
            place = Path(folder) / name
            place.mkdir()
            server = booted(place, scale=options.scale, probe=probe, counted=counted)
            servers[name] = running.enter_context(server)
        unit = "M instr." if counted else "CPU ms"
        print(f"scale {options.scale}, {rounds} pairs of batches, Python {sys.version.split()[0]}")
        print(f"{'endpoint':22} {unit:>8} {'added':>8} {'':>8} {'95 %':>16}")
        for name, path in ENDPOINTS.items():
            if options.only in name:
                costs = measure(servers, path, rounds=rounds, batch=batch, cost=cost)
                plain = costs.pop("without")
                for which, observed in costs.items():
                    low, high = interval(observed, plain, middle)
                    more = middle(observed) - middle(plain)
                    told = f"{added(observed, plain, middle):+8.1%} {more:+8.2f} {low:+8.1%} {high:+7.1%}"
                    print(f"{name:22} {middle(plain):8.2f} {told}  {which}", flush=True)


if __name__ == "__main__":
    main()
