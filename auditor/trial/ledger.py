"""What a run has come to: a fold of its events, and nothing else.

Whoever wants to know what known-good is, which changes are kept or what was learnt asks this value; after a crash it is made anew from the
same file and says the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.model.constraint import Constraint
from auditor.model.events import RunFinished
from auditor.model.fault import Fault
from auditor.model.patch import Patch
from auditor.model.trial import GateResult, Verdict
from auditor.model.trial_events import (
    BaselineTaken,
    ChangeUndone,
    ConstraintLearnt,
    GateFinished,
    RunEvent,
    TrialEnded,
    TrialStarted,
    TrialStartedData,
)
from auditor.trial.trees import Tree


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change that is part of known-good."""

    change: str
    title: str
    patch: Patch
    tree: Tree
    """The tree from this change on."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FailedTrial:
    """A trial that was not kept."""

    change: str
    patch: Patch
    normal_form: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class OpenTrial:
    """A trial that was begun and has no verdict: under way, or cut off."""

    change: str
    data: TrialStartedData
    results: tuple[GateResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """The state of a run."""

    run: str = ""
    baseline: Tree | None = None
    known_good: Tree | None = None
    kept: tuple[KeptChange, ...] = ()
    """In the order in which they stand on each other."""
    failed: tuple[FailedTrial, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    """One of each, in the order in which they were learnt."""
    open: OpenTrial | None = None
    finished: bool = False

    @property
    def failed_forms(self) -> frozenset[str]:
        """Of the trials that failed against the known-good of now or before."""
        return frozenset(one.normal_form for one in self.failed if one.normal_form)

    def attempts(self, change: str) -> int:
        """How often a change was tried."""
        tried = [*(one.change for one in self.kept), *(one.change for one in self.failed)]
        return tried.count(change) + (self.open is not None and self.open.change == change)


def fold(events: Iterable[RunEvent], ledger: Ledger = Ledger(), /) -> Ledger:
    """`ledger` after `events`.

    Raises:
        Fault: the events contradict each other, so the file is not what this program wrote.
    """
    for event in events:
        ledger = _after(ledger, event)
    return ledger


def _after(ledger: Ledger, event: RunEvent) -> Ledger:
    match event:
        case BaselineTaken(data=data):
            tree = Tree(data.commit, data.tree)
            return replace(ledger, run=event.run, baseline=tree, known_good=tree, finished=False)
        case TrialStarted(data=started, change=str(change)):
            # One that was cut off without a verdict says nothing about its change.
            return replace(ledger, open=OpenTrial(change, started), finished=False)
        case GateFinished(data=result):
            if ledger.open is None:
                raise _contradiction(event, "a gate without a trial")
            return replace(ledger, open=replace(ledger.open, results=(*ledger.open.results, result)))
        case TrialEnded(data=ended):
            return _ended(ledger, event, ended.verdict, ended.normal_form)
        case ConstraintLearnt(data=learnt):
            if any(known.id == learnt.constraint.id for known in ledger.constraints):
                return ledger
            return replace(ledger, constraints=(*ledger.constraints, learnt.constraint))
        case ChangeUndone(data=undone):
            kept = tuple(one for one in ledger.kept if one.change != event.change)
            if len(kept) == len(ledger.kept):
                raise _contradiction(event, f"{event.change} is undone and was not kept")
            return replace(ledger, kept=kept, known_good=Tree(undone.commit, undone.tree))
        case RunFinished():
            return replace(ledger, finished=True)
        case _:
            return ledger


def _ended(ledger: Ledger, event: RunEvent, verdict: Verdict, form: str) -> Ledger:
    trial = ledger.open
    if trial is None or trial.change != event.change:
        raise _contradiction(event, f"a verdict on {event.change} without its trial")
    ledger = replace(ledger, open=None)
    if verdict.verdict == "kept":
        tree = Tree(trial.data.commit, trial.data.tree)
        change = KeptChange(trial.change, trial.data.title, trial.data.patch, tree, verdict)
        return replace(ledger, kept=(*ledger.kept, change), known_good=tree)
    if verdict.verdict == "void":
        return ledger
    failed = FailedTrial(trial.change, trial.data.patch, form, verdict)
    return replace(ledger, failed=(*ledger.failed, failed))


def _contradiction(event: RunEvent, text: str) -> Fault:
    return Fault(
        f"event {event.seq} of run {event.run} contradicts those before: {text}", hint="start a new run"
    )
