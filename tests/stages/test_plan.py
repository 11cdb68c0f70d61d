"""From findings to a plan: what stays out, what is one change, what comes first."""

from collections.abc import Sequence

import pytest

from auditor.model.cost_text import kind_cost
from auditor.model.effect import EffectKind
from auditor.model.plan import PHASE_TITLES, Change, Plan
from auditor.model.report import (
    CostTerm,
    Coverage,
    Effect,
    Endpoint,
    EndpointCoverage,
    Evidence,
    Finding,
    Frame,
    Place,
    Size,
    TermAtStake,
)
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


# What weighs


def test_a_rare_branch_of_many_endpoints_weighs_less_than_one_that_always_pays() -> None:
    rarely = [endpoint(f"GET /{n}", CostTerm(low=0, high=1, sizes=("hits",))) for n in range(5)]
    surely = endpoint("GET /surely", CostTerm(low=1, high=1, sizes=("rows",)))
    rare = finding("a", "query-in-loop", endpoints=[e.id for e in rarely], sizes=("hits",))
    sure = finding("b", "query-in-loop", endpoints=[surely.id], sizes=("rows",), function="app.b", line=30)
    plan = plan_of(rare, sure, endpoints=(*rarely, surely))
    ranks = {change.findings: change.rank for change in plan.changes if change.rank}
    assert ranks[(rare.id,)] > ranks[(sure.id,)]


# What stays out


def test_no_findings_give_an_empty_plan() -> None:
    assert plan_of() == Plan(target_ms=500)


def test_a_refuted_finding_is_not_planned() -> None:
    assert plan_of(finding("a", "query-in-loop", status="refuted")).phases == ()


def test_nothing_is_measured_where_no_endpoint_is_reached() -> None:
    plan = plan_of(finding("a", "query-in-loop", endpoints=()))
    assert [phase.number for phase in plan.phases] == [2]


def test_a_finding_of_an_unknown_rule_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError, match="query-in-loop"):
        plan_of(finding("a", "query-in-loop"), rules=[])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"function": "app.a.f"}, {"function": "app.b.g"}),
        ({"origin": 3, "function": "app.a.f"}, {"origin": 4, "function": "app.b.g"}),
    ],
)
def test_edits_in_different_places_stay_different_changes(
    one: dict[str, object], other: dict[str, object]
) -> None:
    found = (finding("a", "lazy-load-in-loop", **one), finding("b", "lazy-load-in-loop", **other))  # type: ignore[arg-type]
    assert len(changes_of(*found)) == 2


def test_different_remedies_for_one_function_stay_different_changes() -> None:
    assert len(changes_of(finding("a", "query-in-loop"), finding("b", "log-in-loop", kind="log"))) == 2


def test_sharing_a_function_does_not_chain_edits_at_several_queries() -> None:
    """A and B share query 3, B and C share query 4: two edits, not one over three functions."""
    found = (
        finding("a", "query-in-loop", origin=3, function="app.a"),
        finding("b", "query-in-loop", origin=3, function="app.b"),
        finding("c", "query-in-loop", origin=4, function="app.b"),
        finding("d", "query-in-loop", origin=4, function="app.c"),
    )
    assert sorted(change.findings for change in changes_of(*found)) == [("F-a", "F-b"), ("F-c", "F-d")]


# What is one change


def test_lazy_loads_of_one_query_are_one_change() -> None:
    change = only_change(
        finding("author", "lazy-load-in-loop", origin=3, function="app.a.f"),
        finding("tags", "lazy-load-in-loop", origin=3, function="app.b.g"),
    )
    assert change.title == "Load `author` and `tags` with the `spaces` of `GET /spaces`"
    assert change.expected == {"sql": "2·spaces → 0…2"}
    assert change.findings == ("F-author", "F-tags")


def test_a_query_that_many_endpoints_repeat_is_one_change() -> None:
    change = only_change(
        finding("status", "query-in-loop", origin=9, function="app.a", endpoints=[LIST]),
        finding("status2", "query-in-loop", origin=9, function="app.b", endpoints=[DETAIL], subject="status"),
    )
    assert set(change.endpoints) == {LIST, DETAIL}
    assert change.title.startswith("Batch the queries of `status` over `spaces` for ")


def test_one_missing_index_is_one_change_whoever_filters_by_it() -> None:
    change = only_change(
        finding("a", "missing-index", subject="bookings.space_id", function="app.a"),
        finding("b", "missing-index", subject="bookings.space_id", function="app.b"),
    )
    assert change.title == "Index `bookings.space_id`"


