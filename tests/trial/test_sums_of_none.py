"""Which sums are new, and which tables are emptied for them."""

import pytest

from auditor.execution.databases.tables import Reference, Table
from auditor.trial.sums_of_none import emptied_apart, summed_anew


def table(name: str, *to: str) -> Table:
    references = tuple(Reference(columns=(f"{other}_id",), table=other, to=("id",)) for other in to)
    return Table(name=name, columns=(), key=("id",), references=references)


TABLES = [
    table("shops"),
    table("orders", "shops"),
    table("lines", "orders"),
    table("tickets", "lines"),
    table("users", "users"),
]
SUM = "SELECT SUM(lines.price * lines.quantity) AS n FROM lines WHERE order_id IN (%s, %s)"
JOINED = 'SELECT COALESCE(SUM("lines"."n"), 0) FROM "lines" INNER JOIN "orders" ON (1=1)'
TOTAL = "SELECT MAX(total) FROM orders"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(*) FROM lines",
        "SELECT order_id, SUM(n) FROM lines GROUP BY order_id",
        "SELECT SUM(n) FROM lines GROUP BY order_id",
        "SELECT id, summary FROM lines",
        "SELECT EXISTS(SELECT 1 FROM lines)",
        "INSERT INTO sums SELECT SUM(n) FROM lines",
    ],
)
def test_what_is_never_null_or_is_no_lone_sum(text: str) -> None:
    assert summed_anew({"r": {text: 1}}, {}) == {}


def test_what_was_summed_before_is_not_new() -> None:
    assert summed_anew({"r": {SUM: 2}}, {"r": {SUM: 1}}) == {}


def test_a_new_sum_is_told_by_request() -> None:
    now = {"r": {SUM: 1, "SELECT 1": 1}, "other": {SUM: 1}}
    assert summed_anew(now, {"other": {SUM: 1}}) == {"r": frozenset({SUM})}


def test_a_sum_of_decimals_on_sqlite_is_one() -> None:
    text = 'SELECT (CAST(SUM((CAST(("lines"."price" * "lines"."n") AS NUMERIC))) AS NUMERIC)) AS "n" FROM "lines"'
    assert summed_anew({"r": {text: 1}}, {}) == {"r": frozenset({text})}


def test_what_somebody_is_let_in_by_stays() -> None:
    assert emptied_apart(TABLES, {}, ()) == ()
    assert emptied_apart(TABLES, {"r": frozenset({SUM})}, {"from", "lines"}) == ()
    assert emptied_apart(TABLES, {"r": frozenset({SUM})}, {"tickets"}) == ()


def test_a_table_that_is_not_there_is_not_emptied() -> None:
    assert emptied_apart(TABLES, {"r": frozenset({"SELECT SUM(n) FROM gone"})}, ()) == ()


@pytest.mark.parametrize("text", [SUM, JOINED])
def test_what_is_above_the_sum_stays(text: str) -> None:
    assert emptied_apart(TABLES, {"r": frozenset({text})}, ()) == ((("tickets", "lines"), frozenset({"r"})),)


def test_a_table_that_refers_to_itself() -> None:
    text = "SELECT AVG(age) FROM users"
    assert emptied_apart(TABLES, {"r": frozenset({text})}, ()) == ((("users",), frozenset({"r"})),)


def test_a_table_and_what_is_above_it_are_emptied_one_after_the_other() -> None:
    found = emptied_apart(TABLES, {"r": frozenset({SUM}), "s": frozenset({TOTAL})}, ())
    assert found == (
        (("tickets", "lines"), frozenset({"r"})),
        (("tickets", "lines", "orders"), frozenset({"s"})),
    )


def test_tables_that_have_nothing_to_do_with_each_other_go_together() -> None:
    both = frozenset({SUM, "SELECT AVG(age) FROM users"})
    assert emptied_apart(TABLES, {"r": both}, ()) == ((("tickets", "users", "lines"), frozenset({"r"})),)
