"""What is said of a replay that could not see much."""

import pytest

from auditor.measure.worth import not_let_in


@pytest.mark.parametrize("statuses", [[], [200], [200, 200, 401], [None, 500]])
def test_one_closed_door_among_open_ones_is_how_it_should_be(statuses: list[int | None]) -> None:
    assert not not_let_in(statuses)


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([401], "1 of 1 request were not let in"),
        ([403, 200], "1 of 2 requests were not let in"),
        ([401, 401, 401, 200], "3 of 4 requests were not let in"),
    ],
)
def test_half_of_them_turned_away_is_said(statuses: list[int | None], said: str) -> None:
    assert not_let_in(statuses) == said
