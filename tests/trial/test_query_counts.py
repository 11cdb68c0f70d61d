import pytest

from auditor.trial.query_counts import Fewer, fewer_queries

DJANGO = "AssertionError: {seen} != {expected} : {seen} queries executed, {expected} expected\nCaptured queries were:\n1. SELECT 1"
PYTEST_DJANGO = (
    "Failed: Expected to perform {expected} queries but {seen} were done (add -v option to show queries)"
)
AT_MOST = "Failed: Expected to perform {expected} queries or less but {seen} were done"
COUNTED = "AssertionError: assert {seen} == {expected}\n +  where {seen} = len(['SELECT a', 'SELECT b'])\n> assert len(queries) == {expected}"
TURNED = "AssertionError: assert {expected} == {seen}\n +  where {seen} = <sqlalchemy counter>.statements"


@pytest.mark.parametrize(
    "message",
    [
        "",
        "AssertionError: assert 3 == 5",
        "AssertionError: assert 3 == 5\n +  where 3 = len([{'name': 'ada'}])",
        "AssertionError: assert 'SELECT 3' == 'SELECT 5'",
        "sqlite3.OperationalError: no such column: 3 queries",
        "AssertionError: 5 != 3 : queries differ",
        "AssertionError: assert 404 == 200\n +  where 404 = <Response>.status_code\n> assert get('/queries').status_code == 200 # 3 == 5",
    ],
)
def test_other_failures_are_none_of_it(message: str) -> None:
    found = fewer_queries(message)
    assert found is None or found.seen >= found.expected


@pytest.mark.parametrize("message", [DJANGO, PYTEST_DJANGO, AT_MOST, COUNTED, TURNED])
def test_fewer_is_told_from_more(message: str) -> None:
    assert fewer_queries(message.format(seen=7, expected=5)) is None
    assert fewer_queries(message.format(seen=3, expected=5)) == Fewer(expected=5, seen=3)