def test_one_query_found_by_two_findings_is_counted_once() -> None:
    term = TermAtStake(kind="sql", sizes=("spaces",), effects=("E-1",))
    change = only_change(
        finding("a", "query-in-loop", cost_term=term), finding("b", "query-in-loop", cost_term=term)
    )
    assert change.expected == {"sql": "spaces → 1"}


# What a change says


@pytest.mark.parametrize(
    ("rule", "sizes", "count", "expected"),
    [
        ("query-in-loop", ("spaces", "add_ons"), 1, "spaces·add_ons → spaces"),
        ("query-in-loop", ("?",), 1, "? → 1"),
        ("lazy-load-in-loop", ("spaces",), 4, "4·spaces → 0…4"),
        ("duplicate-query", (), 3, "3 → 1"),
        ("duplicate-query", ("spaces",), 2, "2·spaces → spaces"),
        ("filter-in-python", ("bookings",), 1, "bookings → the rows that match"),
        ("house-rule", ("spaces",), 1, "spaces → less"),
    ],
)
def test_the_expected_effect_is_a_formula(
    rule: str, sizes: tuple[str, ...], count: int, expected: str
) -> None:
    assert only_change(finding("a", rule, sizes=sizes, count=count)).expected == {"sql": expected}


def test_a_rule_may_say_what_is_left() -> None:
    term = TermAtStake(kind="http", sizes=("spaces",), after=CostTerm(low=1, high=2))
    assert only_change(finding("a", "call-in-loop", cost_term=term)).expected == {"http": "spaces → 1…2"}


def test_a_change_tells_why_what_to_do_and_how_to_check_it() -> None:
    change = only_change(
        finding("author", "query-in-loop", fix="Call `authors_of()`.", could_be_wrong="Rarely run.")
    )
    assert change.why == "`spaces` of the `4 + 3·spaces` queries of `GET /spaces` happen here."
    assert change.steps == ("Call `authors_of()`.",)
    assert change.could_be_wrong == "Rarely run."
    assert "with 0, 1 and 10 `spaces`" in change.verify.splitlines()[0]
    assert change.rollback
    assert change.risk


def test_a_cost_in_sizes_that_the_endpoint_does_not_have_is_no_part_of_it() -> None:
    change = only_change(finding("a", "query-in-loop", sizes=("visits",)))
    assert change.why == "One request of `GET /spaces` costs `visits` queries here."


def test_a_command_is_run_and_not_requested() -> None:
    command = endpoint("COMMAND reindex", CostTerm(low=1, high=1, sizes=("spaces",)))
    plan = plan_of(finding("author", "query-in-loop", endpoints=[command.id]), endpoints=(command,))
    change = next(change for change in plan.changes if change.rank)
    assert change.why == "One run of `COMMAND reindex` costs `spaces` queries here."
    assert change.verify.startswith("Run `COMMAND reindex` on data with")


def test_the_loop_in_a_title_is_one_of_the_endpoint_in_it() -> None:
    heavy = endpoint("GET /heavy", CostTerm(low=9, high=9, sizes=("?",)), CostTerm(low=9, high=9))
    light = endpoint("GET /light", CostTerm(low=1, high=1, sizes=("members",)))
    plan = plan_of(
        finding("a", "query-in-loop", endpoints=[heavy.id], sizes=("?",), count=9, subject="get"),
        finding("b", "query-in-loop", endpoints=[light.id], sizes=("members",), subject="get", origin=None),
        endpoints=(heavy, light),
    )
    change = next(change for change in plan.changes if change.rank)
    assert change.endpoints == (heavy.id, light.id)
    assert "GET /heavy" in change.title
    assert "members" not in change.title
    assert "members" not in change.verify


def test_changes_with_the_same_words_are_told_apart_by_their_functions() -> None:
    plan = plan_of(*(finding(name, "call-in-loop", kind="http", function=f"app.{name}") for name in "fg"))
    titles = sorted(change.title for change in plan.changes if change.rank)
    assert titles == [
        "Batch the outside calls over `spaces` for `GET /spaces` (`f()`)",
        "Batch the outside calls over `spaces` for `GET /spaces` (`g()`)",
    ]


