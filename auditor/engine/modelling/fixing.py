"""What the codemods leave, implemented by a model: endpoint by endpoint, change by change, each patch through the same gates.

Nothing is asked while a trial is open, so a model that stops answering, or a spending limit that is reached, leaves known-good as it is and
all that was kept. What the model said of an endpoint is stored with the run: going on with it does not ask, and pay, again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from auditor.engine.fixing.proposing import reader_of
from auditor.engine.modelling.audit import ENDPOINTS, costliest, open_desk
from auditor.engine.modelling.kept_judgement import judged_file, keep_judged, kept_judged
from auditor.llm.answer import Bill
from auditor.measure.contract.declared import Declared
from auditor.model.effect import EFFECT_KINDS
from auditor.model.fault import Fault
from auditor.model.trial_events import (
    ConstraintLearnt,
    ConstraintLearntData,
    ModelAsked,
    ModelAskedData,
)
from auditor.stages.checking.edits import Ground, Written
from auditor.stages.checking.reaching_out import importable_in
from auditor.stages.failure import Failure, failing_requests
from auditor.stages.implement import Implemented, again, implement
from auditor.stages.judging import Judged, judge, model_part
from auditor.stages.playbook.shelf import playbooks_in, put_on_shelf
from auditor.stages.replan import target_facts
from auditor.stages.revert import diagnose
from auditor.stages.transfer import transfer
from auditor.trial.candidate import Promise
from auditor.trial.proposal import Proposal

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from auditor.engine.passes import Examined
    from auditor.engine.request import Notes
    from auditor.llm.client import Client
    from auditor.measure.workload import Workload
    from auditor.model.judged import Dropped, ModelPart, PromptUsed
    from auditor.model.plan import Change
    from auditor.model.report import Finding
    from auditor.model.trial import Verdict
    from auditor.stages.context.fitting import Lines
    from auditor.stages.desk import Desk
    from auditor.trial.memory import Memory
    from auditor.trial.recorder import Recorder
    from auditor.trial.trees import Tree, TreeStore

T = TypeVar("T")

REPAIRS: Final = 2
"""Attempts after the first that one change gets."""
PLAYBOOKS: Final = "playbooks"
_MOST_PLAYBOOKS: Final = 2
_LEARNT_LATE: Final = frozenset({"boot", "contract", "side-effects", "tests"})
"""Gates whose failures may teach something beyond the patch."""


class Trying(Protocol):
    """What is needed of a run: what it has come to, and a way to try a change."""

    recorder: Recorder
    folder: Path
    memory: Memory
    store: TreeStore

    @property
    def known_good(self) -> Tree:
        """The last tree that passed every gate."""

    @property
    def workload(self) -> Workload:
        """What is asked of every tree."""

    @property
    def is_full(self) -> bool:
        """Whether as many changes are kept as were asked for."""

    @property
    def target_ms(self) -> int | None:
        """What endpoints should take at most."""

    def was_tried(self, change: str, /) -> bool:
        """Whether there is a verdict on it."""

    def attempt(self, proposal: Proposal, /, *, finding: str = "") -> Verdict:
        """Takes one proposal through the gates."""

    def read(self) -> Examined:
        """What an audit makes of known-good, with what the workload was counted to cost."""


class WithModel:
    """One run's part that a model has."""

    def __init__(
        self,
        run: Trying,
        client: Client,
        /,
        *,
        wanted: frozenset[str],
        notes: Notes,
        named: bool = False,
        candidates: int = 1,
    ) -> None:
        """`named` is whether the endpoints that are `wanted` were named, so that all of them are meant."""
        self._run = run
        self._client = client
        self._wanted = wanted
        self._notes = notes
        self._named = named
        self._candidates = candidates
        self._runner: asyncio.Runner | None = None
        self._judged: list[Judged] = []
        self._dropped: list[Dropped] = []
        self._used: dict[str, PromptUsed] = {}
        self._bill = Bill()
        self.declined: dict[str, str] = {}
        """By finding, why there is no patch for it."""
        self.treated: set[str] = set()
        """Findings of the changes that were kept."""

    @property
    def part(self) -> ModelPart:
        """Who was asked, with which prompts, what was dropped, and what it cost."""
        part = model_part(self._judged, self._client.provider.model, self._used.values(), self._bill)
        return part.model_copy(update={"dropped": (*part.dropped, *self._dropped)})

    def all(self) -> Fault | None:
        """Every endpoint that is wanted, the costliest first; why it was stopped before the end."""
        with asyncio.Runner() as runner:
            self._runner = runner
            try:
                examined = self._run.read()
                for endpoint in self._endpoints(examined):
                    if self._run.is_full:
                        break
                    examined = self._endpoint(endpoint, examined)
            except Fault as fault:
                kept = len(self._run.recorder.ledger.kept)
                self._notes.warn(f"{fault}; {kept} changes are kept, and `auditor fix --resume` goes on")
                return fault
        return None

    def _endpoints(self, examined: Examined) -> list[str]:
        """Those that the workload asks and that cost anything; all that were named, or the costliest."""
        asked = {one.id for one in examined.report.endpoints if one.measured is not None}
        found = costliest(examined.report, asked & self._wanted)
        if self._named or len(found) <= ENDPOINTS:
            return found
        self._notes.warn(
            f"the model is asked about the {ENDPOINTS} costliest of {len(found)} endpoints; --endpoint names others"
        )
        return found[:ENDPOINTS]

    def _endpoint(self, endpoint: str, examined: Examined) -> Examined:
        """All changes of one endpoint; the tree as it is read afterwards."""
        desk = self._desk(endpoint, examined)
        before = len(self._run.recorder.ledger.kept)
        try:
            judged = self._judge(desk, endpoint, examined)
            findings = {finding.id: finding for finding in judged.findings}
            for change in self._changes(judged, examined):
                if self._run.is_full:
                    break
                treated = [findings[name] for name in change.findings if name in findings]
                if self._run.was_tried(change.id) or not self._still_there(treated, examined):
                    continue
                if self._change(desk, change, treated, examined):
                    examined = self._run.read()
                    desk.move_to(examined.scene.project, self._lines())
            if len(self._run.recorder.ledger.kept) > before:
                self._transfer(desk, endpoint, judged, before, examined)
        finally:
            self._told(desk, endpoint)
        return examined

    def _judge(self, desk: Desk, endpoint: str, examined: Examined) -> Judged:
        path = judged_file(self._run.folder, endpoint)
        known = kept_judged(path, endpoint)
        if known is None:
            self._notes.step(f"asking {desk.model} about {endpoint}")
            known = self._wait(
                judge(
                    desk,
                    examined.scene,
                    examined.report,
                    constraints=self._run.recorder.ledger.constraints,
                    playbook=self._playbook(endpoint, examined),
                )
            )
            keep_judged(path, known)
        for reason in known.unanswered:
            self._notes.warn(f"{endpoint}: no usable answer, so what the program knows stands: {reason}")
        self._judged.append(known)
        return known

    def _changes(self, judged: Judged, examined: Examined) -> list[Change]:
        """Those that the model has planned; the program's, where it has not."""
        planned = [change for _, change in judged.planned.changes]
        if planned or judged.planned.left:
            for name, reason in judged.planned.left:
                self.declined[name] = f"left by the plan: {reason}"
            return planned
        known = {finding.id for finding in judged.findings}
        every = examined.report.plan.changes
        return [one for one in every if one.findings and known.issuperset(one.findings)]

    def _still_there(self, treated: Sequence[Finding], examined: Examined) -> bool:
        """Whether an earlier change has not treated all of it already; what a model claimed is taken to be there."""
        now = {finding.id for finding in examined.report.findings}
        return any(finding.said_by or finding.id in now for finding in treated)

    def _change(self, desk: Desk, change: Change, treated: Sequence[Finding], examined: Examined) -> bool:
        """Whether a patch for `change` was kept."""
        self._notes.step(f"asking {desk.model} for {change.id}: {change.title}")
        made = self._wait(
            implement(desk, change, treated, self._ground(desk, change, treated), count=self._candidates)
        )
        tries = 0
        for repair in range(REPAIRS + 1):
            failure = None
            for candidate in made.candidates:
                tries += 1
                verdict = self._run.attempt(
                    _proposal(change, candidate, tries, treated), finding=change.findings[0]
                )
                if verdict.verdict == "kept":
                    self.treated.update(change.findings)
                    return True
                failure = self._failure(verdict, candidate)
                self._learn(desk, change, failure)
            if failure is None:
                self._decline(change, made.reason)
                return False
            if repair == REPAIRS or failure.verdict.verdict == "void":
                break
            self._notes.step(f"asking {desk.model} to try {change.id} again")
            made = self._again(desk, change, treated, made, failure, examined)
        self._decline(change, "every attempt failed")
        return False

    def _again(
        self,
        desk: Desk,
        change: Change,
        treated: Sequence[Finding],
        made: Implemented,
        failure: Failure,
        examined: Examined,
    ) -> Implemented:
        endpoint = next(one for one in examined.report.endpoints if one.id == desk.context.endpoint)
        slow = target_facts(self._run.target_ms, endpoint)
        return self._wait(again(desk, change, self._ground(desk, change, treated), made, failure, slow=slow))

    def _learn(self, desk: Desk, change: Change, failure: Failure) -> None:
        """Asks what a failure forbids, beyond what the trial has learnt from it by itself."""
        ledger = self._run.recorder.ledger
        if failure.verdict.gate not in _LEARNT_LATE:
            return
        read = partial(self._run.store.read, self._run.known_good)
        found = self._wait(diagnose(desk, change, failure, ledger.constraints, read))
        if found.constraint is not None:
            self._run.memory.add(found.constraint)
            data = ConstraintLearntData(constraint=found.constraint)
            self._run.recorder.emit(ConstraintLearnt, data, change=change.id)
        elif found.dropped:
            self._notes.warn(f"{change.id}: nothing was learnt: {found.dropped}")

    def _transfer(self, desk: Desk, endpoint: str, judged: Judged, before: int, examined: Examined) -> None:
        ledger = self._run.recorder.ledger
        changes = frozenset(one.change for one in ledger.kept[before:]) | {
            one.change for one in ledger.failed
        }
        findings = {finding.id: finding.rule for finding in judged.findings}
        treated = {name for _, change in judged.planned.changes for name in change.findings}
        rules = tuple(sorted({findings[name] for name in treated if name in findings}))
        now = next((one for one in examined.report.endpoints if one.id == endpoint), None)
        gains = target_facts(self._run.target_ms, now) if now else ""
        self._notes.step(f"asking {desk.model} what carries over from {endpoint}")
        found = self._wait(transfer(desk, ledger, endpoint, gains=gains, rules=rules, changes=changes))
        self._dropped += found.dropped
        if found.playbook is None:
            self._notes.warn(f"{endpoint}: no playbook: {found.reason}")
        else:
            put_on_shelf(found.playbook, self._shelf)

    def _playbook(self, endpoint: str, examined: Examined) -> str:
        """The playbooks that runs on this target were distilled into and that treat a rule found here."""
        rules = {one.rule for one in examined.report.findings if endpoint in one.endpoints}
        learnt = [one for one in playbooks_in(self._shelf) if not one.rules or rules.intersection(one.rules)]
        newest = sorted(learnt, key=lambda one: one.learnt_from)[-_MOST_PLAYBOOKS:]
        return "\n".join(one.body for one in newest)

    @property
    def _shelf(self) -> Path:
        return self._run.memory.folder / PLAYBOOKS

    def _desk(self, endpoint: str, examined: Examined) -> Desk:
        return open_desk(self._client, examined, examined.report, endpoint, self._lines())

    def _lines(self) -> Lines:
        read = reader_of(self._run.store, self._run.known_good)

        def lines(path: str) -> list[str]:
            text = read(path) if path.endswith(".py") else None
            return [] if text is None else text.split("\n")

        return lines

    def _ground(self, desk: Desk, change: Change, treated: Sequence[Finding]) -> Ground:
        ledger = self._run.recorder.ledger
        return Ground(
            read=partial(self._run.store.read, self._run.known_good),
            tree=self._run.known_good.id,
            files=change.files,
            constraints=ledger.constraints,
            failed_forms=ledger.failed_forms,
            may_touch=_may_touch(treated),
            importable=importable_in(desk.project),
            vault=self._client.vault,
        )

    def _failure(self, verdict: Verdict, candidate: Written) -> Failure:
        by_id = {one.id: one for one in self._run.workload.requests}
        return Failure(verdict=verdict, patch=candidate.patch, requests=failing_requests(verdict, by_id))

    def _decline(self, change: Change, reason: str) -> None:
        for name in change.findings:
            self.declined[name] = f"the model: {reason}"

    def _told(self, desk: Desk, endpoint: str) -> None:
        """What was asked about an endpoint stands in the run's events, with the prompts it was asked with."""
        self._used |= desk.used
        self._bill += desk.bill
        if not desk.used:
            return
        data = ModelAskedData(
            model=desk.model,
            about=endpoint,
            prompts=tuple(desk.used[name] for name in sorted(desk.used)),
            calls=desk.bill.calls,
            input_tokens=desk.bill.usage.input_tokens,
            output_tokens=desk.bill.usage.output_tokens,
            usd=None if desk.bill.usd is None else f"{desk.bill.usd:.4f}",
        )
        self._run.recorder.emit(ModelAsked, data)

    def _wait(self, question: Coroutine[Any, Any, T]) -> T:
        assert self._runner is not None
        return self._runner.run(question)


def _proposal(change: Change, candidate: Written, number: int, treated: Sequence[Finding]) -> Proposal:
    """The first attempt has the change's own id, each later one a number."""
    kinds = set(change.expected)
    batches = bool(kinds & {"rows", "rows_read", "sql"})
    promised = [kind for kind in EFFECT_KINDS if kind in kinds]
    return Proposal(
        change=change.id if number == 1 else f"{change.id}-{number}",
        title=change.title,
        patch=candidate.patch,
        allowed=change.files,
        promises=tuple(
            Promise(endpoint=endpoint, kind=kind) for endpoint in change.endpoints for kind in promised
        ),
        declared=Declared(fewer_records="log" in kinds, fewer_reads="http" in kinds),
        constant_rise=("sql",) if batches else (),
        may_touch=_may_touch(treated),
        endpoints={path: frozenset(change.endpoints) for path in change.files},
    )


def _may_touch(treated: Sequence[Finding]) -> frozenset[str]:
    indexes = any(finding.rule == "missing-index" for finding in treated)
    return frozenset({"migration"}) if indexes else frozenset()
