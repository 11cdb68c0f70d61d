"""What comes first in a plan."""

import pytest

from auditor.model.plan import PHASE_TITLES
from auditor.model.report import CostTerm, Finding, Size, TermAtStake
from auditor.model.severity import Severity

from .planned import DETAIL, ENDPOINTS, LIST, NESTED, RULES, changes_of, endpoint, finding, plan_of


def test_a_rare_branch_of_many_endpoints_weighs_less_than_one_that_always_pays() -> None:
    rarely = [endpoint(f"GET /{n}", CostTerm(low=0, high=1, sizes=("hits",))) for n in range(5)]
    surely = endpoint("GET /surely", CostTerm(low=1, high=1, sizes=("rows",)))
    rare = finding("a", "query-in-loop", endpoints=[e.id for e in rarely], sizes=("hits",))
    sure = finding("b", "query-in-loop", endpoints=[surely.id], sizes=("rows",), function="app.b", line=30)
    plan = plan_of(rare, sure, endpoints=(*rarely, surely))
    ranks = {change.findings: change.rank for change in plan.changes if change.rank}
    assert ranks[(rare.id,)] > ranks[(sure.id,)]


def test_what_requests_wait_for_comes_before_what_commands_and_tasks_do() -> None:
    term = CostTerm(low=1, high=1, sizes=("rows",))
    asked, by_hand = endpoint("GET /asked", term), endpoint("COMMAND fill", term)
    slow = finding("a", "query-in-loop", endpoints=[by_hand.id], sizes=("rows",))
    seen = finding("b", "query-in-loop", endpoints=[asked.id], sizes=("rows",), function="app.b", line=30)
    plan = plan_of(slow, seen, endpoints=(asked, by_hand))
    assert [c.findings for c in plan.changes if c.rank] == [(seen.id,), (slow.id,)]


def test_what_users_wait_for_comes_before_what_staff_does() -> None:
    term = CostTerm(low=1, high=1, sizes=("rows",))
    asked = endpoint("GET /asked", term)
    shown = endpoint(
        "GET /admin/books/book/", CostTerm(low=2, high=2, sizes=("rows",)), framework="django_admin"
    )
    slow = finding("a", "query-in-loop", endpoints=[shown.id], sizes=("rows",))
    seen = finding("b", "query-in-loop", endpoints=[asked.id], sizes=("rows",), function="app.b", line=30)
    plan = plan_of(slow, seen, endpoints=(asked, shown))
    assert [c.findings for c in plan.changes if c.rank] == [(seen.id,), (slow.id,)]


def test_a_change_is_told_by_a_request_where_one_pays_for_it_too() -> None:
    term = CostTerm(low=1, high=1, sizes=("rows",))
    both = (endpoint("COMMAND fill", term), endpoint("GET /asked", term), endpoint("TASK app.mail", term))
    found = finding("a", "query-in-loop", endpoints=[e.id for e in both], sizes=("rows",))
    change = next(c for c in plan_of(found, endpoints=both).changes if c.rank)
    assert change.endpoints == ("GET /asked", "COMMAND fill", "TASK app.mail")


def test_nested_loops_of_a_task_do_not_come_before_what_a_request_pays_for_each_row() -> None:
    deep, plain = ("books", "covers", "results"), ("rows",)
    task = endpoint("TASK app.fetch", CostTerm(sizes=deep), kind="http")
    asked = endpoint("GET /asked", CostTerm(sizes=plain))
    slow = finding("a", "call-in-loop", endpoints=[task.id], sizes=deep, kind="http")
    seen = finding("b", "query-in-loop", endpoints=[asked.id], sizes=plain, function="app.b", line=30)
    minor = {"severity": Severity.LOW, "function": "app.c", "line": 50}
    small = finding("c", "query-in-loop", endpoints=[asked.id], sizes=plain, **minor)  # type: ignore[arg-type]
    plan = plan_of(slow, seen, small, endpoints=(task, asked))
    ranks = {change.findings[0]: change.rank for change in plan.changes if change.rank}
    assert ranks == {seen.id: 1, slow.id: 2, small.id: 3}


def test_a_change_is_told_by_an_endpoint_that_pays_what_is_told() -> None:
    pays = endpoint("COMMAND prune", CostTerm(sizes=("profiles",)))
    other = endpoint("COMMAND notify", CostTerm(low=9, high=9, sizes=("checks", "users")))
    found = finding("a", "lazy-load-in-loop", endpoints=[pays.id, other.id], sizes=("profiles",))
    change = next(c for c in plan_of(found, endpoints=(other, pays)).changes if c.rank)
    assert change.endpoints == ("COMMAND prune", "COMMAND notify")


def test_the_named_endpoint_is_told_its_own_sizes() -> None:
    """The loops around the place on the way from a command are none of the request's."""
    command = endpoint("COMMAND fill", CostTerm(sizes=("days", "slots", "users")))
    request = endpoint("PUT /day", CostTerm(low=0, high=1, sizes=("slots",)))
    found = finding(
        "a", "query-in-loop", endpoints=[command.id, request.id], sizes=("users", "days", "slots")
    )
    change = next(c for c in plan_of(found, endpoints=(command, request)).changes if c.rank)
    assert change.endpoints[0] == "PUT /day"
    assert change.expected == {"sql": "(0…1)·slots → 0…1"}
    (change,) = (c for c in plan_of(found, endpoints=(command,)).changes if c.rank)
    assert change.expected == {"sql": "days·slots·users → days·users"}


def test_a_request_that_surely_pays_is_named_before_one_that_may() -> None:
    may = endpoint("GET /a", CostTerm(low=0, high=9, sizes=("rows",)))
    does = endpoint("GET /b", CostTerm(sizes=("rows",)))
    found = finding("a", "query-in-loop", endpoints=[may.id, does.id], sizes=("rows",))
    change = next(c for c in plan_of(found, endpoints=(may, does)).changes if c.rank)
    assert change.endpoints == ("GET /b", "GET /a")


@pytest.mark.parametrize(
    ("total", "told"),
    [
        ((4, 4), "4·rows → 4"),
        ((2, 9), "(2…5)·rows → 2…5"),
        ((0, 1), "(0…1)·rows → 0…1"),
        ((9, 12), "5·rows → 5"),
    ],
)
def test_no_change_takes_more_than_the_endpoint_pays(total: tuple[int, int], told: str) -> None:
    low, high = total
    paying = endpoint("GET /a", CostTerm(low=low, high=high, sizes=("rows",)))
    found = finding("a", "query-in-loop", endpoints=[paying.id], sizes=("rows",), count=5)
    change = next(c for c in plan_of(found, endpoints=(paying,)).changes if c.rank)
    assert change.expected == {"sql": told}


def test_requests_are_timed_before_commands_that_cost_more() -> None:
    run, asked = (
        endpoint("COMMAND fill", CostTerm(sizes=("a", "b", "c"))),
        endpoint("GET /a", CostTerm(sizes=("a",))),
    )
    found = finding("a", "query-in-loop", endpoints=[run.id, asked.id], sizes=("a",))
    measuring = plan_of(found, endpoints=(run, asked)).phases[0].changes[0]
    assert measuring.endpoints == ("GET /a", "COMMAND fill")


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
