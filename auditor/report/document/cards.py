"""One change as a card: why, where with evidence, what to do, how to check it, what can go wrong."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from auditor.model.plan import CHANGES_IN_FULL, Change, Phase
from auditor.model.report import Endpoint, Finding, Frame, Report
from auditor.report.document.escape import code, sentence, text
from auditor.report.document.said import judged
from auditor.report.document.summary import anchor, expected
from auditor.report.figures import count

FINDINGS: Final = 3
"""Findings of a card that are shown with their evidence; the others with their place only."""
EVIDENCE: Final = 3
ENDPOINTS: Final = 5
LONGEST_CHAIN: Final = 5
"""Frames of a chain that are shown."""


def phases(report: Report) -> list[str]:
    """The blocks of all phases."""
    findings = {finding.id: finding for finding in report.findings}
    endpoints = {endpoint.id: endpoint for endpoint in report.endpoints}
    blocks: list[str] = []
    for phase in report.plan.phases:
        shown = [change for change in phase.changes if change.rank <= CHANGES_IN_FULL]
        if shown:
            blocks.append(_heading(phase))
        for change in shown:
            blocks += card(change, findings, endpoints)
    return blocks


def card(change: Change, findings: Mapping[str, Finding], endpoints: Mapping[str, Endpoint]) -> list[str]:
    """The blocks of one change."""
    title = f'### <a id="{anchor(change)}"></a>{text(change.id)}: {sentence(change.title)}'
    found = [findings[name] for name in change.findings if name in findings]
    return [block for block in (title, _lead(change), _where(found, endpoints), _how(change)) if block]


def _heading(phase: Phase) -> str:
    return f"## Phase {phase.number}: {text(phase.title)}"


def _lead(change: Change) -> str:
    facts = [f"**Expected:** {expected(change)}"] if change.expected else []
    facts.append(f"**Effort:** {change.effort}")
    if change.depends_on:
        facts.append(f"**After:** {', '.join(text(name) for name in change.depends_on)}")
    lead = f"{sentence(change.why)}  \n{' · '.join(facts)}"
    others = change.endpoints[:ENDPOINTS]
    more = len(change.endpoints) - len(others)
    if len(change.endpoints) > 1 or not said_in(change.title + change.why, change.endpoints):
        names = ", ".join(code(name) for name in others)
        lead += f"  \n**Endpoints:** {names}{f' and {more} more' if more > 0 else ''}"
    return lead


def said_in(words: str, names: Sequence[str]) -> bool:
    """Whether every one of `names` stands in `words`."""
    return all(name in words for name in names)


def _where(found: Sequence[Finding], endpoints: Mapping[str, Endpoint]) -> str:
    lines: list[str] = []
    for finding in found[:FINDINGS]:
        lines += _finding(finding, endpoints)
    rest = found[FINDINGS:]
    if rest:
        places = ", ".join(code(f"{finding.file}:{finding.line}") for finding in rest[:FINDINGS])
        more = f" and {len(rest) - FINDINGS} more" if len(rest) > FINDINGS else ""
        lines.append(f"- Also {places}{more}")
    return "\n".join(lines)


def _finding(finding: Finding, endpoints: Mapping[str, Endpoint]) -> list[str]:
    sure = f"{round(100 * finding.confidence)} % sure" if finding.status == "suspected" else finding.status
    place = code(f"{finding.file}:{finding.line}")
    lines = [
        f"- {place} {sentence(finding.title)} ({text(finding.rule)}, {finding.severity}, {sure}, {text(finding.id)})"
    ]
    lines += judged(finding)
    lines += [f"  - {sentence(evidence.text)}" for evidence in finding.evidence[:EVIDENCE]]
    if not any(evidence.kind == "chain" for evidence in finding.evidence):
        lines += [f"  - {chain}" for chain in _chain(finding, endpoints)]
    related = _unsaid(finding)
    return [*lines, f"  - also: {', '.join(related)}"] if related else lines


def _unsaid(finding: Finding) -> list[str]:
    """The related places that neither the finding's own place nor its evidence names already."""
    said = " ".join([f"{finding.file}:{finding.line}", *(evidence.text for evidence in finding.evidence)])
    places = {f"{place.file}:{place.line}": place.role for place in finding.related}
    return [
        f"{role} at {code(place)}" for place, role in places.items() if not _is_said(place, said, finding)
    ]


def _is_said(place: str, said: str, finding: Finding) -> bool:
    """Evidence gives a line of the finding's own file as `line 12`."""
    file, _, line = place.rpartition(":")
    return place in said or (file == finding.file and re.search(rf"\bline {line}\b", said) is not None)


def _chain(finding: Finding, endpoints: Mapping[str, Endpoint]) -> list[str]:
    """The way from the first endpoint that reaches it, where the trace has one."""
    wanted = set(finding.cost_term.effects) if finding.cost_term else set()
    for name in finding.endpoints:
        for effect in endpoints[name].effects if name in endpoints else ():
            if effect.id in wanted and effect.chain:
                return [f"{code(name)} → {' → '.join(_frames(effect.chain))}"]
    return []


def _frames(chain: Sequence[Frame]) -> list[str]:
    """Each frame as a code span; of a long chain the first two and the last three."""
    shown = [code(f"{frame.function.rpartition('.')[2]}() {frame.file}:{frame.line}") for frame in chain]
    left_out = len(shown) - LONGEST_CHAIN
    return shown if left_out <= 0 else [*shown[:2], f"{left_out} more", *shown[-(LONGEST_CHAIN - 2) :]]


def _how(change: Change) -> str:
    lines = [f"**Do:** {' '.join(sentence(step) for step in change.steps)}"] if change.steps else []
    lines.append(f"**Verify:** {' '.join(sentence(check) for check in change.verify.splitlines())}")
    lines.append(f"**Risk:** {sentence(change.risk)}")
    lines.append(f"**Could be wrong:** {sentence(change.could_be_wrong)}")
    lines.append(f"**Roll back:** {sentence(change.rollback)}")
    return "  \n".join(lines)


def rest(report: Report) -> list[tuple[Change, int]]:
    """The changes that have no card, with their phase, the most worthwhile first."""
    phase_of = {change.id: phase.number for phase in report.plan.phases for change in phase.changes}
    return [(change, phase_of[change.id]) for change in report.plan.changes if change.rank > CHANGES_IN_FULL]


def endpoint_count(change: Change) -> str:
    """`3 endpoints`, or that none is known."""
    return count(len(change.endpoints), "endpoint") if change.endpoints else "none known"
