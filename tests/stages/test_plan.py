"""From findings to a plan: what stays out, what is one change, what a change tells."""

import pytest

from auditor.model.plan import Plan
from auditor.model.report import CostTerm, Finding, Place, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity

from .planned import DETAIL, LIST, changes_of, endpoint, finding, only_change, plan_of


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


def test_what_loops_all_over_a_project_ask_one_accessor_for_is_no_single_change() -> None:
    def asked(name: str, file: str) -> Finding:
        place = Place(file="app/base.py", line=60, end_line=60, role="query")
        return finding(
            name, "query-in-loop", file=file, function=f"app.{name}", related=[place], subject="get"
        )

    two = [asked("a", "app/a.py"), asked("b", "app/b.py")]
    assert len(changes_of(*two)) == 1
    three = [*two, asked("c", "app/c.py"), asked("d", "app/c.py")]
    assert sorted(len(change.findings) for change in changes_of(*three)) == [1, 1, 2]


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


@pytest.mark.parametrize(
    ("rule", "sizes", "count", "expected"),
    [
        ("query-in-loop", ("spaces", "add_ons"), 1, "add_ons·spaces → spaces"),
        ("query-in-loop", ("?",), 1, "? → 1"),
        ("query-in-loop", ("spaces",), 3, "3·spaces → 3"),
        ("call-in-loop", ("spaces",), 1, "spaces → one for all, or side by side"),
        ("lazy-load-in-loop", ("spaces",), 3, "3·spaces → 0…3"),
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


def test_ids_depend_on_the_findings_of_a_change_only() -> None:
    alone = only_change(finding("a", "query-in-loop"))
    beside = changes_of(finding("a", "query-in-loop"), finding("b", "log-in-loop", kind="log"))
    assert alone.id in {change.id for change in beside}
    assert alone.id != only_change(finding("c", "query-in-loop")).id