def test_changes_with_the_same_words_in_the_same_function_are_told_apart_by_their_files() -> None:
    same = [
        finding(
            name,
            "call-in-loop",
            kind="http",
            function=f"{name}.Command.handle",
            file=f"{name}.py",
            endpoints=(),
        )
        for name in ("a", "b")
    ]
    titles = sorted(change.title for change in changes_of(*same))
    assert titles == [
        "Batch the outside calls over `spaces` in `Command.handle()` (`a.py`)",
        "Batch the outside calls over `spaces` in `Command.handle()` (`b.py`)",
    ]


def test_each_of_several_names_is_one() -> None:
    change = only_change(finding("a", "lazy-load-in-loop", subject="author, author.user"))
    assert change.title == "Load `author` and `author.user` with the `spaces` of `GET /spaces`"


def test_what_has_no_name_is_called_by_its_function() -> None:
    change = only_change(finding("a", "sort-in-python", function="app.<locals>.f", subject=""))
    assert change.title == "Order the rows of `f()` in SQL for `GET /spaces`"
    unreached = only_change(finding("a", "sort-in-python", endpoints=(), subject=""))
    assert unreached.title == "Order the rows of `search()` in SQL"


def test_a_template_is_called_by_its_file() -> None:
    change = only_change(finding("a", "sort-in-python", function="templates/shop/list.html", subject=""))
    assert change.title == "Order the rows of `list.html` in SQL for `GET /spaces`"


def test_a_rule_without_a_remedy_is_treated_from_its_page() -> None:
    docs = "House rule.\n\n## Instead\n\nKeep {it} simple.\n\n## How to verify\n\nCount {rows}.\n"
    house = RuleInfo(
        id="house-rule", group="loops", phase=7, severity=Severity.LOW, title="odd {code}", docs=docs
    )
    (phase,) = plan_of(finding("a", "house-rule", endpoints=()), rules=[house]).phases
    (change,) = phase.changes
    assert change.title == "Treat odd {code}: `a` in `search()`"
    assert change.steps == ("Keep {it} simple.",)
    assert change.verify == "Count {rows}."


def test_a_change_over_many_functions_takes_more_effort() -> None:
    few = [finding(f"{n}", "query-in-loop", origin=9, function=f"app.f{n}") for n in range(3)]
    many = [finding(f"{n}", "query-in-loop", origin=9, function=f"app.f{n}") for n in range(4)]
    assert only_change(*few).effort == "medium"
    assert only_change(*many).effort == "large"


def test_names_of_the_target_can_not_break_out_of_a_title() -> None:
    change = only_change(finding("a", "query-in-loop", subject="x`\n# y", endpoints=["GET /`{evil}`"]))
    assert "\n" not in change.title
    assert change.title.count("`") % 2 == 0


def test_ids_depend_on_the_findings_of_a_change_only() -> None:
    alone = only_change(finding("a", "query-in-loop"))
    beside = changes_of(finding("a", "query-in-loop"), finding("b", "log-in-loop", kind="log"))
    assert alone.id in {change.id for change in beside}
    assert alone.id != only_change(finding("c", "query-in-loop")).id


# What comes first


def titles_in_order(*findings: Finding) -> list[str]:
    return [change.findings[0] for change in changes_of(*findings)]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"sizes": ("spaces", "add_ons")}, {"sizes": ("spaces",)}),
        ({"sizes": ("spaces",)}, {"sizes": ("weekdays",)}),
        ({"endpoints": (LIST, DETAIL)}, {"endpoints": (LIST,)}),
        ({"endpoints": (LIST,)}, {"endpoints": ()}),
        ({"confidence": 0.9}, {"confidence": 0.5}),
        ({"severity": Severity.CRITICAL}, {"severity": Severity.LOW}),
        ({"rule": "call-in-loop", "kind": "http"}, {"rule": "query-in-loop", "kind": "sql"}),
        ({"rule": "query-in-loop", "kind": "sql"}, {"rule": "log-in-loop", "kind": "log"}),
    ],
)
def test_what_gains_more_comes_first(better: dict[str, object], worse: dict[str, object]) -> None:
    sizes = {"weekdays": Size(bound=7)}
    found = [
        finding("b", **({"rule": "query-in-loop", "function": "app.b"} | better)),  # type: ignore[arg-type]
        finding("a", **({"rule": "query-in-loop", "function": "app.a"} | worse)),  # type: ignore[arg-type]
    ]
    for order in (found, found[::-1]):
        ranked = [change.findings[0] for change in plan_of(*order, sizes=sizes).changes if change.rank]
        assert ranked == ["F-b", "F-a"]


