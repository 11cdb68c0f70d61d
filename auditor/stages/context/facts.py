"""What the program knows about an endpoint, in words: cost, sizes, chains, measured figures, findings, constraints."""

from collections.abc import Iterable, Mapping
from typing import Final

from auditor.model.constraint import Constraint
from auditor.model.cost_text import cost_text
from auditor.model.numbers import Number
from auditor.model.report import CostTerm, Effect, Endpoint, Finding, Size
from auditor.model.vector import VECTOR_KEYS, Vector

MOST_EFFECTS: Final = 60
MOST_UNRESOLVED: Final = 12
MOST_UNTRACED: Final = 12


def endpoint_facts(endpoint: Endpoint, sizes: Mapping[str, Size], /) -> str:
    """Cost formulas, what the sizes count, figures measured, and each effect with its chain."""
    lines = [
        f"endpoint: {endpoint.id}",
        f"handler: {endpoint.handler} at {endpoint.file}:{endpoint.line} ({endpoint.framework})",
    ]
    lines += [f"cost in {kind}: {cost.text}" for kind, cost in endpoint.cost.items()]
    named = {name for cost in endpoint.cost.values() for term in cost.terms for name in term.sizes}
    lines += [_size(name, sizes[name]) for name in sorted(named) if name in sizes]
    lines += measured_lines(endpoint)
    lines += ["effects, each with one way of calls that leads to it; the cost counts every way:"]
    lines += [_effect(effect) for effect in endpoint.effects[:MOST_EFFECTS]]
    if len(endpoint.effects) > MOST_EFFECTS:
        lines.append(f"and {len(endpoint.effects) - MOST_EFFECTS} more effects, which cost less")
    untraced = endpoint.measured.untraced[:MOST_UNTRACED] if endpoint.measured else ()
    lines += [
        f"seen and not traced: {one.kind} {one.text} at {f'{one.file}:{one.line}' if one.file else 'no line of the application'}, {one.observed.value:g} times a request"
        for one in untraced
        if one.observed.value is not None
    ]
    unresolved = endpoint.coverage.unresolved[:MOST_UNRESOLVED]
    lines += [f"not followed: {one.call} at {one.file}:{one.line}" for one in unresolved]
    return "\n".join(lines)


def measured_lines(endpoint: Endpoint, /) -> list[str]:
    """Mean and worst of each component that was measured."""
    if endpoint.measured is None:
        return ["measured: nothing yet"]
    mean, worst = endpoint.measured.vector, endpoint.measured.worst
    lines = [f"measured over {len(endpoint.measured.requests)} requests, cold:"]
    for key in VECTOR_KEYS:
        value = _value(mean, key)
        if value is not None:
            lines.append(f"  {key}: mean {value}, worst {_value(worst, key)}")
    return lines


def finding_facts(findings: Iterable[Finding], /) -> str:
    """One paragraph for each finding."""
    return "\n".join(_finding(one) for one in findings)


def judged_facts(findings: Iterable[Finding], /) -> str:
    """One paragraph for each finding, with what was thought of it."""
    told = []
    for finding in findings:
        text = finding_facts([finding])
        if finding.judgement is not None:
            text += f"\n  judged: {finding.judgement.verdict}: {finding.judgement.reason}"
            text += f" {finding.judgement.correction}".rstrip()
        if finding.said_by:
            text += "\n  claimed in the analysis, by no rule"
        told.append(text)
    return "\n".join(told)


def constraint_facts(constraints: Iterable[Constraint], /) -> str:
    """One line for each constraint, with why it holds."""
    lines = []
    for one in constraints:
        fields = one.rule.model_dump(mode="json", exclude={"kind"})
        told = ", ".join(
            f"{name} {value}" for name, value in sorted(fields.items()) if value not in (None, [])
        )
        lines.append(f"{one.id} {one.rule.kind} ({told}), {one.origin}: {one.because}")
    return "\n".join(lines)


def cost_at_stake(finding: Finding, /) -> str:
    """`3·spaces sql`; empty where the finding stands on no term."""
    term = finding.cost_term
    if term is None:
        return ""
    before = CostTerm(low=term.low, high=term.high, sizes=term.sizes)
    return f"{cost_text([before])} {term.kind}"


def _finding(finding: Finding) -> str:
    lines = [
        f"{finding.id} {finding.rule}, {finding.severity}, {finding.status}: {finding.title}",
        f"  at {finding.file}:{finding.line}-{finding.end_line} in {finding.function}",
    ]
    if cost := cost_at_stake(finding):
        lines.append(f"  costs {cost}")
    lines += [f"  {place.role} at {place.file}:{place.line}-{place.end_line}" for place in finding.related]
    lines += [f"  {evidence.kind}: {evidence.text}" for evidence in finding.evidence[:3]]
    if finding.fix:
        lines.append(f"  remedy: {finding.fix}")
    if finding.could_be_wrong:
        lines.append(f"  no problem if: {finding.could_be_wrong}")
    return "\n".join(lines)


def _effect(effect: Effect) -> str:
    way = " > ".join(f"{frame.function}:{frame.line}" for frame in effect.chain)
    often = "" if effect.multiplicity == "1" else f" x {effect.multiplicity}"
    seen = (
        ""
        if effect.observed is None or effect.observed.value is None
        else f", seen {effect.observed.value:g} times"
    )
    return f"  {effect.kind}{often} {effect.label} at {effect.file}:{effect.line} ({effect.status}{seen}) by {way}"


def _size(name: str, size: Size) -> str:
    what = f"rows of {size.table}" if size.table else "turns of the loop"
    bound = f", at most {size.bound}" if size.bound is not None else ""
    return f"size {name}: {what} at {size.file}:{size.line}{bound}"


def _value(vector: Vector, key: str) -> str | None:
    number: Number = getattr(vector, key)
    return None if number.value is None else f"{number.value:g}"
