"""How often "faster" is said of the same code, and how often of faster code, on recorded timings.

    python benchmarks/false_faster.py                  simulates on benchmarks/data/latency_pairs.csv
    python benchmarks/false_faster.py --record FILE    records: pairs of two identical servers on this machine

A decision is made by the product's own `judge`. Its pairs are windows of the recording in the order recorded (what
happened on the machine stays in), the second session another window with the servers' roles exchanged. A true
effect is put in by scaling the candidate's times. Sign and rank tests are compared under the same looks and shares,
and servers that were kept on one core (`together`, as the product does it) with servers that were not (`apart`).
"""

import argparse
import csv
import json
import os
import random
import socketserver
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from math import comb, log
from pathlib import Path
from typing import get_args

from auditor.measure.encoding import encode
from auditor.measure.latency import Pair, PairSource, Question, Rule, Sources, judge
from auditor.measure.pairing import Pairing
from auditor.measure.placement import one_core, put_together
from auditor.measure.request import Request
from auditor.measure.sending import Door
from auditor.measure.signed_rank import p_below

DATA = Path(__file__).parent / "data" / "latency_pairs.csv"
EFFECTS = (1.0, 0.97, 0.95, 0.9, 0.8, 0.7, 0.5, 0.25, 1.03, 1.1)
Recording = dict[str, list[Pair]]
"""Pairs by session: `together-0`, `apart-1`, …; milliseconds of two servers with the same code."""


def sign_p(differences: Sequence[float]) -> float:
    """The exact sign test, as `p_below`."""
    n = len(differences)
    above = sum(value >= 0 for value in differences)
    return sum(comb(n, k) for k in range(above + 1)) / 2**n


