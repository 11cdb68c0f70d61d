"""What a run has come to: a fold of its events, and nothing else.

Whoever wants to know what known-good is, which changes are kept or what was learnt asks this value; after a crash it is made anew from the
same file and says the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from auditor.model.constraint import Constraint
from auditor.model.events import RunFinished
from auditor.model.fault import Fault
from auditor.model.patch import Patch
from auditor.model.trial import GateResult, Verdict
from auditor.model.trial_events import (
    BaselineTaken,
    ChangesDelivered,
    ChangeUndone,
    ChangeUndoneData,
    ConstraintLearnt,
    ConstraintsHeld,
    GateFinished,
    KnownGoodConfirmed,
    RunEvent,
    SentBack,
    TrialEnded,
    TrialEndedData,
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
    before: Tree | None = None
    """The tree that it was made for."""
    terms: Mapping[str, JsonValue] = field(default_factory=dict)
    """As `auditor.trial.proposal.terms_of` wrote them."""
    at: datetime | None = None
    """When it was kept."""


@dataclass(frozen=True, slots=True)
class UndoneChange:
    """A change that was part of known-good, and is no more, or not as it was."""

    kept: KeptChange
    because: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveredChange:
    """A change that the user was given."""

    kept: KeptChange
    commit: str
    """Of the user's repository."""
    branch: str


@dataclass(frozen=True, slots=True)
class FailedTrial:
    """A trial that was not kept."""

    change: str
    patch: Patch
    normal_form: str
    verdict: Verdict
    terms: Mapping[str, JsonValue] = field(default_factory=dict)
    """As of `KeptChange`."""


_IN_PART: Final = " (in part)"


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What is left of a change without its culprit, not tried yet."""

    change: str
    title: str
    patch: Patch
    terms: Mapping[str, JsonValue]


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
    pending: tuple[KeptChange, ...] = ()
    """Kept before one that they stood on was undone, and not tried again yet; in this order."""
    undone: tuple[UndoneChange, ...] = ()
    delivered: tuple[DeliveredChange, ...] = ()
    """What the user was given, newest last; a change may be there again in another form."""
    set_aside: frozenset[str] = frozenset()
    """Codemods whose proposals come last, since they came to nothing several times in a row."""
    source_commit: str | None = None
    """Where the target's own branch stood when the run began; None outside a git repository."""
    source_branch: str | None = None
    constraints: tuple[Constraint, ...] = ()
    """One of each: those that hold for the run, then those it has learnt."""
    left: tuple[LeftOver, ...] = ()
    """Of failed trials whose rest was to be tried when the run was cut off."""
    open: OpenTrial | None = None
    finished: bool = False
    confirmed: frozenset[str] = frozenset()
    """Ids of the trees that the whole workload was held against."""

    @property
    def unconfirmed(self) -> tuple[KeptChange, ...]:
        """What was kept on a part of the workload, and not held against the whole since."""
        last = max((at for at, one in enumerate(self.kept) if one.tree.id in self.confirmed), default=-1)
        return self.kept[last + 1 :]

    @property
    def proved(self) -> "Ledger":
        """The same, of its kept changes those alone that the whole workload was held against; what waits was neither kept nor delivered."""
        waits = {one.change for one in (*self.unconfirmed, *self.pending)}
        return replace(
            self,
            kept=self.kept[: len(self.kept) - len(self.unconfirmed)],
            pending=(),
            delivered=tuple(one for one in self.delivered if one.kept.change not in waits),
        )

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
            return replace(
                ledger,
                run=event.run,
                baseline=tree,
                known_good=tree,
                source_commit=data.source_commit,
                source_branch=data.source_branch,
                finished=False,
            )
        case ConstraintsHeld(data=held):
            return replace(ledger, constraints=held.constraints)
        case TrialStarted(data=started, change=str(change)):
            # One that was cut off without a verdict says nothing about its change.
            return replace(ledger, open=OpenTrial(change, started), finished=False)
        case GateFinished(data=result):
            if ledger.open is None:
                raise _contradiction(event, "a gate without a trial")
            return replace(ledger, open=replace(ledger.open, results=(*ledger.open.results, result)))
        case TrialEnded(data=ended):
            return _ended(ledger, event, ended.verdict, ended)
        case ConstraintLearnt(data=learnt):
            if any(known.id == learnt.constraint.id for known in ledger.constraints):
                return ledger
            return replace(ledger, constraints=(*ledger.constraints, learnt.constraint))
        case ChangeUndone(data=undone):
            return _undone(ledger, event, undone)
        case ChangesDelivered(data=given):
            kept = {one.change: one for one in (*(u.kept for u in ledger.undone), *ledger.kept)}
            made = [
                DeliveredChange(kept[one.change], one.commit, given.branch)
                for one in given.commits
                if one.change in kept
            ]
            return replace(ledger, delivered=(*ledger.delivered, *made))
        case SentBack(data=sent):
            return replace(ledger, set_aside=ledger.set_aside | set(sent.set_aside))
        case KnownGoodConfirmed(data=held):
            return replace(ledger, confirmed=ledger.confirmed | {held.tree})
        case RunFinished():
            return replace(ledger, finished=True)
        case _:
            return ledger


