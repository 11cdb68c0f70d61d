"""What is asked on tables without rows, how often, and when a difference there is the candidate's."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.execution.boot import BootReport
from auditor.execution.databases.tables import Table
from auditor.measure.answer import Answer
from auditor.measure.contract.declared import NOTHING_DECLARED
from auditor.measure.contract.recording import recording_of
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.measure.running.rounds import Round
from auditor.measure.workload import workload_of
from auditor.model.fault import Fault
from auditor.trial.of_nothing import Nothing, OfNothing
from auditor.trial.reach import Reached
from auditor.trial.trees import Tree

TABLES = [Table(name=name, columns=(), key=("id",), references=()) for name in ("orders", "users")]
SUM = "SELECT SUM(total) FROM orders"
WORKLOAD = workload_of([Request(id="orders", path="/orders"), Request(id="me", path="/me")])
BASELINE, CANDIDATE = Tree("b", "b"), Tree("c", "c")
Say = Callable[[str, Nothing, int], tuple[int, str]]
"""Status and body, by tree, by what is asked, and by the number of the tree's run."""


def reach() -> dict[str, Reached]:
    words = {"orders": frozenset({"orders"}), "me": frozenset({"users", "orders"})}
    return {
        one.id: Reached(
            request=one, status=200, frames={}, lines={}, outer=frozenset(), ms=1.0, acts=False, words=words[one.id]
        )
        for one in WORKLOAD.requests
    }  # fmt: skip


class Played:
    """Answers as `say` does, and remembers who was asked."""

    def __init__(self, say: Say, *, summed: str = "") -> None:
        self.asked: list[str] = []
        self.emptied: list[tuple[str, ...]] = []
        self._say = say
        sums = {"orders": frozenset({summed})} if summed else {}
        self.of_nothing = OfNothing(self.play, BASELINE, WORKLOAD, reach, lambda: TABLES, sums=lambda _: sums)

    def play(self, tree: Tree, nothing: Nothing) -> Round:
        self.asked.append(tree.id)
        self.emptied.append(nothing.tables)
        status, body = self._say(tree.id, nothing, self.asked.count(tree.id))
        sha256 = hashlib.sha256(body.encode()).hexdigest()
        answer = Answer(
            ending="answered", status=status, body=body.encode(), body_bytes=len(body), sha256=sha256
        )
        read = (ProbeEffect(kind="sql", op="SELECT", text="SELECT * FROM users"),)
        exchanges = tuple(
            Exchange(request=one, answer=answer, record=ProbeRecord(request=one.id, pid=1, effects=read))
            for one in nothing.workload.requests
        )
        replay = Replay(mode="in order", exchanges=exchanges)
        report = BootReport(ok=True, seconds=0.0, workers=1, log=Path("log"))
        recording = recording_of(replay, before={}, after={})
        return Round(boot=report, replay=replay, warm=None, recording=recording, asked=())

    def blamed(self) -> list[str | None]:
        return [one.request for one in self.of_nothing.differences(CANDIDATE, NOTHING_DECLARED)]


def test_where_nothing_differs_each_is_asked_once() -> None:
    played = Played(lambda *_: (200, "[]"))
    assert played.blamed() == []
    assert played.blamed() == []
    assert played.asked == ["b", "c", "c"]


@pytest.mark.parametrize("differs_at", [2, 3])
def test_what_the_baseline_answers_in_another_way_at_times_is_nobodys(differs_at: int) -> None:
    def say(tree: str, _: Nothing, run: int) -> tuple[int, str]:
        return 200, "none" if tree == "c" or run == differs_at else "null"

    played = Played(say)
    assert played.blamed() == []
    assert played.asked == ["b", "c", "b", "b"][: differs_at + 1]


def test_a_difference_is_told_once_the_baseline_has_had_three_runs() -> None:
    played = Played(lambda tree, *_: (500, "error") if tree == "c" else (200, "null"))
    assert set(played.blamed()) == {"orders", "me"}
    assert played.asked == ["b", "c", "b", "b"]


def test_whoever_is_turned_away_says_what_has_to_stay() -> None:
    played = Played(lambda _, nothing, __: (401, "") if "users" in nothing.tables else (200, "[]"))
    assert played.blamed() == []
    assert played.emptied[0] != played.emptied[1] == ("orders",)


def test_where_the_baseline_needs_its_rows_nobody_is_asked() -> None:
    def needs(tree: str, _: Nothing, __: int) -> tuple[int, str]:
        assert tree == "b"
        raise Fault("does not boot")

    played = Played(needs)
    assert played.blamed() == []
    assert played.of_nothing.asked() is None
    assert played.asked == ["b"]


def test_a_sum_that_is_right_of_no_rows_costs_a_round_of_each_tree() -> None:
    played = Played(lambda *_: (200, "[]"), summed=SUM)
    assert played.blamed() == []
    assert played.asked == ["b", "c", "b", "c"]
    assert played.emptied[2:] == [("orders",), ("orders",)]
    assert played.blamed() == []
    assert played.asked.count("b") == 2


def test_a_sum_of_no_rows_shows_where_what_is_above_them_is_there() -> None:
    def say(tree: str, nothing: Nothing, _: int) -> tuple[int, str]:
        return 200, "0" if tree == "c" and nothing.tables == ("orders",) else "0.00"

    assert Played(say).blamed() == []
    played = Played(say, summed=SUM)
    assert played.blamed() == ["orders"]
    assert played.asked == ["b", "c", "b", "c", "b", "b"]


def test_where_the_baseline_needs_the_rows_that_are_summed_nobody_is_blamed() -> None:
    def needs(tree: str, nothing: Nothing, _: int) -> tuple[int, str]:
        if nothing.tables == ("orders",):
            assert tree == "b"
            raise Fault("does not boot")
        return 200, "[]"

    assert Played(needs, summed=SUM).blamed() == []
