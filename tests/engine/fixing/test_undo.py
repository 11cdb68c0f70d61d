"""Changes taken out of a run whose target is really booted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.engine.fixing.fix import Fixed
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.undo import Undone, UndoRequest, foresee, undo
from auditor.engine.request import Notes
from auditor.model.fault import Fault
from auditor.model.trial_events import TrialStarted
from auditor.trial.ledger import Ledger

pytestmark = pytest.mark.long

Patching = Callable[..., Path]
Trying = Callable[..., Fixed]


class CutOffError(Exception):
    """The process ends here."""


def test_any_kept_change_is_taken_out_and_the_rest_is_proved_again(
    shelf: FixRequest, patch: Patching, tried: Trying, notes_of_module: Notes
) -> None:
    fixed = tried(patch("people"), patch("people", "fewer-rows"), patch("teams"), patch("names"))
    assert kept(fixed.ledger) == ["C-people", "C-fewer-rows", "C-teams", "C-names"]
    request = replace(shelf, workload=None)  # the run knows what it asked
    first = shelf.audit.path.joinpath("app.py").read_bytes()

    def ask(change: str | None = None) -> Undone:
        return undo(UndoRequest(fix=request, change=change), notes_of_module)

    foreseen = foresee(UndoRequest(fix=shelf, change="C-people"))
    assert foreseen.tried_again == ("C-teams", "C-names")
    assert [change for change, _ in foreseen.gone_with_it] == ["C-fewer-rows"]
    assert "does not hold" in foreseen.gone_with_it[0][1]

    # Cut off when the first of the rest has begun: nothing is lost, and the same command goes on.
    def die(event: object) -> None:
        if isinstance(event, TrialStarted):
            raise CutOffError

    with pytest.raises(CutOffError):
        undo(
            UndoRequest(fix=request, change="C-people", because="slow at night"),
            notes_of_module,
            told=die,
        )
    done = ask()
    assert done.already
    assert done.change == "C-fewer-rows"  # the last thing that was taken out before the cut
    assert kept(done.ledger) == ["C-teams", "C-names"]
    assert done.ledger.pending == ()
    assert [(one.kept.change, one.because) for one in done.ledger.undone] == [
        ("C-people", "slow at night"),
        ("C-fewer-rows", done.ledger.undone[1].because),
    ]
    assert "stood on what is gone" in done.ledger.undone[1].because
    assert ask("C-people").already
    assert kept(ask("C-people").ledger) == ["C-teams", "C-names"]

    # The last one goes without anything being run, and known-good is the tree before it.
    done = ask()
    assert (done.change, done.already, done.result) == ("C-names", False, None)
    assert done.ledger.known_good == done.ledger.kept[-1].tree
    assert kept(ask().ledger) == []
    with pytest.raises(Fault, match="nothing is kept"):
        ask()
    assert shelf.audit.path.joinpath("app.py").read_bytes() == first

    # What was taken out is tried neither by this run nor by the next.
    again = tried(patch("people"), resume=True)
    assert kept(again.ledger) == []
    following = tried(patch("people"))
    assert [(one.verdict, one.text.partition(", as ")[0]) for one in following.result.changes] == [
        ("refused", "the same patch has failed already")
    ]
    assert "slow at night" in following.result.changes[0].text


def test_what_is_not_kept_cant_be_undone(
    shelf: FixRequest, patch: Patching, tried: Trying, notes_of_module: Notes
) -> None:
    with pytest.raises(Fault, match="there is no run"):
        undo(UndoRequest(fix=shelf), notes_of_module)
    tried(patch("teams"))
    with pytest.raises(Fault, match="no kept change") as caught:
        undo(UndoRequest(fix=shelf, change="C-team"), notes_of_module)
    assert "C-teams" in caught.value.hint
    with pytest.raises(Fault, match="there is no run"):
        undo(UndoRequest(fix=shelf, run="r9"), notes_of_module)


def kept(ledger: Ledger) -> list[str]:
    return [one.change for one in ledger.kept]
