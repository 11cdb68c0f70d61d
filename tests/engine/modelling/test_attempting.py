"""One change in a run that refuses it: how often it is tried, and with which reason it ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from read_shop import FILES, Quiet, Shop, read_target

from auditor.engine.modelling.attempting import REPAIRS, Attempts
from auditor.engine.passes import Examined
from auditor.measure.request import Request
from auditor.measure.workload import workload_of
from auditor.model.plan import Change
from auditor.model.trial import Verdict
from auditor.model.trial_events import BaselineTaken, BaselineTakenData
from auditor.stages.answers.diagnosis import Diagnosis
from auditor.stages.answers.implementation import CandidateWritten, CrossCheck, EditWritten, Implementation
from auditor.trial.memory import Memory
from auditor.trial.proposal import Proposal
from auditor.trial.recorder import Recorder
from auditor.trial.trees import TreeStore, entries_of

from .paper_run import PaperRun

QUERY = "        found = session.query(Order).order_by(Order.id).all()\n"
ASKED = Request(id="all", path="/orders")
SAME = CrossCheck(checked=["orders"], differences=[])


def attempt(number: int) -> Implementation:
    edit = EditWritten(file="shop/app.py", search=QUERY, replace=f"{QUERY}        number = {number}\n")
    return Implementation(
        candidates=[CandidateWritten(idea="so", edits=[edit])], impossible=None, more_code=[]
    )


def taught(following: str) -> Diagnosis:
    return Diagnosis.model_validate(
        {"cause": "It asks again.", "constraint": None, "next": following, "advice": "The rows are needed."}
    )


class Refusing(PaperRun):
    """A run in which nothing passes the contract."""

    def attempt(self, proposal: Proposal, /, *, finding: str = "") -> Verdict:
        del finding
        assert not self.was_tried(proposal.change)
        refused = Verdict(
            verdict="reverted", gate="contract", text="`all`: the status was `200` and is `500`"
        )
        self.tried[proposal.change] = refused
        return refused

    def read(self) -> Examined:
        raise NotImplementedError


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("shop")
    (root / "shop").mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    return read_target(root)


def outcome(shop: Shop, folder: Path, answers: list[Any]) -> tuple[str | None, list[str]]:
    desk, _ = shop.desk(answers)
    finding = shop.finding("lazy-load-in-loop")
    change = Change(
        id="C-1", title="One join", endpoints=("GET /orders",), files=("shop/app.py",), findings=(finding.id,),
        risk="memory", could_be_wrong="no", verify="count", rollback="revert",
    )  # fmt: skip
    with Recorder(folder / "events.jsonl", run="paper") as recorder, asyncio.Runner() as runner:
        store = TreeStore(folder / "trees.git")
        tree = store.store(entries_of(shop.root), name="paper/baseline")
        recorder.emit(BaselineTaken, BaselineTakenData(commit=tree.commit, tree=tree.id))
        run = Refusing(
            folder=folder,
            recorder=recorder,
            store=store,
            memory=Memory(folder),
            workload=workload_of([ASKED]),
        )
        attempts = Attempts(run, desk.client.vault, runner.run, Quiet(), candidates=1)
        return attempts.outcome(desk, change, [finding], shop.endpoint), list(run.tried)


def test_each_failure_leads_to_another_attempt_until_there_were_enough(shop: Shop, tmp_path: Path) -> None:
    answers = [one for n in range(REPAIRS + 1) for one in (attempt(n), SAME, taught("repair"))]
    reason, tried = outcome(shop, tmp_path, answers)
    assert reason == "every attempt failed"
    assert tried == ["C-1", "C-1-2", "C-1-3"]


def test_a_failure_that_shows_that_it_can_not_be_is_the_last(shop: Shop, tmp_path: Path) -> None:
    reason, tried = outcome(shop, tmp_path, [attempt(1), SAME, taught("give-up")])
    assert reason == "given up after the failure: It asks again. The rows are needed."
    assert tried == ["C-1"]
