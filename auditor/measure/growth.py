"""How counts and time grow with the data: what was measured at several sizes, fitted, compared with the formula, carried on.

Counts are exact, so their fit is: a polynomial is believed when it meets every size to within half a count. Time is not: the simplest
of three non-negative models wins by the Bayesian information criterion (Schwarz 1978), and is only ever carried on with its spread.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Final, Literal

MAX_DEGREE: Final = 3
LEAST_SIZES: Final = 3
"""Two points agree with every straight line."""
FACTORS: Final = (10, 100, 1000)
"""How many times the data of the largest size measured the report looks ahead."""


@dataclass(frozen=True, slots=True)
class Fit:
    """`sum(coefficients[k] · size**k)`."""

    coefficients: tuple[float, ...]
    exact: bool
    """Every measurement is met: for counts within half a count, for times within a tenth."""

    @property
    def degree(self) -> int:
        """Of the highest power with a coefficient; 0 is a constant."""
        return max((power for power, value in enumerate(self.coefficients) if value), default=0)

    def at(self, size: float, /) -> float:
        """The value at a size."""
        return sum(value * size**power for power, value in enumerate(self.coefficients))

    def reaches(self, target: float, /, *, above: float) -> float | None:
        """The smallest size over `above` at which the value exceeds `target`; None when it never does."""
        if self.at(above) > target:
            return above
        if self.degree == 0 or all(value <= 0 for value in self.coefficients[1:]):
            return None
        low, high = above, max(above, 1.0)
        while self.at(high) <= target:
            high *= 2
            if high > 1e15:
                return None
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if self.at(middle) > target else (middle, high)
        return high

    def text(self, size: str, /) -> str:
        """`4 + 3·spaces`; figures are rounded to three places."""
        parts = []
        for power, value in enumerate(self.coefficients):
            if not value:
                continue
            name = "·".join([size] * power)
            number = f"{round(value, 3):g}"
            parts.append(number if not name else name if number == "1" else f"{number}·{name}")
        return " + ".join(parts).replace("+ -", "- ") or "0"


def fit_counts(values: Mapping[float, float], /) -> Fit | None:
    """The polynomial of the lowest degree that meets the counts measured at each size; None below three sizes.

    Where none up to degree 3 does, the best of degree 1, marked as not exact.
    """
    sizes = sorted(values)
    if len(sizes) < LEAST_SIZES:
        return None
    counts = [values[size] for size in sizes]
    for degree in range(min(MAX_DEGREE, len(sizes) - 2) + 1):
        fit = Fit(_least_squares(sizes, counts, range(degree + 1)), exact=True)
        if all(abs(fit.at(size) - count) <= 0.5 for size, count in zip(sizes, counts, strict=True)):
            return Fit(tuple(_rounded(value) for value in fit.coefficients), exact=True)
    return Fit(_least_squares(sizes, counts, (0, 1)), exact=False)


def fit_times(values: Mapping[float, float], /) -> Fit | None:
    """Of the non-negative models of powers 0 to 2, the one that explains most with least; None below three sizes."""
    sizes = sorted(values)
    if len(sizes) < LEAST_SIZES:
        return None
    times = [values[size] for size in sizes]
    best: tuple[float, Fit] | None = None
    for powers in _models():
        coefficients = _least_squares(sizes, times, powers)
        if any(value < 0 for value in coefficients) or len(powers) >= len(sizes):
            continue
        fit = Fit(coefficients, exact=False)
        misses = [
            (fit.at(size) - time) / time if time else fit.at(size)
            for size, time in zip(sizes, times, strict=True)
        ]
        spread = sum(miss * miss for miss in misses) / len(sizes)
        score = len(sizes) * math.log(max(spread, 1e-6)) + len(powers) * math.log(len(sizes))
        if best is None or score < best[0] - 1e-9:
            best = score, Fit(coefficients, exact=max(map(abs, misses)) <= 0.1)
    return best[1] if best else Fit((sum(times) / len(times),), exact=False)


Agreement = Literal["agrees", "grows faster", "grows slower", "not told"]


def agreement(fit: Fit | None, degrees: Sequence[int], /) -> Agreement:
    """Whether the growth measured is the growth that the formula claims; `degrees` are those of the formula's terms.

    A size that the data's scale does not move (the items of a page) is no growth: the formula is an upper bound, so growing
    slower than it is normal and is said, growing faster refutes it.
    """
    if fit is None or not degrees:
        return "not told"
    claimed = max(degrees)
    if fit.degree > claimed:
        return "grows faster"
    return "agrees" if fit.degree == claimed else "grows slower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One endpoint, carried on from the largest size that was measured."""

    at: tuple[tuple[int, float], ...]
    """Factor of the data, and milliseconds of one request then."""
    target_missed_at: float | None
    """Factor of the data from which the target time is missed; None when it never is as far as the fit knows."""
    queues_from: float | None
    """Requests a second from which on they wait for each other, today; None where nothing bounds them."""
    bounded_by: str = ""
    """What bounds them: `8 workers`, `pool of 5`."""


