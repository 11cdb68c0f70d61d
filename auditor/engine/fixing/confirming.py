"""Known-good held against the whole workload: trials begin with a part of it, and what they keep is proved before it is given away."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Final

from auditor.engine.fixing.settling import settle
from auditor.engine.fixing.taking_out import take_out
from auditor.measure.contract.declared import Declared
from auditor.model.trial import GateResult
from auditor.model.trial_events import KnownGoodConfirmed, KnownGoodConfirmedData
from auditor.trial.candidate import Candidate
from auditor.trial.ledger import KeptChange
from auditor.trial.proposal import proposal_of

if TYPE_CHECKING:  # which confirms what it keeps
    from auditor.engine.fixing.run import Run

EVERY: Final = 4
"""Changes kept before known-good is confirmed, and at the end of a run in any case. What comes after one that is taken out is tried again."""
_ASKED: Final = frozenset({"boot", "contract", "side-effects"})
"""The gates that play the workload. Counts are taken of all timed requests in every trial."""


def confirm(run: "Run", /) -> None:
    """Takes out each change that the whole workload shows to be wrong, and tries it, and those after it, again.

    A change that was taken out is asked the whole workload from then on, so its culprit is found and the rest may stay. Cut off
    anywhere it can be called again.

    Raises:
        Fault: something other than a change was wrong, so that nothing can be said.
    """
    while kept := run.recorder.ledger.unconfirmed:
        failures = {one.change: failure for one in kept[-1:] if (failure := failure_of(run, one)) is not None}
        if not failures:
            tree = kept[-1].tree
            data = KnownGoodConfirmedData(
                commit=tree.commit, tree=tree.id, requests=len(run.workload.requests)
            )
            run.recorder.emit(KnownGoodConfirmed, data)
            return

        def holds(one: KeptChange) -> bool:
            failure = failure_of(run, one)
            if failure is not None:
                failures[one.change] = failure  # noqa: B023  used in this turn alone
            return failure is None

        wrong = kept[first_failing(kept, holds)]
        run.thorough.add(wrong.change)
        because = f"the whole workload shows: {failures[wrong.change].text}"
        take_out(run, wrong, because, remembered=False, retried=True)
        settle(run)


def first_failing(kept: Sequence[KeptChange], holds: Callable[[KeptChange], bool], /) -> int:
    """Index of the first change whose tree does not hold, when the last one's does not and what stood before the first one's does.

    Of several that fail it may be a later one that is found, where one between makes up for it: the others are found in their turn.
    """
    low, high = -1, len(kept) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(kept[middle]) else (low, middle)
    return high


def failure_of(run: "Run", kept: KeptChange, /) -> GateResult | None:
    """What the whole workload has against the tree of a kept change."""
    beneath = run.recorder.ledger.kept[: run.recorder.ledger.kept.index(kept) + 1]
    declared = [
        proposal_of(one.change, one.title, one.patch, one.terms).declared for one in beneath if one.terms
    ]
    candidate = Candidate(
        change=kept.change, patch=kept.patch, files=(), declared=reduce(Declared.also, declared, Declared())
    )
    for name, gate in run.judges.gates(whole=True):
        if name in _ASKED:
            result = gate(candidate, kept.tree)
            if not result.lets_through:
                return result
    return None
