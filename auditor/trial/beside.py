"""Rounds that are played in a private copy of their own while others are played: most of the time a machine waits for a target to boot."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, Protocol, Self, TypeVar

from auditor.measure.running.rounds import Round


class Killable(Protocol):
    """What of a world is needed here."""

    def kill(self) -> None:
        """Ends what runs in it; whoever is asking it sees that."""


_AGAIN_S: Final = 0.1
"""What still boots can't be killed, and serves afterwards."""
W = TypeVar("W", bound=Killable)


class Beside:
    """At most one round at a time, by name; one world plays several, one after another. A context manager: leaving it ends what is played."""

    def __init__(self) -> None:
        self._going: _Going | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def begin(
        self, make: Callable[[], AbstractContextManager[W]], plays: Mapping[str, Callable[[W], Round]], /
    ) -> None:
        """Begins to play these, by name and in their order, in one world; what was begun before is ended first."""
        self.drop()
        self._going = _Going(make, plays)

    def take(self, name: str, /) -> Round | None:
        """The round, once, when it is played; None where none was begun under this name, or it did not come to it.

        Raises:
            Fault: whatever playing it raised.
        """
        going = self._going
        return going.take(name) if going is not None else None

    def drop(self, name: str | None = None, /) -> None:
        """Ends what is played in one world with the round of that name, or whatever is played, and forgets it."""
        going = self._going
        if going is None or (name is not None and not going.has(name)):
            return
        self._going = None
        going.end()


class _Going:
    """One world and what is played in it."""

    def __init__(
        self, make: Callable[[], AbstractContextManager[W]], plays: Mapping[str, Callable[[W], Round]], /
    ) -> None:
        self._left = list(plays)
        """Names of what is not yet played, and neither taken."""
        self._played: dict[str, Round | BaseException] = {}
        self._world: Killable | None = None
        self._over = False
        """Nothing more is played: all is, or it was ended, or one could not be."""
        self._changed = threading.Condition()

        def run() -> None:
            try:
                with make() as world:
                    for name, play in plays.items():
                        if not self._enter(world):
                            return
                        self._has_played(name, play(world))
                    self._leave()
            except BaseException as error:  # noqa: BLE001  handed to whoever asks for the round
                self._has_failed(error)
            finally:
                self._leave()

        self._thread = threading.Thread(target=run, name=f"beside: {', '.join(plays)}", daemon=True)
        self._thread.start()

    def has(self, name: str, /) -> bool:
        with self._changed:
            return name in self._left or name in self._played

    def take(self, name: str, /) -> Round | None:
        with self._changed:
            self._changed.wait_for(lambda: name not in self._left or self._over)
            found = self._played.pop(name, None)
        if isinstance(found, BaseException):
            raise found
        return found

    def end(self) -> None:
        with self._changed:
            self._over = True
        while self._thread.is_alive():
            with self._changed:
                world = self._world
            if world is not None:
                world.kill()
            self._thread.join(_AGAIN_S)

    def _enter(self, world: Killable) -> bool:
        """Whether anything is still wanted, now that there is a world for it."""
        with self._changed:
            self._world = world
            return not self._over

    def _has_played(self, name: str, played: Round) -> None:
        with self._changed:
            self._left.remove(name)
            self._played[name] = played
            self._changed.notify_all()

    def _has_failed(self, error: BaseException) -> None:
        """Told to whoever asks for the round that could not be played; those after it were never begun."""
        with self._changed:
            if self._left:
                self._played[self._left.pop(0)] = error
            self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._over = True
            self._world = None
            self._left.clear()
            self._changed.notify_all()
