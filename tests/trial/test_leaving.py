"""What is ended while other things are done."""

import threading
from functools import partial

import pytest

from auditor.trial.leaving import Leaving


def test_nobody_waits_until_it_is_asked_whether_all_is_gone() -> None:
    may, gone = threading.Event(), list[str]()

    def first() -> None:
        may.wait()
        gone.append("first")

    with Leaving() as leaving:
        leaving.end(first)
        leaving.end(lambda: gone.append("second"))
        assert gone == []
        may.set()
        leaving.settle()
        assert gone == ["first", "second"]
        leaving.end(lambda: gone.append("third"))
    assert gone == ["first", "second", "third"]


def test_no_more_than_two_wait() -> None:
    accepted, gone = threading.Event(), list[int]()

    def slow(number: int) -> None:
        accepted.wait(0.02)  # a third that did not wait would come back meanwhile
        gone.append(number)

    with Leaving() as leaving:
        for number in range(3):
            leaving.end(partial(slow, number))
        assert gone[:2] == [0, 1]
        accepted.set()


def test_what_could_not_be_ended_is_told_once() -> None:
    def fails() -> None:
        raise OSError("no way")

    with Leaving() as leaving:
        leaving.end(fails)
        with pytest.raises(OSError, match="no way"):
            leaving.settle()
        leaving.settle()
