import pytest

from auditor.model.constraint import KeepFalsy
from auditor.trial.constraints.edited import Edited
from auditor.trial.constraints.falsy import dropped_tests, falsy_lost

BEFORE = "def names(limit, rows):\n    return rows[:limit] if limit else rows\n"
ASKS = "def names(limit, rows):\n    BODY\n"


def edited(after: str, before: str = BEFORE) -> Edited:
    return Edited("app.py", before.encode(), after.encode(), frozenset({"GET /names"}))


@pytest.mark.parametrize(
    "body",
    [
        "return rows[: limit or None]",
        "return rows if not limit else rows[:limit]",
        "while limit and rows: return rows[:limit]",
        "return [row for row in rows if limit]",
        "return rows.limited()",  # the name is not used any more: what asks may lie elsewhere
        "if limit:\n        rows = rows.limit(limit)\n    return rows",
        "if (many := limit) and limit: return rows[:many]",
    ],
)
def test_who_still_asks_means_the_same(body: str) -> None:
    assert dropped_tests(edited(ASKS.replace("BODY", body))) == []


def test_a_function_that_is_gone_asks_elsewhere() -> None:
    assert dropped_tests(edited("def others(limit):\n    return limit\n")) == []


@pytest.mark.parametrize(
    "body",
    ["return rows[:limit]", "return rows[:limit] if limit is not None else rows", "return rows.limit(limit)"],
)
def test_who_no_longer_asks_is_told(body: str) -> None:
    file = edited(ASKS.replace("BODY", body))
    assert dropped_tests(file) == [("names", "limit")]
    rule = KeepFalsy(parameter="limit", endpoint="GET /names")
    assert falsy_lost(rule, file) == [
        "`names` would use `limit` without asking whether it is there: 0 and '' would mean another thing"
    ]
    assert falsy_lost(KeepFalsy(parameter="offset"), file) == []
    assert falsy_lost(KeepFalsy(parameter="limit", endpoint="GET /others"), file) == []


def test_what_does_not_parse_is_for_another_gate() -> None:
    assert dropped_tests(edited("def names(:\n")) == []
