"""Worlds that are done with: taking one away mostly waits for the disk, so the next thing is done meanwhile."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self


class Leaving:
    """Ends what it is given, one after another, in a thread of its own. A context manager: leaving it waits until all are gone."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="leaving")
        self._going: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.settle()
        finally:
            self._thread.shutdown()

    def end(self, close: Callable[[], None], /) -> None:
        """Calls `close` soon; those that are called already are waited for where two are waiting, so that the disk holds no more than that."""
        self._going = [one for one in self._going if not one.done() or one.exception() is not None]
        if len(self._going) > 1:
            self.settle()
        self._going.append(self._thread.submit(close))

    def settle(self) -> None:
        """Waits until nothing is being ended.

        Raises:
            OSError, Fault: whatever ending one of them raised.
        """
        going, self._going = self._going, []
        for one in going:
            one.result()
