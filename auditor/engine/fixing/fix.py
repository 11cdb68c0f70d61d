"""The run: baseline, the plan's changes one by one, the verdict on each, what it all came to."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from auditor.config.user import UserSettings
from auditor.engine.fixing.asking import workload_of_run
from auditor.engine.fixing.carrying import Recipes
from auditor.engine.fixing.confirming import EVERY, confirm
from auditor.engine.fixing.dry import dry_run
from auditor.engine.fixing.given import given_proposals
from auditor.engine.fixing.judging import Judges
from auditor.engine.fixing.moved import said_of_the_user
from auditor.engine.fixing.patience import Patience
from auditor.engine.fixing.proposing import Proposed, Untreated, examined_tree, proposals
from auditor.engine.fixing.runs import EVENTS, TREES, at_work, last_run, new_run
from auditor.engine.fixing.settling import settle
from auditor.engine.fixing.target import Aim, Target, standing_for
from auditor.engine.fixing.vectors import with_counts
from auditor.engine.measuring.survey import Surveyed, survey
from auditor.engine.measuring.workload import asked
from auditor.engine.modelling.unasked import without_model_words
from auditor.engine.passes import Examined
from auditor.engine.request import AuditRequest, Hushed, Notes
from auditor.engine.selection import matching_endpoints
from auditor.execution.copies import copy_tree
from auditor.execution.guest import guest_identity
from auditor.execution.ownership import own_copy
from auditor.execution.removal import remove_tree
from auditor.measure.request import Request
from auditor.measure.running.bench import Bench, open_bench
from auditor.measure.workload import Workload
from auditor.model.fault import Fault
from auditor.model.judged import ModelPart
from auditor.model.result import ChangeResult, Result
from auditor.model.trial import GateName, Verdict
from auditor.model.trial_events import (
    BaselineTaken,
    BaselineTakenData,
    ConstraintsHeld,
    ConstraintsHeldData,
    RunEvent,
    SentBack,
)
from auditor.repo.head import head_of
from auditor.trial.gates.tests import before_anything
from auditor.trial.ledger import Ledger
from auditor.trial.lessons import Lessons
from auditor.trial.loop import Gate, Trials
from auditor.trial.memory import Memory
from auditor.trial.playing import Player
from auditor.trial.proposal import Proposal
from auditor.trial.rebasing import rebased
from auditor.trial.recorder import Recorder
from auditor.trial.totals import running_totals
from auditor.trial.trees import Tree, TreeStore, entries_of, write_entries

if TYPE_CHECKING:
    from auditor.llm.client import Client

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
    more: tuple[Request, ...] = ()
    """Requests besides: what was seen to break."""
    patches: tuple[Path, ...] = ()
    """Files with patches (`auditor/patch@1`) to be tried in this order, in the place of the codemods' proposals."""
    max_changes: int | None = None
    """So many kept changes at most."""
    dry_run: bool = False
    """Says what would be tried, and runs nothing of the target."""
    resume: bool = False
    """Goes on with the last run."""
    rules: frozenset[str] = frozenset()
    """Only what these rules find is treated; empty is all."""
    time: bool = False
    """Takes time: asks the gates `latency`, `scaling` and `load`, and judges the target."""
    beyond: bool = False
    """Goes on when the target is met."""
    model: "Callable[[Path, Iterable[str]], Client] | None" = None
    """Opens a model that implements what no codemod does, with its transcript in a folder and these secrets hidden; None asks none."""
    candidates: int = 1
    """Patches that the model is asked for at once."""


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
        result, folder, ledger = dry_run(request.audit, request.user, notes, resume=request.resume)
        return Fixed(result=result, folder=folder, ledger=ledger)
    with run_opened(request, notes, told=told, env=env) as run:
        run.be_sound()
        settle(run)
        run.all()
        stopped = run.ask_model()
        confirm(run)
        result = run.result()
        said = said_of_the_user(run.recorder.ledger, run.store, request.audit.path.resolve())
        result = result.model_copy(update={"notes": (*result.notes, *said)})
        return Fixed(result=result, folder=run.folder, ledger=run.recorder.ledger, stopped=stopped)


