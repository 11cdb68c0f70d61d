"""The six stages on both endpoints of the sample, from recorded answers: byte for byte the same each time, in prefixes sent before.

The answers are made of the sample's gold patches. Nothing is booted: the gates that need a server are stood in for by one that knows the
sample's rule about imports; `test_fix_with_model.py` has the real ones.
"""

import importlib.util
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.fixing.proposing import examined_tree
from auditor.engine.modelling.fixing import WithModel
from auditor.engine.modelling.kept_judgement import judged_file, kept_judged
from auditor.engine.passes import Examined
from auditor.engine.request import AuditRequest, Notes
from auditor.llm.client import Client
from auditor.llm.exchange import Data, Request
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.price import free
from auditor.llm.providers.scripted import Line, Scripted
from auditor.llm.spending import Limits, Spending
from auditor.measure.request import Request as Sent
from auditor.measure.workload import Workload, workload_of
from auditor.model.constraint import NoNewImport
from auditor.model.fault import Fault
from auditor.model.reconciled import EndpointMeasured
from auditor.model.trial import GateResult, Verdict
from auditor.model.trial_events import BaselineTaken, BaselineTakenData
from auditor.model.vector import Vector
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.imports import added_imports
from auditor.trial.gates.constraints import check_constraints
from auditor.trial.gates.parse import check_parse
from auditor.trial.gates.policy import check_policy
from auditor.trial.loop import Trials
from auditor.trial.memory import Memory
from auditor.trial.proposal import Proposal
from auditor.trial.recorder import Recorder
from auditor.trial.trees import Tree, TreeStore, entries_of

ROOT = Path(__file__).parents[3]
CASE = ROOT / "evals" / "cases" / "discovery"
DISCOVER, SPACES = "GET /api/v1/spaces/discover", "GET /api/v1/locations/{location_id}/spaces"
GOLD = {
    DISCOVER: ("02-holiday-first", "03-eager-loading", "05-batch-bookings"),
    SPACES: ("11-the-batch-helper", "12-one-pass-for-all-spaces", "13-headcounts-from-the-bookings"),
}
TREATS = {
    "02-holiday-first": "work-before-guard",
    "03-eager-loading": "lazy-load-in-loop",
    "05-batch-bookings": "query-in-loop",
    "11-the-batch-helper": "query-in-loop",
    "12-one-pass-for-all-spaces": "loop-invariant-call",
    "13-headcounts-from-the-bookings": "sort-in-python",
}
"""The rule of a finding that each stands for, and that is still made when its turn comes."""
BREAKS = "11-the-batch-helper"
"""Its first attempt imports, and uses, what no worker of the sample boots with."""
MISQUOTES = "02-holiday-first"
"""Its first answer has a search text that is not there."""


def gold(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASE / "gold" / f"{name}.json").read_text("utf-8"))["edits"]
    return found


@dataclass
class Paper:
    """A run whose gates are read off the text: what `WithModel` needs of one."""

    folder: Path
    notes: Notes
    recorder: Recorder
    store: TreeStore
    memory: Memory
    workload: Workload = field(
        default_factory=lambda: workload_of([Sent(id="one", path="/api/v1/spaces/discover")])
    )
    is_full: bool = False
    target_ms: int | None = 500
    tried: dict[str, Verdict] = field(default_factory=dict)

    @property
    def known_good(self) -> Tree:
        tree = self.recorder.ledger.known_good
        assert tree is not None
        return tree

    def was_tried(self, change: str, /) -> bool:
        return change in self.tried

    def attempt(self, proposal: Proposal, /, *, finding: str = "") -> Verdict:
        del finding
        gates = [
            ("parse", lambda candidate, _: check_parse(candidate)),
            ("constraints", lambda candidate, _: check_constraints(candidate)),
            ("policy", lambda candidate, _: check_policy(candidate)),
            ("boot", boots),
        ]
        self.tried[proposal.change] = Trials(self.recorder, self.store, gates).attempt(proposal)  # type: ignore[arg-type]  # names and functions
        return self.tried[proposal.change]

    def read(self) -> Examined:
        request = AuditRequest(path=self.folder)
        read = examined_tree(request, self.store, self.known_good, self.folder / "workshop", self.notes)
        seen = EndpointMeasured(requests=("one",), vector=Vector(), worst=Vector())
        endpoints = tuple(
            one.model_copy(update={"measured": seen}) if one.id in GOLD else one
            for one in read.report.endpoints
        )
        return Examined(read.report.model_copy(update={"endpoints": endpoints}), read.scene)


