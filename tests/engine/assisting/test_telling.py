"""How trials are told of while they run and once they failed."""

from auditor.engine.assisting.room import Overheard, Trial
from auditor.engine.assisting.telling import verdict_of
from auditor.engine.request import Hushed
from auditor.measure.request import Request
from auditor.model.patch import Patch, Replace
from auditor.model.trial import GateResult, Verdict
from auditor.trial.proposal import Proposal

DIFFERS = "`orders~above-2`: `$.total` was `3` and is `0`"


class Silent:
    def stage(self, _: object, /) -> None: ...
    def step(self, _: str, /) -> None: ...
    def progress(self, _: int, __: int, /) -> None: ...
    def warn(self, _: str, /) -> None: ...


def test_the_failing_request_is_told_as_it_is_sent_and_nothing_twice() -> None:
    patch = Patch(base_tree="0" * 40, edits=(Replace(file="a.py", sha256="0" * 64, search="a", replace="b"),))
    gate = GateResult(gate="contract", outcome="failed", text=DIFFERS, evidence=(DIFFERS, "and a log line"))
    trial = Trial(
        id="T-1",
        proposal=Proposal(change="C-1", title="x", patch=patch, allowed=("a.py",)),
        gates=[gate],
        requests=(Request(id="orders~above-2", path="/orders", query=(("above", "0"),)),),
    )
    told = verdict_of(trial, Verdict(verdict="reverted", gate="contract", text=DIFFERS, root_error=DIFFERS))
    assert told["requests"] == ["orders~above-2: GET /orders", "  query above = '0'"]
    assert told["evidence"] == ["and a log line"]
    assert told["gates"] == [f"contract: failed: {DIFFERS}"]


def test_what_is_being_done_is_remembered_for_whoever_asks() -> None:
    notes = Overheard(Silent())
    Hushed(notes).step("reading files")
    assert notes.doing == ""
    notes.step("recording what the target answers and does now")
    assert notes.doing == "recording what the target answers and does now"
