"""Rounds one after another, of which every second one has a world of its own, in which it boots while the one before is asked.

Nobody is asked while others are: what two rounds have in common is what they are compared for, the time of day included.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TypeVar

from auditor.measure.running.rounds import Round
from auditor.model.fault import Fault
from auditor.trial.beside import Beside, Killable


class Elsewhere(Fault):
    """Another world can't be had, or would not be as the first: the round is played where the one before was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Called by who plays a round: see `play_round`."""

    booted: Callable[[], None] = lambda: None
    asked: Callable[[], None] = lambda: None


class _Dropped(Exception):  # noqa: N818  nobody sees it
    """The round is not wanted any more."""


W = TypeVar("W", bound=Killable)


def in_turn(
    world: W,
    another: Callable[[], AbstractContextManager[W]],
    play: Callable[[W, int, Hooks], Round],
    /,
    *,
    runs: int,
) -> Generator[Round]:
    """The rounds, by their number from 1 on, each when it is over; to be closed by who does not want them all.

    `another` makes one more world like `world`, in a thread, or raises `Elsewhere`.

    Raises:
        Fault: what playing the round raised.
    """
    for number in range(1, runs + 1, 2):
        with ExitStack() as stack:
            beside = stack.enter_context(Beside())
            turn = _Turn()
            stack.callback(turn.drop)
            following = str(number + 1)

            def begin(beside: Beside = beside, turn: _Turn = turn, name: str = following) -> None:
                hooks = Hooks(booted=turn.wait)
                if int(name) <= runs:
                    beside.begin(another, {name: lambda own: play(own, int(name), hooks)})

            yield play(world, number, Hooks(booted=begin, asked=turn.come))
            turn.come()
            if int(following) > runs:
                return
            try:
                second = beside.take(following)
            except Elsewhere:
                second = None
            yield second if second is not None else play(world, int(following), Hooks())


class _Turn:
    """Waited for until it has come, or nobody wants it any more."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._is_dropped = False

    def come(self) -> None:
        self._over.set()

    def drop(self) -> None:
        self._is_dropped = self._is_dropped or not self._over.is_set()
        self._over.set()

    def wait(self) -> None:
        self._over.wait()
        if self._is_dropped:
            raise _Dropped