def boots(candidate: Candidate, _: Tree) -> GateResult:
    """The sample's workers refuse some modules."""
    refused = NoNewImport(modules=("threading",))
    for file in candidate.files:
        if added_imports(refused, file):
            text = "no worker booted: WorkerRefused: threading"
            return GateResult(
                gate="boot", outcome="failed", text=text, evidence=(text,), signature="boot:WorkerRefused"
            )
    return GateResult(gate="boot", outcome="passed", text="a worker booted")


class Engineer:
    """Answers as somebody would who knows the gold patches; the same question gets the same answer."""

    def __init__(self, *, stops_at: int | None = None) -> None:
        self.asked: list[str] = []
        self._stops_at = stops_at

    def __call__(self, request: Request[Any]) -> Line:
        self.asked.append(request.task)
        if len(self.asked) == self._stops_at:
            return ServiceFailure(FailureKind.NO_CREDIT, "the account is empty")
        answer = getattr(self, f"_{request.task}")(request)
        return json.dumps(answer)

    def _analyze(self, request: Request[Any]) -> object:
        judged = []
        for name, path, first, last in findings_in(request):
            line = line_of(request, path, first)
            if line.strip():
                citation = {"file": path, "line": first, "end_line": first, "quote": line}
                judged.append(
                    {
                        "finding": name,
                        "verdict": "confirmed",
                        "reason": "the code does so",
                        "correction": None,
                        "citation": citation,
                    }
                )
                assert first <= last
        return {"design": "Each table once.", "judgements": judged, "claims": [], "more_code": []}

    def _plan(self, request: Request[Any]) -> object:
        names = GOLD[endpoint_of(request)]
        left = {name: path for name, path, *_ in findings_in(request)}
        rules = rules_in(request)
        costs = dict(costs_in(request))
        changes: list[dict[str, Any]] = []
        for name in names:
            files = sorted({edit["file"] for edit in gold(name)})
            treated = [one for one, path in left.items() if path in files and rules[one] == TREATS[name]][:1]
            for one in treated:
                left.pop(one)
            expected = [
                {"cost": kind, "after": "1" if sizes else "0"}
                for one in treated
                for sizes, kind in [costs.get(one, ("", ""))]
                if kind
            ]
            changes.append({
                "key": name[:2], "phase": 3, "title": f"Gold {name}", "findings": treated, "files": files,
                "depends_on": [one["key"] for one in changes], "expected": expected, "steps": ["As the gold patch."],
                "verify": ["Fewer statements."], "risk": "Order.", "could_be_wrong": "Few rows.", "rollback": "Revert.",
                "effort": "small",
            })  # fmt: skip
        rest = [{"finding": one, "reason": "for later"} for one in left]
        return {"changes": changes, "left": rest, "more_code": []}

    def _architecture(self, request: Request[Any]) -> object:
        elements = re.findall(
            r"^\| ((?:endpoint|module|table|system|effect):.*)$", text_of(request), re.MULTILINE
        )
        return {
            "elements": [
                {"element": one, "name": "A part", "description": "What it does."} for one in elements
            ]
        }

    def _implement(self, request: Request[Any]) -> object:
        name = re.findall(r"Gold ([\w-]+)", text_of(request))[-1]
        edits = [dict(edit) for edit in gold(name)]
        is_first = not any(turn.role == "assistant" for turn in request.turns)
        if name == MISQUOTES and is_first:
            edits[0]["search"] = "what is not there at all"
        if name == BREAKS:
            edits[0]["replace"] = edits[0]["replace"].replace(" = ", " = threading.local() and ", 1)
            edits.append(importing(request, edits[0]["file"]))
        return patch(edits)

    def _culprit(self, request: Request[Any]) -> object:
        del request
        return patch(gold(BREAKS))

    def _repair(self, request: Request[Any]) -> object:
        return self._culprit(request)

    def _crosscheck(self, _: Request[Any]) -> object:
        return {"checked": ["every field"], "differences": []}

    def _revert(self, _: Request[Any]) -> object:
        constraint = {
            "kind": "no-new-import", "modules": ["threading"], "scope": None, "parameter": None, "path": None, "endpoint": None,
        }  # fmt: skip
        return {
            "cause": "the worker refuses threading",
            "constraint": constraint,
            "next": "repair",
            "advice": "do without",
        }

    def _transfer(self, request: Request[Any]) -> object:
        kept = re.findall(r"^\| (C-\w+): Gold", text_of(request), re.MULTILINE)
        return {
            "name": "batch-inline-validate", "title": "Batch, inline, validate", "description": "Takes queries out of loops.",
            "precondition": ["A query in a loop."], "recipe": [{"text": "Batch it.", "change": kept[-1]}],
            "verify": ["Statements fall."], "broke": [],
        }  # fmt: skip


