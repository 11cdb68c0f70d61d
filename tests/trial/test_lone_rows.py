import pytest

from auditor.trial.lone_rows import is_alone, lone_rows


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM alert",
        "SELECT region_id, count(*) FROM alert GROUP BY region_id",
        "SELECT count(*) FROM alert GROUP BY region_id",
        "SELECT count(*) OVER (PARTITION BY a) FROM alert",
        "SELECT max(a) FROM x UNION SELECT b FROM y",
        "SELECT counted FROM alert",
        "SELECT (SELECT COUNT(*) FROM alert) FROM bill",
        "SELECT CAST(total AS NUMERIC) FROM bill",
        "SELECT (CAST(SUM(x) AS NUMERIC)) AS n FROM bill GROUP BY day",
        "INSERT INTO alert VALUES (1)",
    ],
)
def test_these_give_as_many_rows_as_there_are(statement: str) -> None:
    assert not is_alone(statement)


def test_new_aggregates_are_told_apart_from_those_that_were_there() -> None:
    count, total = "SELECT COUNT(*) AS n FROM alert WHERE seen IS NULL", "select sum(x) from bill"
    before = {"a": {"SELECT id FROM alert": 4, count: 1}}
    assert lone_rows({"a": {count: 5, total: 1}, "b": {total: 2}}, before) == {"a": 5, "b": 2}
    assert lone_rows(before, before) == {"a": 0}


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT (CAST(SUM((CAST(("l"."price" * "l"."n") AS NUMERIC))) AS NUMERIC)) AS "n" FROM "l"',
        "SELECT ROUND(AVG(x), 2) FROM bill",
        "SELECT ( max ( x ) ) FROM bill",
    ],
)
def test_what_an_aggregate_is_wrapped_in_changes_nothing(statement: str) -> None:
    assert is_alone(statement)
