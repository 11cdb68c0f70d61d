"""The plan as a markdown document, for the engineer who will carry it out."""

from typing import Final

from auditor.model.report import Report
from auditor.report.document.baseline import since
from auditor.report.document.cards import endpoint_count, phases, rest
from auditor.report.document.costs import costs
from auditor.report.document.escape import sentence, table, text
from auditor.report.document.limits import limits
from auditor.report.document.measured import measured
from auditor.report.document.said import said
from auditor.report.document.summary import expected, summary
from auditor.report.figures import count

SUFFIXES: Final = (".md", ".markdown")
LISTED: Final = 100
"""Rows in the table of the smaller changes; nobody reads further."""


def render(report: Report) -> str:
    """The whole document, ending in a newline."""
    blocks = [
        *summary(report),
        *since(report),
        *measured(report),
        *costs(report),
        *phases(report),
        *_rest(report),
        *_outside(report),
        *said(report),
        *limits(report),
    ]
    return "\n\n".join(blocks) + "\n"


def _rest(report: Report) -> list[str]:
    changes = rest(report)
    if not changes:
        return []
    rows = [
        (
            str(phase),
            sentence(change.title),
            expected(change),
            change.effort,
            endpoint_count(change),
            text(change.id),
        )
        for change, phase in changes[:LISTED]
    ]
    more = len(changes) - len(rows)
    note = [f"{count(more, 'more change')} in the JSON report."] if more else []
    head = ("Phase", "Change", "Expected", "Effort", "Reaches", "Id")
    return [f"## {count(len(changes), 'smaller change')}", table(head, rows), *note]


def _outside(report: Report) -> list[str]:
    if not report.plan.outside_code:
        return []
    blocks = ["## Outside the code"]
    for note in report.plan.outside_code:
        lines = [f"**{sentence(note.title)}.** {sentence(note.text)}"]
        lines += [f"- {sentence(fact)}" for fact in note.evidence]
        blocks.append("\n".join([lines[0], "", *lines[1:]]))
    return blocks
