"""Findings against what requests did."""

from collections.abc import Callable

import pytest

from auditor.measure.reconcile import reconcile
from auditor.model.observation import ObservedRequest
from auditor.model.report import Finding

from .conftest import HANDLER, LINES, ORDERS, observation, report, request, saw

Make = Callable[..., Finding]
LOOKED_UP = ("app.py:12", "lines.py:5")


def judged(finding: Finding, *requests: ObservedRequest) -> Finding:
    after, *_ = reconcile(report(findings=(finding,)), observation(*requests)).findings
    return after


def test_what_did_not_run_is_as_it_was(finding: Make) -> None:
    assert judged(finding(), request(lines={"app.py": (1, 2)})) == finding()


def test_one_turn_of_a_loop_tells_nothing(finding: Make) -> None:
    after = judged(finding(), request(saw(LINES, *LOOKED_UP)))
    assert after.status == "suspected"
    assert after.observed is not None
    assert after.observed.value == 1


def test_an_empty_loop_tells_nothing(finding: Make) -> None:
    assert judged(finding(), request(lines={"app.py": (11,)})).status == "suspected"


def test_other_statements_on_the_line_do_not_count(finding: Make) -> None:
    others = saw("SELECT prices.id FROM prices", "app.py:12", "prices.py:8", count=20)
    after = judged(finding(), request(others, saw(LINES, *LOOKED_UP)))
    assert after.status == "refuted"


def test_every_endpoint_is_needed_to_refute(finding: Make) -> None:
    shared = finding(endpoints=[HANDLER, "GET /else"])
    turns = saw("card", "app.py:13", kind="log", op="INFO", count=8)
    once = request(turns, saw(LINES, *LOOKED_UP))
    assert judged(shared, once).status == "suspected"
    both = judged(shared, once, once.model_copy(update={"id": "two", "endpoint": "GET /else"}))
    assert both.status == "refuted"


def test_seen_on_several_turns_is_confirmed_and_says_how_often(finding: Make) -> None:
    after = judged(
        finding(), request(saw(LINES, *LOOKED_UP, count=66)), request(saw(LINES, *LOOKED_UP), name="two")
    )
    assert after.status == "confirmed"
    assert after.evidence[0].kind == "measured"
    assert after.evidence[0].text == "seen 66 times in one request (`one`)"
    assert after.observed is not None
    assert (after.observed.low, after.observed.high) == (1, 66)


def test_seen_once_in_a_loop_of_several_turns_is_refuted(finding: Make) -> None:
    turns = saw("card", "app.py:13", kind="log", op="INFO", count=8)
    after = judged(finding(), request(turns, saw(LINES, *LOOKED_UP)))
    assert after.status == "refuted"
    assert "seen once at most in 1 request" in after.evidence[0].text


def test_rows_of_the_query_before_the_loop_show_its_turns(finding: Make) -> None:
    load = finding(
        rule="lazy-load-in-loop",
        subject="lines",
        related=[{"file": "app.py", "line": 9, "end_line": 9, "role": "query"}],
    )
    rows = saw(ORDERS, "app.py:9", rows=20)
    assert judged(load, request(rows, lines={"app.py": (12,)})).status == "refuted"
    one = saw(ORDERS, "app.py:9", rows=1)
    assert judged(load, request(one, lines={"app.py": (12,)})).status == "suspected"


def test_lazy_loads_are_counted_by_relation(finding: Make) -> None:
    load = finding(rule="lazy-load-in-loop", subject="lines, host", related=[])
    after = judged(
        load,
        request(
            saw("Order.lines", "app.py:12", kind="lazy-load", op="load", count=5),
            saw("Order.host", "app.py:12", kind="lazy-load", op="load", count=2),
            saw("Order.other", "app.py:12", kind="lazy-load", op="load", count=90),
            saw(LINES, "app.py:12", count=97),
        ),
    )
    assert after.status == "confirmed"
    assert after.observed is not None
    assert after.observed.value == 7


READ = {"file": "app.py", "line": 13, "end_line": 13, "role": "read"}


@pytest.mark.parametrize(
    ("relation", "place", "function", "status"),
    [
        ("Order.other", "app.py:13", "view", "refuted"),
        ("Order.host", "app.py:13", "helper", "refuted"),
        ("Order.host", "other.py:13", "view", "refuted"),
        ("Order.host", "app.py:13", "view", "confirmed"),
    ],
    ids=["another relation", "another function", "another file", "where it says so"],
)
def test_a_relation_that_is_read_below_the_first_counts_too(
    relation: str, place: str, function: str, status: str, finding: Make
) -> None:
    load = finding(rule="lazy-load-in-loop", subject="lines, host", function="app.view", related=[READ])
    turns = saw("card", "app.py:12", kind="log", op="INFO", count=8)
    read = saw(relation, place, kind="lazy-load", op="load", count=8, functions=(function,))
    assert judged(load, request(turns, read)).status == status


