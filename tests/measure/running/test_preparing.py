"""Data that are prepared beside other things."""

import threading
from typing import Self

import pytest

from auditor.measure.running.preparing import prepared_beside
from auditor.model.fault import Fault


class World:
    """Prepares its data until it is told to go on; killed, it fails."""

    def __init__(self) -> None:
        self.began, self.goes_on = threading.Event(), threading.Event()
        self.killed = self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def prepare(self) -> bool:
        self.began.set()
        self.goes_on.wait()
        if self.killed:
            raise Fault("its seed was ended")
        return True

    def kill(self) -> None:
        self.killed = True
        self.goes_on.set()


def test_it_is_waited_for_where_it_is_asked_for() -> None:
    world = World()
    with prepared_beside(world) as prepared:
        world.began.wait()
        world.goes_on.set()
        assert prepared() is world
        assert prepared() is world
        assert not world.closed
    assert world.closed
    assert not world.killed


def test_who_leaves_before_ends_what_it_runs() -> None:
    world = World()
    with prepared_beside(world):
        world.began.wait()
    assert world.killed
    assert world.closed


def test_what_preparing_raises_is_raised_where_it_is_asked_for() -> None:
    world = World()
    with prepared_beside(world) as prepared:
        world.kill()
        with pytest.raises(Fault, match="its seed"):
            prepared()


def test_what_has_to_be_done_alone_is_done_when_it_is_asked_for() -> None:
    world = World()
    world.goes_on.set()
    with prepared_beside(world, alone=True) as prepared:
        assert not world.began.is_set()
        assert prepared() is world
    assert world.began.is_set()
    assert world.closed
