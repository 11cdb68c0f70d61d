"""What the codemods leave, implemented by a model: endpoint by endpoint, change by change, each patch through the same gates.

Nothing is asked while a trial is open, so a model that stops answering, or a spending limit that is reached, leaves known-good as it is and
all that was kept. What the model said of an endpoint is stored with the run: going on with it does not ask, and pay, again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.engine.fixing.proposing import reader_of
from auditor.engine.modelling.attempting import Attempts
from auditor.engine.modelling.audit import ENDPOINTS, costliest, open_desk
from auditor.engine.modelling.kept_judgement import judged_file, keep_judged, kept_judged
from auditor.engine.modelling.learnt_playbooks import PLAYBOOKS, playbook_for, treated_rules
from auditor.engine.modelling.seen import seen_text
from auditor.model.fault import Fault
from auditor.model.trial_events import ModelAsked, ModelAskedData
from auditor.repo.roles import role_of_path
from auditor.stages.judging import Judged, judge, model_part
from auditor.stages.playbook.shelf import put_on_shelf
from auditor.stages.prompting.shown import Shown
from auditor.stages.replan import target_facts
from auditor.stages.transfer import transfer

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from auditor.engine.modelling.trying import Trying
    from auditor.engine.passes import Examined
    from auditor.engine.request import Notes
    from auditor.llm.client import Client
    from auditor.model.judged import Dropped, ModelPart, PromptUsed
    from auditor.model.plan import Change
    from auditor.model.report import Endpoint, Finding
    from auditor.stages.context.fitting import Lines
    from auditor.stages.desk import Desk

T = TypeVar("T")


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
        self.declined: dict[str, str] = {}
        """By finding, why there is no patch for it."""
        self.treated: set[str] = set()
        """Findings of the changes that were kept."""

    @property
    def part(self) -> ModelPart:
        """Who was asked, with which prompts, what was dropped, and what the run has cost with all that it was gone on with."""
        spent = self._client.spending.spent
        part = model_part(self._judged, self._client.provider.model, self._used.values(), spent)
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
                if self._is_kept(desk, change, treated, examined):
                    examined = self._run.read()
                    desk.move_to(examined.scene.project, self._lines(), figures=self._figures(desk, examined))
            if len(self._run.recorder.ledger.kept) > before:
                self._carry_over(desk, judged, before, examined)
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
                    playbook=playbook_for(self._shelf, endpoint, examined.report),
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

    def _is_kept(self, desk: Desk, change: Change, treated: Sequence[Finding], examined: Examined) -> bool:
        attempts = Attempts(
            self._run, self._client.vault, self._wait, self._notes, candidates=self._candidates
        )
        reason = attempts.outcome(desk, change, treated, _endpoint(examined, desk))
        if reason is None:
            self.treated.update(change.findings)
        else:
            self.declined |= dict.fromkeys(change.findings, f"the model: {reason}")
            self._notes.step(f"{change.id}: no patch: {reason}")
        return reason is None

    def _carry_over(self, desk: Desk, judged: Judged, before: int, examined: Examined) -> None:
        """Asks what of it would help another endpoint; `before` is how many changes were kept before this one's."""
        ledger = self._run.recorder.ledger
        changes = {one.change for one in ledger.kept[before:]} | {one.change for one in ledger.failed}
        gains = target_facts(self._run.target_ms, _endpoint(examined, desk))
        self._notes.step(f"asking {desk.model} what carries over from {judged.endpoint}")
        found = self._wait(
            transfer(
                desk,
                ledger,
                judged.endpoint,
                gains=gains,
                rules=treated_rules(judged),
                changes=frozenset(changes),
            )
        )
        self._dropped += found.dropped
        if found.playbook is None:
            self._notes.warn(f"{judged.endpoint}: no playbook: {found.reason}")
        else:
            put_on_shelf(found.playbook, self._shelf)

    @property
    def _shelf(self) -> Path:
        return self._run.memory.folder / PLAYBOOKS

    def _desk(self, endpoint: str, examined: Examined) -> Desk:
        known = next(one for one in examined.report.endpoints if one.id == endpoint)
        seen = self._seen(known)
        return open_desk(self._client, examined, examined.report, endpoint, self._lines(), seen=seen)

    def _seen(self, endpoint: Endpoint) -> str:
        asked = endpoint.measured.requests if endpoint.measured else ()
        requests = {one.id: one for one in self._run.workload.requests}
        return seen_text(asked, self._run.statements(), requests)

    def _figures(self, desk: Desk, examined: Examined) -> tuple[Shown, ...]:
        """What its requests cost and ask now."""
        endpoint = _endpoint(examined, desk)
        costs = Shown(kind="costs-now", text=target_facts(self._run.target_ms, endpoint))
        seen = self._seen(endpoint)
        return (costs, Shown(kind="requests-now", text=seen)) if seen else (costs,)

    def _lines(self) -> Lines:
        read = reader_of(self._run.store, self._run.known_good)

        def lines(path: str) -> list[str]:
            text = read(path)
            if text is None or not (path.endswith(".py") or role_of_path(path, text.encode()) == "template"):
                return []
            return text.split("\n")

        return lines

    def _told(self, desk: Desk, endpoint: str) -> None:
        """What was asked about an endpoint stands in the run's events, with the prompts it was asked with."""
        self._used |= desk.used
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


def _endpoint(examined: Examined, desk: Desk) -> Endpoint:
    return next(one for one in examined.report.endpoints if one.id == desk.context.endpoint)