def test_queries_of_each_row_come_before_turns_over_two_lists_in_memory() -> None:
    query = finding("query", "query-in-loop")
    turns = finding(
        "turns",
        "nested-loop-join",
        function="app.views.other",
        cost_term=TermAtStake(kind="cpu", low=1, high=1, sizes=("spaces", "rooms")),
        severity=Severity.MEDIUM,
    )
    plan = plan_of(turns, query, rules=[*RULES, NESTED])
    first = next(change for change in plan.changes if change.rank)
    assert first.findings == (query.id,)


def test_a_page_is_cut_in_sql_only_after_filter_and_order_are() -> None:
    page = finding("page", "slice-in-python", severity=Severity.CRITICAL)
    order = finding("order", "sort-in-python")
    keep = finding("keep", "filter-in-python", severity=Severity.LOW)
    changes = {change.findings[0]: change for change in changes_of(page, order, keep)}
    assert list(changes) == ["F-keep", "F-order", "F-page"]
    assert changes["F-keep"].depends_on == ()
    assert changes["F-order"].depends_on == (changes["F-keep"].id,)
    assert changes["F-page"].depends_on == (changes["F-keep"].id, changes["F-order"].id)


def test_a_filter_in_another_function_is_no_dependency() -> None:
    page = finding("page", "slice-in-python")
    keep = finding("keep", "filter-in-python", function="app.other")
    assert all(change.depends_on == () for change in changes_of(page, keep))


def test_phases_are_in_order_and_begin_with_measuring() -> None:
    plan = plan_of(
        finding("a", "log-in-loop", kind="log"), finding("b", "missing-index"), finding("c", "query-in-loop")
    )
    assert [phase.number for phase in plan.phases] == [0, 1, 2, 5]
    assert [phase.title for phase in plan.phases] == [PHASE_TITLES[number] for number in (0, 1, 2, 5)]
    (measure,) = plan.phases[0].changes
    assert measure.endpoints == (LIST,)
    assert measure.rank == 0
    assert "90 %" in measure.could_be_wrong


def test_ranks_count_through_the_whole_plan() -> None:
    plan = plan_of(
        finding("a", "log-in-loop", kind="log"), finding("b", "missing-index"), finding("c", "query-in-loop")
    )
    assert [change.rank for change in plan.changes] == [0, 1, 2, 3]


def test_the_order_of_the_input_does_not_matter() -> None:
    found = [
        finding("a", "lazy-load-in-loop", origin=3),
        finding("b", "query-in-loop", function="app.b"),
        finding("c", "duplicate-query", sizes=(), count=2),
    ]
    assert plan_of(*found) == plan_of(*found[::-1], endpoints=ENDPOINTS[::-1])


# Outside the code


def effect(kind: EffectKind, line: int, **fields: object) -> Effect:
    chain = [Frame(function="app.views.search", file="app/views.py", line=line)]
    given = {"id": f"E-{kind}{line}", "kind": kind, "file": "app/views.py", "line": line, "chain": chain}
    return Effect.model_validate(given | fields)


def topics(*endpoints: Endpoint) -> list[str]:
    return [note.topic for note in plan_of(endpoints=endpoints).outside_code]


def test_nothing_is_said_outside_the_code_without_evidence() -> None:
    assert topics(endpoint(LIST, CostTerm(low=40, high=40))) == []
    assert topics(endpoint(LIST, CostTerm(), kind="session")) == []
    assert topics(endpoint(LIST, effects=[effect("http", 3, status="refuted")])) == []


def test_a_write_or_an_unresolved_call_is_no_case_for_a_replica() -> None:
    reads = [effect("sql", line, operation="read") for line in range(1, 7)]
    many = CostTerm(low=6, high=6)
    assert topics(endpoint(LIST, many, effects=reads)) == ["reads"]
    assert topics(endpoint("POST /spaces", many, effects=reads)) == []
    assert topics(endpoint(LIST, many, effects=[*reads, effect("sql", 9, operation="write")])) == []
    assert topics(endpoint(LIST, many, effects=[*reads, effect("sql", 9)])) == []
    assert topics(endpoint(LIST, many, effects=reads, coverage=EndpointCoverage(calls=2, resolved=1))) == []


def test_several_connections_and_outside_waits_are_named_with_their_place() -> None:
    several = endpoint(LIST, CostTerm(low=5, high=5), kind="session", effects=[effect("http", 7)])
    pool, workers = plan_of(endpoints=[several]).outside_code
    assert pool.evidence == ("`GET /spaces` takes `5` connections a request",)
    assert "`app/views.py:7`" in workers.evidence[0]
