"""What is told of a trial while it goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.cli.verdict_lines import VerdictLines
from auditor.model.constraint import Constraint, NoNewImport
from auditor.model.patch import Create, Patch
from auditor.model.trial import GateResult, Verdict
from auditor.model.trial_events import (
    ConstraintLearnt,
    ConstraintLearntData,
    GateFinished,
    RunEvent,
    TrialEnded,
    TrialEndedData,
    TrialStarted,
    TrialStartedData,
)

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PATCH = Patch(base_tree="", edits=(Create(file="x.py", create="x"),))
STARTED = TrialStartedData(attempt=1, title="Faster", patch=PATCH, commit="c", tree="t")


def event(kind: type[Any], data: object, *, after_s: float = 0.0) -> RunEvent:
    made: RunEvent = kind(run="R", seq=0, time=BEGAN + timedelta(seconds=after_s), change="C-1", data=data)
    return made


def gate(name: Any, outcome: Any = "passed", text: str = "said") -> RunEvent:
    return event(GateFinished, GateResult(gate=name, outcome=outcome, text=text))


def lines(*events: RunEvent) -> list[str]:
    told = VerdictLines()
    return [line for one in events for line in told.of(one)]


def test_gates_that_run_nothing_share_a_line_when_all_are_passed() -> None:
    assert lines(gate("parse"), gate("constraints"), gate("policy")) == [
        "  parse, constraints, policy: passed"
    ]


def test_one_that_stops_the_change_says_why() -> None:
    assert lines(gate("parse"), gate("constraints", "failed", "breaks K-1")) == [
        "  constraints: failed: breaks K-1"
    ]


def test_what_is_skipped_for_the_same_reason_is_said_once() -> None:
    skipped = gate("tests", "skipped", "there is none to run")
    assert lines(skipped, skipped) == ["  tests: skipped: there is none to run"]
    assert len(lines(skipped, gate("tests", "skipped", "for another reason"))) == 2


def test_a_verdict_says_how_long_it_took() -> None:
    ended = event(TrialEnded, TrialEndedData(verdict=Verdict(verdict="kept", text="")), after_s=14.4)
    assert lines(event(TrialStarted, STARTED), ended) == ["C-1: Faster", "  kept, 14 s"]


def test_what_is_learnt_names_what_is_forbidden() -> None:
    rule = NoNewImport(modules=("threading",))
    learnt = ConstraintLearntData(
        constraint=Constraint(rule=rule, origin="learnt", because="no worker boots")
    )
    assert lines(event(ConstraintLearnt, learnt)) == ["  learnt: no-new-import of threading: no worker boots"]
