"""Stage 1: every bottleneck on the way of a request, with evidence.

The rules have spoken. A model that sees the whole chain says how it would build the same, judges each finding, and claims what rules can't
see. What it says is held against the code: a claim whose citation does not read as quoted, that names what is not there, or that stands where
the trace has no such effect, is dropped and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.llm.answer import Answered
from auditor.model.judged import Dropped, Judgement
from auditor.stages.answers.analysis import Analysis
from auditor.stages.checking.claims import claimed
from auditor.stages.checking.grounds import Grounds
from auditor.stages.checking.wording import sentence, wording_problem
from auditor.stages.context.facts import finding_facts
from auditor.stages.prompting.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.model.report import Endpoint, Finding
    from auditor.rules.scene import Scene
    from auditor.stages.answers.analysis import FindingJudged
    from auditor.stages.desk import Desk

DOUBTED: Final = 0.5
"""What a finding's confidence is multiplied with that a model rejects: it stays, and sinks."""
MOST_CLAIMS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyzed:
    """What is left of an analysis once it was checked."""

    design: str = ""
    findings: tuple[Finding, ...] = ()
    """Those of the rules, each with its judgement where there is one, and then the claims."""
    dropped: tuple[Dropped, ...] = ()
    unanswered: str = ""
    """Why there is no analysis: then the findings are as the rules left them."""


async def analyze(
    desk: Desk, scene: Scene, endpoint: Endpoint, findings: Sequence[Finding], /, *, playbook: str = ""
) -> Analyzed:
    """The findings of `endpoint`, judged and added to."""
    given = {
        "playbook": Shown(kind="playbook", text=playbook or "none yet"),
        "findings": Shown(kind="findings", text=finding_facts(findings) or "none"),
    }
    asked = await desk.ask("analyze", given, Analysis)
    if not isinstance(asked.answer, Answered):
        return Analyzed(findings=tuple(findings), unanswered=asked.answer.detail)
    answer = asked.answer.data
    grounds = Grounds(scene, endpoint, desk.lines, asked.sent, desk.client.vault.restore)
    judged, refused = _judged(answer.judgements, findings, grounds, desk.model)
    claims, unfounded = _claims(answer, judged, grounds, desk.model)
    design = _design(answer.design, grounds)
    return Analyzed(design=design, findings=(*judged, *claims), dropped=(*refused, *unfounded))


def _judged(
    judgements: Iterable[FindingJudged], findings: Sequence[Finding], grounds: Grounds, model: str
) -> tuple[list[Finding], list[Dropped]]:
    """The findings in their order, those with a judgement that holds marked with it."""
    by_id = {finding.id: finding for finding in findings}
    dropped: list[Dropped] = []
    seen: set[str] = set()
    for said in judgements:
        finding = by_id.get(said.finding)
        problem = _problem(said, finding, grounds, seen)
        if problem is not None or finding is None:
            about = finding.id if finding is not None else "a finding"
            dropped.append(_dropped(grounds, "judgement", f"{about}: {problem}"))
            continue
        seen.add(finding.id)
        place = grounds.cited(said.citation)
        assert not isinstance(place, str), "it was checked"
        judgement = Judgement(
            verdict=said.verdict,
            reason=sentence(said.reason),
            correction=sentence(said.correction or "") if said.verdict == "corrected" else "",
            by=model,
            file=place.file,
            line=place.line,
            end_line=place.end_line,
        )
        weight = DOUBTED if said.verdict == "rejected" else 1.0
        by_id[finding.id] = finding.model_copy(
            update={"judgement": judgement, "confidence": round(finding.confidence * weight, 3)}
        )
    return [by_id[finding.id] for finding in findings], dropped


def _problem(said: FindingJudged, finding: Finding | None, grounds: Grounds, seen: set[str]) -> str | None:
    if finding is None:
        return "there is no such finding"
    if finding.id in seen:
        return "was judged twice"
    if said.verdict == "rejected" and finding.status == "confirmed":
        return "was measured and can't be rejected"
    if said.verdict == "corrected" and not (said.correction or "").strip():
        return "is corrected without a correction"
    place = grounds.cited(said.citation)
    if isinstance(place, str):
        return place
    names = grounds.names()
    for text in (said.reason, said.correction or ""):
        problem = wording_problem(text, names, about_sql=True)
        if problem is not None:
            return problem
    return None if said.reason.strip() else "has no reason"


def _claims(
    answer: Analysis, judged: Sequence[Finding], grounds: Grounds, model: str
) -> tuple[list[Finding], list[Dropped]]:
    made: dict[str, Finding] = {}
    dropped: list[Dropped] = []
    for claim in answer.claims[:MOST_CLAIMS]:
        found = claimed(claim, grounds, [*judged, *made.values()], model=model)
        if isinstance(found, str):
            dropped.append(_dropped(grounds, "claim", found))
        else:
            made[found.id] = found
    if len(answer.claims) > MOST_CLAIMS:
        text = f"{len(answer.claims) - MOST_CLAIMS} claims over the limit of {MOST_CLAIMS}"
        dropped.append(_dropped(grounds, "claim", text))
    return list(made.values()), dropped


def _design(text: str, grounds: Grounds) -> str:
    """Words about what could be: they may name what is not there, but state no figures."""
    problem = wording_problem(text.replace("`", ""), grounds.names(), about_sql=True)
    return "" if problem is not None and "figure" in problem else sentence(text)


def _dropped(grounds: Grounds, what: str, reason: str) -> Dropped:
    return Dropped.model_validate({"endpoint": grounds.endpoint.id, "what": what, "reason": reason})
