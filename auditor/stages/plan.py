"""Stage 2: from findings to phases of changes, each shippable, measurable and revertible alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from auditor.model.plan import PHASE_TITLES, Change, Phase, Plan
from auditor.model.report import Coverage, Endpoint, Finding, Report, Size
from auditor.model.rule import RuleInfo
from auditor.stages.planning.change import Draft, draft_change
from auditor.stages.planning.gain import endpoint_weight, waited_for
from auditor.stages.planning.grouping import group_findings
from auditor.stages.planning.identity import change_ids
from auditor.stages.planning.measuring import measuring_change
from auditor.stages.planning.order import ranked, with_dependencies
from auditor.stages.planning.outside import outside_notes
from auditor.stages.planning.wording import told_apart


def make_plan(
    *,
    findings: Iterable[Finding],
    endpoints: Iterable[Endpoint],
    sizes: Mapping[str, Size],
    rules: Iterable[RuleInfo],
    target_ms: int | None,
    coverage: Coverage,
    unreached: Collection[str] = (),
) -> Plan:
    """The plan for `findings`; the same input gives the same plan, and no findings give an empty one.

    `rules` must hold the rule of every finding (KeyError otherwise). `unreached` are, where something was measured, the
    endpoints that no request was for. What measuring refuted is not planned.
    """
    by_id = {endpoint.id: endpoint for endpoint in endpoints}
    weights = {name: endpoint_weight(endpoint, sizes) for name, endpoint in by_id.items()}
    groups = group_findings(findings, {rule.id: rule for rule in rules})
    ids = change_ids([finding.id for finding in group.findings] for group in groups)
    drafts = [
        draft_change(
            group, change_id=change_id, endpoints=by_id, sizes=sizes, weights=weights, unreached=unreached
        )
        for group, change_id in zip(groups, ids, strict=True)
    ]
    worst_first = sorted(
        by_id.values(), key=lambda endpoint: (-waited_for(endpoint), -weights[endpoint.id], endpoint.id)
    )
    return Plan(
        target_ms=target_ms,
        phases=(*_measuring(drafts, worst_first, coverage), *_phases(drafts)),
        outside_code=outside_notes(worst_first, sizes),
    )


def planned_anew(report: Report, /) -> Report:
    """`report` with the plan that its findings, as they stand now, lead to."""
    plan = make_plan(
        findings=report.findings,
        endpoints=report.endpoints,
        sizes=report.sizes,
        rules=report.rules,
        target_ms=report.plan.target_ms,
        coverage=report.coverage,
        unreached=report.measured.unreached if report.measured else (),
    )
    return report.model_copy(update={"plan": plan})


def _measuring(
    drafts: Sequence[Draft], worst_first: Iterable[Endpoint], coverage: Coverage
) -> tuple[Phase, ...]:
    """Phase 0, whenever a change touches an endpoint that can be timed."""
    treated = {name for draft in drafts for name in draft.change.endpoints}
    timed = [endpoint for endpoint in worst_first if endpoint.id in treated]
    return (_phase(0, [measuring_change(timed, coverage)]),) if timed else ()


def _phases(drafts: Sequence[Draft]) -> tuple[Phase, ...]:
    needed = with_dependencies(drafts)
    order = ranked(drafts, needed)
    titles = _titles(order)
    by_number: dict[int, list[Change]] = {}
    for rank, draft in enumerate(order, start=1):
        update = {"title": titles[draft.change.id], "rank": rank, "depends_on": needed[draft.change.id]}
        placed = draft.change.model_copy(update=update)
        by_number.setdefault(draft.group.rule.phase, []).append(placed)
    return tuple(_phase(number, by_number[number]) for number in sorted(by_number))


def _titles(drafts: Sequence[Draft]) -> dict[str, str]:
    """By change; no two are the same."""
    alike: dict[str, list[Draft]] = {}
    for draft in drafts:
        alike.setdefault(draft.change.title, []).append(draft)
    titles: dict[str, str] = {}
    for title, same in alike.items():
        apart = told_apart(title, [draft.group for draft in same]) if len(same) > 1 else [title]
        titles |= zip((draft.change.id for draft in same), apart, strict=True)
    return titles


def _phase(number: int, changes: Sequence[Change]) -> Phase:
    return Phase(number=number, title=PHASE_TITLES[number], changes=tuple(changes))
