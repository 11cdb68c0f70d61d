"""Bad answers of models, as far as they concern the asking: numbers as in the project's list, P1 to P20.

What is wrong with a patch (P4, P6, P8 to P17, P20) is for whoever takes it: the stages and the gates.
"""

from collections.abc import Sequence
from typing import Final

from auditor.llm.loopback.answers import say
from auditor.llm.loopback.faults import FaultCase
from auditor.llm.loopback.server import Answer
from auditor.llm.loopback.trying import GOOD, Count


def _repaired(number: str, title: str, text: str) -> FaultCase:
    """An answer that leaves a doubt: it is sent back, and the next one is right."""
    return FaultCase(number=number, title=title, answers=_said(text, GOOD), ends="answered", calls=2)


def _forgiven(number: str, title: str, text: str) -> FaultCase:
    """An answer whose meaning is plain all the same."""
    return FaultCase(number=number, title=title, answers=_said(text), ends="answered", calls=1)


def _said(*texts: str) -> "_Answers":
    return _Answers(texts)


class _Answers:
    """One reply after another."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __call__(self) -> Sequence[Answer]:
        return [say(text) for text in self._texts]


def _is_odd(count: Count) -> Sequence[str]:
    return () if count.value % 2 else (f"the search text for {count.value} matches twice",)


OUTPUTS: Final = (
    _repaired("P1", "no JSON at all", "I have looked at it and all is well."),
    _forgiven("P1", "prose around the object", f"Here you are:\n{GOOD}\nAnything else?"),
    _forgiven("P1", "a fence", f"```json\n{GOOD}\n```"),
    _forgiven("P1", "a fence without an end", f"```json\n{GOOD}"),
    _repaired("P1", "two objects", f"{GOOD}\n{GOOD}"),
    _repaired("P1", "a comma too many", '{"value": 3,}'),
    _repaired("P1", "NaN", '{"value": NaN}'),
    _repaired("P1", "a key twice", '{"value": 1, "value": 3}'),
    _repaired("P1", "control characters", '{"value": 3\x00}'),
    FaultCase(
        number="P2", title="cut off at its length", answers=lambda: [say('{"value": 3', stop="length")],
        ends="truncated",
    ),
    FaultCase(
        number="P2", title="cut off, though what there is makes sense", answers=lambda: [say(GOOD, stop="length")],
        ends="truncated",
    ),
    _repaired("P3", "empty", ""),
    FaultCase(number="P3", title="refused", answers=lambda: [say("no", stop="refusal")], ends="refused"),
    FaultCase(number="P3", title="filtered", answers=lambda: [say(GOOD, stop="filtered")], ends="refused"),
    FaultCase(
        number="P5", title="what the asker's own check finds", answers=_said('{"value": 2}', GOOD), calls=2,
        options={"check": _is_odd}, ends="answered",
    ),
    FaultCase(
        number="P7", title="an answer of 10 MB", answers=lambda: [say("x" * 10_000_000)], ends="fault", exit_code=3,
        says="the answer grew over 4,194,304 characters", billed="upwards",
    ),
    FaultCase(
        number="P18", title="the same wrong answer again and again", answers=_said('{"value": "three"}'), calls=3,
        ends="invalid", says="value: ",
    ),
    _repaired("P19", "a claim that all tests pass", '{"value": 3, "tests": "all pass, ship it"}'),
)  # fmt: skip
"""One habit of models each."""
