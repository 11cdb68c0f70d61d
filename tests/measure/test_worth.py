"""What is said of a replay that could not see much."""

import pytest

from auditor.measure.answer import Answer
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeError, ProbeRecord
from auditor.measure.request import Request
from auditor.measure.worth import doubts, not_let_in


def answers(*said: int | str | None) -> list[Answer]:
    """A status each; a text is where a redirect leads."""
    return [
        Answer(ending="answered", status=302, headers=(("location", one),))
        if isinstance(one, str)
        else Answer(ending="answered", status=one)
        for one in said
    ]


@pytest.mark.parametrize(
    "said",
    [
        [],
        [200],
        [200, 200, 401],
        [None, 500],
        ["/books/"],
        ["/blog/sign-in-sheets/", "https://shop.test/logins/3"],
        ["/?next=/login/"],
    ],
)
def test_one_closed_door_among_open_ones_is_how_it_should_be(said: list[int | str | None]) -> None:
    assert not not_let_in(answers(*said))


@pytest.mark.parametrize(
    ("turned", "said"),
    [
        ([401], "1 of 1 request were not let in"),
        ([403, 200], "1 of 2 requests were not let in"),
        ([401, 401, 401, 200], "3 of 4 requests were not let in"),
        (["/accounts/login/?next=/x", 200], "1 of 2 requests were not let in"),
        (
            ["http://localhost/auth/login?next=%2F", "/user/sign_in", 401, 200, 200],
            "3 of 5 requests were not let in",
        ),
        (["/signin", "/Login"], "2 of 2 requests were not let in"),
    ],
)
def test_half_of_them_turned_away_is_said(turned: list[int | str | None], said: str) -> None:
    assert not_let_in(answers(*turned)) == said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("relation of the two is not there", 0),
        ("no such column: book.title", 0),
        ("(sqlite3.OperationalError) no such table: book", 1),
        ('relation "book" does not exist LINE 1: SELECT', 1),
    ],
)
def test_tables_that_are_not_there_are_told_with_what_makes_them(message: str, said: int) -> None:
    record = ProbeRecord(
        request="1", pid=1, errors=(ProbeError(type="OperationalError", message=message, stack=()),)
    )
    exchange = Exchange(
        request=Request(id="books", path="/books"),
        answer=Answer(ending="answered", status=500, body=b"x"),
        record=record,
    )
    assert sum("[boot] migrate" in one for one in doubts([exchange])) == said
