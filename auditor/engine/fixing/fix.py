"""The run: baseline, the plan's changes one by one, the verdict on each, what it all came to."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from auditor.config.user import UserSettings
from auditor.engine.fixing.given import given_proposals
from auditor.engine.fixing.proposing import Proposed, proposals
from auditor.engine.fixing.vectors import vectors_of
from auditor.engine.measuring.record import CONTRACT
from auditor.engine.measuring.survey import Surveyed, survey
from auditor.engine.measuring.workload import asked, choose_workload
from auditor.engine.request import AuditRequest, Notes
from auditor.engine.selection import matching_endpoints
from auditor.execution.copies import copy_tree
from auditor.execution.guest import guest_identity
from auditor.execution.removal import remove_tree
from auditor.measure.contract.store import load_contract
from auditor.measure.running.bench import Bench, open_bench
from auditor.measure.workload import Workload
from auditor.model.fault import Fault
from auditor.model.result import ChangeResult, EndpointResult, ProposedChange, Result
from auditor.model.trial import GateName, Verdict
from auditor.model.trial_events import BaselineTaken, BaselineTakenData, RunEvent
from auditor.trial.candidate import Candidate
from auditor.trial.gates.boot import Boot
from auditor.trial.gates.constraints import check_constraints
from auditor.trial.gates.contract import ContractGate, SideEffects
from auditor.trial.gates.counts import CountsGate
from auditor.trial.gates.parse import check_parse
from auditor.trial.gates.policy import check_policy
from auditor.trial.ledger import Ledger
from auditor.trial.loop import Gate, Proposal, Trials
from auditor.trial.playing import Player
from auditor.trial.rebasing import rebased
from auditor.trial.recorder import Recorder
from auditor.trial.trees import Tree, TreeStore, entries_of

RUNS: Final = "runs"
EVENTS: Final = "events.jsonl"
TREES: Final = "trees.git"
_BASE: Final = "base"
_WORKSHOP: Final = "workshop"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRequest:
    """What is asked for."""

    audit: AuditRequest
    """The tree, and how it is read; its `endpoints` are those to be made faster."""
    user: UserSettings
    workload: Path | None = None
    edges: bool = True
    """Adds requests at the edges of what the code compares, where no recorded contract gives the workload."""
    patches: tuple[Path, ...] = ()
    """Files with patches (`auditor/patch@1`) to be tried in this order, in the place of the codemods' proposals."""
    max_changes: int | None = None
    """So many kept changes at most."""
    dry_run: bool = False
    """Says what would be tried, and runs nothing of the target."""
    resume: bool = False
    """Goes on with the last run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What came of it."""

    result: Result
    folder: Path
    """The run's own."""
    ledger: Ledger


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
    bench = open_bench(request.audit.path, request.user, env=env)
    folder = _run_folder(bench.folder, resume=request.resume)
    with Recorder(folder / EVENTS, run=folder.name, told=told) as recorder:
        store = TreeStore(bench.folder / TREES)
        frozen, baseline = _baseline(bench, folder, store, recorder)
        every = replace(request.audit, path=frozen.root, endpoints=(), ref=None)
        if request.dry_run:
            return Fixed(
                result=_proposed(request, every, recorder, store, folder, notes),
                folder=folder,
                ledger=recorder.ledger,
            )
        surveyed = survey(every, notes)
        workload, said = _workload(bench, frozen, request, surveyed)
        try:
            with Player(frozen, store, baseline, workload, env=env, allowed=request.user.secrets) as player:
                run = _Run(request, every, recorder, store, player, surveyed, workload, folder, notes)
                run.known_good_is_sound(baseline)
                run.all()
                result = run.result(said)
        finally:
            remove_tree(folder / _WORKSHOP)
        return Fixed(result=result, folder=folder, ledger=recorder.ledger)


def _proposed(
    request: FixRequest, every: AuditRequest, recorder: Recorder, store: TreeStore, folder: Path, notes: Notes
) -> Result:
    known_good = recorder.ledger.known_good
    assert known_good is not None
    made: list[ProposedChange] = []
    declined: list[tuple[str, str]] = []
    try:
        for one in proposals(every, store, known_good, folder / _WORKSHOP, notes):
            if isinstance(one, Proposed):
                made.append(
                    ProposedChange(
                        id=one.proposal.change,
                        title=one.proposal.title,
                        finding=one.finding.id,
                        codemod=one.codemod,
                        endpoints=one.finding.endpoints,
                        patch=one.proposal.patch,
                    )
                )
            else:
                declined.append((one.finding.id, one.reason))
    finally:
        remove_tree(folder / _WORKSHOP)
    return Result(
        run=recorder.run,
        target=str(request.audit.path),
        target_ms=request.audit.target_ms,
        proposed=tuple(made),
        declined=tuple(sorted(declined)),
        notes=("a dry run: nothing of the target was run",),
    )


