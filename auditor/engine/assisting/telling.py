"""Verdicts, constraints and what a run has come to, as answers."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from auditor.engine.assisting.answer import Answer
from auditor.engine.assisting.room import Trial
from auditor.engine.fixing.run import Run
from auditor.model.constraint import Constraint
from auditor.model.trial import Verdict
from auditor.stages.failure import requests_text

_GAINS: Final = 12


def progress_of(run: Run, /) -> Answer:
    """What was kept, what was not, and what it came to."""
    ledger = run.recorder.ledger
    return {
        "run": run.recorder.run,
        "target_ms": run.target_ms if ledger.kept else None,
        "kept": [
            {"change": one.change, "title": one.title, "gain": _gains(one.verdict)} for one in ledger.kept
        ],
        "not_kept": [
            {"change": one.change, "gate": one.verdict.gate, "why": one.verdict.text} for one in ledger.failed
        ],
        "together": _together(run) if ledger.kept else [],
        "bring_home": "the user runs `auditor apply`: one commit per change on a branch of its own",
    }


def _together(run: Run) -> list[JsonValue]:
    """What the kept changes gained together, by endpoint and component, the most first."""
    totals: dict[tuple[str, str], tuple[float, float]] = {}
    for kept in run.recorder.ledger.kept:
        for gain in kept.verdict.gains:
            key = gain.endpoint, gain.kind
            totals[key] = totals.get(key, (gain.before, 0.0))[0], gain.after
    largest = sorted(totals.items(), key=lambda one: (one[1][1] - one[1][0], one[0]))
    return [f"{endpoint}: {kind} {was:g} → {now:g}" for (endpoint, kind), (was, now) in largest[:_GAINS]]


def verdict_of(trial: Trial, verdict: Verdict) -> Answer:
    return {
        "trial": trial.id,
        "change": trial.proposal.change,
        "verdict": verdict.verdict,
        "text": verdict.text,
        "gate": verdict.gate,
        "root_error": verdict.root_error[:2000],
        "culprit": list((verdict.culprit or (trial.attempts[0].culprit if trial.attempts else ()))[:20]),
        "evidence": [
            line[:400]
            for gate in trial.gates
            if not gate.lets_through
            for line in gate.evidence[:12]
            if line not in verdict.root_error
        ],
        "requests": [*requests_text(trial.requests).split("\n")] if trial.requests else [],
        "attempts": [f"{one.verdict}: {one.text}" for one in trial.attempts],
        "learnt": list(trial.learnt),
        "gates": gates_of(trial),
        "gain": _gains(verdict),
    }


def gates_of(trial: Trial, /) -> list[JsonValue]:
    return [f"{one.gate}: {one.outcome}: {one.text}" for one in trial.gates]


def _gains(verdict: Verdict) -> list[JsonValue]:
    largest = sorted(verdict.gains, key=lambda one: (one.after - one.before, one.endpoint, one.kind))
    return [f"{one.endpoint}: {one.kind} {one.before:g} → {one.after:g}" for one in largest[:_GAINS]]


def constraint_of(one: Constraint) -> Answer:
    return {
        "id": one.id,
        "kind": one.rule.kind,
        "because": one.because,
        "rule": one.rule.model_dump(mode="json"),
    }
