"""What each of the sample's gold patches gains: counts and times of its two slow endpoints, patch after patch.

    python benchmarks/gold_figures.py [--python VENV] [--state DIR] [--boots N] [--ends] [--scale N]

For the sample as it is and after each patch of gold/order.toml, at the small scale and the full one: statements,
connections and records of a request to a worker that has just booted (`--ends`: before the first and after the last
only), and its time with the probe off, the median of N boots. What a new connection to SQLite is told first (PRAGMA)
is left out of the statements: whether there is one depends on the worker that happens to answer.
"""

import argparse
import json
import statistics
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from trap_truth import CASE, Ground, narrowed, prepared, reader

from auditor.engine.fixing.given import GivenPatch
from auditor.measure.counts import counts_of
from auditor.measure.running.identities import identities_of
from auditor.measure.running.rounds import Playing, play_round
from auditor.measure.sending import Limits
from auditor.trial.patching import Refused, apply_patch

ASKED = ("discover berlin", "spaces of location 1")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept between runs, with the contract")
    parser.add_argument("--boots", type=int, default=1, help="for a time")
    parser.add_argument("--scale", type=int, help="this one only")
    parser.add_argument("--ends", action="store_true", help="before the first patch and after the last only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        ground = prepared((arguments.state or Path(temporary)).resolve(), arguments.python)
        order = [one["id"] for one in tomllib.loads((CASE / "gold" / "order.toml").read_text())["patch"]]
        states = states_of(order)
        settings = ground.bench.settings.database
        bases: dict[int, str | None] = {settings.small: ground.template, settings.full: None}
        for at, (name, files) in enumerate(states):
            if arguments.ends and 0 < at < len(states) - 1:
                continue
            for scale, base in bases.items():
                if arguments.scale not in {None, scale}:
                    continue
                template = figures(ground, name, files, scale=scale, base=base, boots=arguments.boots)
                bases[scale] = base or template


def states_of(order: list[str]) -> list[tuple[str, dict[str, bytes]]]:
    """Name and changed files of each state of the tree, the original first."""
    files: dict[str, bytes] = {}
    states = [("as it is", dict(files))]
    for name in order:
        patch = GivenPatch.model_validate(json.loads((CASE / "gold" / f"{name}.json").read_text()))
        applied = apply_patch(patch, reader(CASE / "app", files))
        if isinstance(applied, Refused):
            raise SystemExit(f"{name}: {applied.reasons[0].text}")
        files |= applied.files
        states.append((name, dict(files)))
    return states


def figures(
    ground: Ground, name: str, files: Mapping[str, bytes], *, scale: int, base: str | None, boots: int
) -> str:
    """Prints a line for each request; gives the key of the prepared data."""
    bench = ground.bench
    with bench.world(scale, replaced=files, based_on=base) as world:
        world.prepare()
        who = identities_of(bench.settings.identities, env={}, allowed=())
        for id_ in ASKED:
            workload = narrowed(ground.contract, [id_]).workload
            patient = Limits(deadline_s=300.0)
            record = play_round(world, workload, who, Playing(limits=patient)).replay.exchanges[0].record
            assert record is not None, f"no record of {id_}"
            told = [one for one in record.of_kind("sql") if (one.text or "").startswith("PRAGMA")]
            counts = counts_of(record)
            counts["sql"] -= len(told)
            counts["rows"] -= sum(one.rows or 0 for one in told)
            off = Playing(probe=False, limits=patient)
            times = [
                play_round(world, workload, who, off).replay.exchanges[0].answer.total_ms
                for _ in range(boots)
            ]
            shown = " ".join(f"{key}={counts.get(key)}" for key in ("sql", "rows", "sessions", "log"))
            timed = (
                f"{statistics.median(times):10.1f} ms (n={boots}, {min(times):.1f}…{max(times):.1f})"
                if times
                else ""
            )
            print(f"{name:36}scale {scale:<4}{id_:24}{shown:48}{timed}", flush=True)
        return world.template


if __name__ == "__main__":
    main()
