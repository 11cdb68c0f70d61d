from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.trial import Gain
from auditor.trial.totals import running_totals


def gain(before: float, after: float, kind: str = "sql", low: float | None = None) -> Gain:
    return Gain(endpoint="GET /", kind=kind, before=before, after=after, low=low, high=low)


def test_one_change_is_its_own_total_with_its_interval() -> None:
    alone = gain(100, 50, "latency_ms", -60)
    assert running_totals([("a", (alone,)), ("b", (gain(9, 3),))]) == {"a": (alone,), "b": (gain(9, 3),)}


def test_times_are_carried_on_by_their_ratios() -> None:
    totals = running_totals(
        [("a", (gain(100, 50, "latency_ms", -60),)), ("b", (gain(80, 20, "latency_ms", -70),))]
    )
    assert totals["b"] == (gain(100, 12.5, "latency_ms"),)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=6))
def test_counts_come_out_as_counted(values: list[int]) -> None:
    falling = sorted(values, reverse=True)
    steps = [(str(at), (gain(was, now),)) for at, (was, now) in enumerate(pairwise(falling))]
    (last,) = running_totals(steps)[steps[-1][0]]
    assert last.before == falling[0]
    assert abs(last.after - falling[-1]) < 0.01


def test_nothing_kept_is_no_total() -> None:
    assert running_totals([]) == {}
    assert running_totals([("a", ())]) == {"a": ()}
