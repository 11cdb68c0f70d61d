"""A round that is played while others are."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from auditor.model.fault import Fault
from auditor.trial.beside import Beside


class Place:
    """Serves until it is killed."""

    def __init__(self) -> None:
        self.killed = threading.Event()
        self.entered = threading.Event()
        self.left = False

    def kill(self) -> None:
        self.killed.set()

    @contextmanager
    def made(self) -> Iterator["Place"]:
        try:
            yield self
        finally:
            self.left = True

    def until_killed(self, _: "Place") -> Any:
        self.entered.set()
        self.killed.wait()
        return "cut off"


def test_nothing_was_begun() -> None:
    with Beside() as beside:
        assert beside.take("counts") is None


def test_a_round_is_taken_once_and_by_its_name() -> None:
    place, played = Place(), object()
    with Beside() as beside:
        beside.begin("counts", place.made, lambda _: played)  # type: ignore[arg-type, return-value]
        assert beside.take("others") is None
        assert beside.take("counts") is played
        assert beside.take("counts") is None
    assert place.left


def test_what_playing_raises_is_raised_where_the_round_is_asked_for() -> None:
    def fails(_: Place) -> Any:
        raise Fault("does not boot")

    with Beside() as beside:
        beside.begin("counts", Place().made, fails)
        with pytest.raises(Fault, match="does not boot"):
            beside.take("counts")
        assert beside.take("counts") is None


def test_leaving_ends_what_is_played() -> None:
    place = Place()
    with Beside() as beside:
        beside.begin("counts", place.made, place.until_killed)
        place.entered.wait()
    assert place.killed.is_set()
    assert place.left


def test_another_ends_the_one_before() -> None:
    first, second = Place(), Place()
    with Beside() as beside:
        beside.begin("one", first.made, first.until_killed)
        first.entered.wait()
        beside.begin("two", second.made, second.until_killed)
        assert first.left
        assert beside.take("one") is None


def test_only_the_one_that_is_meant_is_dropped() -> None:
    place, played = Place(), object()
    with Beside() as beside:
        beside.begin("counts", place.made, lambda _: played)  # type: ignore[arg-type, return-value]
        beside.drop("others")
        assert beside.take("counts") is played