@contextmanager
def run_opened(
    request: FixRequest,
    notes: Notes,
    /,
    *,
    told: Callable[[RunEvent], None] = lambda _: None,
    env: Mapping[str, str] = os.environ,
    run: str | None = None,
) -> Iterator["Run"]:
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
                remove_tree(folder / _WORKSHOP)


class Run:
    """A run that is being written. A context manager: leaving it removes every private copy."""

    def __init__(
        self,
        request: FixRequest,
        every: AuditRequest,
        recorder: Recorder,
        store: TreeStore,
        bench: Bench,
        baseline: Tree,
        memory: Memory,
        folder: Path,
        notes: Notes,
        env: Mapping[str, str],
    ) -> None:
        self.recorder = recorder
        self.folder = folder
        self.memory = memory
        self._request = request
        self._every = every
        self.store = store
        self.bench = bench
        self._baseline = baseline
        self._notes = notes
        self._env = env
        self._stack = ExitStack()
        self._is_sound = False
        self._patience = Patience()
        self._recipes = Recipes(bench.folder)
        self.thorough: set[str] = set()
        """Changes that are asked the whole workload at once, since a part of it let them through wrongly."""
        self.asks_everything = False
        """Whether all are."""
        self._proposed: dict[str, Proposed] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._declined: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._stopped = ""
        self._test_notes: tuple[str, ...] = ()
        self._treated: dict[str, str] = {}
        self._model: ModelPart | None = None
        self._given = given_proposals(request.patches)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def surveyed(self) -> tuple[Surveyed, ...]:
        """The endpoints that there are."""
        return survey(self._every, self._notes)

    @cached_property
    def _chosen(self) -> tuple[Workload, tuple[str, ...]]:
        asked_for = self._request
        return workload_of_run(
            self.folder,
            self.bench,
            self.surveyed,
            file=asked_for.workload,
            edges=asked_for.edges,
            more=asked_for.more,
        )

    def endpoint_of(self, request: str, /) -> str:
        """Id of the endpoint that a request of the workload asks."""
        return self._endpoint_by_request[request]

    @property
    def workload(self) -> Workload:
        """What is asked of every tree."""
        return self._chosen[0]

    @cached_property
    def player(self) -> Player:
        """Boots trees and asks them."""
        player = Player(
            self.bench,
            self.store,
            self._baseline,
            self.workload,
            env=self._env,
            allowed=self._request.user.secrets,
        )
        return self._stack.enter_context(player)

    @cached_property
    def judges(self) -> Judges:
        """The gates, and the servers that they share."""
        judges = Judges(
            self.bench,
            self.store,
            self._baseline,
            self.workload,
            self.player,
            known_good=lambda: self.known_good,
            endpoint_of=self._endpoint_by_request.__getitem__,
            env=self._env,
            allowed=self._request.user.secrets,
            timed=self._request.time,
        )
        return self._stack.enter_context(judges)

    @cached_property
    def target(self) -> Target:
        """The time that endpoints should take."""
        endpoint_of = self._endpoint_by_request.__getitem__
        requests = standing_for(self.workload, self.player.counted(self._baseline).counts, endpoint_of)
        target_ms = self._request.audit.target_ms or self.bench.settings.target_ms
        aim = Aim(target_ms, tuple(sorted(self._wanted.intersection(requests))))
        return Target(self.judges.full, aim, requests)

    @cached_property
    def trials(self) -> Trials:
        """Takes proposals through the gates."""
        return self._trials(self.judges.gates())

    @cached_property
    def thorough_trials(self) -> Trials:
        """Likewise, with the whole workload in every gate."""
        return self._trials(self.judges.gates(whole=True))

    def _trials(self, gates: list[tuple[GateName, Gate]]) -> Trials:
        lessons = Lessons(
            memory=self.memory, settings=self.bench.settings_digest, workload=self.workload.digest
        )
        return Trials(self.recorder, self.store, gates, lessons=lessons)

    def tried(self, proposal: Proposal, /) -> Verdict:
        """Tries a proposal, and holds known-good against the whole workload where that was not done for a while."""
        whole = self.asks_everything or proposal.change in self.thorough
        trials = self.thorough_trials if whole else self.trials
        verdict = trials.attempt(proposal)
        if len(self.recorder.ledger.unconfirmed) >= EVERY and not self.recorder.ledger.pending:
            confirm(self)
        return verdict

    def proved(self, proposal: Proposal, /) -> Verdict:
        """Likewise, at once: a change that is kept stands before the whole workload."""
        verdict = self.tried(proposal)
        confirm(self)
        ledger = self.recorder.ledger
        if verdict.verdict != "kept" or any(one.change == proposal.change for one in ledger.kept):
            return verdict
        return next(one.verdict for one in reversed(ledger.failed) if one.change == proposal.change)

    @cached_property
    def _endpoint_by_request(self) -> dict[str, str]:
        return {
            one.id: (found.id if (found := asked(one, self.surveyed)) else f"{one.method} {one.path}")
            for one in self.workload.requests
        }

    @cached_property
    def _wanted(self) -> frozenset[str]:
        wanted, ids = self._request.audit.endpoints, [one.id for one in self.surveyed]
        return matching_endpoints(wanted, ids) if wanted else frozenset(ids)

    def be_sound(self) -> None:
        """Once, before anything is tried: the baseline boots, and answers as it answered."""
        if self._is_sound:
            return
        assert (
            self._wanted or not self._request.audit.endpoints
        )  # a name that is none is said before anything is run
        self._notes.step("recording what the target answers and does now")
        self.player.contract("in order")
        self.player.contract("eight at once")
        self._notes.step("counting what it costs now")
        counted = self.player.counted(self._baseline)
        if not counted.counts:
            raise Fault(
                "no request of the workload could be counted, so no change can be judged",
                where=str(self._request.audit.path),
                hint="`auditor record` says what its requests are answered with",
            )
        self._test_notes = self._tested()
        self._is_sound = True

    def _tested(self) -> tuple[str, ...]:
        """What the target's own tests say before anything is tried."""
        if self.bench.settings.tests.command is None:
            return ()
        self._notes.step("running the target's own tests")
        said = before_anything(self.judges.tests.known)
        for line in said:
            self._notes.warn(line)
        return said

    def all(self) -> None:
        """One change after the other; after each that is kept, the tree is read anew."""
        limit = self._request.max_changes
        for given in self._given:
            if limit is not None and len(self.recorder.ledger.kept) >= limit:
                return
            if given.change not in self._done():
                self._notes.step(f"trying {given.change}: {given.title}")
                self._verdicts[given.change] = self.tried(self._carried(given))
                self._titles[given.change] = given.title
                self.forget()
        if self._given:
            return
        while limit is None or len(self.recorder.ledger.kept) < limit:
            if self._is_done():
                return
            following = self._next()
            if following is None:
                return
            change = following.proposal.change
            self._proposed[change] = following
            self._notes.step(f"trying {change}: {following.proposal.title}")
            begun = time.monotonic()
            verdict = self.tried(following.proposal)
            self._verdicts[change] = verdict
            self._recipes.note(
                following,
                verdict,
                endpoint=self._concerned(following),
                runs=max(self.recorder.ledger.attempts(change), 1),
                seconds=time.monotonic() - begun,
            )
            sent_back = self._patience.after(change, following.codemod, verdict)
            if sent_back is not None:
                self.recorder.emit(SentBack, sent_back)
            self.forget()

    def _is_done(self) -> bool:
        """Whether the target is met, and nobody wants more."""
        if not self._request.time or self._request.beyond or self.target.aim.target_ms is None:
            return False
        self._notes.step("timing the endpoints, cold")
        if not self.target.is_met(self.known_good):
            return False
        self._stopped = "the target is met, so no more was tried; --beyond goes on"
        return True

    def ask_model(self) -> Fault | None:
        """What is left after the codemods goes to the model, if there is one; why it was asked no further."""
        if self._request.model is None or self._given or self._stopped:
            return None
        from auditor.engine.modelling.fixing import WithModel  # noqa: PLC0415  a run without a model needs no stages
        from auditor.engine.modelling.opening import hidden_in  # noqa: PLC0415

        paths = [entry.path for entry in self.store.entries(self._baseline)]
        hidden = hidden_in(paths, partial(self.store.read, self._baseline))
        client = self._request.model(self.folder, hidden)
        asking = WithModel(
            self,
            client,
            wanted=self._wanted,
            notes=self._notes,
            named=bool(self._request.audit.endpoints),
            candidates=self._request.candidates,
        )
        stopped = asking.all()
        self._model = asking.part
        self._declined |= asking.declined
        return stopped

    @property
    def is_full(self) -> bool:
        """Whether as many changes are kept as were asked for, or the target is met."""
        limit = self._request.max_changes
        return (limit is not None and len(self.recorder.ledger.kept) >= limit) or self._is_done()

    @property
    def target_ms(self) -> int | None:
        """What endpoints should take at most."""
        return self.target.aim.target_ms

    def was_tried(self, change: str, /) -> bool:
        """Whether there is a verdict on it."""
        return change in self._done()

    def attempt(self, proposal: Proposal, /, *, finding: str = "") -> Verdict:
        """Takes one proposal through the gates."""
        self._notes.step(f"trying {proposal.change}: {proposal.title}")
        verdict = self.tried(proposal)
        self._verdicts[proposal.change] = verdict
        self._titles[proposal.change] = proposal.title
        self._treated[proposal.change] = finding
        self.forget()
        return verdict

    def read(self) -> Examined:
        """What an audit makes of known-good, with what the workload was counted to cost."""
        workshop = self.folder / _WORKSHOP
        examined = examined_tree(self._every, self.store, self.known_good, workshop, self._notes)
        counted = self.player.counted(self.known_good)
        report = with_counts(examined.report, counted, self._endpoint_by_request)
        return replace(examined, report=report)

    def _next(self) -> Proposed | None:
        """The first proposal on known-good that was not tried yet; those of codemods that were set aside come last."""
        aside = self.recorder.ledger.set_aside
        later: list[Proposed] = []
        known_good = self.known_good
        tried = self._done()
        self._notes.step("reading the tree")
        self._declined = {}
        for made in self._recipes.in_order(self._wanted_ones(known_good), endpoint=self._first_wanted):
            if made.proposal.change in tried:
                continue
            if made.codemod not in aside:
                return made
            later.append(made)
        return later[0] if later else None

    def _wanted_ones(self, tree: Tree) -> Iterator[Proposed]:
        """Proposals on a tree that concern what was asked for; why there is none for a finding is noted on the way."""
        rules = self._request.rules
        for made in proposals(self._every, self.store, tree, self.folder / _WORKSHOP, Hushed(self._notes)):
            if rules and made.finding.rule not in rules:
                continue
            if isinstance(made, Untreated):
                self._declined[made.finding.id] = made.reason
            elif self._wanted.intersection(made.finding.endpoints):
                yield made

    @property
    def _first_wanted(self) -> str:
        """The endpoint that recipes of others are carried to; empty where all are asked for."""
        return min(self._wanted) if self._request.audit.endpoints and self._wanted else ""

    def _concerned(self, made: Proposed) -> str:
        """The endpoint that a trial is counted for: the first of those that were asked for and that it treats."""
        return min(self._wanted.intersection(made.finding.endpoints))

    def _carried(self, given: Proposal) -> Proposal:
        """Written for the tree as the user has it, it is tried on what this run has made of it."""
        baseline, now = self.recorder.ledger.baseline, self.known_good
        assert baseline is not None
        read_old, read_now = partial(self.store.read, baseline), partial(self.store.read, now)
        return replace(given, patch=rebased(given.patch, read_old, read_now, tree=now.id))

    def _done(self) -> set[str]:
        ledger = self.recorder.ledger
        kept = (*ledger.kept, *ledger.pending, *(one.kept for one in ledger.undone))
        return {*self._verdicts, *(one.change for one in kept), *(one.change for one in ledger.failed)}

    @property
    def known_good(self) -> Tree:
        """The last tree that passed every gate."""
        tree = self.recorder.ledger.known_good
        assert tree is not None
        return tree

    def forget(self) -> None:
        """Private copies of trees that no longer matter."""
        self.judges.forget_but(self.known_good)

    def proposals(self) -> Iterator[Proposed]:
        """What the codemods propose for known-good as it stands, in the order of the plan."""
        return self._wanted_ones(self.known_good)

    def result(self, *, timed: Sequence[str] | None = None, once_before: bool = False) -> Result:
        """What it came to; `timed` endpoints are given their times, whatever the gates asked.

        With `once_before` the baseline is timed on one fresh server only.
        """
        ledger = self.recorder.ledger
        assert ledger.baseline is not None
        assert ledger.known_good is not None
        if timed is None:
            timed = self._timed(ledger) if self._request.time else ()
        if timed:
            self._notes.step("timing endpoints before and after, cold")
        endpoints = self.target.judged(
            (ledger.baseline, self.player.counted(ledger.baseline, fully=True)),
            (ledger.known_good, self.player.counted(ledger.known_good, fully=True)),
            self._endpoint_by_request,
            wanted=self._wanted,
            timed=timed,
            once_before=once_before,
        )
        met = [one.target_met for one in endpoints if one.target_met is not None]
        return Result(
            run=self.recorder.run,
            target=str(self._request.audit.path),
            target_ms=self.target.aim.target_ms,
            target_met=all(met) if met else None,
            endpoints=endpoints,
            changes=tuple(self._changes(ledger)),
            constraints=ledger.constraints,
            declined=tuple(sorted(self._declined.items())),
            notes=(
                *self._chosen[1],
                *self._test_notes,
                *([self._stopped] if self._stopped else []),
                *(
                    []
                    if self._request.time
                    else ["no change was judged by time: counts and plans alone decided"]
                ),
                *self._unasked(),
            ),
            transfers=self._recipes.transfers(self._wanted),
            model=self._model,
        )

    def _unasked(self) -> tuple[str, ...]:
        """What a model would have done, where none was named."""
        if self._request.model is not None or self._given:
            return ()
        return (without_model_words(len(self._declined)),)

    def _timed(self, ledger: Ledger) -> tuple[str, ...]:
        """Endpoints of which the times are told: those with a target, those asked for, those that something was gained for."""
        if self.target.aim.target_ms is not None or self._request.audit.endpoints:
            return self.target.aim.endpoints
        return tuple(sorted({gain.endpoint for one in ledger.kept for gain in one.verdict.gains}))

    def _changes(self, ledger: Ledger) -> list[ChangeResult]:
        listed: list[ChangeResult] = []
        titles = self._titles | {one.change: one.title for one in ledger.kept}
        ended = [(one.change, one.verdict) for one in ledger.failed]
        ended += [(one.change, one.verdict) for one in ledger.kept]
        totals = running_totals([(one.change, one.verdict.gains) for one in ledger.kept])
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
                    finding=made.finding.id if made else self._treated.get(change, ""),
                    codemod=made.codemod if made else "",
                    gain=verdict.gains,
                    total=totals.get(change, ()),
                    shown=verdict.shown,
                )
            )
        return listed


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
