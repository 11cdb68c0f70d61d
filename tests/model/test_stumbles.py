"""Faults of auditor's own that a pass goes on after."""

import pytest

from auditor.model.fault import Fault
from auditor.model.stumbles import Stumbles


def fail(error: Exception) -> None:
    raise error


def test_nothing_is_left_out_unless_it_may_be() -> None:
    stumbles = Stumbles()
    with pytest.raises(IndexError), stumbles.over("`f` was not followed"):
        fail(IndexError("tuple index out of range"))
    assert not stumbles.met


def test_what_is_left_out_is_told_with_the_place_that_failed() -> None:
    stumbles = Stumbles(go_on=True)
    with stumbles.over("`f` was not followed"):
        fail(IndexError("tuple index out of range"))
    with stumbles.over("`g` was not followed"):
        pass
    (said,) = stumbles.met
    assert said.startswith("`f` was not followed: a fault of auditor's own")
    assert "IndexError: tuple index out of range, model/test_stumbles.py:" in said


@pytest.mark.parametrize("error", [Fault("no such tree"), MemoryError()])
def test_what_is_no_fault_of_a_part_ends_the_whole(error: Exception) -> None:
    with pytest.raises(type(error)), Stumbles(go_on=True).over("`f` was not followed"):
        fail(error)
