"""A round that is played in a private copy of its own while others are played: most of the time a machine waits for a target to boot."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar

from auditor.measure.running.rounds import Round


class Killable(Protocol):
    """What of a world is needed here."""

    def kill(self) -> None:
        """Ends what runs in it; whoever is asking it sees that."""


W = TypeVar("W", bound=Killable)


class Beside:
    """At most one round at a time, by name. A context manager: leaving it ends the one that is played."""

    def __init__(self) -> None:
        self._going: _Going | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def begin(
        self, name: str, make: Callable[[], AbstractContextManager[W]], play: Callable[[W], Round], /
    ) -> None:
        """Begins to play; one that is still being played under another name is ended first."""
        self.drop()
        going = _Going(name)

        def run() -> None:
            try:
                with make() as world:
                    if going.enter(world):
                        going.round = play(world)
            except BaseException as error:  # noqa: BLE001  handed to whoever asks for the round
                going.error = error

        going.thread = threading.Thread(target=run, name=f"beside: {name}", daemon=True)
        self._going = going
        going.thread.start()

    def take(self, name: str, /) -> Round | None:
        """The round, once, when it is played; None where none was begun under this name.

        Raises:
            Fault: whatever playing it raised.
        """
        going = self._going
        if going is None or going.name != name:
            return None
        going.wait()
        self._going = None
        if going.error is not None:
            raise going.error
        return going.round

    def drop(self, name: str | None = None, /) -> None:
        """Ends the round of that name, or whichever is played, and forgets it."""
        going = self._going
        if going is None or name not in {None, going.name}:
            return
        going.end()
        self._going = None


@dataclass(slots=True)
class _Going:
    name: str
    round: Round | None = None
    error: BaseException | None = None
    thread: threading.Thread | None = None
    _world: Killable | None = None
    _ended: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, world: Killable) -> bool:
        """Whether the round is still wanted, now that there is a world for it."""
        with self._lock:
            self._world = world
            return not self._ended

    def end(self) -> None:
        with self._lock:
            self._ended = True
            world = self._world
        if world is not None:
            world.kill()
        self.wait()

    def wait(self) -> None:
        assert self.thread is not None
        self.thread.join()