def outlook(
    times: Fit,
    /,
    *,
    largest: float,
    target_ms: float | None,
    slots: int | None = None,
    pool: int | None = None,
    held_ms: float | None = None,
) -> Outlook:
    """What the fit says of more data, and Little's law of more requests.

    `slots` is how many requests the server works on at once, `pool` how many connections it has, `held_ms` how long a request holds one
    (None: for all of its time).
    """
    missed = None if target_ms is None else times.reaches(target_ms, above=largest)
    bounds: list[tuple[float, str]] = []
    now = times.at(largest)
    if slots and now > 0:
        bounds.append((1000 * slots / now, f"{slots} at once"))
    held = now if held_ms is None else held_ms
    if pool and held > 0:
        bounds.append((1000 * pool / held, f"pool of {pool}"))
    rate, name = min(bounds, default=(None, ""))
    return Outlook(
        at=tuple((factor, times.at(largest * factor)) for factor in FACTORS),
        target_missed_at=None if missed is None else missed / largest,
        queues_from=rate,
        bounded_by=name,
    )


def _models() -> list[tuple[int, ...]]:
    return [powers for count in (1, 2, 3) for powers in combinations(range(3), count)]


def _least_squares(
    sizes: Sequence[float], values: Sequence[float], powers: Sequence[int]
) -> tuple[float, ...]:
    """Coefficients by power from 0 on, by the normal equations in fractions: the same on every machine."""
    rows = [[Fraction(size) ** power for power in powers] for size in sizes]
    exact = [Fraction(value) for value in values]
    matrix = [
        [
            *(sum((row[i] * row[j] for row in rows), Fraction(0)) for j in range(len(powers))),
            sum((row[i] * v for row, v in zip(rows, exact, strict=True)), Fraction(0)),
        ]
        for i in range(len(powers))
    ]
    solved = _solve(matrix)
    coefficients = [0.0] * (max(powers) + 1)
    for power, value in zip(powers, solved, strict=True):
        coefficients[power] = float(value)
    return tuple(coefficients)


def _solve(matrix: list[list[Fraction]]) -> list[Fraction]:
    """Gauss and Jordan; sizes differ, so the matrix can be inverted."""
    count = len(matrix)
    for column in range(count):
        pivot = next(row for row in range(column, count) if matrix[row][column])
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        lead = matrix[column][column]
        matrix[column] = [value / lead for value in matrix[column]]
        for row in range(count):
            if row != column and matrix[row][column]:
                factor = matrix[row][column]
                matrix[row] = [a - factor * b for a, b in zip(matrix[row], matrix[column], strict=True)]
    return [row[-1] for row in matrix]


def _rounded(value: float) -> float:
    """Counts come in whole numbers: 2.9999 queries a row are 3."""
    near = round(value)
    return float(near) if abs(value - near) < 0.02 else value