def _ended(ledger: Ledger, event: RunEvent, verdict: Verdict, ended: TrialEndedData) -> Ledger:
    trial = ledger.open
    if trial is None or trial.change != event.change:
        raise _contradiction(event, f"a verdict on {event.change} without its trial")
    ledger = replace(ledger, open=None)
    if verdict.verdict != "void":
        waiting = tuple(one for one in ledger.pending if one.change != trial.change)
        left = tuple(one for one in ledger.left if one.change != trial.change)
        ledger = replace(ledger, pending=waiting, left=left)
    if verdict.verdict == "kept":
        tree = Tree(trial.data.commit, trial.data.tree)
        change = KeptChange(
            trial.change,
            trial.data.title,
            trial.data.patch,
            tree,
            verdict,
            before=ledger.known_good,
            terms=trial.data.terms,
            at=event.time,
        )
        return replace(ledger, kept=(*ledger.kept, change), known_good=tree)
    if verdict.verdict == "void":
        return ledger
    failed = FailedTrial(trial.change, trial.data.patch, ended.normal_form, verdict, trial.data.terms)
    if ended.left is not None:
        rest = LeftOver(trial.change, title_of_rest(trial.data.title), ended.left, trial.data.terms)
        ledger = replace(ledger, left=(*ledger.left, rest))
    return replace(ledger, failed=(*ledger.failed, failed))


def _undone(ledger: Ledger, event: RunEvent, data: ChangeUndoneData) -> Ledger:
    """The change is taken out, and with it, for the time being, all that was kept after it."""
    waiting = {one.change: one for one in ledger.pending}
    if event.change in waiting:  # it waited to be tried again, and will not be
        dropped = UndoneChange(waiting[event.change], data.because, event.time)
        rest = tuple(one for one in ledger.pending if one.change != event.change)
        return replace(ledger, pending=rest, undone=(*ledger.undone, dropped))
    at = next((place for place, one in enumerate(ledger.kept) if one.change == event.change), None)
    if at is None:
        raise _contradiction(event, f"{event.change} is undone and was not kept")
    after = {one.change: one for one in ledger.kept[at:]}
    if not set(data.again) <= after.keys() or not set(after) - {event.change} <= set(data.again):
        raise _contradiction(
            event, "what is tried again is not what was kept after the change that is undone"
        )
    return replace(
        ledger,
        kept=ledger.kept[:at],
        known_good=Tree(data.commit, data.tree),
        pending=(*(after[change] for change in data.again), *ledger.pending),
        undone=(*ledger.undone, UndoneChange(ledger.kept[at], data.because, event.time)),
    )


def _contradiction(event: RunEvent, text: str) -> Fault:
    return Fault(
        f"event {event.seq} of run {event.run} contradicts those before: {text}", hint="start a new run"
    )


def title_of_rest(title: str, /) -> str:
    """What a change is called without the part that failed."""
    return title if title.endswith(_IN_PART) else f"{title}{_IN_PART}"
