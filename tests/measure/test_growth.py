import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.measure.growth import agreement, fit_counts, fit_times, outlook

SIZES = [1.0, 4.0, 10.0, 40.0]


def test_two_sizes_say_nothing() -> None:
    assert fit_counts({1: 5, 2: 8}) is None
    assert fit_times({1: 5, 2: 8}) is None
    assert agreement(None, [1]) == "not told"


@given(st.lists(st.integers(0, 50), min_size=1, max_size=3))
def test_counts_that_follow_a_polynomial_give_it_back(coefficients: list[int]) -> None:
    values = {size: float(sum(c * size**k for k, c in enumerate(coefficients))) for size in SIZES}
    fit = fit_counts(values)
    assert fit is not None
    assert fit.exact
    trimmed = coefficients[: max((k for k, c in enumerate(coefficients) if c), default=0) + 1]
    assert [round(value) for value in fit.coefficients][: len(trimmed)] == trimmed
    assert fit.degree == len(trimmed) - 1


def test_counts_that_follow_none_are_not_called_exact() -> None:
    fit = fit_counts({1: 5, 2: 90, 3: 4, 4: 70, 5: 1})
    assert fit is not None
    assert not fit.exact


def test_the_formula_reads_like_the_reports() -> None:
    fit = fit_counts({size: 4 + 3 * size for size in SIZES})
    assert fit is not None
    assert fit.text("spaces") == "4 + 3·spaces"
    assert agreement(fit, [0, 1]) == "agrees"
    assert agreement(fit, [0]) == "grows faster"
    assert agreement(fit, [0, 2]) == "grows slower"


@pytest.mark.parametrize(("power", "degree"), [(0, 0), (1, 1), (2, 2)])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_times_with_a_little_noise_keep_their_degree(power: int, degree: int, noise: float) -> None:
    signs = [1, -1, 1, -1]
    values = {size: 20 * size**power * (1 + noise * sign) for size, sign in zip(SIZES, signs, strict=True)}
    fit = fit_times(values)
    assert fit is not None
    assert fit.degree == degree
    assert all(value >= 0 for value in fit.coefficients)


@given(
    values=st.dictionaries(st.integers(1, 1000).map(float), st.floats(0.1, 1e4), min_size=3, max_size=6),
    target=st.floats(1, 1e6),
)
def test_the_size_that_is_told_is_where_the_target_is_crossed(
    values: dict[float, float], target: float
) -> None:
    fit = fit_times(values)
    assert fit is not None
    largest = max(values)
    crossed = fit.reaches(target, above=largest)
    if crossed is None:
        assert fit.degree == 0 or fit.at(1e15) <= target
    else:
        assert fit.at(crossed * 1.0001) > target
        assert crossed == largest or fit.at(crossed * 0.999) <= target * 1.0001


def test_the_outlook_names_what_bounds_it() -> None:
    fit = fit_times({size: 50 * size for size in SIZES})
    assert fit is not None
    told = outlook(fit, largest=40, target_ms=20_000, slots=8, pool=5, held_ms=1000)
    assert [round(value) for _, value in told.at] == [20_000, 200_000, 2_000_000]
    assert told.target_missed_at is not None
    assert math.isclose(told.target_missed_at, 10, rel_tol=0.01)
    assert (round(told.queues_from or 0, 1), told.bounded_by) == (4.0, "8 at once")
    held = outlook(fit, largest=40, target_ms=None, slots=8, pool=5)
    assert (round(held.queues_from or 0, 1), held.bounded_by) == (2.5, "pool of 5")
    assert outlook(fit, largest=40, target_ms=None).queues_from is None
