"""What was measured of a change's findings: how often one request did what it takes away, by kind of cost."""

from collections.abc import Iterable

from auditor.model.effect import EFFECT_KINDS
from auditor.model.numbers import Number
from auditor.model.report import Finding
from auditor.model.text import code


def observed_counts(findings: Iterable[Finding]) -> dict[str, Number]:
    """By kind, the highest count of one finding: several may count the same operations, so they are not added up."""
    counts: dict[str, Number] = {}
    for finding in findings:
        term, number = finding.cost_term, finding.observed
        if finding.status != "confirmed" or term is None or term.kind not in EFFECT_KINDS or number is None:
            continue
        known = counts.get(term.kind)
        if known is None or (known.value or 0) < (number.value or 0):
            counts[term.kind] = number
    return dict(sorted(counts.items()))


def seen_words(findings: Iterable[Finding]) -> str:
    """What was seen, as a sentence; empty where nothing was measured."""
    said = [
        evidence.text
        for finding in sorted(
            findings, key=lambda one: (-(one.observed.value or 0) if one.observed else 0, one.id)
        )
        if finding.status == "confirmed"
        for evidence in finding.evidence
        if evidence.kind == "measured"
    ]
    return f"Measured: {said[0]}." if said else ""


def not_seen_words(findings: Iterable[Finding], unreached: Iterable[str]) -> str:
    """That no measured request reached any of the endpoints; empty where one did or nothing was measured."""
    names = {name for finding in findings for name in finding.endpoints}
    missing = names & set(unreached)
    if not names or missing != names:
        return ""
    which = code(min(names)) if len(names) == 1 else "any of its endpoints"
    return f"Not measured: no request was for {which}."
