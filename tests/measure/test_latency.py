import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from little_app import App, Reply

from auditor.measure.encoding import encode
from auditor.measure.latency import (
    Pair,
    PairSource,
    Question,
    Rule,
    Sources,
    comes_in_stretches,
    judge,
    ratio_of,
    tail_is_slower,
)
from auditor.measure.pairing import Pairing
from auditor.measure.request import Request
from auditor.measure.sending import Door, Limits


def source(dice: random.Random, ratio: float, spread: float = 0.05) -> PairSource:
    def take(n: int) -> Sequence[Pair]:
        return [
            (100 * math.exp(dice.gauss(0, spread)), 100 * ratio * math.exp(dice.gauss(0, spread)))
            for _ in range(n)
        ]

    return take


def sources(seed: int, direct: float, swapped: float | None = None, same: float = 1.0) -> Sources:
    dice = random.Random(seed)
    return Sources(
        same=source(dice, same),
        direct=source(dice, direct),
        swapped=source(dice, direct if swapped is None else swapped),
    )


@pytest.mark.parametrize(
    ("question", "ratio", "verdict"),
    [
        ("faster", 0.5, "faster"),
        ("faster", 0.9, "faster"),
        ("faster", 1.0, "undecided"),
        ("faster", 0.99, "undecided"),
        ("faster", 1.3, "slower"),
        ("harm", 0.5, "no harm"),
        ("harm", 1.0, "no harm"),
        ("harm", 1.3, "slower"),
    ],
)
def test_verdicts(question: Question, ratio: float, verdict: str) -> None:
    assert judge(question, sources(1, ratio)).verdict == verdict


def test_a_large_effect_takes_few_pairs_and_no_harm_fewer() -> None:
    assert [session.pairs for session in judge("faster", sources(2, 0.3)).sessions] == [10, 10]
    assert [session.pairs for session in judge("harm", sources(2, 0.3)).sessions] == [5, 5]


def test_what_belongs_to_the_place_is_no_verdict() -> None:
    verdict = judge("faster", sources(3, 0.8, 1.25))
    assert verdict.verdict == "undecided"
    assert verdict.reason == "the places matter more than the code: faster, then swapped slower"


def test_a_machine_on_which_the_same_code_differs_gives_no_verdict() -> None:
    verdict = judge("faster", sources(4, 0.5, same=1.2))
    assert verdict.verdict == "too noisy"
    assert verdict.reason.startswith("machine too noisy")


def test_pairs_that_resemble_their_neighbours_give_no_verdict() -> None:
    dice = random.Random(8)

    def favoured(n: int) -> Sequence[Pair]:
        return [
            (100 + dice.random(), 100 * (0.5 if at // 10 % 2 else 1.6) + dice.random()) for at in range(n)
        ]

    verdict = judge("faster", Sources(same=favoured, direct=source(dice, 0.5), swapped=source(dice, 0.5)))
    assert verdict.verdict == "too noisy"
    independent = [source(random.Random(seed), 1.0)(40) for seed in range(200)]
    assert sum(comes_in_stretches(pairs, 2.0) for pairs in independent) < 14
    assert not comes_in_stretches([], 2.0)
    assert not comes_in_stretches([(1.0, 1.0)] * 40, 2.0)


@pytest.mark.parametrize(("candidate", "verdict"), [(20, "faster"), (80, "undecided")])
def test_a_machine_that_slows_down_for_a_while_hides_no_plain_gain(candidate: float, verdict: str) -> None:
    """Load makes the slow one slower and hardly touches the quick one: the ratio drifts, and yet each pair shows the gain."""
    dice = random.Random(11)

    def pairs(baseline: float) -> PairSource:
        return lambda n: [(baseline + dice.random(), candidate + dice.random()) for _ in range(n)]

    assert comes_in_stretches([*pairs(100)(10), *pairs(200)(10)], Rule().stretch)
    asked = Sources(same=source(dice, 1.0), direct=pairs(100), swapped=pairs(200))
    assert judge("faster", asked).verdict == verdict


def test_three_percent_is_not_claimed() -> None:
    claimed = [judge("faster", sources(seed, 0.97)).verdict == "faster" for seed in range(200)]
    assert sum(claimed) <= 1


def test_the_same_code_is_never_faster_nor_slower() -> None:
    verdicts = {judge("faster", sources(seed, 1.0)).verdict for seed in range(300)}
    assert verdicts <= {"undecided", "too noisy"}


def test_many_claims_at_once_cost_power_and_not_honesty() -> None:
    one, many = (judge("faster", sources(5, 0.3), rule=Rule(claims=n)) for n in (1, 50))
    assert one.verdict == many.verdict == "faster"
    assert sum(s.pairs for s in many.sessions) > sum(s.pairs for s in one.sessions)


def test_requests_that_take_long_are_looked_at_less_often() -> None:
    assert Rule().within(50).looks == (5, 10, 20, 40)
    assert Rule().within(1).looks == (5, 10)
    rule = Rule().within(20)
    assert sum(rule.share(look, "faster") for look in range(3)) == pytest.approx(rule.faster_level)
    assert sum(rule.share(look, "harm") for look in range(3)) == pytest.approx(rule.harm_level)


def test_answers_that_do_not_come_are_counted() -> None:
    def failing(n: int) -> Sequence[Pair]:
        return [(100.0, math.inf if at % 4 == 0 else 40.0) for at in range(n)]

    fine = sources(6, 1.0)
    verdict = judge("faster", Sources(same=fine.same, direct=failing, swapped=failing))
    assert verdict.verdict != "faster"


def test_a_worse_tail_is_not_faster() -> None:
    def tailed(n: int) -> Sequence[Pair]:
        return [(100.0 + at % 7, 900.0 if at % 10 == 9 else 80.0 + at % 5) for at in range(n)]

    fine = sources(7, 1.0)
    verdict = judge("faster", Sources(same=fine.same, direct=tailed, swapped=tailed), rule=Rule(looks=(80,)))
    assert verdict.verdict == "undecided"
    assert verdict.reason == "the median is faster, but the slowest answers are the candidate's"
    assert not tail_is_slower([(1.0, 1.0)])


def test_the_ratio_has_an_interval_and_survives_what_never_came() -> None:
    number = ratio_of([(100.0, 50.0)] * 10)
    assert (number.value, number.low, number.high, number.n) == (0.5, 0.5, 0.5, 10)
    assert ratio_of([]).kind == "unknown"
    assert ratio_of([(1.0, math.inf)] * 5).kind == "unknown"
    assert ratio_of([(math.inf, math.inf)] * 5).value == 1.0


def test_pairs_are_sent_over_a_connection(serve: Callable[[App], Path]) -> None:
    ready = Reply(body=b"x")
    message = encode(Request(id="a", path="/"), {}, host="localhost")
    with Door(serve(lambda _: ready)) as one, Door(serve(lambda _: Reply(503))) as two:
        pairing = Pairing(baseline=one, candidate=two, message=message, dice=random.Random(1), pace_s=0)
        pairing.warm_up(2)
        pairs = pairing(6)
    assert len(pairs) == 6
    assert all(0 < a < 10_000 and math.isinf(b) for a, b in pairs)
    assert Limits().deadline_s > 0
