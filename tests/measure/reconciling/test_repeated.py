"""What was seen to repeat becomes a finding where no rule had spoken; what only looks like it stays silent."""

from collections.abc import Callable

import pytest

from auditor.measure.reconcile import reconcile
from auditor.model.observation import ObservedEffect
from auditor.model.report import Finding, Report, TermAtStake
from auditor.rules.repeated_statement import RULE

from .conftest import HANDLER, LINES, ORDERS, observation, report, request, saw, traced


def told(held: Report) -> list[Finding]:
    return [found for found in held.findings if found.rule == RULE.id]


@pytest.mark.parametrize(
    "effects",
    [
        pytest.param([saw(LINES, "app.py:12", count=4)], id="four times, as a short fixed list may"),
        pytest.param(
            [saw(LINES, f"app.py:{line}") for line in range(12, 20)],
            id="written out, each on a line of its own",
        ),
        pytest.param(
            [saw("UPDATE lines SET seen = ?", "app.py:12", op="UPDATE", count=9)], id="written, not asked"
        ),
        pytest.param([saw("GET https://x/", "app.py:12", kind="http", op="GET", count=9)], id="no statement"),
    ],
)
def test_what_only_looks_like_it_is_not_told(effects: list[ObservedEffect]) -> None:
    assert told(reconcile(report(), observation(request(*effects)))) == []


def test_what_a_void_request_did_is_not_told() -> None:
    broken = request(saw(LINES, "app.py:12", count=9), void="its worker died")
    assert told(reconcile(report(), observation(broken))) == []


def test_what_was_traced_is_the_rules_to_tell() -> None:
    in_batches = report(traced("SELECT Line", "app.py:12", multiplicity="batches"))
    assert told(reconcile(in_batches, observation(request(saw(LINES, "app.py:12", count=9))))) == []


def test_what_a_finding_tells_is_not_told_again(finding: Callable[..., Finding]) -> None:
    by_place = finding(
        line=3, end_line=3, cost_term=TermAtStake(kind="sql", sizes=("orders",)), endpoints=(HANDLER,)
    )
    below = request(saw(LINES, "app.py:3", "store.py:7", count=9))
    assert told(reconcile(report(findings=(by_place,)), observation(below))) == []
    by_name = finding(
        line=90,
        end_line=90,
        subject="author",
        cost_term=TermAtStake(kind="sql", sizes=("orders",)),
        endpoints=(HANDLER,),
    )
    loaded = request(saw("Order.author", kind="lazy-load", op="load", count=9), saw(LINES, count=9))
    assert told(reconcile(report(findings=(by_name,)), observation(loaded))) == []


def test_a_statement_that_repeats_is_told_where_it_is_asked() -> None:
    few = request(saw(ORDERS, "app.py:5"), saw(LINES, "app.py:3", "store.py:7", count=6), name="few")
    many = request(saw(ORDERS, "app.py:5"), saw(LINES, "app.py:3", "store.py:7", count=9), name="many")
    held = reconcile(report(), observation(few, many))
    (found,) = told(held)
    assert (found.file, found.line, found.endpoints, found.status) == ("store.py", 7, (HANDLER,), "confirmed")
    assert found.title == "`SELECT lines` is run 9 times by one request, one row at a time"
    assert found.observed is not None
    assert (found.observed.value, found.observed.low) == (9, 6)
    assert [one.text for one in found.evidence if one.kind == "chain"] == [
        "asked from `store.py:7` and `app.py:3`"
    ]
    assert RULE in held.rules


def test_what_a_library_asks_on_its_own_is_told_at_the_handler_by_the_relation_it_loads() -> None:
    loads = saw("Order.author", kind="lazy-load", op="load", count=7)
    seen = request(saw(ORDERS, "app.py:5", count=1), loads, saw(LINES, count=7))
    held = reconcile(report(), observation(seen))
    (found,) = told(held)
    assert (found.file, found.line, found.function, found.subject) == (
        "app.py",
        1,
        "app.view",
        "Order.author",
    )
    assert found.title == "`Order.author` is loaded 7 times by one request, one row at a time"
    assert "`Order.author`" in found.fix
    (endpoint,) = held.endpoints
    assert endpoint.measured is not None
    assert [(one.file, one.line) for one in endpoint.measured.untraced] == [("", 0), ("app.py", 5)]


def test_a_relation_is_not_named_where_another_statement_ran_as_often() -> None:
    loads = saw("Order.author", kind="lazy-load", op="load", count=7)
    seen = request(loads, saw(LINES, count=7), saw(ORDERS, count=7))
    assert {found.subject for found in told(reconcile(report(), observation(seen)))} == {"lines", "orders"}


def test_nobody_asked_for_it() -> None:
    held = reconcile(report(), observation(request(saw(LINES, "app.py:12", count=9))), repeated=False)
    assert (told(held), RULE in held.rules) == ([], False)
