"""After a change was taken out: what was kept after it goes through the gates again, on what is left."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from auditor.model.fault import Fault
from auditor.model.trial import Verdict
from auditor.model.trial_events import ChangeUndone, ChangeUndoneData
from auditor.trial.ledger import KeptChange
from auditor.trial.merging import merged
from auditor.trial.patching import Refused, apply_patch
from auditor.trial.proposal import Proposal, proposal_of
from auditor.trial.trees import Tree, TreeStore

if TYPE_CHECKING:  # which settles before it goes on
    from auditor.engine.fixing.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one change that waited."""

    change: str
    title: str
    verdict: Verdict


def settle(run: "Run", /) -> tuple[Settled, ...]:
    """Tries every change that waits, in its order, and takes out those that stood on what is gone.

    Cut off at any point it can be called again: a change waits until there is a verdict on it.

    Raises:
        Fault: something other than the change was wrong, so that nothing can be said of it; it goes on waiting.
    """
    done: list[Settled] = []
    for left in run.recorder.ledger.left:  # a crash came between a culprit and the rest without it
        run.be_sound()
        run.tried(proposal_of(left))
        run.forget()
    while run.recorder.ledger.pending:
        waiting = run.recorder.ledger.pending[0]
        proposal = carried(waiting, run.store, run.known_good)
        why = misfit(proposal, run.store, run.known_good)
        if why:
            verdict = Verdict(verdict="refused", text=f"it stood on what is gone: {why}")
        else:
            run.be_sound()
            verdict = run.tried(proposal)
        if verdict.verdict == "void":
            raise Fault(
                f"{waiting.change} can't be judged: {verdict.text}",
                where=run.recorder.run,
                hint="`auditor undo` goes on when that is mended",
            )
        if any(one.change == waiting.change for one in run.recorder.ledger.pending):  # nothing was run
            dropped = ChangeUndoneData(
                commit=run.known_good.commit, tree=run.known_good.id, because=verdict.text
            )
            run.recorder.emit(ChangeUndone, dropped, change=waiting.change)
        done.append(Settled(change=waiting.change, title=waiting.title, verdict=verdict))
        run.forget()
    return tuple(done)


def carried(kept: KeptChange, store: TreeStore, now: Tree, /) -> Proposal:
    """A kept change, proposed once more for another tree of the run."""
    assert kept.before is not None, "the ledger knows what every kept change stood on"
    patch = merged(kept.patch, partial(store.read, kept.before), partial(store.read, now), tree=now.id)
    return replace(proposal_of(kept), patch=patch)


def misfit(proposal: Proposal, store: TreeStore, tree: Tree, /) -> str:
    """Why the patch does not fit the tree; empty when it does."""
    applied = apply_patch(proposal.patch, partial(store.read, tree))
    return "; ".join(str(reason) for reason in applied.reasons) if isinstance(applied, Refused) else ""
