"""Whether the gates of `auditor fix` keep what must be kept and stop what must be stopped: the sample's traps and gold patches.

    python benchmarks/traps_through_fix.py [ID ...] [--python VENV] [--state DIR] [--gold | --traps] [--from ID]
        [--time] [--log FILE] [--requests ID ...]

One run of `fix` begins on a copy of the sample, with the whole workload of the case. Each trap is tried on the sample as it is, each
gold patch on what those before it have left, by the gates in their order; what passes is held against the whole workload, as `fix`
does before it gives anything away. Culprits are not looked for: that is another benchmark's matter.

A line a patch: what stopped it, the gate that the list names, seconds. Traps that only time, growth or load can tell are stopped by
gates that `--time` asks, and counted apart without; so are the `blind` ones, which no request of the workload can tell (another clock,
another row). With `--log` each trap is a JSON line in a file, too, and one that stands there already is not tried again: what was cut
off goes on. Exit code 1 when any other trap is kept, or a gold patch is not.
"""

import argparse
import fnmatch
import json
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from trial_pace import CASE, Quiet, environment, ids_of_gold, sample, steps

from auditor.config.constraint import parse_constraint
from auditor.engine.fixing.confirming import confirm
from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.run import Run
from auditor.measure.contract.declared import Declared
from auditor.measure.workload import load_workload, part_of
from auditor.model.constraint import Constraint
from auditor.model.fault import Fault
from auditor.model.patch import Patch
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited
from auditor.trial.patching import Refused, apply_patch
from auditor.trial.proposal import Proposal
from auditor.trial.trees import Tree

