"""`auditor blame`: after a merge something broke. Which kept change did it, and what is left without it?"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from auditor.engine.fixing.asking import add_requests, new_requests
from auditor.engine.fixing.confirming import confirm
from auditor.engine.fixing.logged import Logged, read_log
from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.fixing.runs import TREES, all_runs, ledger_of, state_of
from auditor.engine.fixing.settling import Settled, settle
from auditor.engine.fixing.summary import summed_up
from auditor.engine.fixing.suspects import Suspect, suspects_of
from auditor.engine.fixing.taking_out import take_out
from auditor.engine.request import Notes
from auditor.measure.contract.declared import Declared
from auditor.measure.request import Request
from auditor.model.constraint import Constraint
from auditor.model.fault import Fault
from auditor.model.result import Result
from auditor.model.trial import GateName, GateResult
from auditor.model.trial_events import RunEvent
from auditor.trial.candidate import Candidate
from auditor.trial.constraints.edited import Edited
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.proposal import proposal_of
from auditor.trial.trees import TreeStore

_BEHAVIOUR: Final[frozenset[GateName]] = frozenset({"boot", "contract", "side-effects"})
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
        failure, culprit = _first_failing(run, notes)
        about = (*_about_log(logged), *_baselines_own(run, added))
        if culprit is None:
            suspects = suspects_of(logged.root, run.recorder.ledger, store) if logged.root else ()
            return Blamed(run=name, change=None, told=about, suspects=suspects, ledger=run.recorder.ledger)
        found = Blamed(
            run=name,
            change=culprit.change,
            title=culprit.title,
            failure=failure,
            told=about,
            ledger=run.recorder.ledger,
        )
        return found if request.dry_run else _taken_out(run, found, culprit)


def _taken_out(run: Run, found: Blamed, culprit: KeptChange) -> Blamed:
    """The change is tried once more with what is asked now: it fails at a gate, which isolates, learns and tries the rest."""
    assert found.failure is not None
    before = {one.id for one in run.recorder.ledger.constraints}
    because = f"{found.failure.gate}: {found.failure.text}"
    take_out(run, culprit, because, remembered=False, retried=True)
    run.asks_everything = True
    settled = settle(run)
    confirm(run)
    ledger = run.recorder.ledger
    return replace(
        found,
        settled=settled,
        learnt=tuple(one for one in ledger.constraints if one.id not in before),
        result=summed_up(run),
        ledger=ledger,
    )


def _first_failing(run: Run, notes: Notes) -> tuple[GateResult | None, KeptChange | None]:
    """By halves: the baseline is what all are held against, so it passes; both sides of the change were seen."""
    kept = run.recorder.ledger.kept
    if not kept:
        return None, None
    notes.step(f"asking what {len(kept)} kept changes have made of it")
    failing = len(kept)
    failure = _failure(run, kept, failing)
    if failure is None:
        return None, None
    passing = 0
    while failing - passing > 1:
        middle = (passing + failing) // 2
        notes.step(f"asking it with {middle} of {len(kept)} changes")
        result = _failure(run, kept, middle)
        if result is None:
            passing = middle
        else:
            failing, failure = middle, result
    return failure, kept[failing - 1]


def _failure(run: Run, kept: tuple[KeptChange, ...], count: int) -> GateResult | None:
    """What the first `count` changes together do otherwise than the baseline, beside what they declared."""
    baseline, chosen = run.recorder.ledger.baseline, kept[:count]
    assert baseline is not None
    tree = chosen[-1].tree
    proposals = [proposal_of(one.change, one.title, one.patch, one.terms) for one in chosen]
    files = tuple(
        Edited(path, run.store.read(baseline, path), run.store.read(tree, path) or b"")
        for path in run.store.changed(baseline, tree)
    )
    candidate = Candidate(
        change=chosen[-1].change,
        patch=chosen[-1].patch,
        files=files,
        declared=_together([one.declared for one in proposals]),
    )
    failure = run.thorough_trials.examine(candidate, tree, _BEHAVIOUR)
    run.forget()
    return failure


def _together(declared: list[Declared]) -> Declared:
    """What any of them may do otherwise."""
    fields: dict[str, object] = {}
    for name in Declared.model_fields:
        values = [getattr(one, name) for one in declared]
        fields[name] = (
            any(values)
            if isinstance(values[0], bool)
            else tuple(dict.fromkeys(item for value in values for item in value))
        )
    return Declared.model_validate(fields)


def _about_log(logged: Logged) -> tuple[str, ...]:
    said = [f"the log begins to fail with {logged.root}"] if logged.root else []
    said += [f"the log names {one.method} {one.path}, which was asked" for one in logged.requests]
    said += [f"the log names {one}, which can't be asked again without its body" for one in logged.unasked]
    return tuple(said)


def _baselines_own(run: Run, added: tuple[Request, ...]) -> tuple[str, ...]:
    """What was broken before the first change is nobody's fault here."""
    heard = run.player.contract("in order").recording.heard
    called = {one.id: one for one in new_requests((), added)}
    said = []
    for request in run.workload.requests:
        like = next(
            (
                one
                for one in called.values()
                if (one.method, one.path, one.query) == (request.method, request.path, request.query)
            ),
            None,
        )
        answer = heard[request.id].answer if request.id in heard else None
        if like is None or answer is None:
            continue
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
