"""Rounds in turn: the next one's world stands ready, and is asked for nothing before its turn."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from auditor.engine.measuring.in_turn import Elsewhere, Hooks, in_turn
from auditor.model.fault import Fault


class Place:
    """A world that can be killed, and tells what happens in which order."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name = name
        self.told = told
        self.ready = threading.Event()
        self.killed = threading.Event()

    def kill(self) -> None:
        self.killed.set()

    @contextmanager
    def made(self) -> Iterator["Place"]:
        try:
            yield self
        finally:
            self.told.append(f"{self.name} left")


class Played:
    """Plays rounds whose names are what comes of them; the first waits until the second stands ready."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.first = Place("A", self.told)
        self.second = Place("B", self.told)

    def play(self, world: Place, number: int, hooks: Hooks) -> Any:
        if world is self.second:
            world.ready.set()
            hooks.booted()
        else:
            hooks.booted()
            if number % 2:
                self.second.ready.wait()
        self.told.append(f"{number} asked in {world.name}")
        hooks.asked()
        return number


def test_the_second_stands_ready_while_the_first_is_asked_and_is_asked_afterwards() -> None:
    played = Played()
    assert list(in_turn(played.first, played.second.made, played.play, runs=2)) == [1, 2]
    assert played.told == ["1 asked in A", "2 asked in B", "B left"]


def test_one_run_needs_no_other_world() -> None:
    played = Played()
    played.second.ready.set()
    assert list(in_turn(played.first, played.second.made, played.play, runs=1)) == [1]
    assert played.told == ["1 asked in A"]


def test_three_runs() -> None:
    played = Played()
    assert list(in_turn(played.first, played.second.made, played.play, runs=3)) == [1, 2, 3]
    assert [one for one in played.told if "asked" in one] == ["1 asked in A", "2 asked in B", "3 asked in A"]


def test_where_no_other_world_can_be_had_the_first_serves_again() -> None:
    played = Played()
    played.second.ready.set()

    def none() -> Any:
        raise Elsewhere("one network for both")

    assert list(in_turn(played.first, none, played.play, runs=2)) == [1, 2]
    assert played.told == ["1 asked in A", "2 asked in A"]


def test_what_the_second_raises_is_raised_in_its_turn() -> None:
    played = Played()

    def play(world: Place, number: int, hooks: Hooks) -> Any:
        if number == 2:
            played.second.ready.set()
            raise Fault("does not boot")
        return played.play(world, number, hooks)

    rounds = in_turn(played.first, played.second.made, play, runs=2)
    assert next(rounds) == 1
    with pytest.raises(Fault, match="does not boot"):
        next(rounds)
    assert sorted(played.told) == ["1 asked in A", "B left"]


def test_a_first_that_fails_leaves_nothing_of_the_second() -> None:
    played = Played()

    def play(world: Place, number: int, hooks: Hooks) -> Any:
        if number == 1:
            hooks.booted()
            played.second.ready.wait()
            raise Fault("died")
        return played.play(world, number, hooks)

    with pytest.raises(Fault, match="died"):
        list(in_turn(played.first, played.second.made, play, runs=2))
    assert played.told == ["B left"]
    assert played.second.killed.is_set()


def test_who_has_seen_enough_of_the_first_ends_the_second() -> None:
    played = Played()

    def play(world: Place, number: int, hooks: Hooks) -> Any:
        done = played.play(world, number, hooks)
        if number == 2:
            world.killed.wait()
        return done

    with closing(in_turn(played.first, played.second.made, play, runs=2)) as rounds:
        assert next(rounds) == 1
    assert played.told[-1] == "B left"
