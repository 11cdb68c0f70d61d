"""From an entry point to every operation it leads to: the chain of calls, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from auditor.index.symbols import Function
    from auditor.trace.cost import Sizes
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Effect, Frames, Loop, Summary

MAX_CHAINS: Final = 400
"""Operations listed for one entry point; the cost counts all of them, the list says when it was cut."""
MAX_VISITS: Final = 6_000

Step = tuple["Function", int]


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """One operation under an entry point."""

    effect: Effect
    steps: tuple[Step, ...]
    """(function, line of the call in it) from the handler down; the last is the operation's own place."""
    sizes: Sizes
    loops: tuple[Loop, ...]
    remembered: bool
    deferred: bool


def chains(m: Machine, summary: Summary) -> tuple[list[Chain], bool]:
    """Every operation below a root, each place once per product of sizes; whether the list is complete."""
    found: list[Chain] = []
    seen: set[tuple[int, tuple[str, ...]]] = set()
    placed: set[tuple[str, int, str, str, tuple[str, ...]]] = set()
    queue: list[tuple[Summary, tuple[Step, ...], tuple[Loop, ...], bool, bool]] = [
        (summary, (), (), False, False)
    ]
    visits = 0
    while queue:
        current, steps, loops, remembered, deferred = queue.pop(0)
        visits += 1
        if visits > MAX_VISITS or len(found) >= MAX_CHAINS:
            return found, False
        for effect in current.effects:
            crossed = (*loops, *effect.loops)
            product = sizes(crossed)
            key = (effect.site.module.path, effect.site.line, effect.kind, effect.label, product)
            if key in placed:
                continue
            placed.add(key)
            own = effect.site.function
            last: tuple[Step, ...] = () if own is None else ((own, effect.site.line),)
            way = (*steps, *framed(effect.frames), *last)
            found.append(Chain(effect, way, product, crossed, remembered or effect.remembered, deferred))
        for call in current.calls:
            crossed = (*loops, *call.loops)
            visit = (id(call.callee), sizes(crossed))
            if visit in seen:
                continue
            seen.add(visit)
            below = m.summaries.get(id(call.callee))
            if below is None or not (below.effects or below.calls):
                continue
            here: tuple[Step, ...] = (
                () if call.site.function is None else ((call.site.function, call.site.line),)
            )
            way = (*steps, *framed(call.frames), *here)
            queue.append((below, way, crossed, remembered or call.remembered, deferred or call.deferred))
    return found, True


def framed(frames: Frames) -> tuple[Step, ...]:
    return tuple(frames)


def functions_below(m: Machine, summary: Summary) -> list[Summary]:
    """Every summary reached from a root, in order of first reach."""
    found: list[Summary] = []
    seen: set[int] = set()
    queue = [summary]
    while queue:
        current = queue.pop(0)
        for call in current.calls:
            if id(call.callee) not in seen:
                seen.add(id(call.callee))
                below = m.summaries.get(id(call.callee))
                if below is not None:
                    found.append(below)
                    queue.append(below)
    return found
