"""Work that grows with the data while what is saved does not. Most of these must stay silent."""

import pytest

from auditor.trial.gates.outgrown import outgrown, saves_more, sentence


@pytest.mark.parametrize(
    ("few", "many"),
    [
        ((99_000, 40_000), (2_400_000, 700_000)),
        ((99_000, 110_000), (2_400_000, 2_411_000)),
        ((99_000, 200_000), (2_400_000, 2_600_000)),
        ((99_000, 99_500), (2_400_000, 2_500_000)),
        ((99_000, 99_000), (2_400_000, 2_400_000)),
        ((0, 0), (0, 0)),
    ],
    ids=[
        "less work",
        "a constant",
        "a constant beside little",
        "a wrapper around rows",
        "nothing",
        "unknown",
    ],
)
def test_these_are_no_growth(few: tuple[int, int], many: tuple[int, int]) -> None:
    assert not outgrown(few, many)


@pytest.mark.parametrize(
    ("few", "many"),
    [((99_000, 183_000), (718_000, 1_451_000)), ((99_000, 90_000), (718_000, 900_000))],
    ids=["a copy for each row", "less work among few rows, more among many"],
)
def test_these_are(few: tuple[int, int], many: tuple[int, int]) -> None:
    assert outgrown(few, many)


def test_a_statement_for_each_row_is_saved_more_often_where_there_are_more() -> None:
    few, many = ({"sql": 13}, {"sql": 2}), ({"sql": 481}, {"sql": 2})
    assert saves_more(few, many)
    assert not saves_more(({"sql": 13}, {"sql": 12}), ({"sql": 481}, {"sql": 480}))
    assert not saves_more(({"sql": 12}, {"sql": 13}), ({"sql": 480}, {"sql": 480}))
    assert not saves_more(({"bytes": 12}, {"bytes": 12}), ({"bytes": 480}, {"bytes": 100}))
    assert saves_more(({"log": 36}, {"log": 36}), ({"log": 1440}, {"log": 1439}))


def test_it_is_said_at_which_scale() -> None:
    assert sentence("cards", (718_000, 1_451_000), scale=8) == (
        "work: `cards` calls 1,451,000 functions at scale 8, it called 718,000: that grows with the data, and nothing that is saved does"
    )
