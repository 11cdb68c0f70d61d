"""What the probe costs on the sample's endpoints: CPU seconds of the worker with and without it.

Both servers are up at once, on copies of their own; an endpoint is asked in pairs of batches, and who begins
alternates. The figure compares the lower quartiles of the batches, because a busy machine only ever adds.

    python benchmarks/probe_overhead.py --scale 1 --rounds 40

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
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "evals/cases/discovery/app"
PROBE = ROOT / "sandbox/probe"

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


@dataclass
class Server:
    """One worker of the sample."""

    process: "subprocess.Popen[bytes]"
    door: str
    token: str = ""

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

    def cpu_seconds(self) -> float:
        """Of the arbiter's only worker, all threads, since it began."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        tasks = Path(f"/proc/{children[0]}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def boot(place: Path, *, scale: int, probe: Path | None) -> Server:
    """A seeded copy of the sample under its production server with one worker."""
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
    }
    seed = [sys.executable, "seed.py", "--scale", str(scale)]
    subprocess.run(seed, cwd=tree, env=env, check=True, stdout=subprocess.DEVNULL)
    if probe is not None:
        env |= {"PYTHONPATH": str(probe), "AUDITOR_SPOOL": str(spool), "AUDITOR_TREE": str(tree)}
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tree, env=env, stdout=log, stderr=log, start_new_session=True)
    server = Server(process, f"127.0.0.1:{port}")
    for _ in range(200):
        try:
            connection = server.connection()
            server.ask(connection, "/ready", "ready")
            break
        except OSError:
            time.sleep(0.05)
    body = json.dumps({"email": "ada@nook.example", "password": "discover"})
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    server.token = json.loads(connection.getresponse().read())["token"]
    return server


def cost_of_batch(server: Server, path: str, count: int) -> float:
    """CPU seconds of `count` requests, the writing of their records included."""
    connection = server.connection()
    before = server.cpu_seconds()
    for number in range(count):
        server.ask(connection, path, f"r{number}")
    spent = server.cpu_seconds() - before
    connection.close()
    return spent


def measure(servers: dict[str, Server], path: str, *, rounds: int, budget: float) -> dict[str, list[float]]:
    """Milliseconds of CPU a request, for each batch of either server."""
    for server in servers.values():
        cost_of_batch(server, path, 3)
    single = cost_of_batch(servers["without"], path, 2) / 2
    count = max(1, min(200, round(budget / max(single, 1e-4))))
    found: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds):
        for name in reversed(servers) if number % 2 else servers:
            found[name].append(cost_of_batch(servers[name], path, count) / count * 1000)
    return found


def quiet(values: list[float]) -> float:
    """The lower quartile: what it costs when nobody else disturbs."""
    return statistics.quantiles(values, n=4)[0]


def added(observed: list[float], plain: list[float]) -> float:
    return quiet(observed) / quiet(plain) - 1


def interval(observed: list[float], plain: list[float], seed: int = 1) -> tuple[float, float]:
    """Of `added`, 95 %, from 500 draws of pairs with replacement."""
    random = Random(seed)  # noqa: S311  no secrets here
    pairs = list(zip(observed, plain, strict=True))
    found = []
    for _ in range(500):
        drawn = random.choices(pairs, k=len(pairs))
        found.append(added([pair[0] for pair in drawn], [pair[1] for pair in drawn]))
    found.sort()
    return found[12], found[487]


def main() -> None:
    """Prints a line an endpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--budget", type=float, default=0.06, help="CPU seconds of a batch")
    parser.add_argument(
        "--same", action="store_true", help="both without the probe: what the machine makes up"
    )
    parser.add_argument("--before", type=Path, help="another state of the probe")
    parser.add_argument("--only", default="", help="endpoints whose name contains this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        servers = {}
        probes = {"without": None, "with": None if options.same else PROBE}
        if options.before:
            probes["before"] = options.before.resolve()
        try:
            for name, probe in probes.items():
                place = Path(folder) / name
                place.mkdir()
                servers[name] = boot(place, scale=options.scale, probe=probe)
            print(
                f"scale {options.scale}, {options.rounds} pairs of batches, Python {sys.version.split()[0]}"
            )
            print(f"{'endpoint':22} {'CPU ms':>8} {'added':>8} {'95 %':>16}")
            for name, path in ENDPOINTS.items():
                if options.only in name:
                    costs = measure(servers, path, rounds=options.rounds, budget=options.budget)
                    plain = costs.pop("without")
                    for which, observed in costs.items():
                        low, high = interval(observed, plain)
                        told = f"{added(observed, plain):+8.1%} {low:+8.1%} {high:+7.1%}"
                        print(f"{name:22} {quiet(plain):8.2f} {told}  {which}", flush=True)
        finally:
            for server in servers.values():
                os.killpg(server.process.pid, signal.SIGTERM)
                server.process.wait()


if __name__ == "__main__":
    main()