def importing(request: Request[Any], path: str) -> dict[str, str]:
    """An edit that imports threading at the head of a file of the change, beside what stands there."""
    first = next(
        line for n in range(1, 40) if (line := line_of(request, path, n)).startswith(("import ", "from "))
    )
    return {"file": path, "search": f"{first}\n", "replace": f"import threading\n{first}\n"}


def patch(edits: Iterable[dict[str, Any]]) -> object:
    written = [{name: edit[name] for name in ("file", "search", "replace")} for edit in edits]
    return {
        "candidates": [{"idea": "the same, asked less often", "edits": written}],
        "impossible": None,
        "more_code": [],
    }


def text_of(request: Request[Any]) -> str:
    return "\n".join(block.text for turn in request.turns for block in turn.blocks)


def endpoint_of(request: Request[Any]) -> str:
    found = re.search(r"^\| endpoint: (.*)$", text_of(request), re.MULTILINE)
    assert found is not None
    return found[1]


def findings_in(request: Request[Any]) -> list[tuple[str, str, int, int]]:
    block = next(one for one in request.turns[0].blocks if isinstance(one, Data) and one.name == "findings")
    found = re.findall(r"^\| (F-\w+) .*\n\|   at (.*?):(\d+)-(\d+) in ", block.text, re.MULTILINE)
    return [(name, path, int(first), int(last)) for name, path, first, last in found]


def rules_in(request: Request[Any]) -> dict[str, str]:
    block = next(one for one in request.turns[0].blocks if isinstance(one, Data) and one.name == "findings")
    return dict(re.findall(r"^\| (F-\w+) ([\w-]+),", block.text, re.MULTILINE))


def costs_in(request: Request[Any]) -> list[tuple[str, tuple[str, str]]]:
    block = next(one for one in request.turns[0].blocks if isinstance(one, Data) and one.name == "findings")
    told = []
    for part in re.split(r"^(?=\| F-)", block.text, flags=re.MULTILINE):
        name, cost = re.match(r"\| (F-\w+)", part), re.search(r"^\|   costs (.*) (\w+)$", part, re.MULTILINE)
        if name and cost:
            told.append((name[1], ("" if cost[1].isdigit() else cost[1], cost[2])))
    return told


def line_of(request: Request[Any], path: str, number: int) -> str:
    """As the model was shown it last."""
    found = ""
    for turn in request.turns:
        for block in turn.blocks:
            if isinstance(block, Data) and block.name == "source" and block.text.startswith(f"| {path}"):
                match = re.search(rf"^ *{number}\| (.*)$", block.text, re.MULTILINE)
                found = match[1] if match else found
    return found


@dataclass(frozen=True)
class Done:
    said: Scripted
    engineer: Engineer
    run: Paper
    asking: WithModel
    stopped: Fault | None


def performed(folder: Path, notes: Notes, *, stops_at: int | None = None, tokens: int | None = None) -> Done:
    engineer = Engineer(stops_at=stops_at)
    said = Scripted([engineer] * 80)
    with Recorder(folder / "events.jsonl", run="paper") as recorder:
        store = TreeStore(folder / "trees.git")
        tree = store.store(entries_of(CASE / "app"), name="paper/baseline")
        recorder.emit(BaselineTaken, BaselineTakenData(commit=tree.commit, tree=tree.id))
        run = Paper(folder, notes, recorder, store, Memory(folder))
        client = Client(said, spending=Spending(free, limits=Limits(tokens=tokens)))
        asking = WithModel(run, client, wanted=frozenset(GOLD), notes=notes, named=True)
        stopped = asking.all()
    return Done(said, engineer, run, asking, stopped)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return performed(tmp_path_factory.mktemp("first"), Silent())


