"""Whether a plan is one: complete, ordered, and made of changes that stand alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from auditor.stages.checking.formulas import at_stake, grows, is_less, read_formula

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from auditor.model.report import Finding
    from auditor.stages.answers.plan import ChangePlanned, PlanAnswer

LONGEST_TITLE: Final = 100
_COUNTED: Final = frozenset({"rows", "rows_read", "cpu"})
"""Kinds whose formula counts what no one can promise exactly: any formula over the sizes is taken."""


def plan_problems(
    answer: PlanAnswer, findings: Sequence[Finding], *, sizes: Collection[str], files: Collection[str]
) -> list[str]:
    """Everything that keeps `answer` from being a plan for `findings`, a sentence each."""
    by_id = {finding.id: finding for finding in findings}
    return [
        *_incomplete(answer, by_id),
        *_unordered(answer.changes),
        *_entangled(answer.changes, by_id),
        *(problem for change in answer.changes for problem in _unfit(change, by_id, sizes, files)),
    ]


def _incomplete(answer: PlanAnswer, findings: Mapping[str, Finding]) -> Iterator[str]:
    named = [name for change in answer.changes for name in change.findings]
    named += [left.finding for left in answer.left]
    for name, times in Counter(named).items():
        if name not in findings:
            yield f"there is no finding {name!r}"
        elif times > 1:
            yield f"{name} is treated or left {times} times; once is what it takes"
    missing = [name for name in findings if name not in named]
    if missing:
        yield f"these findings are neither treated nor left: {', '.join(missing)}"
    yield from (f"{left.finding} is left without a reason" for left in answer.left if not left.reason.strip())


def _unordered(changes: Sequence[ChangePlanned]) -> Iterator[str]:
    seen: dict[str, int] = {}
    last = 0
    for change in changes:
        if not change.key.strip() or change.key in seen:
            yield f"the key {change.key!r} is empty or used twice"
        for need in change.depends_on:
            if need not in seen:
                yield f"{change.key} depends on {need!r}, which is no change before it"
        if change.phase < last:
            yield f"{change.key} of phase {change.phase} comes after a change of phase {last}"
        last = max(last, change.phase)
        seen[change.key] = change.phase


def _entangled(changes: Sequence[ChangePlanned], findings: Mapping[str, Finding]) -> Iterator[str]:
    """Changes of one function can't be taken back alone unless the later says that it stands on the earlier."""
    needs: dict[str, set[str]] = {}
    touched: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        below = set(change.depends_on)
        for need in change.depends_on:
            below |= needs.get(need, set())
        needs[change.key] = below
        places = {
            (findings[name].file, findings[name].function) for name in change.findings if name in findings
        }
        for place in sorted(places):
            for other in touched.get(place, ()):
                if other not in below:
                    yield f"{change.key} edits {place[1]} as {other} does, and does not depend on it"
            touched.setdefault(place, []).append(change.key)


def _unfit(
    change: ChangePlanned, findings: Mapping[str, Finding], sizes: Collection[str], files: Collection[str]
) -> Iterator[str]:
    key = change.key
    treated = [findings[name] for name in change.findings if name in findings]
    if not change.findings:
        yield f"{key} treats no finding"
    if not change.title.strip() or len(change.title) > LONGEST_TITLE:
        yield f"the title of {key} is empty or has more than {LONGEST_TITLE} characters"
    for name, words in (("steps", change.steps), ("verify", change.verify)):
        if not any(text.strip() for text in words):
            yield f"{key} has no {name}"
    for name, text in (("rollback", change.rollback), ("risk", change.risk)):
        if not text.strip():
            yield f"{key} has no {name}"
    for path in change.files:
        if path not in files:
            yield f"{key} edits {path!r}, which is not on the way of the endpoint"
    for finding in treated:
        places = {finding.file, *(place.file for place in finding.related)}
        if not places.intersection(change.files):
            yield f"{key} treats {finding.id} and edits none of {', '.join(sorted(places))}"
    yield from _unpromising(change, treated, sizes)


def _unpromising(change: ChangePlanned, treated: Sequence[Finding], sizes: Collection[str]) -> Iterator[str]:
    kinds = {finding.cost_term.kind for finding in treated if finding.cost_term is not None}
    less = False
    for expected in change.expected:
        before = at_stake(treated, expected.cost)
        after = read_formula(expected.after, sizes)
        if expected.cost not in kinds:
            yield f"{change.key} expects less {expected.cost}, which none of its findings costs"
        elif isinstance(after, str):
            yield f"{change.key}: {after}"
        elif expected.cost in _COUNTED:
            less = True
        elif grows(after, before):
            yield f"{change.key} expects {expected.after} {expected.cost}, more than there is now"
        else:
            less = less or is_less(after, before)
    if kinds and not less:
        yield f"{change.key} takes nothing away from what its findings cost"
