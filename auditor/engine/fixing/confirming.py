"""Known-good held against the whole workload: trials begin with a part of it, and what they keep is proved before it is given away."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from auditor.engine.fixing.settling import settle
from auditor.engine.fixing.taking_out import take_out
from auditor.model.trial import GateName, GateResult
from auditor.model.trial_events import KnownGoodConfirmed, KnownGoodConfirmedData
from auditor.trial.candidate import Candidate
from auditor.trial.ledger import KeptChange
from auditor.trial.proposal import declared_by

if TYPE_CHECKING:  # which confirms what it keeps
    from auditor.engine.fixing.run import Run

EVERY: Final = 4
"""Changes kept before known-good is confirmed, and at the end of a run in any case. What comes after one that is taken out is tried again."""
_AS_OFTEN: Final = 2
"""What has stood the whole workload is trusted further: so many times as many changes may be kept before it is asked again …"""
_MOST: Final = 16
"""… and so many at most, for all of them may have to be tried again."""
_ASKED: Final[frozenset[GateName]] = frozenset({"boot", "contract", "side-effects"})
"""The gates that play the workload. Counts are taken of all timed requests in every trial."""


def confirm(run: "Run", /) -> None:
    """Takes out each change that the whole workload shows to be wrong, and tries it, and those after it, again.

    A change that was taken out is asked the whole workload from then on, so its culprit is found and the rest may stay. Cut off
    anywhere it can be called again.

    Raises:
        Fault: something other than a change was wrong, so that nothing can be said.
    """
    while kept := run.recorder.ledger.unconfirmed:
        found = first_failing(kept, partial(failure_of, run))
        if found is None:
            tree = kept[-1].tree
            data = KnownGoodConfirmedData(
                commit=tree.commit, tree=tree.id, requests=len(run.workload.requests)
            )
            run.recorder.emit(KnownGoodConfirmed, data)
            return
        wrong, failure = found
        run.thorough.add(wrong.change)
        because = f"the whole workload shows: {failure.text}"
        take_out(run, wrong, because, remembered=False, retried=True)
        settle(run)


def is_due(kept: int, unconfirmed: int, /) -> bool:
    """Whether known-good is held against the whole workload now: of `kept` changes the last `unconfirmed` were not."""
    return unconfirmed >= min(max(EVERY, _AS_OFTEN * (kept - unconfirmed)), _MOST)


def first_failing(
    kept: Sequence[KeptChange], failure_of: Callable[[KeptChange], GateResult | None], /
) -> tuple[KeptChange, GateResult] | None:
    """The first change whose tree fails, and how, by halves; None when the last one's does not. What stood before the first holds.

    Of several that fail it may be a later one that is found, where one between makes up for it: the others are found in their turn.
    """
    failure = failure_of(kept[-1])
    if failure is None:
        return None
    low, high = -1, len(kept) - 1
    while high - low > 1:
        middle = (low + high) // 2
        earlier = failure_of(kept[middle])
        if earlier is None:
            low = middle
        else:
            high, failure = middle, earlier
    return kept[high], failure


def failure_of(run: "Run", kept: KeptChange, /) -> GateResult | None:
    """What the whole workload has against the tree of a kept change, beside what it and those beneath it declared."""
    with_it = run.recorder.ledger.kept[: run.recorder.ledger.kept.index(kept) + 1]
    candidate = Candidate(change=kept.change, patch=kept.patch, files=(), declared=declared_by(with_it))
    return run.thorough_trials.examine(candidate, kept.tree, _ASKED)
