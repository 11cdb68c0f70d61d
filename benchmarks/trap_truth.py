"""Whether the sample's traps do what their list says, and its gold patches keep what the sample does.

    python benchmarks/trap_truth.py [ID ...] [--python VENV] [--state DIR] [--whole]   traps; all without IDs
    python benchmarks/trap_truth.py --gold [--each]                                     gold, all of it or after each step

The contract is recorded on the sample as it is. Each trap is applied to a copy of its own, booted and asked the
requests of the workload that its line names under `shows` (with those they need; `--whole` asks everything). A line
says which gate should stop the trap, and with that what a replay must find: `parse` a file that is no Python, `boot`
a server that does not come up, `contract` and `side-effects` a difference; for every other gate none is claimed
unless the line has `shows`, and where it says `blind` none can be found. Exit code 1 when a trap does something else.
"""

import argparse
import ast
import fnmatch
import json
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditor.config.user import load_user_settings
from auditor.engine.fixing.given import GivenPatch
from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, Contract, make_contract
from auditor.measure.contract.declared import NOTHING_DECLARED, Declared
from auditor.measure.contract.difference import Difference, failures
from auditor.measure.contract.recording import Recording
from auditor.measure.contract.store import load_contract, save_contract
from auditor.measure.replay import Mode
from auditor.measure.running.bench import Bench, open_bench
from auditor.measure.running.identities import identities_of
from auditor.measure.running.rounds import Playing, play_round
from auditor.measure.workload import Workload, load_workload
from auditor.model.fault import Fault
from auditor.trial.patching import Refused, apply_patch