TESTS = {"rank": p_below, "sign": sign_p}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path, metavar="FILE")
    parser.add_argument("--pairs", type=int, default=1000, help="a session, when recording")
    parser.add_argument("--decisions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--disturb", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.disturb:
        disturb()
    elif arguments.record:
        record(arguments.record, arguments.pairs)
    else:
        simulate(load(DATA), arguments.decisions, arguments.seed)


def simulate(recording: Recording, decisions: int, seed: int) -> None:
    """Prints a table: effect, test, what was decided, pairs it took."""
    pairs = sum(map(len, recording.values()))
    spread = {name: spread_of(each) for name, each in recording.items()}
    print(f"{pairs} recorded pairs in {len(recording)} sessions; half of |log ratio| under: {spread}")
    print(
        f"{'servers':9} {'question':9} {'test':5} {'true':>6} {'n':>6}  verdicts (share); median pairs of a decision"
    )
    for placed in ("together", "apart"):
        chosen = {name: each for name, each in recording.items() if name.startswith(placed)}
        for question in get_args(Question):
            for test in TESTS:
                for effect in EFFECTS:
                    times = decisions if effect == 1.0 else decisions // 5
                    verdicts = decided(chosen, question, test, effect=effect, decisions=times, seed=seed)
                    print(
                        f"{placed:9} {question:9} {test:5} {effect - 1:+6.0%} {times:6}  {verdicts}",
                        flush=True,
                    )


def decided(
    recording: Recording, question: Question, name: str, *, effect: float, decisions: int, seed: int
) -> str:
    """Verdicts with their counts and shares, and the median number of pairs of both sessions."""
    dice = random.Random(f"{seed} {question} {effect}")  # noqa: S311  windows, not secrets
    rule = Rule(test=TESTS[name])
    verdicts: Counter[str] = Counter()
    used: list[int] = []
    for _ in range(decisions):
        verdict = judge(question, sources(recording, effect, dice), rule=rule)
        verdicts[verdict.verdict] += 1
        used.append(sum(session.pairs for session in verdict.sessions))
    shares = ", ".join(f"{what} {count} ({count / decisions:.1%})" for what, count in verdicts.most_common())
    return f"{shares}; {sorted(used)[len(used) // 2]}"


def sources(recording: Recording, effect: float, dice: random.Random) -> Sources:
    """Windows: A/A and direct of one boot, swapped of another."""
    first, second = dice.sample(sorted(recording), 2)
    flipped = dice.random() < 0.5
    return Sources(
        same=window(recording[first], 1.0, dice, flipped=flipped),
        direct=window(recording[first], effect, dice, flipped=flipped),
        swapped=window(recording[second], effect, dice, flipped=not flipped),
    )


def window(pairs: Sequence[Pair], effect: float, dice: random.Random, *, flipped: bool) -> PairSource:
    """Hands out the pairs from a random place on; the candidate is the second server, or the first if flipped."""
    at = dice.randrange(len(pairs) - Rule().looks[-1])

    def take(n: int) -> Sequence[Pair]:
        nonlocal at
        at += n
        taken = pairs[at - n : at]
        return [(b, a * effect) if flipped else (a, b * effect) for a, b in taken]

    return take


def spread_of(pairs: Sequence[Pair]) -> str:
    return f"{sorted(abs(log(b / a)) for a, b in pairs)[len(pairs) // 2]:.0%}"


def load(path: Path) -> Recording:
    recording: Recording = {}
    with path.open(encoding="utf-8") as file:
        for name, one_us, other_us in csv.reader(file):
            recording.setdefault(name, []).append((int(one_us) / 1000, int(other_us) / 1000))
    return recording


SESSIONS = {
    "together-0": {"--serve"},
    "together-1": {"--serve"},
    "together-2": {"--serve", "--disturb"},
    "together-3": {"--serve", "--disturb"},
    "apart-0": set[str](),
    "apart-1": set[str](),
}
"""What is put on one core, by session: both servers (and a process that takes it in bursts), or nothing."""


def record(path: Path, pairs: int) -> None:
    """Each session with servers of its own, on a machine that does what it does."""
    dice = random.Random(7)  # noqa: S311  an order, not a secret
    message = encode(Request(id="a", path="/"), {}, host="localhost")
    with path.open("w", encoding="utf-8", newline="") as file:
        for name, together in SESSIONS.items():
            with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
                started = [start("--serve", f"{folder}/{side}") for side in "ab"]
                started += [start("--disturb")] if "--disturb" in together else []
                stack.callback(stop, started)
                doors = [stack.enter_context(Door(ready(Path(folder) / side))) for side in "ab"]
                if together:
                    put_together([process.pid for process in started], cores=one_core())
                pairing = Pairing(
                    baseline=doors[0], candidate=doors[1], message=message, dice=dice, pace_s=0.02
                )
                pairing.warm_up(50)
                measured = pairing(pairs)
                csv.writer(file).writerows((name, round(a * 1000), round(b * 1000)) for a, b in measured)
                print(name, spread_of(measured), flush=True)


def start(*arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, __file__, *arguments])


def stop(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        process.kill()
        process.wait()


def ready(socket: Path) -> Path:
    deadline = time.monotonic() + 20
    while not socket.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return socket


class Handler(BaseHTTPRequestHandler):
    """A few hundred microseconds of work and a kilobyte of JSON."""

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        rows = [{"id": n, "name": f"item {n}", "price": n * n % 97} for n in range(400)]
        chosen = sorted((row for row in rows if row["price"] < 48), key=lambda row: row["price"])
        body = json.dumps(chosen[:20]).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(socket: Path) -> None:
    with socketserver.UnixStreamServer(os.fspath(socket), Handler) as server:
        server.serve_forever()


def disturb() -> None:
    dice = random.Random()  # noqa: S311  noise
    while True:
        until = time.monotonic() + dice.uniform(0.005, 0.2)
        while time.monotonic() < until:
            pass
        time.sleep(dice.uniform(0.005, 0.3))


if __name__ == "__main__":
    main()
