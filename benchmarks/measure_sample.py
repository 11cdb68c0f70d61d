"""The sample recorded and held against itself: python benchmarks/measure_sample.py [--engine sqlite|postgresql] [--rounds N]

Prints what issue 3 asks of it: differences of the baseline from itself over the whole workload (wanted: 0 in at least
1,000 requests), requests on which the probe and the database's witness disagree (wanted: 0), and the seconds that
`record` and `measure` take for the ordinary endpoints (wanted: under 60 together; each of the two slow ones takes longer alone).
The rounds that are compared are not those that the noise was learnt from.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from auditor.config.user import JailChoice, UserSettings
from auditor.engine.measuring.measure import MeasureRequest, measure
from auditor.engine.measuring.record import Recorded, RecordRequest, record
from auditor.engine.request import AuditRequest
from auditor.measure.contract.compare import compare
from auditor.measure.running.bench import open_bench
from auditor.measure.running.identities import identities_of
from auditor.measure.running.rounds import Round, play_round
from auditor.measure.witness import disagreement

CASE = Path(__file__).resolve().parents[1] / "evals/cases/discovery"
SLOW = ("/spaces/discover", "/locations/")
"""In the paths of the two endpoints that the case is about, and of nothing else that takes long."""


class Steps:
    """`Notes` that take the time of every step."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, float]] = []

    def stage(self, name: str, /) -> None:
        self.step(name)

    def step(self, text: str, /) -> None:
        self._steps.append((text, time.perf_counter()))

    def progress(self, done: int, total: int, /) -> None: ...
    def warn(self, text: str, /) -> None: ...

    def told(self) -> str:
        """Each step with its seconds, the last until now."""
        ends = [began for _, began in self._steps[1:]] + [time.perf_counter()]
        return "; ".join(
            f"{text} {end - began:.1f}" for (text, began), end in zip(self._steps, ends, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class Place:
    """A private copy of the sample with its settings, and a state folder of its own."""

    tree: Path
    user: UserSettings
    env: dict[str, str]

    @property
    def audit(self) -> AuditRequest:
        return AuditRequest(path=self.tree, command="record", cache_dir=self.user.cache_dir)


def main() -> None:
    """Prints a line a figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=2, help="of the baseline against its contract")
    parser.add_argument("--workload", type=Path, default=CASE / "requests.jsonl")
    parser.add_argument("--only", choices=("differences", "ordinary"), help="one half")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="auditor-sample-") as folder:
        place = made(Path(folder), options.engine)
        if options.only != "ordinary":
            differences(place, options.workload, rounds=options.rounds)
        if options.only != "differences":
            ordinary(place, options.workload, Path(folder) / "ordinary.jsonl")


def made(folder: Path, engine: str) -> Place:
    """The copy; the target's interpreter is the one that runs this."""
    tree = folder / "app"
    shutil.copytree(CASE / "app", tree)
    settings = tree / "auditor.toml"
    settings.write_text(settings.read_text("utf-8").replace('engine = "sqlite"', f'engine = "{engine}"'))
    user = UserSettings(cache_dir=folder / "cache", state_dir=folder / "state", jail=JailChoice.AUTO)
    return Place(tree=tree, user=user, env={**os.environ, "VIRTUAL_ENV": sys.prefix})


def differences(place: Place, workload: Path, *, rounds: int) -> None:
    """Of rounds that the contract has not seen, from the contract."""
    began = time.perf_counter()
    request = RecordRequest(audit=place.audit, user=place.user, workload=workload, edges=False)
    recorded = record(request, Steps(), env=place.env)
    count = len(recorded.contract.workload.requests)
    say("recorded", f"{count} requests, twice, in {time.perf_counter() - began:.1f} s")
    masked = sum(len(mask.blurs) for mask in recorded.contract.masks.values())
    say("noise", f"{masked} places, {len(recorded.contract.unsteady)} requests unsteady")
    played = again(place, recorded, rounds)
    found = [one for each in played for one in compare(recorded.contract, each.recording)]
    say("self-differences", f"{len(found)} over {count * rounds} requests in {rounds} rounds")
    for one in found[:10]:
        print(f"  {one.sentence()}")
    exchanges = [exchange for each in played for exchange in each.replay.exchanges]
    seen = [exchange for exchange in exchanges if exchange.witnessed is not None]
    apart = [(exchange, why) for exchange in seen if (why := disagreement(exchange))]
    lost = sum(exchange.lost for exchange in exchanges)
    say("witness", f"{len(apart)} of {len(seen)} disagree" if seen else "none: probe only")
    say("records lost", f"{lost} of {len(exchanges)}")
    for exchange, why in apart[:10]:
        print(f"  {exchange.request.id}: {why}")


def again(place: Place, recorded: Recorded, rounds: int) -> list[Round]:
    """Rounds of the recorded workload on the recorded data."""
    bench = open_bench(place.tree, place.user, env=place.env)
    with bench.world(bench.settings.database.small) as world:
        world.prepare()
        who = identities_of(bench.settings.identities, env=place.env, allowed=())
        return [play_round(world, recorded.contract.workload, who) for _ in range(rounds)]


def ordinary(place: Place, workload: Path, own: Path) -> None:
    """`record` with edges, then `measure`, of everything but the two slow endpoints."""
    shutil.rmtree(place.user.state_dir, ignore_errors=True)
    lines = [json.loads(line) for line in workload.read_text("utf-8").splitlines() if line.strip()]
    kept = [line for line in lines if not any(part in line["path"] for part in SLOW)]
    there = {line["id"] for line in kept}
    kept = [{**line, "after": [id_ for id_ in line.get("after", []) if id_ in there]} for line in kept]
    timed = [
        {**line, "roles": ["contract", "time"] if first else ["contract"]} for line, first in firsts(kept)
    ]
    own.write_text("".join(f"{json.dumps(line)}\n" for line in timed), "utf-8")
    began = time.perf_counter()
    asked = RecordRequest(audit=place.audit, user=place.user, workload=own)
    recording, measuring = Steps(), Steps()
    recorded = record(asked, recording, env=place.env)
    between, recording_told = time.perf_counter(), recording.told()
    measured = measure(MeasureRequest(audit=place.audit, user=place.user), measuring, env=place.env)
    ended, measuring_told = time.perf_counter(), measuring.told()
    count = len(recorded.contract.workload.requests)
    endpoints = len(measured.observation.endpoints)
    say("record", f"{between - began:.1f} s: {count} requests ({recorded.chosen.edges} at edges), twice")
    say(
        "measure",
        f"{ended - between:.1f} s: {len(measured.observation.requests)} requests on {endpoints} endpoints",
    )
    print(f"  {recording_told}\n  {measuring_told}")
    say("together", f"{ended - began:.1f} s")


def firsts(lines: list[dict[str, object]]) -> list[tuple[dict[str, object], bool]]:
    """With each whether it is the first to read at its path: those are timed."""
    seen: set[object] = set()
    told = []
    for line in lines:
        reads = line.get("method", "GET") == "GET" and "${" not in str(line["path"])
        told.append((line, reads and line["path"] not in seen))
        seen.add(line["path"])
    return told


def say(name: str, value: str) -> None:
    """One figure."""
    print(f"{name:17} {value}", flush=True)


if __name__ == "__main__":
    main()
