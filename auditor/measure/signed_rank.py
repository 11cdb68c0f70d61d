"""Wilcoxon's signed-rank test, one-sided and exact where that matters.

Within a pair whose order was drawn, two equal programs are exchangeable whatever the machine does over time, so
under "no difference" each sign is a fair coin. No distribution is assumed, and no independence between pairs.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_EXACT_TO: Final = 80
"""More pairs and the normal approximation is used: by then it is off by a fifth at most, on the safe side."""


def p_below(differences: Sequence[float], /) -> float:
    """How likely the values lie this far below zero when they are as often above; 1.0 for none.

    Ties share their ranks; zeros count as above. Infinite values have the highest ranks.
    """
    n = len(differences)
    if not n:
        return 1.0
    order = sorted(range(n), key=lambda at: abs(differences[at]))
    ranks = [0.0] * n
    start = 0
    while start < n:
        end = start
        while end + 1 < n and abs(differences[order[end + 1]]) == abs(differences[order[start]]):
            end += 1
        for at in range(start, end + 1):
            ranks[order[at]] = (start + end) / 2 + 1
        start = end + 1
    above = sum(rank for rank, value in zip(ranks, differences, strict=True) if value >= 0)
    return _p_at_most(n, math.ceil(above))  # a half rank is rounded against the claim


def _p_at_most(n: int, above: int) -> float:
    """P(sum of the ranks above zero <= `above`) with fair signs."""
    if n <= _EXACT_TO:
        counts = _subsets(n)
        return float(min(1.0, sum(counts[: above + 1]) / 2**n))
    mean, variance = n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24
    return 0.5 * math.erfc((mean - above - 0.5) / math.sqrt(2 * variance))


@lru_cache(maxsize=64)
def _subsets(n: int) -> tuple[int, ...]:
    """How many subsets of 1..n have each sum."""
    counts = [1] + [0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for total in range(len(counts) - 1, rank - 1, -1):
            counts[total] += counts[total - rank]
    return tuple(counts)
