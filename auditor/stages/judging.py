"""The first three stages of one endpoint, in order, and the report that they lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.model.judged import Dropped, EndpointJudged, Label, ModelPart
from auditor.model.report import Finding
from auditor.rules import rule_infos
from auditor.stages.analyze import analyze
from auditor.stages.architecture import architecture
from auditor.stages.plan import planned_anew
from auditor.stages.replan import Replanned, merged_plan, replan
from auditor.stages.vocabulary import claimed_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.llm.answer import Bill
    from auditor.model.constraint import Constraint
    from auditor.model.judged import PromptUsed
    from auditor.model.report import Report
    from auditor.model.rule import RuleInfo
    from auditor.rules.scene import Scene
    from auditor.stages.desk import Desk


MOST_FINDINGS: Final = 30
"""That a model is asked about for one endpoint: each needs an answer, and a place in the plan. Those of less weight stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a model made of one endpoint, as far as it held."""

    endpoint: str
    findings: tuple[Finding, ...]
    """Those of the endpoint that were asked about, with judgements, and the claims."""
    unasked: int = 0
    """How many others it has."""
    design: str = ""
    planned: Replanned = field(default_factory=Replanned)
    labels: tuple[Label, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    unanswered: tuple[str, ...] = ()


async def judge(
    desk: Desk,
    scene: Scene,
    report: Report,
    /,
    *,
    constraints: Sequence[Constraint] = (),
    playbook: str = "",
) -> Judged:
    """Analyses, plans and names the desk's endpoint, an id of `report`.

    Raises:
        Fault: the service gives no answer, or the spending limit is reached.
    """
    endpoint = next(one for one in report.endpoints if one.id == desk.context.endpoint)
    every = [one for one in report.findings if endpoint.id in one.endpoints and one.status != "refuted"]
    weightiest = sorted(every, key=lambda one: (-one.severity.rank, -one.confidence, one.id))[:MOST_FINDINGS]
    findings = [one for one in every if one in weightiest]
    analyzed = await analyze(desk, scene, endpoint, findings, playbook=playbook)
    planned = await replan(
        desk, report, endpoint, analyzed.findings, design=analyzed.design, constraints=constraints
    )
    sizes = {name for cost in endpoint.cost.values() for term in cost.terms for name in term.sizes}
    named = await architecture(
        desk, endpoint, [report.sizes[name] for name in sorted(sizes & set(report.sizes))]
    )
    unanswered = {
        "analyze": analyzed.unanswered,
        "plan": planned.unanswered,
        "architecture": named.unanswered,
    }
    return Judged(
        endpoint=endpoint.id,
        findings=analyzed.findings,
        unasked=len(every) - len(findings),
        design=analyzed.design,
        planned=planned,
        labels=named.labels,
        dropped=(*analyzed.dropped, *named.dropped),
        unanswered=tuple(f"{stage}: {why}" for stage, why in unanswered.items() if why),
    )


def with_judged(
    report: Report, judged: Sequence[Judged], /, *, model: str, prompts: Iterable[PromptUsed], bill: Bill
) -> Report:
    """`report` with what was judged: findings marked with who said what, and the plan anew."""
    by_id = {finding.id: finding for finding in report.findings}
    for one in judged:
        for finding in one.findings:
            by_id[finding.id] = _both(by_id.get(finding.id), finding)
    found = tuple(sorted(by_id.values(), key=lambda one: (one.file, one.line, one.rule, one.id)))
    added = report.model_copy(update={"findings": found, "rules": _rules(report, found)})
    planned = planned_anew(added)
    plan = merged_plan(planned.plan, [one.planned for one in judged])
    return planned.model_copy(update={"plan": plan, "model": model_part(judged, model, prompts, bill)})


def model_part(
    judged: Iterable[Judged], model: str, prompts: Iterable[PromptUsed], bill: Bill, /
) -> ModelPart:
    """Who was asked, with which prompts, what was dropped, and what it cost."""
    every = tuple(judged)
    used = {one.id: one for one in prompts}
    return ModelPart(
        model=model,
        prompts=tuple(used[name] for name in sorted(used)),
        endpoints=tuple(_told(one) for one in every),
        dropped=tuple(dropped for one in every for dropped in one.dropped),
        calls=bill.calls,
        input_tokens=bill.usage.input_tokens,
        output_tokens=bill.usage.output_tokens,
        usd=None if bill.usd is None else f"{bill.usd:.4f}",
    )


def _told(one: Judged) -> EndpointJudged:
    return EndpointJudged(
        endpoint=one.endpoint,
        design=one.design,
        judgements=sum(finding.judgement is not None for finding in one.findings),
        claims=sum(bool(finding.said_by) for finding in one.findings),
        labels=one.labels,
        unanswered=one.unanswered,
        unasked=one.unasked,
    )


def _both(known: Finding | None, said: Finding) -> Finding:
    """A finding of several endpoints may be judged for each: the first judgement stands. A claim gains endpoints."""
    if known is None:
        return said
    endpoints = tuple(sorted({*known.endpoints, *said.endpoints}))
    judgement = known.judgement or said.judgement
    confidence = min(known.confidence, said.confidence)
    return known.model_copy(update={"endpoints": endpoints, "judgement": judgement, "confidence": confidence})


def _rules(report: Report, findings: Iterable[Finding]) -> tuple[RuleInfo, ...]:
    known = {rule.id: rule for rule in (*rule_infos(), *report.rules)}
    named = {}
    for finding in findings:
        named[finding.rule] = known.get(finding.rule) or claimed_rule(finding.rule)  # type: ignore[arg-type]  # one of the vocabulary, or a rule
    return tuple(named[name] for name in sorted(named))
