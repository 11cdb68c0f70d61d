"""Which entries reach which function."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.trace.analysis import Trace
    from auditor.trace.summary import Summary


def passed(summary: Summary) -> set[int]:
    """Identities of the functions that a summary's calls and effects pass through, templates included."""
    found = set[int]()
    for effect in summary.effects:
        found.update(id(f) for f, _ in effect.frames)
        found.add(id(effect.site.function))
    for call in summary.calls:
        found.update(id(f) for f, _ in call.frames)
        found.add(id(call.site.function))
    return found


def reach(trace: Trace) -> dict[int, int]:
    """Which entries reach which function: by its calls, by a variant of it, by a replay that passes through its code."""
    summaries = trace.machine.summaries
    calls = {key: list(dict.fromkeys(id(c.callee) for c in s.calls)) for key, s in summaries.items()}
    bits = flow(trace, calls)
    through: dict[int, int] = {}
    for key, value in bits.items():
        summary = summaries.get(key)
        for function in () if summary is None else (*passed(summary), id(summary.function)):
            through[function] = through.get(function, 0) | value
    for n, root in enumerate(trace.entries):
        for function in passed(root.summary):
            through[function] = through.get(function, 0) | 1 << n
    for key, value in through.items():
        bits[key] = bits.get(key, 0) | value
    return bits


def possible_reach(trace: Trace) -> dict[int, int]:
    """Which entries would reach which function if every argument were possible: more than `reach`."""
    summaries = trace.machine.summaries
    wide: dict[int, list[int]] = {}
    for key, summary in summaries.items():
        callees = [summaries[id(c.callee)].function or c.callee for c in summary.calls]
        wide[key] = list(dict.fromkeys([*map(id, callees), *sorted(passed(summary))]))
    return flow(trace, wide)


def flow(trace: Trace, below: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Bits of the entries, carried down `below` until nothing changes."""
    bits: dict[int, int] = {}
    work: list[int] = []

    def mark(key: int, value: int) -> None:
        known = bits.get(key, 0)
        if known | value != known:
            bits[key] = known | value
            work.append(key)

    for n, root in enumerate(trace.entries):
        mark(id(root.function), 1 << n)
        for call in root.summary.calls:
            mark(id(call.callee), 1 << n)
    while work:
        key = work.pop()
        for callee in below.get(key, ()):
            mark(callee, bits[key])
    return bits
