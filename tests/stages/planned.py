"""Findings and endpoints of a small application, and the plan that is made of them."""

from collections.abc import Sequence

from auditor.model.cost_text import kind_cost
from auditor.model.effect import EffectKind
from auditor.model.plan import Change, Plan
from auditor.model.report import CostTerm, Coverage, Endpoint, Evidence, Finding, Place, Size, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.stages.plan import make_plan

PHASES = {
    "missing-index": 1,
    "lazy-load-in-loop": 2,
    "query-in-loop": 2,
    "duplicate-query": 2,
    "session-sprawl": 2,
    "filter-in-python": 3,
    "sort-in-python": 3,
    "slice-in-python": 3,
    "log-in-loop": 5,
    "call-in-loop": 6,
    "house-rule": 7,
}
RULES = [
    RuleInfo(id=name, group="queries", phase=phase, severity=Severity.HIGH, title=name.replace("-", " "))
    for name, phase in PHASES.items()
]
NESTED = RuleInfo(
    id="nested-loop-join", group="loops", phase=5, severity=Severity.MEDIUM, title="nested loop join"
)
LIST, DETAIL = "GET /spaces", "GET /spaces/{id}"


def finding(
    name: str,
    rule: str,
    *,
    function: str = "app.views.search",
    endpoints: Sequence[str] = (LIST,),
    sizes: Sequence[str] = ("spaces",),
    kind: EffectKind = "sql",
    count: int = 1,
    origin: int | None = None,
    **fields: object,
) -> Finding:
    given = {
        "id": f"F-{name}",
        "rule": rule,
        "title": f"{name} is slow",
        "file": "app/views.py",
        "line": 10,
        "end_line": 10,
        "function": function,
        "endpoints": endpoints,
        "severity": Severity.HIGH,
        "confidence": 0.9,
        "related": [Place(file="app/views.py", line=origin, end_line=origin, role="query")] if origin else [],
        "evidence": [Evidence(kind="note", text="seen")],
        "subject": name,
        "cost_term": TermAtStake(kind=kind, low=count, high=count, sizes=tuple(sizes)),
    }
    return Finding.model_validate(given | fields)


def endpoint(name: str, *terms: CostTerm, kind: EffectKind = "sql", **fields: object) -> Endpoint:
    given = {
        "id": name,
        "handler": "app.views.search",
        "file": "app/views.py",
        "line": 5,
        "framework": "flask",
    }
    return Endpoint.model_validate(given | {"cost": {kind: kind_cost(terms)}} | fields)


ENDPOINTS = (
    endpoint(LIST, CostTerm(low=4, high=4), CostTerm(low=3, high=3, sizes=("spaces",))),
    endpoint(DETAIL, CostTerm(low=2, high=2)),
)


def plan_of(
    *findings: Finding,
    endpoints: Sequence[Endpoint] = ENDPOINTS,
    sizes: dict[str, Size] | None = None,
    rules: Sequence[RuleInfo] = RULES,
) -> Plan:
    return make_plan(
        findings=findings,
        endpoints=endpoints,
        sizes=sizes or {},
        rules=rules,
        target_ms=500,
        coverage=Coverage(calls=10, resolved_calls=9),
    )


def changes_of(*findings: Finding) -> list[Change]:
    return [change for change in plan_of(*findings).changes if change.rank]


def only_change(*findings: Finding) -> Change:
    (change,) = changes_of(*findings)
    return change