def test_in_a_template_functions_are_its_blocks(finding: Make) -> None:
    page = {"file": "page.html", "function": "page.html", "line": 12, "end_line": 12}
    load = finding(
        rule="lazy-load-in-loop", subject="lines, host", related=[{**READ, "file": "page.html"}], **page
    )
    read = saw(
        "Order.host", "page.html:13", kind="lazy-load", op="load", count=8, functions=("block_content",)
    )
    assert judged(load, request(read, lines={"page.html": (12, 13)})).status == "confirmed"


@pytest.mark.parametrize(
    ("effects", "status"),
    [
        ((saw(LINES, "app.py:7"), saw(LINES, "app.py:12")), "confirmed"),
        ((saw(LINES, "app.py:7"),), "refuted"),
    ],
)
def test_a_query_that_is_run_again_needs_both(
    finding: Make, effects: tuple[object, ...], status: str
) -> None:
    again = finding(
        rule="duplicate-query",
        cost_term={"kind": "sql", "low": 2, "high": 2},
        related=[{"file": "app.py", "line": 7, "end_line": 7, "role": "first"}],
    )
    assert judged(again, request(*effects, lines={"app.py": (7, 12)})).status == status  # type: ignore[arg-type]


BESIDE = [
    {"file": "app.py", "line": 13, "end_line": 13, "role": "query"},
    {"file": "app.py", "line": 16, "end_line": 16, "role": "call"},
    {"file": "app.py", "line": 11, "end_line": 13, "role": "loop"},
]
PRICES = "SELECT prices.id FROM prices"


@pytest.mark.parametrize(
    ("effects", "status"),
    [
        ((saw(LINES, "app.py:12"), saw(PRICES, "app.py:13"), saw("card", "app.py:13", kind="log", count=8)), "refuted"),
        ((saw(LINES, "app.py:12"), saw(PRICES, "app.py:20", count=8), saw("card", "app.py:12", kind="log", count=8)), "refuted"),
        ((saw(LINES, "app.py:12", count=8), saw(PRICES, "app.py:13", count=8)), "confirmed"),
        ((saw(LINES, "app.py:12", count=8), saw(PRICES, "app.py:16", "lines.py:5", count=8)), "confirmed"),
        ((saw(LINES, "app.py:12"), saw(PRICES, "app.py:13", count=8)), "confirmed"),
    ],
    ids=["each once", "another place", "both", "beside the call of another loop", "the second alone"],
)  # fmt: skip
def test_queries_that_one_loop_asks_side_by_side_do_not_lead_to_each_other(
    finding: Make, effects: tuple[object, ...], status: str
) -> None:
    several = finding(title="`SELECT Line` runs once per order, with 1 more", related=BESIDE)
    assert judged(several, request(*effects, lines={"app.py": (12,)})).status == status  # type: ignore[arg-type]


def test_a_helper_of_the_same_file_is_a_step_on_the_way(finding: Make) -> None:
    """What the line asks besides is not the helper's."""
    helped = finding(related=[{"file": "app.py", "line": 40, "end_line": 40, "role": "query"}, BESIDE[2]])
    turns = saw("card", "app.py:13", kind="log", op="INFO", count=8)
    once = saw(LINES, "app.py:12", "app.py:40")
    elsewhere = saw(LINES, "app.py:30", "app.py:40", count=8, functions=("view", "lines_of"))
    others = saw(PRICES, "app.py:12", count=20)
    assert judged(helped, request(turns, others, once)).status == "refuted"
    assert judged(helped, request(turns, others, elsewhere)).status == "refuted"


def test_rows_are_claimed_by_the_query_that_fetches_them(finding: Make) -> None:
    filtered = finding(
        rule="filter-in-python",
        cost_term={"kind": "rows", "sizes": ["orders"]},
        related=[{"file": "app.py", "line": 9, "end_line": 9, "role": "query"}],
    )
    after = judged(filtered, request(saw(ORDERS, "app.py:9", rows=20), lines={"app.py": (12,)}))
    assert after.status == "confirmed"
    assert after.evidence[0].text == "its queries ran once in one request (`one`), 20 rows fetched"
    none = judged(filtered, request(saw(ORDERS, "app.py:9", rows=0), lines={"app.py": (12,)}))
    assert none.status == "suspected"
