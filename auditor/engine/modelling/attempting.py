"""One change, until a patch for it is kept: the first attempt, and those that go on from its failure."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from auditor.measure.contract.declared import Declared
from auditor.model.effect import EFFECT_KINDS
from auditor.model.trial_events import ConstraintLearnt, ConstraintLearntData
from auditor.stages.checking.edits import Ground, Written
from auditor.stages.checking.reaching_out import importable_in
from auditor.stages.failure import Failure, failing_requests
from auditor.stages.implement import again, implement
from auditor.stages.replan import target_facts
from auditor.stages.revert import Diagnosed, diagnose
from auditor.trial.candidate import Promise
from auditor.trial.proposal import Proposal

if TYPE_CHECKING:
    from auditor.engine.modelling.trying import Trying
    from auditor.engine.request import Notes
    from auditor.llm.redaction.vault import Vault
    from auditor.model.plan import Change
    from auditor.model.report import Endpoint, Finding
    from auditor.model.trial import Verdict
    from auditor.stages.desk import Desk

T = TypeVar("T")

REPAIRS: Final = 2
"""Attempts after the first that one change gets."""
_LEARNT_LATE: Final = frozenset({"boot", "contract", "side-effects", "tests"})
"""Gates whose failures may teach something beyond the patch."""


class Wait(Protocol):
    """Runs a question to its end."""

    def __call__(self, question: Coroutine[Any, Any, T], /) -> T:
        """Its answer."""


class Attempts:
    """Tries changes in a run."""

    def __init__(self, run: Trying, vault: Vault, wait: Wait, notes: Notes, /, *, candidates: int) -> None:
        self._run = run
        self._vault = vault
        self._wait = wait
        self._notes = notes
        self._candidates = candidates

    def outcome(
        self, desk: Desk, change: Change, treated: Sequence[Finding], endpoint: Endpoint
    ) -> str | None:
        """Why no patch for `change` was kept; None where one was. `treated` are its findings, `endpoint` is the desk's as it stands."""
        self._notes.step(f"asking {desk.model} for {change.id}: {change.title}")
        made = self._wait(
            implement(desk, change, treated, self._ground(desk, change, treated), count=self._candidates)
        )
        tries = 0
        for repair in range(REPAIRS + 1):
            failure = taught = None
            for candidate in made.candidates:
                tries += 1
                verdict = self._run.attempt(
                    _proposal(change, candidate, tries, treated), finding=change.findings[0]
                )
                if verdict.verdict == "kept":
                    return None
                failure = self._failure(verdict, candidate)
                taught = self._learn(desk, change, failure)
            if failure is None:
                return made.reason
            if taught is not None and taught.gives_up:
                return f"given up after the failure: {' '.join(filter(None, (taught.cause, taught.advice)))}"
            if repair == REPAIRS or failure.verdict.verdict == "void":
                break
            self._notes.step(f"asking {desk.model} to try {change.id} again")
            slow = target_facts(self._run.target_ms, endpoint)
            ground = self._ground(desk, change, treated)
            if taught is not None:
                thought = "\n".join(filter(None, (taught.cause, taught.advice)))
                failure = replace(failure, thought=thought)
            made = self._wait(again(desk, change, ground, made, failure, slow=slow))
        return "every attempt failed"

    def _learn(self, desk: Desk, change: Change, failure: Failure) -> Diagnosed | None:
        """What a failure forbids, beyond what the trial has learnt from it by itself; None where that is not asked."""
        ledger = self._run.recorder.ledger
        if failure.verdict.gate not in _LEARNT_LATE:
            return None
        read = partial(self._run.store.read, self._run.known_good)
        found = self._wait(diagnose(desk, change, failure, ledger.constraints, read))
        if found.constraint is not None:
            self._run.memory.add(found.constraint)
            data = ConstraintLearntData(constraint=found.constraint)
            self._run.recorder.emit(ConstraintLearnt, data, change=change.id)
        elif found.dropped:
            self._notes.warn(f"{change.id}: nothing was learnt: {found.dropped}")
        return found

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
            vault=self._vault,
        )

    def _failure(self, verdict: Verdict, candidate: Written) -> Failure:
        by_id = {one.id: one for one in self._run.workload.requests}
        return Failure(verdict=verdict, patch=candidate.patch, requests=failing_requests(verdict, by_id))


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
