"""What a request left behind on the baseline."""

import pytest

from auditor.measure.answer import Answer
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.trial.reach import reached


@pytest.mark.parametrize(
    ("kind", "op", "acts", "writes"),
    [
        ("sql", "SELECT", False, False),
        ("cache", "set", True, False),
        ("mail", "send", True, False),
        ("sql", "UPDATE", True, True),
        ("sql", "insert", True, True),
    ],
)
def test_a_get_that_counts_its_visits_writes_rows(kind: str, op: str, *, acts: bool, writes: bool) -> None:
    asked = Request(id="visit", path="/items/1")
    answer = Answer(ending="answered", status=200, body=b"x", body_bytes=1, sha256="0" * 64)
    effect = ProbeEffect(kind=kind, op=op, text="items")
    record = ProbeRecord(request="visit", pid=1, effects=(effect,))
    replay = Replay(mode="in order", exchanges=(Exchange(request=asked, answer=answer, record=record),))
    found = reached(replay, {})["visit"]
    assert (found.acts, found.writes) == (acts, writes)
