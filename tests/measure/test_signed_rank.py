import itertools
import math

import pytest

from auditor.measure.signed_rank import _p_at_most, _subsets, p_below


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([], 1.0),
        ([-1.0], 0.5),
        ([1.0], 1.0),
        ([-1, -2, -3, -4, -5], 1 / 32),
        ([-2, -3, -4, -5, 1], 2 / 32),
        ([0, 0, 0], 1.0),
        ([-math.inf, -1, -2, -3, -4], 1 / 32),
        ([math.inf, -1, -2, -3, -4], 10 / 32),
    ],
)
def test_known_values(differences: list[float], p: float) -> None:
    assert p_below(differences) == pytest.approx(p)


def test_it_is_the_share_of_sign_flips_that_lie_as_low() -> None:
    values = [1.5, 2.0, 3.1, 4.7, 5.0, 6.2]
    for signs in itertools.product((1, -1), repeat=6):
        seen = [s * v for s, v in zip(signs, values, strict=True)]
        low = sum(v > 0 and i + 1 for i, v in enumerate(seen))
        as_low = sum(
            sum(s > 0 and i + 1 for i, s in enumerate(other)) <= low
            for other in itertools.product((1, -1), repeat=6)
        )
        assert p_below(seen) == pytest.approx(as_low / 64)


def test_ties_are_never_in_favour_of_the_claim() -> None:
    assert p_below([-1, -1, -1, 1]) >= p_below([-4, -3, -2, 1])


def test_the_approximation_goes_on_where_the_exact_one_ends() -> None:
    n = 81
    counts = _subsets(n)
    for above in range(n * (n + 1) // 4):
        exact = sum(counts[: above + 1]) / 2**n
        if exact > 0.001:
            assert 0.98 * exact <= _p_at_most(n, above) <= 1.2 * exact
