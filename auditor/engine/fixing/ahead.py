"""A tree that is read while it is being tried: where it is kept, what comes next stands on it."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from auditor.trial.trees import Tree

T = TypeVar("T")
_TURN_S: Final = 0.0005
"""How long reading goes on while whoever speaks to a server waits to go on: with the interpreter's own five milliseconds for each answer that is
waited for, a trial takes a second or two longer."""


class Ahead(Generic[T]):
    """What `read` makes of trees; of the one that was begun last it may be known already.

    A trial mostly waits for servers, so reading takes no time of its own then. Where time is taken it has to be `settle`d first.
    """

    def __init__(self, read: Callable[[Tree], T], /) -> None:
        """`read` is never called twice at once."""
        self._read = read
        self._going: _Going[T] | None = None

    def begin(self, tree: Tree, /) -> None:
        """Begins to read it; what was begun before is forgotten."""
        self.settle()
        self._going = _Going(tree.id, lambda: self._read(tree))

    def settle(self) -> None:
        """Waits until nothing is being read."""
        if self._going is not None:
            self._going.wait()

    def take(self, tree: Tree, /) -> T:
        """What is made of the tree, once; `read` again where it was not begun, or failed.

        Raises:
            Fault: whatever reading it raises.
        """
        going, self._going = self._going, None
        if going is not None:
            going.wait()
            if going.tree == tree.id and going.made is not None:
                return going.made[0]
        return self._read(tree)


@contextmanager
def short_turns() -> Iterator[None]:
    """Threads of this process take short turns meanwhile; for one at a time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class _Going(Generic[T]):
    def __init__(self, tree: str, read: Callable[[], T]) -> None:
        self.tree = tree
        self.made: tuple[T] | None = None
        self._read = read
        # Not waited for at the end of the process: nobody wants it then.
        self._thread = threading.Thread(target=self._run, name="reading ahead", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            with short_turns():
                self.made = (self._read(),)
        except Exception:  # noqa: BLE001  whoever asks for it reads again, and is told then
            self.made = None
