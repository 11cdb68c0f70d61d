"""How often a request did what, and which of it may be believed: three repeats that agree."""

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import comb
from typing import Final

from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.model.numbers import Number

REPEATS: Final = 3
"""Fewer, or repeats that differ, and a count is called unstable (DESIGN section 8)."""
COUNTED: Final = ("sql", "rows", "sessions", "transactions", "http", "cache", "log", "mail", "tasks", "bytes")
"""The components of a vector that are counted and not clocked."""
_KINDS: Final = {"http": "http", "cache": "cache", "log": "log", "mail": "mail", "task": "tasks"}
_GREETING: Final = frozenset({"PRAGMA", "SET", "SHOW"})
_COVERAGE: Final = 0.95


def counts_of(record: ProbeRecord, /) -> dict[str, int]:
    """Every counted component of one request, what it did late included.

    What a new connection is told before it is used (PRAGMA, SET) is not among the statements, nor what a pool asks before it hands one
    out (is it alive? which version is it?): whether a request opens one or takes an old one depends on the worker that happens to
    answer. The connection itself is counted.
    """
    effects = counted_effects(record)
    kinds = Counter(effect.kind for effect in effects) + Counter(record.dropped)
    sessions = Counter(effect.op for effect in effects if effect.kind == "session")
    begun = sum(effect.kind == "transaction" and effect.op.lower() == "begin" for effect in effects)
    return {
        "sql": kinds["sql"],
        "rows": sum(effect.rows or 0 for effect in effects if effect.kind == "sql"),
        # A pool's checkout may open a connection as well: the same one.
        "sessions": max(sessions["checkout"], sessions["connect"]),
        "transactions": begun,
        **{component: kinds[kind] for kind, component in _KINDS.items()},
        "bytes": record.bytes_out,
    }


def counted_effects(record: ProbeRecord, /) -> tuple[ProbeEffect, ...]:
    """What a request did, without what a connection is told or asked before it is used."""
    return tuple(_without_greeting(effect for effect in record.effects if not effect.of_checkout))


def _without_greeting(effects: Iterable[ProbeEffect]) -> Iterator[ProbeEffect]:
    new = False
    for effect in effects:
        if effect.kind == "session" and effect.op == "connect":
            new = True
        elif not (effect.kind == "sql" and effect.op.upper() in _GREETING):
            new = False
        elif new:
            continue
        yield effect


def agreed(repeats: Sequence[int], /, *, basis: str) -> Number:
    """The count when at least three repeats agree on it; unknown, with what was seen, when not.

    Args:
        repeats: one count a repeat.
        basis: what they were taken from, for people.
    """
    if len(repeats) < REPEATS:
        return Number(basis=f"{len(repeats)} repeats, {REPEATS} are needed")
    if len(set(repeats)) > 1:
        return Number(basis=f"unstable: {', '.join(map(str, repeats))}")
    value = float(repeats[0])
    return Number(value=value, kind="measured", n=len(repeats), low=value, high=value, basis=basis)


def clocked(samples: Sequence[float], /, *, basis: str) -> Number:
    """The median with an interval for it; unknown without samples.

    The interval is that of the order statistics with at least 95 % coverage; with under six samples there is
    none, and it reaches from the lowest to the highest.
    """
    if not samples:
        return Number(basis=basis)
    ordered = sorted(samples)
    skipped = _outside(len(ordered))
    return Number(
        value=round(statistics.median(ordered), 3),
        kind="measured",
        n=len(ordered),
        low=round(ordered[skipped], 3),
        high=round(ordered[-1 - skipped], 3),
        basis=basis,
    )


def mean(numbers: Sequence[Number], /, *, basis: str) -> Number:
    """The mean of measured numbers; unknown when one of them is not known."""
    values = [number.value for number in numbers if number.value is not None]
    if not values or len(values) < len(numbers):
        return Number(basis=f"{len(numbers) - len(values)} of {len(numbers)} requests: not known")
    lows = [number.low for number in numbers if number.low is not None]
    highs = [number.high for number in numbers if number.high is not None]
    return Number(
        value=_tidy(statistics.fmean(values)),
        kind="measured",
        n=sum(number.n for number in numbers),
        low=_tidy(statistics.fmean(lows)) if len(lows) == len(values) else None,
        high=_tidy(statistics.fmean(highs)) if len(highs) == len(values) else None,
        basis=basis,
    )


def worst(numbers: Sequence[Number], /) -> Number:
    """The highest of those that are known."""
    known = [number for number in numbers if number.value is not None]
    why = next((number.basis for number in numbers if number.basis), "not known")
    return max(known, key=lambda number: number.value or 0.0, default=Number(basis=why))


def _outside(n: int) -> int:
    """How many samples at either end lie outside the interval of the median."""
    skipped, tail = 0, 2 / 2**n
    while skipped + 1 <= (n - 1) // 2:
        tail += 2 * comb(n, skipped + 1) / 2**n
        if tail > 1 - _COVERAGE:
            break
        skipped += 1
    return skipped


def _tidy(value: float) -> float:
    return round(value, 6)