class _Run:
    def __init__(
        self,
        request: FixRequest,
        every: AuditRequest,
        recorder: Recorder,
        store: TreeStore,
        player: Player,
        surveyed: tuple[Surveyed, ...],
        workload: Workload,
        folder: Path,
        notes: Notes,
    ) -> None:
        self._request = request
        self._every = every
        self._recorder = recorder
        self._store = store
        self._player = player
        self._surveyed = surveyed
        self._workload = workload
        self._folder = folder
        self._notes = notes
        self._endpoint_by_request = {
            one.id: (found.id if (found := asked(one, surveyed)) else f"{one.method} {one.path}")
            for one in workload.requests
        }
        wanted = request.audit.endpoints
        ids = [one.id for one in surveyed]
        self._wanted = matching_endpoints(wanted, ids) if wanted else frozenset(ids)
        self._proposed: dict[str, Proposed] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._declined: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._given = given_proposals(request.patches)
        self._trials = Trials(recorder, store, self._gates())

    def known_good_is_sound(self, baseline: Tree) -> None:
        """Before anything is tried: the baseline boots, and answers as it answered."""
        self._notes.step("recording what the target answers and does now")
        self._player.contract("in order")
        self._player.contract("eight at once")
        self._notes.step("counting what it costs now")
        counted = self._player.counted(baseline)
        if not counted.counts:
            raise Fault(
                "no request of the workload could be counted, so no change can be judged",
                where=str(self._request.audit.path),
                hint="`auditor record` says what its requests are answered with",
            )

    def all(self) -> None:
        """One change after the other; after each that is kept, the tree is read anew."""
        limit = self._request.max_changes
        for given in self._given:
            if limit is not None and len(self._recorder.ledger.kept) >= limit:
                return
            if given.change not in self._done():
                self._notes.step(f"trying {given.change}: {given.title}")
                self._verdicts[given.change] = self._trials.attempt(self._carried(given))
                self._titles[given.change] = given.title
                self._forget()
        if self._given:
            return
        while limit is None or len(self._recorder.ledger.kept) < limit:
            following = self._next()
            if following is None:
                return
            change = following.proposal.change
            self._proposed[change] = following
            self._notes.step(f"trying {change}: {following.proposal.title}")
            verdict = self._trials.attempt(following.proposal)
            self._verdicts[change] = verdict
            self._forget()

    def _next(self) -> Proposed | None:
        """The first proposal on known-good that was not tried yet."""
        known_good = self._known_good()
        tried = self._done()
        self._notes.step("reading the tree")
        self._declined = {}
        for made in proposals(self._every, self._store, known_good, self._folder / _WORKSHOP, self._notes):
            if isinstance(made, Proposed):
                concerned = not made.finding.endpoints or self._wanted.intersection(made.finding.endpoints)
                if made.proposal.change not in tried and concerned and made.finding.endpoints:
                    return made
            else:
                self._declined[made.finding.id] = made.reason
        return None

    def _carried(self, given: Proposal) -> Proposal:
        """Written for the tree as the user has it, it is tried on what this run has made of it."""
        baseline, now = self._recorder.ledger.baseline, self._known_good()
        assert baseline is not None
        read_old, read_now = partial(self._store.read, baseline), partial(self._store.read, now)
        return replace(given, patch=rebased(given.patch, read_old, read_now, tree=now.id))

    def _done(self) -> set[str]:
        ledger = self._recorder.ledger
        return {*self._verdicts, *(one.change for one in ledger.kept), *(one.change for one in ledger.failed)}

    def _gates(self) -> list[tuple[GateName, Gate]]:
        endpoint_of = self._endpoint_by_request.__getitem__
        baseline = self._recorder.ledger.baseline
        assert baseline is not None
        return [
            ("parse", _static(check_parse)),
            ("constraints", _static(check_constraints)),
            ("policy", _static(check_policy)),
            ("boot", Boot(self._player)),
            ("contract", ContractGate(self._player, endpoint_of)),
            ("side-effects", SideEffects(self._player, endpoint_of)),
            ("counts", CountsGate(self._player, baseline, self._known_good, endpoint_of)),
        ]

    def _known_good(self) -> Tree:
        tree = self._recorder.ledger.known_good
        assert tree is not None
        return tree

    def _forget(self) -> None:
        """Private copies of trees that no longer matter."""
        keep = {self._known_good().id}
        for trial in self._player.trees():
            if trial not in keep:
                self._player.forget(trial)

    def result(self, said: tuple[str, ...]) -> Result:
        """What it came to."""
        ledger = self._recorder.ledger
        assert ledger.baseline is not None
        assert ledger.known_good is not None
        before, after = (
            vectors_of(self._player.counted(tree), self._endpoint_by_request)
            for tree in (ledger.baseline, ledger.known_good)
        )
        return Result(
            run=self._recorder.run,
            target=str(self._request.audit.path),
            target_ms=self._request.audit.target_ms,
            endpoints=tuple(
                EndpointResult(id=id_, before=before[id_], after=after[id_])
                for id_ in sorted(before)
                if id_ in self._wanted and id_ in after
            ),
            changes=tuple(self._changes(ledger)),
            constraints=ledger.constraints,
            declined=tuple(sorted(self._declined.items())),
            notes=(*said, "time was not measured: counts alone were judged"),
        )

    def _changes(self, ledger: Ledger) -> list[ChangeResult]:
        listed: list[ChangeResult] = []
        titles = self._titles | {one.change: one.title for one in ledger.kept}
        ended = [(one.change, one.verdict) for one in ledger.failed]
        ended += [(one.change, one.verdict) for one in ledger.kept]
        known = {change for change, _ in ended}
        ended += [(change, verdict) for change, verdict in self._verdicts.items() if change not in known]
        for change, verdict in ended:
            made = self._proposed.get(change)
            listed.append(
                ChangeResult(
                    id=change,
                    title=titles.get(change) or (made.proposal.title if made else change),
                    verdict=verdict.verdict,
                    gate=verdict.gate,
                    root_error=verdict.root_error,
                    culprit=verdict.culprit,
                    text=verdict.text,
                    attempts=ledger.attempts(change),
                    finding=made.finding.id if made else "",
                    codemod=made.codemod if made else "",
                    gain=verdict.gains,
                )
            )
        return listed


