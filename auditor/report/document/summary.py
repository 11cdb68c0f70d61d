"""The top of the plan: what was read, what to do first, in which order."""

from typing import Final

from auditor.model.plan import CHANGES_IN_FULL, Change
from auditor.model.report import Report
from auditor.report.document.escape import code, sentence, text
from auditor.report.document.measured import seen, target_words
from auditor.report.figures import count, share

FIRST: Final = 3
"""So many changes are named at the top."""


def summary(report: Report) -> list[str]:
    """The blocks above the phases."""
    return [
        f"# Performance plan for {'this folder' if report.target.root == '.' else code(report.target.root)}",
        _read(report),
        *_first(report),
        *_order(report),
    ]


def expected(change: Change) -> str:
    """`sql` `3·spaces → 1`, for each kind of cost."""
    formulas = ", ".join(
        f"{text(kind.replace('_', ' '))} {_formula(both)}" for kind, both in change.expected.items()
    )
    return formulas + seen(change)


def _formula(both: str) -> str:
    """`before → after` as code, but an outcome in words as words."""
    before, arrow, after = both.partition(" → ")
    in_words = arrow and " " in after and after[0].isalpha() and "·" not in after
    return f"{code(before)} → {text(after)}" if in_words else code(both)


def link(change: Change) -> str:
    """The change's id, linked to its card where it has one."""
    return f"[{text(change.id)}](#{anchor(change)})" if change.rank <= CHANGES_IN_FULL else text(change.id)


def anchor(change: Change) -> str:
    """The name of the place in the document where the card of the change stands."""
    return "".join(char for char in change.id.casefold() if char.isalnum() or char == "-")


def _read(report: Report) -> str:
    coverage, target = report.coverage, report.target
    version = f" at {code(target.commit[:12])}" if target.commit else ""
    if target.dirty:
        version += " with uncommitted changes"
    facts = [f"{count(coverage.files, 'file')}, {count(coverage.lines, 'line')}{version}"]
    facts.append(count(len(report.endpoints), "endpoint"))
    if coverage.calls:
        facts.append(f"{share(coverage.resolved_calls, coverage.calls)} of the calls below them followed")
    ran = (
        "Nothing was run: costs are numbers of operations, not times."
        if report.measured is None
        else "Requests were measured: what was seen stands beside what was read."
    )
    read = (
        f"**Read:** {', '.join(facts)}. {ran} "
        "[What was not looked at](#what-was-not-looked-at) stands at the end."
    )
    judged = target_words(report)
    return f"{read}\n\n{judged}" if judged else read


def _first(report: Report) -> list[str]:
    changes = [change for change in report.plan.changes if change.rank][:FIRST]
    if not changes:
        return [_nothing(report)]
    title = "Do these first" if len(changes) > 1 else "Do this first"
    return [f"## {title}", "\n".join(_one(change, number) for number, change in enumerate(changes, start=1))]


def _one(change: Change, number: int) -> str:
    lines = [
        f"{number}. **{sentence(change.title)}** ({link(change)}, {change.effort})",
        sentence(change.why),
    ]
    if change.expected:
        lines.append(f"Expected: {expected(change)}")
    return "  \n   ".join(lines)


def _nothing(report: Report) -> str:
    if report.endpoints:
        return "**Nothing found that is worth changing** on the paths that could be followed."
    return f"**No endpoints were found,** so there is nothing to plan.{looked_for(report)}"


def looked_for(report: Report) -> str:
    """A sentence that names the frameworks whose endpoints were looked for, with a blank before it."""
    looked = ", ".join(text(name) for name in report.coverage.looked_for)
    return f" Looked for: {looked}." if looked else ""


def _order(report: Report) -> list[str]:
    """A list to tick off, phase by phase."""
    if len(report.plan.changes) <= FIRST:
        return []
    lines: list[str] = []
    for phase in report.plan.phases:
        shown = [change for change in phase.changes if change.rank <= CHANGES_IN_FULL]
        lines += [f"- Phase {phase.number}: {text(phase.title)}"] if shown else []
        lines += [f"  - [ ] {link(change)} {sentence(change.title)}" for change in shown]
    intro = (
        "The most worthwhile first in each phase. Every change ships, is measured and can be reverted alone."
    )
    return ["## In this order", intro, "\n".join(lines)]
