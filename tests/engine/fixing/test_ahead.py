"""What was begun is read once; everything else is read when it is asked for."""

import sys
import threading

import pytest

from auditor.engine.fixing.ahead import Ahead
from auditor.model.fault import Fault
from auditor.trial.trees import Tree

ONE, TWO = (Tree(name, name) for name in ("one", "two"))


class Reader:
    """Says in which thread each tree was read."""

    def __init__(self, *, failing: int = 0) -> None:
        self.read: list[tuple[str, bool]] = []
        self._failing = failing

    def __call__(self, tree: Tree) -> str:
        self.read.append((tree.id, threading.current_thread() is threading.main_thread()))
        if len(self.read) <= self._failing:
            raise Fault("can't be read")
        return f"what is made of {tree.id}"


def test_what_was_begun_is_not_read_again() -> None:
    reader = Reader()
    ahead = Ahead(reader)
    ahead.begin(ONE)
    assert ahead.take(ONE) == "what is made of one"
    assert reader.read == [("one", False)]


def test_it_is_taken_once_since_it_may_be_large() -> None:
    reader = Reader()
    ahead = Ahead(reader)
    ahead.begin(ONE)
    assert ahead.take(ONE) == ahead.take(ONE)
    assert reader.read == [("one", False), ("one", True)]


def test_a_tree_that_was_not_kept_is_not_taken_for_another() -> None:
    reader = Reader()
    ahead = Ahead(reader)
    ahead.begin(ONE)
    assert ahead.take(TWO) == "what is made of two"
    assert ahead.take(ONE) == "what is made of one"
    assert reader.read == [("one", False), ("two", True), ("one", True)]


def test_two_are_never_read_at_once() -> None:
    going, most = [0], [0]
    lock = threading.Lock()

    def read(tree: Tree) -> str:
        with lock:
            going[0] += 1
            most[0] = max(most[0], going[0])
        threading.Event().wait(0.01)
        with lock:
            going[0] -= 1
        return tree.id

    ahead = Ahead(read)
    for tree in (ONE, TWO, ONE):
        ahead.begin(tree)
    assert ahead.take(TWO) == "two"
    assert most == [1]


def test_what_could_not_be_read_is_said_to_whoever_asks() -> None:
    ahead = Ahead(Reader(failing=2))
    ahead.begin(ONE)
    ahead.settle()
    with pytest.raises(Fault, match="can't be read"):
        ahead.take(ONE)
    assert ahead.take(ONE) == "what is made of one"


def test_settled_nothing_is_being_read() -> None:
    reader = Reader()
    ahead = Ahead(reader)
    ahead.settle()
    ahead.begin(ONE)
    ahead.settle()
    assert reader.read == [("one", False)]


def test_who_speaks_to_a_server_meanwhile_soon_has_its_turn() -> None:
    usual = sys.getswitchinterval()
    ahead = Ahead(lambda _: sys.getswitchinterval())
    ahead.begin(ONE)
    assert ahead.take(ONE) < usual
    assert sys.getswitchinterval() == usual
