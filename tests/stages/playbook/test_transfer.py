"""What the second endpoint owes to the first."""

from __future__ import annotations

from auditor.stages.playbook.transfer import Tried, failed_everywhere, preferred, transfers


def tried(endpoint: str, recipe: str, gain: float, *, runs: int = 1, seconds: float = 10.0) -> Tried:
    return Tried(endpoint=endpoint, recipe=recipe, kept=gain > 0, runs=runs, seconds=seconds, gain=gain)


def test_one_endpoint_carries_nothing_anywhere() -> None:
    assert transfers([tried("A", "batch", 10)]) == ()
    assert transfers([]) == ()


def test_recipes_carried_and_refused_and_the_price_of_gain() -> None:
    (found,) = transfers(
        [
            tried("A", "batch", 60, runs=4, seconds=40),
            tried("A", "index", 0),
            tried("A", "memo", 20),
            tried("B", "batch", 30, runs=1),
            tried("B", "memo", 0),
            tried("B", "log", 3),
        ]
    )
    assert (found.carried, found.refused, found.share) == (("batch",), ("memo",), 0.5)
    assert (found.first.runs, found.first.gain, found.first.runs_per_gain) == (6, 80, 6 / 80)
    assert found.later.seconds_per_gain == 30 / 33


def test_nothing_tried_again_has_no_share() -> None:
    (found,) = transfers([tried("A", "batch", 5), tried("B", "log", 0)])
    assert found.share is None
    assert found.later.runs_per_gain is None


def test_what_gave_most_a_run_comes_first() -> None:
    every = [
        tried("A", "batch", 60, runs=6),
        tried("A", "memo", 20),
        tried("A", "log", 0),
        tried("B", "log", 0),
    ]
    assert preferred(every) == ("memo", "batch")
    assert failed_everywhere(every) == {"log"}
