"""`auditor undo`: one kept change is taken out, and the rest goes through the gates again."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.config.nearest import did_you_mean
from auditor.engine.fixing.confirming import confirm
from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.runs import TREES, ledger_of, run_with_changes, state_of
from auditor.engine.fixing.settling import Settled, carried, misfit, settle
from auditor.engine.fixing.summary import summed_up
from auditor.engine.fixing.taking_out import before_change, take_out
from auditor.engine.request import Notes
from auditor.model.fault import Fault
from auditor.model.result import Result
from auditor.model.trial_events import RunEvent
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.trees import TreeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRequest:
    """What is asked for."""

    fix: FixRequest
    """The target, and how it is run."""
    change: str | None = None
    """None is the last that was kept."""
    run: str | None = None
    """None is the last one."""
    because: str = ""
    """Why, in the user's words."""
    dry_run: bool = False
    """Says what would go with it, and changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What came of it."""

    run: str
    change: str
    title: str
    already: bool
    """Whether it had been undone before, and only the rest was gone on with."""
    settled: tuple[Settled, ...]
    """Changes that were kept after it, with what became of each."""
    result: Result | None
    """What the run comes to now; None where nothing had to be run."""
    ledger: Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What an undo would do, as far as that can be told without running anything."""

    change: str
    title: str
    tried_again: tuple[str, ...]
    gone_with_it: tuple[tuple[str, str], ...]
    """Changes whose text stands on it, and why."""


def foresee(request: UndoRequest, /) -> Foreseen:
    """Nothing is written.

    Raises:
        Fault: there is no such run or change.
    """
    _, folder = state_of(request.fix.audit.path, request.fix.user)
    found = run_with_changes(folder, run=request.run)
    ledger = ledger_of(found)
    store = TreeStore(folder / TREES)
    chosen = _chosen(ledger, request.change, found.name)
    at = ledger.kept.index(chosen)
    tree, again, gone = before_change(ledger, at), [], []
    for later in ledger.kept[at + 1 :]:
        proposal = carried(later, store, tree)
        why = misfit(proposal, store, tree)
        if why:
            gone.append((later.change, why))
            continue
        again.append(later.change)
        files = {path: store.read(later.tree, path) or b"" for path in later.patch.files}
        tree = store.derive(tree, files, name=f"{ledger.run}/part")
    return Foreseen(
        change=chosen.change, title=chosen.title, tried_again=tuple(again), gone_with_it=tuple(gone)
    )


def undo(
    request: UndoRequest,
    notes: Notes,
    /,
    *,
    told: Callable[[RunEvent], None] = lambda _: None,
    env: Mapping[str, str] = os.environ,
) -> Undone:
    """Known-good goes back to what the change stood on, and each later change is tried on it again.

    Cut off anywhere, the same command goes on. What was delivered already stays where it is until `auditor apply`.

    Raises:
        Fault: there is no such run or change, or the rest can't be judged now.
    """
    _, folder = state_of(request.fix.audit.path, request.fix.user)
    name = run_with_changes(folder, run=request.run).name
    with run_opened(request.fix, notes, told=told, env=env, run=name) as run:
        ledger = run.recorder.ledger
        known = [one.kept for one in ledger.undone if request.change in {None, one.kept.change}]
        gone_on = bool(ledger.pending) and bool(known)
        if gone_on or (known and request.change and not _is_kept(ledger, request.change)):
            chosen = known[-1]
        else:
            chosen, gone_on = _chosen(ledger, request.change, name), False
            take_out(run, chosen, request.because or "the user took it out", remembered=True)
        settled = settle(run)
        confirm(run)
        result = summed_up(run) if settled else None
        return Undone(
            run=name,
            change=chosen.change,
            title=chosen.title,
            already=gone_on or not _was_kept(ledger, chosen),
            settled=settled,
            result=result,
            ledger=run.recorder.ledger,
        )


def _is_kept(ledger: Ledger, change: str) -> bool:
    return any(one.change == change for one in ledger.kept)


def _was_kept(ledger: Ledger, chosen: KeptChange) -> bool:
    return chosen in ledger.kept


def _chosen(ledger: Ledger, change: str | None, run: str) -> KeptChange:
    if not ledger.kept:
        raise Fault("nothing is kept, so there is nothing to undo", where=run)
    if change is None:
        return ledger.kept[-1]
    for kept in ledger.kept:
        if kept.change == change:
            return kept
    ids = [one.change for one in ledger.kept]
    failed = next((one.verdict for one in ledger.failed if one.change == change), None)
    if failed is not None:
        raise Fault(f"{change} was not kept, so there is nothing to undo ({failed.verdict})", where=run)
    raise Fault(f"{change!r} is no kept change", where=run, hint=did_you_mean(change, ids))
