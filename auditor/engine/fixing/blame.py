"""`auditor blame`: after a merge something broke. Which kept change did it, and what is left without it?"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditor.engine.fixing.asking import add_requests
from auditor.engine.fixing.confirming import confirm, failure_of, first_failing
from auditor.engine.fixing.logged import Logged, read_log
from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.fixing.runs import TREES, all_runs, ledger_of, state_of
from auditor.engine.fixing.settling import Settled, settle
from auditor.engine.fixing.summary import summed_up
from auditor.engine.fixing.suspects import Suspect, suspects_of
from auditor.engine.fixing.taking_out import take_out
from auditor.engine.measuring.adding import new_requests
from auditor.engine.request import Notes
from auditor.measure.request import Request
from auditor.model.constraint import Constraint
from auditor.model.fault import Fault
from auditor.model.result import Result
from auditor.model.trial import GateResult
from auditor.model.trial_events import RunEvent
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.trees import TreeStore

_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BlameRequest:
    """What is asked for: requests, a log, or both."""

    fix: FixRequest
    """The target, and how it is run."""
    requests: tuple[Request, ...] = ()
    log: str = ""
    run: str | None = None
    """None is the last one that something was delivered from, else the last that has kept something."""
    dry_run: bool = False
    """Finds the change and leaves it where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """What was found."""

    run: str
    change: str | None
    """The change at fault; None where no kept change is."""
    title: str = ""
    failure: GateResult | None = None
    """How known-good differs from the baseline from this change on."""
    told: tuple[str, ...] = ()
    """For a person: what was learnt on the way, a sentence each."""
    suspects: tuple[Suspect, ...] = ()
    """Where nothing could be replayed: whose lines the error went through."""
    settled: tuple[Settled, ...] = ()
    """The change itself without its culprit, and those after it, with the verdict on each."""
    learnt: tuple[Constraint, ...] = ()
    result: Result | None = None
    ledger: Ledger


def blame(
    request: BlameRequest,
    notes: Notes,
    /,
    *,
    told: Callable[[RunEvent], None] = lambda _: None,
    env: Mapping[str, str] = os.environ,
) -> Blamed:
    """Asks the baseline and what was kept the same, and takes out the first change from which on the answer is another.

    Raises:
        Fault: there is no run that has kept anything, nothing to ask, or the target can't be run.
    """
    _, folder = state_of(request.fix.audit.path, request.fix.user)
    name, ledger = _run_at_fault(request, folder)
    known_good = ledger.known_good
    assert known_good is not None
    store = TreeStore(folder / TREES)
    logged = read_log(request.log, (entry.path for entry in store.entries(known_good)))
    if request.log and logged.root is None and not logged.requests and not request.requests:
        raise Fault("holds no error that could be told", where="the log", hint="--request says what broke")
    fix = replace(request.fix, more=(*request.requests, *logged.requests))
    with run_opened(fix, notes, told=told, env=env, run=name) as run:
        settle(run)  # what an undo that was cut off has left
        added = new_requests((), fix.more)
        run.be_sound()
        add_requests(folder, added)
        found = _first_failing(run, notes)
        about = (*_about_log(logged), *_baselines_own(run, added))
        if found is None:
            suspects = suspects_of(logged.root, run.recorder.ledger, store) if logged.root else ()
            return Blamed(run=name, change=None, told=about, suspects=suspects, ledger=run.recorder.ledger)
        culprit, failure = found
        blamed = Blamed(
            run=name,
            change=culprit.change,
            title=culprit.title,
            failure=failure,
            told=about,
            ledger=run.recorder.ledger,
        )
        return blamed if request.dry_run else _taken_out(run, blamed, culprit, failure)


def _taken_out(run: Run, blamed: Blamed, culprit: KeptChange, failure: GateResult) -> Blamed:
    """The change is tried once more with what is asked now: it fails at a gate, which isolates, learns and tries the rest."""
    before = {one.id for one in run.recorder.ledger.constraints}
    because = f"{failure.gate}: {failure.text}"
    take_out(run, culprit, because, remembered=False, retried=True)
    run.asks_everything = True
    settled = settle(run)
    confirm(run)
    ledger = run.recorder.ledger
    return replace(
        blamed,
        settled=settled,
        learnt=tuple(one for one in ledger.constraints if one.id not in before),
        result=summed_up(run),
        ledger=ledger,
    )


def _first_failing(run: Run, notes: Notes) -> tuple[KeptChange, GateResult] | None:
    """The baseline is what all are held against, so it passes; both sides of the change were seen."""
    kept = run.recorder.ledger.kept
    if not kept:
        return None

    def asked(one: KeptChange) -> GateResult | None:
        notes.step(f"asking what {kept.index(one) + 1} of {len(kept)} kept changes have made of it")
        failure = failure_of(run, one)
        run.forget()
        return failure

    return first_failing(kept, asked)


def _about_log(logged: Logged) -> tuple[str, ...]:
    said = [f"the log begins to fail with {logged.root}"] if logged.root else []
    said += [f"the log names {one.method} {one.path}, which was asked" for one in logged.requests]
    said += [f"the log names {one}, which can't be asked again without its body" for one in logged.unasked]
    return tuple(said)


def _baselines_own(run: Run, added: tuple[Request, ...]) -> tuple[str, ...]:
    """What was broken before the first change is nobody's fault here."""
    heard = run.player.contract("in order").recording.heard
    asked = {(one.method, one.path, one.query) for one in added}
    said = []
    for request in run.workload.requests:
        if (request.method, request.path, request.query) not in asked or request.id not in heard:
            continue
        answer = heard[request.id].answer
        if answer.status is None or answer.status >= _ERROR:
            how = f"answers {answer.status}" if answer.status else "gives no whole answer"
            said.append(
                f"the baseline {how} to {request.method} {request.path} too: that is not these changes' doing"
            )
        elif answer.status >= 400:
            said.append(
                f"the baseline answers {answer.status} to {request.method} {request.path}: is what it asks for there?"
            )
    return tuple(said)


def _run_at_fault(request: BlameRequest, folder: Path) -> tuple[str, Ledger]:
    found = [
        (entry.name, ledger_of(entry)) for entry in all_runs(folder) if request.run in {None, entry.name}
    ]
    if request.run is not None and not found:
        raise Fault(f"there is no run {request.run!r}", where=str(folder), hint="`auditor fix` makes one")
    kept = [(name, ledger) for name, ledger in found if ledger.kept or ledger.pending]
    if not kept:
        raise Fault(
            "no run has kept anything, so no change can be at fault",
            where=str(folder),
            hint="`auditor fix` makes one",
        )
    delivered = [(name, ledger) for name, ledger in kept if ledger.delivered]
    return (delivered or kept)[-1]
