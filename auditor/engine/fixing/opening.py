"""A run is opened: the target frozen, its event file taken hold of, what it knows from other runs read."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from auditor.engine.fixing.given import given_proposals
from auditor.engine.fixing.means import WORKSHOP
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.fixing.runs import EVENTS, TREES, at_work, last_run, new_run
from auditor.engine.request import Notes
from auditor.execution.copies import copy_tree
from auditor.execution.guest import guest_identity
from auditor.execution.ownership import own_copy
from auditor.execution.removal import remove_tree
from auditor.measure.running.bench import Bench, open_bench
from auditor.model.trial_events import (
    BaselineTaken,
    BaselineTakenData,
    ConstraintsHeld,
    ConstraintsHeldData,
    RunEvent,
)
from auditor.repo.head import head_of
from auditor.trial.memory import Memory
from auditor.trial.recorder import Recorder
from auditor.trial.trees import Tree, TreeStore, entries_of, write_entries

_BASE: Final = "base"


@contextmanager
def run_opened(
    request: FixRequest,
    notes: Notes,
    /,
    *,
    told: Callable[[RunEvent], None] = lambda _: None,
    env: Mapping[str, str] = os.environ,
    run: str | None = None,
) -> Iterator[Run]:
    """The run that is asked for, ready to try changes in; `run` names one to be gone on with.

    Raises:
        Fault: whatever keeps the run from going on, with what to do; what was kept stays kept.
    """
    given_proposals(request.patches)  # a file that holds no patch is said before anything is done
    bench = open_bench(request.audit.path, request.user, env=env)
    with at_work(bench.folder, doing=f"auditor {request.audit.command}"):
        memory = Memory(bench.folder)
        memory.read()  # and so is a memory that can't be understood
        resume = request.resume or run is not None
        folder = last_run(bench.folder, run=run) if resume else new_run(bench.folder)
        with Recorder(folder / EVENTS, run=folder.name, told=told) as recorder:
            store = TreeStore(bench.folder / TREES)
            frozen, baseline = _baseline(bench, folder, store, recorder)
            held = memory.holding(frozen.settings.constraints, today=datetime.now(UTC).date())
            if held != recorder.ledger.constraints:
                recorder.emit(ConstraintsHeld, ConstraintsHeldData(constraints=held))
            if not resume:
                memory.count_run()
            every = replace(request.audit, path=frozen.root, endpoints=(), ref=None)
            try:
                with Run(
                    request, every, recorder, store, frozen, baseline, memory, folder, notes, env
                ) as made:
                    yield made
            finally:
                remove_tree(folder / WORKSHOP)


def _baseline(bench: Bench, folder: Path, store: TreeStore, recorder: Recorder) -> tuple[Bench, Tree]:
    """The frozen copy that every trial is made from, whatever the user edits meanwhile."""
    base = folder / _BASE
    known = recorder.ledger.baseline
    if known is None:
        remove_tree(base)
        copy_tree(bench.root, base, guest=guest_identity())
        known = store.store(entries_of(base), name=f"{recorder.run}/baseline")
        head = head_of(bench.root)
        taken = BaselineTakenData(
            commit=known.commit, tree=known.id, source_commit=head.commit, source_branch=head.branch
        )
        recorder.emit(BaselineTaken, taken)
    elif not base.exists():  # somebody has cleared up
        half = base.with_name(f"{base.name}.new")
        remove_tree(half)
        half.mkdir(mode=0o755)
        write_entries(store.entries(known), half)
        own_copy(half, guest_identity())
        half.rename(base)
    return replace(bench, root=base), known
