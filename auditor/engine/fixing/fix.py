"""`auditor fix`: baseline, the plan's changes one by one, the verdict on each, what it all came to."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from auditor.engine.fixing.confirming import confirm
from auditor.engine.fixing.dry import dry_run
from auditor.engine.fixing.moved import said_of_the_user
from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.proposing import Proposed
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.fixing.settling import settle
from auditor.engine.fixing.summary import summed_up
from auditor.engine.fixing.tried import Tried
from auditor.engine.request import Notes
from auditor.model.fault import Fault
from auditor.model.result import Result
from auditor.model.trial_events import RunEvent, SentBack
from auditor.trial.ledger import Ledger
from auditor.trial.merging import merged
from auditor.trial.proposal import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What came of it."""

    result: Result
    folder: Path
    """The run's own."""
    ledger: Ledger
    stopped: Fault | None = None
    """Why the model was asked no further: the spending limit, or a service that does not answer. What was kept stays kept."""


def fix(
    request: FixRequest,
    notes: Notes,
    /,
    *,
    told: Callable[[RunEvent], None] = lambda _: None,
    env: Mapping[str, str] = os.environ,
) -> Fixed:
    """Tries what the codemods propose, the most worthwhile first, until nothing is left to try.

    Nothing of the user's is touched: `auditor apply` brings home what was kept.

    Raises:
        Fault: whatever keeps the run from going on, with what to do; what was kept stays kept.
    """
    if request.dry_run:
        result, folder, ledger = dry_run(
            request.audit, request.user, notes, resume=request.resume, patches=request.patches
        )
        return Fixed(result=result, folder=folder, ledger=ledger)
    with run_opened(request, notes, told=told, env=env) as run:
        try:
            run.be_sound()
            settle(run)
            try_all(run)
            before = len(run.recorder.ledger.kept)
            stopped = ask_model(run)
            if stopped is None and len(run.recorder.ledger.kept) > before:
                try_all(run)  # what a model has cleared the way for
            confirm(run)
        except KeyboardInterrupt:
            count = len(run.recorder.ledger.kept)
            kept = "1 change is kept" if count == 1 else f"{count} changes are kept"
            notes.warn(f"{kept} in {run.folder.name}; `auditor fix --resume` goes on from there")
            raise
        result = summed_up(run)
        said = said_of_the_user(run.recorder.ledger, run.store, request.audit.path.resolve())
        result = result.model_copy(update={"notes": (*result.notes, *said)})
        return Fixed(result=result, folder=run.folder, ledger=run.recorder.ledger, stopped=stopped)


def try_all(run: Run, /) -> None:
    """The patches that were handed in; where there are none, what codemods propose, the tree read anew after each that is kept."""
    if run.given:
        for given in run.given:
            if run.has_all_it_may:
                return
            if not run.was_tried(given.change):
                run.attempt(_carried(run, given))
        return
    while not run.has_all_it_may and not run.is_done():
        following = run.agenda.next(
            run.known_good, run.wanted, tried=run.done(), aside=run.recorder.ledger.set_aside
        )
        if following is None:
            return
        _try(run, following)


def _try(run: Run, made: Proposed) -> None:
    change = made.proposal.change
    begun = time.monotonic()
    verdict = run.tried(made.proposal)
    run.ended[change] = Tried(
        title=made.proposal.title, verdict=verdict, finding=made.finding.id, codemod=made.codemod
    )
    runs = max(run.recorder.ledger.attempts(change), 1)
    seconds = time.monotonic() - begun
    sent_back = run.agenda.ended(made, verdict, run.wanted, runs=runs, seconds=seconds)
    if sent_back is not None:
        run.recorder.emit(SentBack, sent_back)
    run.forget()


def _carried(run: Run, given: Proposal) -> Proposal:
    """Written for the tree as the user has it, it is tried on what this run has made of it."""
    now = run.known_good
    read_old, read_now = partial(run.store.read, run.baseline), partial(run.store.read, now)
    return replace(given, patch=merged(given.patch, read_old, read_now, tree=now.id))


def ask_model(run: Run, /) -> Fault | None:
    """What is left after the codemods goes to the model, if there is one; why it was asked no further."""
    request = run.request
    if request.model is None or run.given or run.stopped:
        return None
    from auditor.engine.modelling.fixing import WithModel  # noqa: PLC0415  a run without a model needs no stages
    from auditor.engine.modelling.opening import hidden_in  # noqa: PLC0415

    paths = [entry.path for entry in run.store.entries(run.baseline)]
    client = request.model(run.folder, hidden_in(paths, partial(run.store.read, run.baseline)))
    asking = WithModel(
        run,
        client,
        wanted=run.wanted,
        notes=run.notes,
        named=bool(request.audit.endpoints),
        candidates=request.candidates,
    )
    stopped = asking.all()
    run.model = asking.part
    left = {name: why for name, why in run.agenda.declined.items() if name not in asking.treated}
    run.agenda.declined = left | asking.declined
    return stopped
