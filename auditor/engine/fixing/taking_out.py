"""A kept change is taken out again, by whoever found that it must."""

from typing import TYPE_CHECKING

from auditor.model.trial_events import ChangeUndone, ChangeUndoneData
from auditor.trial.constraints.edited import Edited
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.lessons import patch_forms
from auditor.trial.memory import FailedPatch
from auditor.trial.repeating import normal_form
from auditor.trial.trees import Tree, TreeStore

if TYPE_CHECKING:  # which takes out what the whole workload shows to be wrong
    from auditor.engine.fixing.run import Run


def take_out(
    run: "Run", chosen: KeptChange, because: str, /, *, remembered: bool, retried: bool = False
) -> None:
    """Records that a kept change is part of known-good no more; what followed it waits.

    `remembered`: the same patch is not run again, in this run or a later one. `retried`: it waits itself, before the others.
    """
    ledger = run.recorder.ledger
    at = ledger.kept.index(chosen)
    before = before_change(ledger, at)
    if remembered:
        files = _edited(run.store, chosen, before)
        run.memory.add_failed(
            FailedPatch(
                form=normal_form(files),
                part=patch_forms(files),
                change=chosen.change,
                title=chosen.title,
                gate="undone",
                because=because,
            )
        )
    again = tuple(one.change for one in ledger.kept[at if retried else at + 1 :])
    data = ChangeUndoneData(commit=before.commit, tree=before.id, because=because, again=again)
    run.recorder.emit(ChangeUndone, data, change=chosen.change)


def before_change(ledger: Ledger, at: int, /) -> Tree:
    """The tree that a kept change stood on."""
    tree = ledger.kept[at - 1].tree if at else ledger.baseline
    assert tree is not None
    return tree


def _edited(store: TreeStore, chosen: KeptChange, before: Tree) -> tuple[Edited, ...]:
    return tuple(
        Edited(path, store.read(before, path), store.read(chosen.tree, path) or b"")
        for path in chosen.patch.files
    )
