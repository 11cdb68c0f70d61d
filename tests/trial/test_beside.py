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
        beside.begin(place.made, {"counts": lambda _: played})  # type: ignore[arg-type, dict-item, return-value]
        assert beside.take("others") is None
        assert beside.take("counts") is played
        assert beside.take("counts") is None
    assert place.left


def test_what_playing_raises_is_raised_where_the_round_is_asked_for() -> None:
    def fails(_: Place) -> Any:
        raise Fault("does not boot")

    with Beside() as beside:
        beside.begin(Place().made, {"counts": fails, "others": fails})
        with pytest.raises(Fault, match="does not boot"):
            beside.take("counts")
        assert beside.take("counts") is None
        assert beside.take("others") is None  # it did not come to it


def test_leaving_ends_what_is_played() -> None:
    place = Place()
    with Beside() as beside:
        beside.begin(place.made, {"counts": place.until_killed})
        place.entered.wait()
    assert place.killed.is_set()
    assert place.left


def test_one_that_still_boots_when_it_is_ended_is_ended_as_soon_as_it_can_be() -> None:
    place, early = Place(), threading.Event()
    place.kill = early.set  # type: ignore[method-assign]  # nothing serves yet

    def boots_and_serves(_: Place) -> Any:
        place.entered.set()
        early.wait()
        place.kill = place.killed.set  # type: ignore[method-assign]
        assert place.killed.wait(20), "nobody ended it"

    with Beside() as beside:
        beside.begin(place.made, {"counts": boots_and_serves})
        place.entered.wait()
    assert place.killed.is_set()


def test_another_ends_the_one_before() -> None:
    first, second = Place(), Place()
    with Beside() as beside:
        beside.begin(first.made, {"one": first.until_killed})
        first.entered.wait()
        beside.begin(second.made, {"two": second.until_killed})
        assert first.left
        assert beside.take("one") is None


def test_only_the_one_that_is_meant_is_dropped() -> None:
    place, played = Place(), object()
    with Beside() as beside:
        beside.begin(place.made, {"counts": lambda _: played})  # type: ignore[arg-type, dict-item, return-value]
        beside.drop("others")
        assert beside.take("counts") is played


def test_one_world_plays_one_after_another_and_the_first_is_there_before_the_second() -> None:
    place, first, second = Place(), object(), object()

    def at_last(_: Place) -> Any:
        place.killed.wait()
        return second

    with Beside() as beside:
        beside.begin(place.made, {"one": lambda _: first, "two": at_last})  # type: ignore[arg-type, dict-item, return-value]
        assert beside.take("one") is first
        assert not place.left
        place.killed.set()
        assert beside.take("two") is second
    assert place.left


def test_what_comes_after_is_not_begun_when_it_was_ended() -> None:
    place, begun = Place(), list[Place]()

    with Beside() as beside:
        beside.begin(place.made, {"one": place.until_killed, "two": begun.append})  # type: ignore[dict-item]
        place.entered.wait()
        beside.drop("two")
    assert place.left
    assert not begun
