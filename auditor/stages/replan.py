"""Stage 2 with a model: an in-place plan in phases against the target, checked, merged into the plan that the program made.

The model groups and orders; what a change costs now, and so what it takes away, comes from the trace. An answer that is not complete, not
ordered, or whose changes don't stand alone is sent back with what is wrong; if it stays so, the plan is the program's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.llm.answer import Answered
from auditor.model.cost_text import change_text
from auditor.model.plan import PHASE_TITLES, Change, Phase, Plan
from auditor.stages.answers.plan import ChangePlanned, PlanAnswer
from auditor.stages.checking.formulas import at_stake, read_formula
from auditor.stages.checking.plans import plan_problems
from auditor.stages.checking.wording import sentence
from auditor.stages.context.facts import constraint_facts, cost_at_stake, judged_facts, measured_lines
from auditor.stages.planning.identity import change_ids
from auditor.stages.prompting.shown import Shown

if TYPE_CHECKING:
    from auditor.model.constraint import Constraint
    from auditor.model.report import Endpoint, Finding, Report
    from auditor.stages.desk import Desk


@dataclass(frozen=True, slots=True)
class Replanned:
    """The changes of one endpoint, in order, each with its phase; or why there are none."""

    changes: tuple[tuple[int, Change], ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    """Findings that are not worth a change, and why."""
    unanswered: str = ""


async def replan(
    desk: Desk,
    report: Report,
    endpoint: Endpoint,
    findings: Sequence[Finding],
    /,
    *,
    design: str = "",
    constraints: Iterable[Constraint] = (),
) -> Replanned:
    """A plan for the findings of `endpoint`."""
    open_ = [finding for finding in findings if finding.status != "refuted"]
    if not open_:
        return Replanned()
    sizes = {name for cost in endpoint.cost.values() for term in cost.terms for name in term.sizes}
    sizes |= {name for one in open_ if one.cost_term for name in one.cost_term.sizes}
    given = {
        "target": Shown(kind="target", text=target_facts(report.plan.target_ms, endpoint)),
        "findings": Shown(kind="findings", text=judged_facts(open_)),
        "design": Shown(kind="design", text=design or "nothing was said"),
        "constraints": Shown(kind="constraints", text=constraint_facts(constraints) or "none yet"),
    }

    def check(answer: PlanAnswer) -> list[str]:
        if answer.more_code and not answer.changes:
            return []
        return plan_problems(answer, open_, sizes=sizes, files=desk.context.lines.keys())

    asked = await desk.ask("plan", given, PlanAnswer, check=check)
    if not isinstance(asked.answer, Answered):
        return Replanned(unanswered=asked.answer.detail)
    answer = asked.answer.data
    by_id = {finding.id: finding for finding in open_}
    ids = change_ids(change.findings for change in answer.changes)
    id_of = {change.key: name for change, name in zip(answer.changes, ids, strict=True)}
    made = tuple((one.phase, _change(one, id_of, by_id, endpoint, sizes)) for one in answer.changes)
    return Replanned(made, tuple((left.finding, sentence(left.reason)) for left in answer.left))


def merged_plan(plan: Plan, replanned: Iterable[Replanned], /) -> Plan:
    """`plan`, with what was planned anew in the place of the changes for the same findings.

    What was planned for two endpoints is taken from the first. New changes come first, in their order.
    """
    new: list[tuple[int, Change]] = []
    treated: set[str] = set()
    left: set[str] = set()
    for one in replanned:
        for phase, change in one.changes:
            if treated.isdisjoint(change.findings):
                new.append((phase, change))
                treated.update(change.findings)
        left.update(name for name, _ in one.left)
    instead = {name: change.id for _, change in new for name in change.findings}
    moved: dict[str, str] = {}
    rest: list[tuple[int, Change]] = []
    for earlier in plan.phases:
        for change in earlier.changes:
            kept = tuple(name for name in change.findings if name not in treated and name not in left)
            if change.findings and not kept:
                moved[change.id] = next((instead[name] for name in change.findings if name in instead), "")
            else:
                rest.append((earlier.number, change.model_copy(update={"findings": kept})))
    taken = {change.id for _, change in new}
    rest = [(number, _repointed(change, moved)) for number, change in rest if change.id not in taken]
    return plan.model_copy(update={"phases": _phases([*new, *rest])})


def target_facts(target_ms: int | None, endpoint: Endpoint, /) -> str:
    """What is to be reached, and what a request costs now."""
    lines = [f"target: {target_ms} ms" if target_ms else "target: as fast as possible in place"]
    lines += [f"cost in {kind}: {cost.text}" for kind, cost in endpoint.cost.items()]
    return "\n".join([*lines, *measured_lines(endpoint)])


def _change(
    planned: ChangePlanned,
    id_of: Mapping[str, str],
    findings: Mapping[str, Finding],
    endpoint: Endpoint,
    sizes: Iterable[str],
) -> Change:
    treated = [findings[name] for name in planned.findings]
    others = {name for finding in treated for name in finding.endpoints} - {endpoint.id}
    known = frozenset(sizes)
    expected: dict[str, str] = {}
    for one in planned.expected:
        before, after = at_stake(treated, one.cost), read_formula(one.after, known)
        assert not isinstance(after, str), "it was checked"
        expected[one.cost] = change_text(before, after)
    costs = ", ".join(dict.fromkeys(filter(None, map(cost_at_stake, treated))))
    return Change(
        id=id_of[planned.key],
        title=sentence(planned.title),
        endpoints=(endpoint.id, *sorted(others)),
        findings=tuple(planned.findings),
        files=tuple(sorted(set(planned.files))),
        depends_on=tuple(id_of[key] for key in planned.depends_on),
        expected=expected,
        why=f"One request of `{endpoint.id}` costs {costs} here." if costs else treated[0].title,
        steps=tuple(sentence(step) for step in planned.steps if step.strip()),
        effort=planned.effort,
        risk=sentence(planned.risk),
        could_be_wrong=sentence(planned.could_be_wrong) or "The findings may be rarely reached.",
        playbook=next((finding.playbook for finding in treated if finding.playbook), None),
        verify="\n".join(sentence(check) for check in planned.verify if check.strip()),
        rollback=sentence(planned.rollback),
    )


def _repointed(change: Change, moved: Mapping[str, str]) -> Change:
    needs = (moved.get(need, need) for need in change.depends_on)
    return change.model_copy(update={"depends_on": tuple(dict.fromkeys(need for need in needs if need))})


def _phases(changes: Sequence[tuple[int, Change]]) -> tuple[Phase, ...]:
    """Ranked in the order given; measuring, which has the rank 0, stays before all."""
    by_number: dict[int, list[Change]] = {}
    rank = 0
    for number, change in changes:
        if number:
            rank += 1
        by_number.setdefault(number, []).append(change.model_copy(update={"rank": rank if number else 0}))
    return tuple(
        Phase(number=number, title=PHASE_TITLES[number], changes=tuple(by_number[number]))
        for number in sorted(by_number)
    )