def _static(check: Callable[[Candidate], object]) -> Gate:
    def gate(candidate: Candidate, _tree: Tree) -> object:
        return check(candidate)

    return gate  # type: ignore[return-value]  # each check gives a GateResult


def _run_folder(folder: Path, *, resume: bool) -> Path:
    runs = folder / RUNS
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    earlier = sorted(entry for entry in runs.iterdir() if (entry / EVENTS).exists())
    if resume:
        if not earlier:
            raise Fault(
                "there is no run to go on with", where=str(runs), hint="`auditor fix` without --resume"
            )
        return earlier[-1]
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    return runs / name


def _baseline(bench: Bench, folder: Path, store: TreeStore, recorder: Recorder) -> tuple[Bench, Tree]:
    """The frozen copy that every trial is made from, whatever the user edits meanwhile."""
    base = folder / _BASE
    known = recorder.ledger.baseline
    if known is None or not base.exists():
        remove_tree(base)
        copy_tree(bench.root, base, guest=guest_identity())
        tree = store.store(entries_of(base), name=f"{recorder.run}/baseline")
        if known is not None and tree.id != known.id:
            raise Fault(
                "the tree has changed since the run began, and its frozen copy is gone",
                where=str(folder),
                hint="begin a new run: `auditor fix` without --resume",
            )
        if known is None:
            recorder.emit(BaselineTaken, BaselineTakenData(commit=tree.commit, tree=tree.id))
            known = tree
    return replace(bench, root=base), known


def _workload(
    bench: Bench, frozen: Bench, request: FixRequest, surveyed: tuple[Surveyed, ...]
) -> tuple[Workload, tuple[str, ...]]:
    """The recorded one, else as `record` would choose it."""
    contract = bench.folder / CONTRACT
    if request.workload is None and contract.exists():
        return load_contract(contract).workload, ()
    with frozen.world(frozen.settings.database.small) as world:
        world.prepare()
        chosen = choose_workload(frozen, surveyed, world.dump(), file=request.workload, edges=request.edges)
    return chosen.workload, chosen.notes
