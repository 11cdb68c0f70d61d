"""What `look_up_in_set` leaves finds what was found: each example is run before and after."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from .conftest import Case, cases

_PAGE = Path(__file__).with_name("look_up_in_set.md")
_CASES = [case for case in cases(_PAGE.read_text("utf-8")) if case.expected]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands for the target's `models`: slots, and bookings of some of them, one twice."""
    stub = ModuleType("models")
    slots = [SimpleNamespace(id=n, code=f"S{n}", marks=[n]) for n in range(12)]
    bookings = [SimpleNamespace(id=n, slot_id=s, notes=[s]) for n, s in enumerate((3, 5, 3, 9, 40, None))]
    stub.slots = lambda session: slots  # type: ignore[attr-defined]  # a module of the test
    stub.bookings = lambda session: [b for b in bookings if b.slot_id is not None]  # type: ignore[attr-defined]  # as above
    monkeypatch.setitem(sys.modules, "models", stub)
    return stub


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.title)
@pytest.mark.usefixtures("models")
def test_the_same_is_found(case: Case) -> None:
    answers = []
    for text in (case.files["app.py"], case.expected["app.py"]):
        names: dict[str, Any] = {}
        exec(compile(text, "app.py", "exec"), names)
        answers.append(names["free"](None))
    assert answers[0]
    assert answers[0] == answers[1]
