"""What a candidate is blamed for, and how little the baseline is asked again to know it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.execution.boot import BootReport
from auditor.measure.answer import Answer
from auditor.measure.contract.declared import NOTHING_DECLARED
from auditor.measure.contract.recording import Recording, recording_of
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.measure.running.rounds import Playing, Round
from auditor.measure.workload import Workload, workload_of
from auditor.model.patch import Create, Patch
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited
from auditor.trial.reference import EVERYTHING, Ids, Reference

Say = Callable[[str, int], str]
"""The body of an answer, by request and by the number of the round."""

WORKLOAD = workload_of([
    *(Request(id=f"read {n}", path="/items", query=(("q", str(n)),)) for n in range(30)),
    Request(id="write", method="POST", path="/items"),
    *(Request(id=f"later {n}", path="/items", query=(("q", str(n)),)) for n in range(30)),
    Request(id="write later", method="POST", path="/items"),
])  # fmt: skip


Asks = Callable[[str, int], bool]
"""Whether another host is asked, by request and by the number of the round."""
ASKED = ProbeEffect(kind="http", op="GET", text="https://rates.test/eur", detail={"status": 200})


def played(workload: Workload, say: Say, number: int, asks: Asks = lambda *_: False) -> Round:
    exchanges = []
    for one in workload.requests:
        body = say(one.id, number).encode()
        sha256 = hashlib.sha256(body).hexdigest()
        answer = Answer(ending="answered", status=200, body=body, body_bytes=len(body), sha256=sha256)
        wrote = (ProbeEffect(kind="sql", op="INSERT", text="INSERT INTO items"),)
        did = (*(wrote if one.method == "POST" else ()), *((ASKED,) if asks(one.id, number) else ()))
        record = ProbeRecord(request=one.id, pid=1, effects=did)
        exchanges.append(Exchange(request=one, answer=answer, record=record))
    replay = Replay(mode="in order", exchanges=tuple(exchanges))
    report = BootReport(ok=True, seconds=0.0, workers=1, log=Path("log"))
    recording = recording_of(replay, before={}, after={})
    return Round(boot=report, replay=replay, warm=None, recording=recording, asked=())


class Baseline:
    """Answers as `say` does, and remembers what it was asked."""

    def __init__(self, say: Say, asks: Asks = lambda *_: False) -> None:
        self.asked: list[list[str]] = []
        self._say = say
        self._asks = asks
        self.reference = Reference(self.play, WORKLOAD, dict, lambda _: b"", tree="t")

    def play(self, workload: Workload, _: Playing) -> Round:
        self.asked.append([one.id for one in workload.requests])
        return played(workload, self._say, len(self.asked), self._asks)

    def blamed_for_asking(self, asks: Asks) -> list[str | None]:
        """Requests that a candidate is blamed for, which asks another host as `asks` says; its rounds are numbered from 0 on."""
        rounds = iter(range(9))

        def play(workload: Workload, _: Playing) -> Recording:
            return played(workload, the_same, next(rounds), asks).recording

        first = play(WORKLOAD, Playing())
        found = self.reference.differences(first, EVERYTHING, NOTHING_DECLARED, again=play)
        return [one.request for one in found]

    def blamed(self, say: Say) -> list[str | None]:
        """Requests that a candidate is blamed for, which answers as `say` does."""
        found = self.reference.differences(played(WORKLOAD, say, 0).recording, EVERYTHING, NOTHING_DECLARED)
        return [one.request for one in found]


def the_same(_id: str, _number: int) -> str:
    return "x"


def other(*ids: str) -> Say:
    return lambda id_, _: "y" if id_ in ids else "x"


def test_who_answers_the_same_is_blamed_for_nothing_and_costs_nothing() -> None:
    baseline = Baseline(the_same)
    assert baseline.blamed(the_same) == []
    assert len(baseline.asked) == 2


def test_what_is_sent_at_once_is_begun_before_the_second_run_in_order_and_asked_twice_in_all() -> None:
    baseline = Baseline(the_same)
    begun: list[int] = []

    def begin(workload: Workload, playing: Playing) -> Callable[[], Round]:
        begun.append(len(baseline.asked))
        return lambda: baseline.play(workload, playing)

    reference = Reference(baseline.play, WORKLOAD, dict, lambda _: b"", tree="t", begin=begin)
    reference.contract("in order")
    assert (begun, len(baseline.asked)) == ([1], 2)
    reference.contract("eight at once")
    assert (begun, len(baseline.asked)) == ([1], 4)


def test_what_the_baseline_does_as_well_is_nobodys_fault() -> None:
    late = Baseline(lambda id_, number: "y" if id_ == "read 3" and number > 2 else "x")
    assert late.blamed(other("read 3")) == []


def at(*ids: str) -> Asks:
    """In each round."""
    return lambda id_, _: id_ in ids


def test_a_memo_that_ends_with_its_minute_is_nobodys_fault() -> None:
    """A slow replay: it is filled twice, and which request fills it again depends on the clock."""
    slow = Baseline(the_same, lambda id_, number: id_ in ("read 0", "later 3")[: 1 if number > 2 else 2])
    assert slow.blamed_for_asking(lambda id_, number: id_ in ("read 0", "later 7")[: 2 - number]) == []
    assert slow.blamed_for_asking(at("read 0")) == []


@pytest.mark.parametrize(
    ("before", "after", "blamed"),
    [
        (("read 0", "later 3"), ("read 0", "later 3", "later 7"), ["later 7"]),
        (("read 0", "later 3"), ("read 0",), ["later 3"]),
        (("read 0", "later 3"), (), ["read 0", "later 3"]),
        ((), ("read 0", "later 3"), ["read 0", "later 3"]),
        (("read 0", "later 3"), ("read 0", "later 7"), ["later 3", "later 7"]),
    ],
    ids=["oftener", "not there", "nowhere", "new", "elsewhere"],
)
def test_what_is_asked_otherwise_each_time_is_a_difference(
    before: tuple[str, ...], after: tuple[str, ...], blamed: list[str]
) -> None:
    assert Baseline(the_same, at(*before)).blamed_for_asking(at(*after)) == blamed


def test_the_baseline_is_asked_what_differs_and_what_alters_before_it() -> None:
    baseline = Baseline(the_same)
    assert baseline.blamed(other("read 3")) == ["read 3"]
    assert baseline.asked[2:] == [["read 3"]]
    assert baseline.blamed(other("read 3", "later 2")) == ["read 3", "later 2"]
    assert baseline.asked[3:] == [["read 3", "write", "later 2"]]


def test_what_differs_by_itself_hides_nothing_that_comes_after_it() -> None:
    def noisy(id_: str, number: int) -> str:
        return "y" if id_.startswith("read") and number > 2 else "x"

    baseline = Baseline(noisy)
    everything = other(*(f"read {n}" for n in range(30)), *(f"later {n}" for n in range(30)))
    assert baseline.blamed(everything) == [f"later {n}" for n in range(30)]
    assert len(baseline.asked[2]) < len(baseline.asked[3])


@pytest.mark.parametrize(
    ("runs", "quietly"), [((True, True), True), ((True, False), False), ((False, True), False)]
)
def test_the_baseline_ends_quietly_where_it_did_so_each_time(
    runs: tuple[bool, ...], *, quietly: bool
) -> None:
    ends = iter(runs)

    def play(workload: Workload, playing: Playing) -> Round:
        assert playing.ending == "seen"
        return replace(played(workload, the_same, 0), ends_quietly=next(ends))

    assert Reference(play, WORKLOAD, dict, lambda _: b"", tree="t").ends_quietly is quietly


def test_what_failed_eight_at_once_is_asked_for_again_as_a_part_of_its_own() -> None:
    failure = GateResult(
        gate="contract", outcome="failed", text="differs", requests=("read 3", "write"), at_once=True
    )
    patch = Patch(base_tree="", edits=(Create(file="b.py", create="\n"),))
    candidate = Candidate(change="C-1", patch=patch, files=(), sought=failure)
    parts = Baseline(the_same).reference.parts(candidate)
    assert parts.at_once == {"read 3"}
    assert parts in {parts: 1}


APP = b"def f():\n    return 1\n\n\ndef g():\n    return 2\n"


def entering(before: bytes, after: bytes, entered: Mapping[str, int], note: str = "") -> tuple[Ids, int]:
    """Who may come to a change of `app.py`, where requests have entered functions at these lines, and how often that was played."""
    runs = 0

    def play(workload: Workload, playing: Playing) -> Round:
        nonlocal runs
        done = played(workload, the_same, 0)
        if playing.lines != "functions":
            return done
        runs += 1
        exchanges = tuple(
            replace(
                one,
                record=replace(
                    one.record, lines={"app.py": (entered[one.request.id],)}, notes=(note,) if note else ()
                )
                if one.record is not None and one.request.id in entered
                else one.record,
            )
            for one in done.replay.exchanges
        )
        return replace(done, replay=replace(done.replay, exchanges=exchanges))

    reference = Reference(play, WORKLOAD, dict, {"app.py": before}.get, tree="t")
    patch = Patch(base_tree="", edits=(Create(file="b.py", create="\n"),))
    candidate = Candidate(change="C-1", patch=patch, files=(Edited("app.py", before, after),))
    reference.could_run(candidate)
    return reference.could_run(candidate), runs


def test_who_may_come_to_a_change_is_known_after_one_run_and_asked_with_all_that_acts() -> None:
    other = APP.replace(b"return 1", b"return 3")
    assert entering(APP, other, {"read 3": 1, "later 2": 5}) == ({"read 3", "write", "write later"}, 1)
    assert entering(APP, other, {"later 2": 5}) == (frozenset(), 1)


def test_where_somebody_else_traces_nobody_knows_who_comes_to_it() -> None:
    other = APP.replace(b"return 1", b"return 3")
    assert entering(APP, other, {"later 2": 5}, "lines: somebody else traces")[0] is None
    assert entering(APP, other, {})[0] is None