CASE = Path(__file__).parent.parent / "evals" / "cases" / "discovery"
FIRST = "discover berlin"
"""Asked where a trap names no request: that it boots and answers at all."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay of a patched tree found."""

    what: str
    """`refused`, `no python`, `does not boot`, `void`, `differs` or `same`."""
    differences: tuple[Difference, ...] = ()
    error: str = ""

    def text(self) -> str:
        if not self.differences:
            return f"{self.what}: {self.error}" if self.error else self.what
        parts = ", ".join(sorted({one.part for one in self.differences}))
        return (
            f"{self.what} at {len(self.differences)} places ({parts}); {self.differences[0].sentence()[:200]}"
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """The sample as it is, and what it does."""

    bench: Bench
    contract: Contract
    template: str

    def play(self, files: Mapping[str, bytes], workload: Workload, mode: Mode = "in order") -> Recording:
        """What the tree with `files` in their place does."""
        with self.bench.world(1, replaced=files, based_on=self.template) as world:
            world.prepare()
            who = identities_of(self.bench.settings.identities, env={}, allowed=())
            return play_round(world, workload, who, Playing(mode=mode)).recording


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("ids", nargs="*", metavar="ID", help="or a pattern")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept between runs, with the contract")
    parser.add_argument("--whole", action="store_true", help="ask every request of the workload")
    parser.add_argument("--gold", action="store_true")
    parser.add_argument("--each", action="store_true", help="with --gold: after each of its steps")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.state or Path(temporary)
        ground = prepared(folder.resolve(), arguments.python)
        if arguments.gold:
            return gold(ground, each=arguments.each)
        return traps(ground, arguments.ids, whole=arguments.whole)


def prepared(folder: Path, python: Path) -> Ground:
    """A copy of the sample in `folder` that can be run, and the contract recorded on it (or before)."""
    root = folder / "app"
    if root.exists():
        shutil.rmtree(root)
    shutil.copytree(CASE / "app", root, ignore=shutil.ignore_patterns("__pycache__"))
    settings = root / "auditor.toml"
    settings.write_text(settings.read_text().replace("[boot]\n", f'[boot]\npython = "{python}"\n', 1))
    user = load_user_settings({**os.environ, "AUDITOR_STATE_DIR": str(folder / "state")})
    bench = open_bench(root, user)
    workload = load_workload(CASE / "requests.jsonl")
    kept = folder / "contract"
    with bench.world(1) as world:
        world.prepare()
        try:
            contract = load_contract(kept)
        except Fault:
            contract = None
        if contract is None or contract.workload.digest != workload.digest:
            who = identities_of(bench.settings.identities, env={}, allowed=())
            runs = [play_round(world, workload, who).recording for _ in range(2)]
            contract = make_contract(workload, runs, about=About())
            own = [one for run in runs for one in compare(contract, run)]
            print(f"recorded {len(workload.requests)} requests, {len(own)} self-differences", flush=True)
            save_contract(contract, kept)
        template = world.template
    return Ground(bench, contract, template)


def traps(ground: Ground, patterns: Sequence[str], *, whole: bool) -> int:
    """Prints a line a trap, and whether it is as claimed."""
    listed: list[dict[str, Any]] = tomllib.loads((CASE / "traps" / "traps.toml").read_text())["trap"]
    wrong = 0
    for trap in listed:
        if patterns and not any(fnmatch.fnmatchcase(trap["id"], pattern) for pattern in patterns):
            continue
        wanted = ["*"] if whole else trap.get("shows") or [FIRST]
        found = replayed(ground, [CASE / "traps" / f"{trap['id']}.json"], wanted)
        right = found.what in claimed(trap)
        wrong += not right
        print(f"{'ok' if right else 'WRONG':6}{trap['gate']:13}{trap['id']:42}{found.text()}", flush=True)
    print(f"{wrong} not as claimed")
    return int(wrong > 0)


def claimed(trap: Mapping[str, Any]) -> tuple[str, ...]:
    """What a replay may find."""
    if trap.get("blind"):
        return ("same",)
    match trap["gate"]:
        case "parse":
            return ("no python", "refused")
        case "boot":
            return ("does not boot",)
        case "contract" | "side-effects":
            return ("differs", "void")
        case _:
            return ("differs", "void") if trap.get("shows") else ("same",)


def gold(ground: Ground, *, each: bool) -> int:
    """Holds the gold patches, one after another, to the contract."""
    order: list[dict[str, Any]] = tomllib.loads((CASE / "gold" / "order.toml").read_text())["patch"]
    paths = [CASE / "gold" / f"{one['id']}.json" for one in order]
    wrong = 0
    for count in range(1, len(paths) + 1) if each else [len(paths)]:
        says = Declared(
            fewer_records=any(one.get("declares", {}).get("fewer_records") for one in order[:count])
        )
        found = replayed(ground, paths[:count], ["*"], declared=says)
        wrong += found.what != "same"
        print(f"{order[count - 1]['id']:32}{found.text()}", flush=True)
        for one in found.differences:
            print(f"        {one.sentence()[:300]}")
    return int(wrong > 0)


def replayed(
    ground: Ground, patches: Iterable[Path], wanted: Sequence[str], *, declared: Declared = NOTHING_DECLARED
) -> Outcome:
    """Applies the patches one after another, boots, asks, compares."""
    files: dict[str, bytes] = {}
    for path in patches:
        applied = apply_patch(
            GivenPatch.model_validate(json.loads(path.read_text())), reader(CASE / "app", files)
        )
        if isinstance(applied, Refused):
            return Outcome("refused", error=f"{path.name}: {applied.reasons[0].text}")
        files |= applied.files
    for name, content in files.items():
        try:
            ast.parse(content if name.endswith(".py") else b"")
        except SyntaxError as error:
            return Outcome("no python", error=f"{name}: {error.msg}")
    contract = narrowed(ground.contract, wanted)
    try:
        recording = ground.play(files, contract.workload)
    except Fault as fault:
        dead = "died while" in fault.what or "goes on working" in fault.what
        return Outcome("void" if dead else "does not boot", error=str(fault)[:300])
    if wanted != ["*"]:
        recording = replace(recording, changes={}, deferred=())
    found = failures(compare(contract, recording, declared=declared))
    return Outcome("differs", found) if found else Outcome("same")


def narrowed(contract: Contract, wanted: Sequence[str]) -> Contract:
    """The contract of those requests alone whose ids match, and of those they need; all of it for `*`."""
    if wanted == ["*"]:
        return contract
    workload, kept = contract.workload, set[str]()
    ids = [request.id for request in workload.requests]
    missing = [name for name in wanted if not any(fnmatch.fnmatchcase(id_, name) for id_ in ids)]
    if missing:
        raise SystemExit(f"no request is called {missing[0]!r}")
    left = [id_ for id_ in ids if any(fnmatch.fnmatchcase(id_, name) for name in wanted)]
    while left:
        at = left.pop()
        if at not in kept:
            kept.add(at)
            left += workload.needs[at]
    requests = tuple(request for request in workload.requests if request.id in kept)
    heard = {id_: heard for id_, heard in contract.recording.heard.items() if id_ in kept}
    return replace(
        contract,
        workload=Workload(requests, {request.id: workload.needs[request.id] for request in requests}),
        recording=replace(contract.recording, heard=heard, changes={}, deferred=()),
    )


def reader(root: Path, files: Mapping[str, bytes]) -> Any:
    """Reads a file of the tree as patched so far."""

    def read(path: str) -> bytes | None:
        if path in files:
            return files[path]
        file = root / path
        return file.read_bytes() if file.is_file() else None

    return read


if __name__ == "__main__":
    sys.exit(main())
