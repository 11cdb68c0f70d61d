"""How large the state of a target grows: a run with a hundred trials on the sample.

    python benchmarks/state_size.py [--trials N] [--python VENV] [--state DIR]

Every trial adds three functions of forty lines to a file of the sample; every second one is turned down, its culprit looked for as
always. Trees, events, the frozen copy and the prepared data of both scales are real; what a server would say is not asked.
Exit code 1 over 50 MB.
"""

import argparse
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Final

from trial_pace import Quiet, environment, sample

from auditor.engine.fixing.opening import run_opened
from auditor.model.trial import GateName, GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.loop import Gate, Trials
from auditor.trial.making import patch_between
from auditor.trial.proposal import Proposal
from auditor.trial.trees import Tree

LIMIT_BYTES: Final = 50_000_000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument(
        "--python", type=Path, default=Path(sys.prefix), help="environment the sample runs in"
    )
    parser.add_argument("--state", type=Path, help="kept; a temporary folder without")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        request = sample((arguments.state or Path(temporary)).resolve())
        with run_opened(request, Quiet(), env=environment(arguments.python)) as run:
            static = [
                (name, gate)
                for name, gate in run.judges.gates()
                if name in {"parse", "constraints", "policy"}
            ]
            gates: list[tuple[GateName, Gate]] = [*static, ("contract", judged)]
            trials = Trials(run.recorder, run.store, gates)
            entries = run.store.entries(run.known_good)
            paths = itertools.cycle(one.path for one in entries if one.path.startswith("discovery/services/"))
            for number in range(arguments.trials):
                path = next(paths)
                content = run.store.read(run.known_good, path)
                assert content is not None
                patch = patch_between({path: content}, {path: content.decode() + added(number)})
                trials.attempt(Proposal(change=f"C-{number}", title=f"Trial {number}", patch=patch))
            for scale in (run.bench.settings.database.small, run.bench.settings.database.full):
                with run.bench.world(scale) as world:
                    world.prepare()
            ledger = run.recorder.ledger
            print(f"{arguments.trials} trials, {len(ledger.kept)} kept, {len(ledger.failed)} failed")
        return int(sizes(request.user.state_dir) > LIMIT_BYTES)


def judged(candidate: Candidate, _tree: Tree) -> GateResult:
    """Turned down for one of the functions of every second trial."""
    bad = any(b"_bad" in file.after and b"_bad" not in (file.before or b"") for file in candidate.files)
    if not bad:
        return GateResult(gate="contract", outcome="passed", text="no answer of 551 requests differs")
    evidence = tuple(
        f"`discover berlin`: `$.items[{at}].name` is missing, it was `Space {at}`" for at in range(12)
    )
    return GateResult(
        gate="contract", outcome="failed", text=evidence[0], evidence=evidence, signature="contract:missing"
    )


def added(number: int) -> str:
    """Three functions; of every second trial one is bad."""
    names = [f"part_{number}_{at}{'_bad' if number % 2 and at == 1 else ''}" for at in range(3)]
    body = "".join(f"    total += value * {line}  # step {line} of what is computed\n" for line in range(38))
    return "".join(f"\n\ndef {name}(value):\n    total = 0\n{body}    return total\n" for name in names)


def sizes(state: Path) -> int:
    """Prints what lies in the state folder; all of it in bytes."""
    total = 0
    for file in sorted((state / "targets").glob("*/*")):
        files = [file] if file.is_file() else [one for one in file.rglob("*") if one.is_file()]
        size = sum(one.stat().st_size for one in files)
        total += size
        print(f"{file.name:20}{size / 1e6:8.2f} MB")
    print(f"{'all':20}{total / 1e6:8.2f} MB")
    return total


if __name__ == "__main__":
    sys.exit(main())