PLAYING: Final = frozenset({"boot", "contract", "side-effects"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one patch."""

    gate: str
    """The first that did not let it through; empty when it is kept."""
    text: str
    tree: Tree | None
    whole: bool = False
    """Whether it was the whole workload that stopped it, after a part had let it through."""


class Bench:
    """A run of `fix` that is asked about patches one at a time."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._gates = run.judges.gates()
        self._whole = [(name, gate) for name, gate in run.judges.gates(whole=True) if name in PLAYING]

    @property
    def names(self) -> frozenset[str]:
        """The gates that there are."""
        return frozenset(name for name, _ in self._gates)

    def tried(self, candidate: Candidate, base: Tree) -> Outcome:
        """The candidate on `base`; its `files` are still empty."""
        read = partial(self.run.store.read, base)
        applied = apply_patch(candidate.patch, read)
        if isinstance(applied, Refused):
            return Outcome("parse", f"does not fit: {applied.reasons[0]}", None)
        files = tuple(Edited(path, read(path), applied.files[path]) for path in sorted(applied.files))
        candidate = replace(candidate, files=files)
        tree = self.run.store.derive(base, applied.files, name="benchmark/tree")
        for whole, gates in ((False, self._gates), (True, self._whole)):
            for name, gate in gates:
                try:
                    result: GateResult = gate(candidate, tree)
                except Fault as fault:
                    return Outcome(name, f"void: {fault}", tree, whole)
                if not result.lets_through:
                    return Outcome(name, f"{result.outcome}: {result.text}", tree, whole)
        return Outcome("", "kept", tree)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ids", nargs="*", metavar="ID", help="or a pattern")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept; a temporary folder without")
    parser.add_argument("--gold", action="store_true", help="the gold patches alone")
    parser.add_argument("--traps", action="store_true", help="the traps alone")
    parser.add_argument("--time", action="store_true", help="ask the gates that take time, too")
    parser.add_argument("--from", dest="first", help="leaves out the traps before this one")
    parser.add_argument(
        "--requests",
        nargs="*",
        metavar="ID",
        help="or patterns: a workload of these requests and what they need",
    )
    parser.add_argument("--log", type=Path, help="a JSON line for each trap; those in it are not tried again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.state or Path(temporary)).resolve()
        workload = narrowed(arguments.requests, folder) if arguments.requests else None
        request = sample(folder, workload=workload, time_gates=arguments.time)
        with run_opened(request, Quiet(), env=environment(arguments.python)) as run:
            began = time.monotonic()
            run.be_sound()
            print(
                f"baseline {time.monotonic() - began:.0f} s, {len(run.workload.requests)} requests",
                flush=True,
            )
            bench = Bench(run)
            wrong = 0
            if not arguments.gold:
                wrong += traps(bench, arguments.ids, first=arguments.first, log=Log(arguments.log))
            if not arguments.traps:
                wrong += golden(run, arguments.ids, timed=arguments.time)
    return int(wrong > 0)


def narrowed(patterns: list[str], folder: Path) -> Path:
    """A file with a part of the case's workload."""
    whole = load_workload(CASE / "requests.jsonl")
    ids = [one.id for one in whole.requests if any(fnmatch.fnmatchcase(one.id, each) for each in patterns)]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "requests.jsonl"
    file.write_text(part_of(whole, ids).render())
    return file


class Log:
    """What became of traps, a JSON line each, in a file or in memory alone."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        lines = file.read_text().splitlines() if file is not None and file.exists() else []
        self.known: dict[str, dict[str, Any]] = {one["id"]: one for one in map(json.loads, lines)}

    def add(self, **line: Any) -> None:
        """One more."""
        self.known[line["id"]] = line
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(json.dumps(line) + "\n")


def traps(bench: Bench, patterns: list[str], *, first: str | None, log: Log) -> int:
    """A line a trap, and the figures; how many were kept that a gate should have stopped."""
    listed: list[dict[str, Any]] = tomllib.loads((CASE / "traps" / "traps.toml").read_text())["trap"]
    if first is not None:
        listed = listed[[one["id"] for one in listed].index(first) :]
    told: Counter[str] = Counter()
    for trap in listed:
        if patterns and not any(fnmatch.fnmatchcase(trap["id"], pattern) for pattern in patterns):
            continue
        if trap["id"] not in log.known:
            began = time.monotonic()
            done = bench.tried(candidate_of(trap, CASE / "traps"), bench.run.known_good)
            bench.run.forget()
            log.add(
                id=trap["id"],
                kind=kind_of(trap, done, bench.names),
                gate=done.gate,
                wants=trap["gate"],
                whole=done.whole,
                seconds=round(time.monotonic() - began, 1),
                text=done.text,
            )
        one = log.known[trap["id"]]
        told[one["kind"]] += 1
        where = f"{one['gate'] or 'kept'}{' (whole)' if one['whole'] else ''}"
        print(
            f"{one['kind']:22}{one['id']:40}{where:22}wants {one['wants']:13}{one['seconds']:6.1f} s  {one['text'][:150]}",
            flush=True,
        )
    print(
        f"traps: {sum(told.values())}; "
        + ", ".join(f"{kind} {count}" for kind, count in sorted(told.items()))
    )
    return told["KEPT"]


def kind_of(trap: Mapping[str, Any], done: Outcome, gates: frozenset[str]) -> str:
    """In a word or two, for the table."""
    if done.gate == trap["gate"]:
        return "right gate"
    if done.gate:
        return "another gate"
    if trap.get("blind"):
        return "kept, blind"
    return "KEPT" if trap["gate"] in gates else "kept, gate not asked"


def golden(run: Run, patterns: list[str], *, timed: bool) -> int:
    """Each on what those before it have left, then the whole workload; how many were not kept."""
    names = [one for one in ids_of_gold() if any(fnmatch.fnmatchcase(one, pattern) for pattern in patterns)]
    if patterns and not names:
        return 0
    listed = steps(names, timed=timed)
    for one in listed:
        began = time.monotonic()
        proposal = Proposal(
            change=f"C-{one.name}",
            title=one.title,
            patch=Patch(base_tree="", edits=one.given.edits),
            declared=one.given.declared,
            constant_rise=one.given.constant_rise,
            may_touch=frozenset[str](one.given.may_touch),
        )
        verdict = run.tried(proposal)
        run.forget()
        print(
            f"{verdict.verdict:22}{' + '.join(one.ids):62}{verdict.gate or '':19}{time.monotonic() - began:6.1f} s  {verdict.text[:150]}",
            flush=True,
        )
    confirm(run)
    failed = {one.change for one in run.recorder.ledger.failed}
    kept = {one.change for one in run.recorder.ledger.kept} - failed
    count = sum(len(one.ids) for one in listed if f"C-{one.name}" in kept)
    total = sum(len(one.ids) for one in listed)
    print(f"gold: kept {count} of {total}")
    return total - count


def candidate_of(listed: Mapping[str, Any], folder: Path) -> Candidate:
    """As whoever hands it in would say what it is."""
    patch = Patch.model_validate_json((folder / f"{listed['id']}.json").read_bytes())
    constraint = listed.get("constraint")
    return Candidate(
        change=f"C-{listed['id']}",
        patch=patch,
        files=(),
        allowed=tuple(listed.get("files", patch.files)),
        declared=Declared.model_validate(listed.get("declares", {})),
        constant_rise=tuple(listed.get("rises", ())),
        constraints=(constraint_of(constraint),) if constraint else (),
    )


def constraint_of(text: str) -> Constraint:
    """`kind(first, second)` as a constraint."""
    kind, _, rest = text.removesuffix(")").partition("(")
    values = [part.strip() for part in rest.split(",")]
    match kind, values:
        case "no-new-import", ["any", scope]:
            entry: dict[str, Any] = {"scope": scope}
        case "frozen-file" | "no-module-level-code", [scope]:
            entry = {"scope": scope}
        case "max-cost", [endpoint, effect, formula]:
            entry = {"endpoint": endpoint, "effect": effect, "formula": formula}
        case _:
            raise SystemExit(f"no constraint: {text}")
    return parse_constraint({"kind": kind, **entry}, where="traps.toml")


if __name__ == "__main__":
    sys.exit(main())
