"""How long a trial of an ordinary change takes: the sample's gold patches, one after another, through `auditor fix`.

    python benchmarks/trial_pace.py [ID ...] [--python VENV] [--state DIR]

The sample is copied, the run begins as `fix` begins, and each patch is tried on what the ones before have left, with the whole
workload of the case on the small data. A line a trial: seconds from its start to the end of the gate `counts`, how they fall on
the gates, and the verdict. What a run does once is told apart: the baseline before the first trial, and holding known-good against
the whole workload. Exit code 1 when a median trial takes over 20 s.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from auditor.config.user import load_user_settings
from auditor.engine.fixing.fix import FixRequest, fix
from auditor.engine.request import AuditRequest
from auditor.model.trial_events import GateFinished, RunEvent, TrialEnded, TrialStarted

CASE: Final = Path(__file__).parent.parent / "evals" / "cases" / "discovery"
LIMIT_S: Final = 20.0


class Quiet:
    """`Notes` that nobody reads."""

    def stage(self, name: str, /) -> None:
        """Nothing."""

    def step(self, text: str, /) -> None:
        """Nothing."""

    def progress(self, done: int, total: int, /) -> None:
        """Nothing."""

    def warn(self, text: str, /) -> None:
        """Nothing."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ids", nargs="*", metavar="ID", help="patches of gold/; all without")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept; a temporary folder without")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.state or Path(temporary)).resolve()
        request = sample(folder)
        order = [one for one in gold() if not arguments.ids or one["id"] in arguments.ids]
        request = replace(request, patches=written(order, folder))
        began, watch = time.time(), Watch()
        done = fix(request, Quiet(), told=watch.hear, env=environment(arguments.python))
        print(
            f"baseline, once a run: {watch.first - began:.1f} s; after the last trial {time.time() - watch.last:.1f} s"
        )
        print(f"kept {len(done.ledger.kept)} of {len(order)}; whole run {time.time() - began:.1f} s")
        median = statistics.median(watch.seconds)
        print(
            f"trial up to counts: median {median:.1f} s, {min(watch.seconds):.1f} to {max(watch.seconds):.1f} (n={len(watch.seconds)})"
        )
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[1]:.1f} over the last five minutes")
        return int(median > LIMIT_S)


class Watch:
    """Hears a run's events and prints a line a trial."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.first = self.last = 0.0
        self._began = 0.0
        self._gates: list[str] = []
        self._counted = 0.0

    def hear(self, event: RunEvent) -> None:
        """One event as it is recorded."""
        at = datetime.timestamp(event.time)
        match event:
            case TrialStarted():
                self.first = self.first or at
                self._began, self._gates, self._counted = at, [], 0.0
            case GateFinished(data=result):
                self._gates.append(f"{result.gate} {result.seconds:.1f}")
                if result.gate == "contract":
                    self._gates[-1] += f" ({result.text[:60]})"
                if result.gate == "counts":
                    self._counted = at
            case TrialEnded(data=ended):
                self.last = at
                if self._counted:
                    self.seconds.append(self._counted - self._began)
                took = (self._counted or at) - self._began
                verdict = ended.verdict
                print(
                    f"{took:6.1f} s  {event.change:36}{verdict.verdict} {verdict.gate or ''} {verdict.text[:100]}\n"
                    f"          {', '.join(self._gates)}",
                    flush=True,
                )
            case _:
                pass


def sample(folder: Path, /, *, workload: Path | None = None, time_gates: bool = False) -> FixRequest:
    """A copy of the sample in `folder` that `fix` can be asked about."""
    root = folder / "app"
    if root.exists():
        shutil.rmtree(root)
    shutil.copytree(CASE / "app", root, ignore=shutil.ignore_patterns("__pycache__"))
    user = load_user_settings({**os.environ, "AUDITOR_STATE_DIR": str(folder / "state")})
    # The case's own requests, edges of what its code compares among them: others are not added.
    return FixRequest(
        audit=AuditRequest(path=root, command="fix"),
        user=user,
        workload=workload or CASE / "requests.jsonl",
        edges=False,
        time=time_gates,
    )


def environment(python: Path, /) -> dict[str, str]:
    """The variables of this process, with the environment that the sample runs in."""
    return {**os.environ, "VIRTUAL_ENV": str(python)}


def gold() -> list[dict[str, Any]]:
    """The gold patches in their order."""
    listed: list[dict[str, Any]] = tomllib.loads((CASE / "gold" / "order.toml").read_text())["patch"]
    return listed


def written(order: Iterable[dict[str, Any]], folder: Path) -> tuple[Path, ...]:
    """The patches as files that say what they declare and touch."""
    made = []
    for one in order:
        patch = json.loads((CASE / "gold" / f"{one['id']}.json").read_text())
        made.append(folder / f"{one['id']}.json")
        made[-1].write_text(
            json.dumps({**patch, "declared": one.get("declares", {}), "may_touch": one.get("may_touch", [])})
        )
    return tuple(made)


if __name__ == "__main__":
    sys.exit(main())
