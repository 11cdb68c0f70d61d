import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.measure.counts import agreed, clocked, counts_of, mean, worst
from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.model.numbers import Number


def test_counts_by_kind() -> None:
    effects = (
        ProbeEffect("session", "checkout"),
        ProbeEffect("session", "connect"),
        ProbeEffect("session", "checkout"),
        ProbeEffect("transaction", "begin"),
        ProbeEffect("sql", "SELECT", rows=3),
        ProbeEffect("sql", "INSERT", rows=None),
        ProbeEffect("transaction", "commit"),
        ProbeEffect("lazy-load", "load", detail={"sql": 4}),
        ProbeEffect("log", "INFO"),
        ProbeEffect("task", "enqueue", late=True),
    )
    counts = counts_of(ProbeRecord("a", 1, effects=effects, bytes_out=7, dropped={"log": 5}))
    assert counts == {
        "sql": 2, "rows": 3, "sessions": 2, "transactions": 1, "http": 0, "cache": 0, "log": 6, "mail": 0,
        "tasks": 1, "bytes": 7,
    }  # fmt: skip


def test_connections_without_a_pool_are_sessions() -> None:
    effects = (ProbeEffect("session", "connect"), ProbeEffect("session", "connect"))
    assert counts_of(ProbeRecord("a", 1, effects=effects))["sessions"] == 2


def test_what_a_new_connection_is_told_first_is_no_statement_of_the_request() -> None:
    def counted(*effects: tuple[str, str]) -> tuple[int, int]:
        made = tuple(ProbeEffect(kind=kind, op=op, rows=1) for kind, op in effects)
        counts = counts_of(ProbeRecord(request="r", pid=1, effects=made))
        return counts["sql"], counts["rows"]

    greeted = (("session", "checkout"), ("session", "connect"), ("sql", "PRAGMA"), ("sql", "set"))
    assert counted(*greeted, ("sql", "SELECT"), ("sql", "SET"), ("sql", "PRAGMA")) == (3, 3)
    assert counted(("session", "checkout"), ("sql", "PRAGMA"), ("sql", "SELECT")) == (2, 2)
    assert counted(("session", "connect"), ("sql", "INSERT"), ("sql", "PRAGMA")) == (2, 2)


def test_what_a_pool_asks_before_it_hands_a_connection_out_is_no_statement_of_the_request() -> None:
    own = {"checkout": True}
    effects = (
        ProbeEffect("session", "checkout"),
        ProbeEffect("transaction", "begin", detail=own),
        ProbeEffect("sql", "SELECT", rows=1, detail=own),
        ProbeEffect("transaction", "begin"),
        ProbeEffect("sql", "SELECT", rows=2),
    )
    counts = counts_of(ProbeRecord("a", 1, effects=effects))
    assert (counts["sql"], counts["rows"], counts["transactions"], counts["sessions"]) == (1, 2, 1, 1)


@pytest.mark.parametrize(
    ("repeats", "value", "basis"),
    [
        ([4, 4, 4], 4.0, "b"),
        ([0, 0, 0, 0], 0.0, "b"),
        ([4, 4], None, "2 repeats, 3 are needed"),
        ([], None, "0 repeats, 3 are needed"),
        ([4, 5, 4], None, "unstable: 4, 5, 4"),
    ],
)
def test_a_count_needs_three_that_agree(repeats: list[int], value: float | None, basis: str) -> None:
    number = agreed(repeats, basis="b")
    assert (number.value, number.basis) == (value, basis)


def test_the_interval_of_a_median_covers_it() -> None:
    dice = random.Random(1)
    for n in (6, 9, 30, 101):
        held = 0
        for _ in range(400):
            number = clocked([dice.expovariate(1) for _ in range(n)], basis="")
            assert number.low is not None
            assert number.high is not None
            held += number.low <= 0.6931 <= number.high
        assert held >= 0.92 * 400, n


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_a_median_stands_within_its_interval(samples: list[float]) -> None:
    number = clocked(samples, basis="")
    assert number.value == round(statistics.median(samples), 3)
    assert number.low is not None
    assert number.high is not None
    assert min(samples) - 1e-3 <= number.low <= number.value <= number.high <= max(samples) + 1e-3


def test_what_is_not_known_of_one_is_not_known_of_the_mean() -> None:
    four, six = (agreed([n] * 3, basis="") for n in (4, 6))
    assert mean([four, six], basis="b").value == 5.0
    assert mean([four, six], basis="b").n == 6
    assert mean([four, Number()], basis="b").value is None
    assert worst([four, Number(), six]) == six
    assert worst([]).value is None
