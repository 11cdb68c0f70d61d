"""How long a trial of an ordinary change takes: the sample's gold patches, one after another, through `auditor fix`.

    python benchmarks/trial_pace.py [ID ...] [--python VENV] [--state DIR]

The sample is copied, the run begins as `fix` begins, and each patch is tried on what the ones before have left, with the whole
workload of the case on the small data. A line a trial: seconds from its start to the end of the gate `counts`, how they fall on
the gates, and the verdict. What a run does once is told apart: the baseline before the first trial, and holding known-good against
the whole workload. Exit code 1 when a median trial takes over 20 s.
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from auditor.config.user import load_user_settings
from auditor.engine.fixing.fix import fix
from auditor.engine.fixing.given import GivenPatch
from auditor.engine.fixing.request import FixRequest
from auditor.engine.request import AuditRequest
from auditor.measure.contract.declared import Declared
from auditor.model.patch import Patch
from auditor.model.trial_events import GateFinished, RunEvent, TrialEnded, TrialStarted
from auditor.trial.making import patch_between
from auditor.trial.patching import Refused, apply_patch

CASE: Final = Path(__file__).parent.parent / "evals" / "cases" / "discovery"
LIMIT_S: Final = 20.0
_ABOUT: Final = frozenset({"endpoint", "scale"})
"""What stands in a promise besides counts."""


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
    parser.add_argument("ids", nargs="*", metavar="ID", help="patches of gold/: up to these; all without")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept; a temporary folder without")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.state or Path(temporary)).resolve()
        request = sample(folder)
        order = steps(arguments.ids)
        files = [folder / f"{one.name}.json" for one in order]
        for file, one in zip(files, order, strict=True):
            file.write_text(one.given.model_dump_json(by_alias=True))
        request = replace(request, patches=tuple(files))
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


def cpu_seconds() -> float:
    """Of this process and what it has started, but for servers that were ended at once: each has booted and answered the timed requests."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


class Watch:
    """Hears a run's events and prints a line a trial."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._cpu = 0.0
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
                self._cpu = cpu_seconds()
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
                    f"{took:6.1f} s, {cpu_seconds() - self._cpu:5.1f} s of CPU  {event.change:36}{verdict.verdict} {verdict.gate or ''} {verdict.text[:100]}\n"
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


@dataclass(frozen=True, slots=True)
class Step:
    """One gold patch, or several that are tried as one."""

    ids: tuple[str, ...]
    title: str
    given: GivenPatch

    @property
    def name(self) -> str:
        """The last one's."""
        return self.ids[-1]


def steps(wanted: Collection[str] = (), *, timed: bool = False) -> list[Step]:
    """The gold patches in their order, each made for what those before it leave; of all, or up to the last that is wanted.

    Unless time is taken, one that gains nothing but time is joined with the one after it: no count would speak for it.
    """
    listed: list[dict[str, Any]] = tomllib.loads((CASE / "gold" / "order.toml").read_text())["patch"]
    if wanted:
        listed = listed[: 1 + max(at for at, one in enumerate(listed) if one["id"] in wanted)]
    before: dict[str, bytes] = {}
    made, together = list[Step](), list[dict[str, Any]]()
    for one in listed:
        together.append(one)
        if timed or any(set(promise) - _ABOUT for promise in one.get("promises", ())):
            step, before = _step(together, before)
            made.append(step)
            together = []
    return made


def ids_of_gold() -> list[str]:
    """All of them in their order."""
    return [one["id"] for one in tomllib.loads((CASE / "gold" / "order.toml").read_text())["patch"]]


def _step(together: list[dict[str, Any]], before: dict[str, bytes]) -> tuple[Step, dict[str, bytes]]:
    after = dict(before)
    may_touch = frozenset[Any]()
    for one in together:
        given = GivenPatch.model_validate_json((CASE / "gold" / f"{one['id']}.json").read_bytes())
        may_touch |= given.may_touch
        applied = apply_patch(Patch(base_tree="", edits=given.edits), partial(_read, after))
        if isinstance(applied, Refused):
            raise SystemExit(f"{one['id']} does not fit: {applied.reasons[0]}")
        after |= applied.files
    changed = {path: content.decode() for path, content in after.items() if before.get(path) != content}
    patch = patch_between({path: _read(before, path) for path in changed}, changed)
    given = GivenPatch(
        base_tree="",
        edits=patch.edits,
        declared=Declared(fewer_records=any(one.get("declares") for one in together)),
        may_touch=may_touch,
        constant_rise=tuple(kind for one in together for kind in one.get("rises", ())),
    )
    return Step(tuple(one["id"] for one in together), together[-1]["title"], given), after


def _read(files: Mapping[str, bytes], path: str) -> bytes | None:
    file = CASE / "app" / path
    return files[path] if path in files else file.read_bytes() if file.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
