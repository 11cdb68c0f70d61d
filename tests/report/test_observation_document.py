"""What `measure` prints of one request's effects."""

import pytest

from auditor.model.observation import ObservedEffect, ObservedFrame
from auditor.report.observation_document import _effect


@pytest.mark.parametrize(("late", "words"), [(0, ""), (2, " after the answer"), (1, ", 1 after the answer")])
def test_what_nobody_waits_for_is_told_as_such(late: int, words: str) -> None:
    stack = (ObservedFrame(file="shop/views.py", line=7, function="notify"),)
    effect = ObservedEffect(kind="mail", op="send", text="Welcome", stack=stack, count=2, late=late)
    assert _effect(effect, "") == f"| 2 | `send Welcome` | `shop/views.py:7` in `notify`{words} |"


def test_what_a_library_asks_on_its_own_is_told_as_such() -> None:
    effect = ObservedEffect(kind="sql", op="SELECT", text="SELECT 1", count=8)
    assert (
        _effect(effect, "Post.author")
        == "| 8 | `SELECT 1` | a library, outside your lines, loading `Post.author` |"
    )
