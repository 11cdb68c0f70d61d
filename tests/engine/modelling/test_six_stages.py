"""The six stages on both endpoints of the sample, from recorded answers: byte for byte the same each time, in prefixes sent before.

The answers are made of the sample's gold patches. Nothing is booted: the gates that need a server are stood in for by one that knows the
sample's rule about imports; `test_fix_with_model.py` has the real ones.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prompt_prefix
import pytest
from scripted_engineer import CASE, DISCOVER, GOLD, SPACES, Engineer, heard_request

from auditor.engine.fixing.proposing import examined_tree
from auditor.engine.modelling.fixing import WithModel
from auditor.engine.modelling.kept_judgement import judged_file, kept_judged
from auditor.engine.passes import Examined
from auditor.engine.request import AuditRequest, Notes
from auditor.llm.client import Client
from auditor.llm.exchange import Request
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.price import free
from auditor.llm.providers.scripted import Line, Scripted
from auditor.llm.spending import Limits, Spending
from auditor.llm.usage import Usage
from auditor.measure.request import Request as Sent
from auditor.measure.workload import workload_of
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

from .paper_run import PaperRun

pytestmark = pytest.mark.long


@dataclass(kw_only=True)
class Paper(PaperRun):
    """A run whose gates are read off the text."""

    notes: Notes

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


class Recorded:
    """The engineer behind a scripted provider, who may stop answering."""

    def __init__(self, *, stops_at: int | None = None) -> None:
        self.engineer = Engineer()
        self._stops_at = stops_at

    def __call__(self, request: Request[Any]) -> Line:
        answer = self.engineer.answer(heard_request(request))
        assert self.engineer.asked[-1] == request.task
        if len(self.engineer.asked) == self._stops_at:
            return ServiceFailure(FailureKind.NO_CREDIT, "the account is empty")
        return answer


def text_of(request: Request[Any]) -> str:
    return heard_request(request).text


EARLIER = Usage(input_tokens=500, output_tokens=7)
"""What the run had spent before it was gone on with."""


@dataclass(frozen=True)
class Done:
    said: Scripted
    engineer: Engineer
    run: Paper
    asking: WithModel
    stopped: Fault | None


def performed(folder: Path, notes: Notes, *, stops_at: int | None = None, tokens: int | None = None) -> Done:
    recorded = Recorded(stops_at=stops_at)
    said = Scripted([recorded] * 80)
    with Recorder(folder / "events.jsonl", run="paper") as recorder:
        store = TreeStore(folder / "trees.git")
        tree = store.store(entries_of(CASE / "app"), name="paper/baseline")
        recorder.emit(BaselineTaken, BaselineTakenData(commit=tree.commit, tree=tree.id))
        run = Paper(
            folder=folder,
            notes=notes,
            recorder=recorder,
            store=store,
            memory=Memory(folder),
            workload=workload_of([Sent(id="one", path="/api/v1/spaces/discover")]),
            target_ms=500,
        )
        spending = Spending(free, limits=Limits(tokens=tokens))
        spending.settle(spending.reserve("before", read=1, written=1), EARLIER)
        client = Client(said, spending=spending)
        asking = WithModel(run, client, wanted=frozenset(GOLD), notes=notes, named=True)
        stopped = asking.all()
    return Done(said, recorded.engineer, run, asking, stopped)


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
    requests = [prompt_prefix.pieces_of(one.system, one.turns) for one in done.said.requests]
    told = prompt_prefix.by_endpoint(requests)
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
    assert done.asking.part.calls == stops_at + 1, (
        "what was spent before the run was gone on with is told too"
    )


def test_a_limit_that_is_reached_in_the_middle_keeps_what_was_accepted(tmp_path: Path) -> None:
    notes = Silent()
    done = performed(tmp_path, notes, tokens=130_000)
    assert done.stopped is not None
    assert done.stopped.exit_code == 4
    assert len(done.said.requests) > 3
    assert done.run.recorder.ledger.open is None
    assert any("auditor fix --resume" in text for text in notes.warned)
