"""A world whose data are prepared while others are asked: seeding large data takes longer than most of what is asked of small ones."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Final, Protocol, Self, TypeVar


class Preparable(Protocol):
    """What of a world is needed here."""

    def __enter__(self) -> Self:
        """Its closing ends it."""

    def __exit__(self, *_: object) -> None: ...

    def prepare(self) -> bool:
        """Brings its data to their first state."""

    def kill(self) -> None:
        """Ends what it runs, from any thread."""


_AGAIN_S: Final = 0.1
"""One command may follow another."""
W = TypeVar("W", bound=Preparable)


@contextmanager
def prepared_beside(world: W, /, *, alone: bool = False) -> Iterator[Callable[[], W]]:
    """Begins to prepare the world, and gives what waits until it is; leaving this closes it, prepared or not.

    What waits raises what preparing it raised. Where it has to be done `alone` it is begun when it is waited for.
    """
    with world, ThreadPoolExecutor(1, thread_name_prefix="preparing") as pool:
        going = None if alone else pool.submit(world.prepare)

        def prepared() -> W:
            nonlocal going
            going = going or pool.submit(world.prepare)
            going.result()
            return world

        try:
            yield prepared
        finally:
            while going is not None and not going.done():
                world.kill()
                wait([going], timeout=_AGAIN_S)
