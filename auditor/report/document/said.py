"""What a model said, marked as said: its design of each endpoint, what it was asked with, and how much of it did not hold."""

from collections import Counter
from typing import Final

from auditor.model.judged import ModelPart
from auditor.model.report import Finding, Report
from auditor.report.document.escape import code, sentence, table, text
from auditor.report.figures import count

DROPPED: Final = 10
"""Reasons that are shown; all are in the JSON report."""


def said(report: Report) -> list[str]:
    """The blocks of the section; none where no model was asked."""
    part = report.model
    if part is None:
        return []
    blocks = [f"## What {code(part.model)} said", _summary(part)]
    for endpoint in part.endpoints:
        if endpoint.design:
            blocks.append(
                f"How it would build {code(endpoint.endpoint)} for the same answers: {sentence(endpoint.design)}"
            )
        if endpoint.labels:
            rows = [(code(one.element), text(one.name), text(one.description)) for one in endpoint.labels]
            blocks.append(table(("Element", "Name", "What it is for"), rows))
    return [*blocks, *_dropped(part)]


def judged(finding: Finding) -> list[str]:
    """Lines below a finding: who claimed it, or what a model thinks of it."""
    if finding.said_by:
        return [
            f"  - claimed by {code(finding.said_by)}; its place and its cost were checked, its judgement was not"
        ]
    one = finding.judgement
    if one is None:
        return []
    place = code(f"{one.file}:{one.line}")
    correction = f" {sentence(one.correction)}" if one.correction else ""
    return [f"  - {one.verdict} by {code(one.by)}: {sentence(one.reason)}{correction} ({place})"]


def _summary(part: ModelPart) -> str:
    judgements = sum(one.judgements for one in part.endpoints)
    claims = sum(one.claims for one in part.endpoints)
    prompts = ", ".join(f"{text(one.id)}@{one.version}" for one in part.prompts)
    cost = f"${part.usd}" if part.usd is not None else "a price that is not known"
    calls = f"{count(part.calls, 'call')}, {part.input_tokens:,} tokens read and {part.output_tokens:,} written, {cost}"
    held = f"It judged {count(judgements, 'finding')} and added {count(claims, 'claim')} that held; "
    gone = f"{count(len(part.dropped), 'statement')} did not hold against the code and stand in no part of this report."
    lines = [
        held + gone,
        f"Prompts: {prompts}. {calls}.",
    ]
    lines += [
        f"{code(one.endpoint)}: no usable answer to {text(reason)}; there the report is as without a model."
        for one in part.endpoints
        for reason in one.unanswered
    ]
    lines += [
        f"{code(one.endpoint)}: it was not asked about {count(one.unasked, 'finding')} of less weight."
        for one in part.endpoints
        if one.unasked
    ]
    return "  \n".join(lines)


def _dropped(part: ModelPart) -> list[str]:
    if not part.dropped:
        return []
    kinds = Counter(one.what for one in part.dropped)
    told = ", ".join(count(number, kind) for kind, number in sorted(kinds.items()))
    lines = [f"Dropped ({told}):", ""]
    lines += [f"- {text(one.reason)}" for one in part.dropped[:DROPPED]]
    if len(part.dropped) > DROPPED:
        lines.append(f"- and {len(part.dropped) - DROPPED} more")
    return ["\n".join(lines)]