class Silent:
    """`Notes` that keep what was warned of."""

    def __init__(self) -> None:
        self.warned: list[str] = []

    def stage(self, _: Any, /) -> None: ...
    def step(self, _: str, /) -> None: ...
    def progress(self, _: int, __: int, /) -> None: ...

    def warn(self, text: str, /) -> None:
        self.warned.append(text)


def test_both_endpoints_go_from_analysis_to_kept_patches(done: Done) -> None:
    assert done.stopped is None
    kept = [one.title for one in done.run.recorder.ledger.kept]
    assert kept == [f"Gold {name}" for name in (*GOLD[DISCOVER], *GOLD[SPACES])]
    assert {one.endpoint for one in done.asking.part.endpoints} == set(GOLD)
    tasks = done.engineer.asked
    assert set(tasks) >= {
        "analyze",
        "plan",
        "architecture",
        "implement",
        "crosscheck",
        "revert",
        "culprit",
        "transfer",
    }
    assert tasks.count("analyze") == tasks.count("transfer") == 2


def test_on_the_way_an_answer_was_repaired_and_a_patch_reverted(done: Done) -> None:
    asked = done.said.requests
    repaired = [r for r in asked if r.task == "implement" and "can't be used" in text_of(r)]
    assert len(repaired) == 1
    failed = done.run.recorder.ledger.failed
    assert [one.verdict.gate for one in failed] == ["boot"]
    assert "import threading" in " ".join(failed[0].verdict.culprit)
    assert [one.rule.kind for one in done.run.recorder.ledger.constraints] == ["no-new-import"]
    later = next(r for r in asked if r.task == "implement" and "Gold 12" in text_of(r))
    assert "no-new-import" in text_of(later), "what was learnt is told before the next change"


def test_the_second_endpoint_begins_with_the_playbook_of_the_first(done: Done) -> None:
    first, second = (r for r in done.said.requests if r.task == "analyze")
    assert "none yet" in text_of(first)
    assert "Batch, inline, validate" in text_of(second)


def test_what_was_said_is_kept_with_the_run(done: Done) -> None:
    for judged in done.asking._judged:
        assert kept_judged(judged_file(done.run.folder, judged.endpoint), judged.endpoint) == judged


def test_what_is_sent_is_the_same_bytes_each_time(done: Done, tmp_path: Path) -> None:
    again = performed(tmp_path, Silent())
    assert again.said.requests == done.said.requests
    assert again.run.known_good == done.run.known_good


def test_later_calls_of_an_endpoint_begin_with_what_was_sent_before(done: Done) -> None:
    spec = importlib.util.spec_from_file_location("prompt_prefix", ROOT / "benchmarks" / "prompt_prefix.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    requests = [module.pieces_of(one.system, one.turns) for one in done.said.requests]
    told = module.by_endpoint(requests)
    assert len(told) == 2
    for calls, total, shared in told.values():
        assert calls >= 8
        assert shared / total >= 0.7, f"{shared} of {total} bytes"
    assert len({one.system for one in done.said.requests}) == 1


@pytest.mark.parametrize("stops_at", [1, 12])
def test_a_service_that_stops_leaves_what_was_kept_and_says_how_to_go_on(
    tmp_path: Path, stops_at: int
) -> None:
    notes = Silent()
    done = performed(tmp_path, notes, stops_at=stops_at)
    assert done.stopped is not None
    assert done.stopped.exit_code == 3
    ledger = done.run.recorder.ledger
    assert ledger.open is None, "nothing is on trial when a model is asked"
    assert ledger.known_good == (ledger.kept[-1].tree if ledger.kept else ledger.baseline)
    assert any("auditor fix --resume" in text for text in notes.warned)


def test_a_limit_that_is_reached_in_the_middle_keeps_what_was_accepted(tmp_path: Path) -> None:
    notes = Silent()
    done = performed(tmp_path, notes, tokens=130_000)
    assert done.stopped is not None
    assert done.stopped.exit_code == 4
    assert len(done.said.requests) > 3
    assert done.run.recorder.ledger.open is None
    assert any("auditor fix --resume" in text for text in notes.warned)
