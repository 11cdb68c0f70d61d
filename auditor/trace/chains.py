"""From an entry point to every operation it leads to: the chain of calls, and how often."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from auditor.index.symbols import Function
    from auditor.trace.cost import Sizes
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Effect, Frames, Loop, Summary

MAX_VISITS: Final = 400
"""Calls followed for the list of one entry point's operations, nearest first; the cost counts all of them."""

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
    offloaded: bool
    """Another thread or process does it."""


def chains(m: Machine, summary: Summary, limit: int) -> tuple[list[Chain], bool]:
    """Operations below a root, each place once per product of sizes, nearest first; whether these are all."""
    found: list[Chain] = []
    seen: set[tuple[int, tuple[str, ...]]] = set()
    placed: set[tuple[str, int, str, str, tuple[str, ...]]] = set()
    queue: deque[tuple[Summary, tuple[Step, ...], tuple[Loop, ...], bool, bool, bool]] = deque()
    queue.append((summary, (), (), False, False, False))
    visits, complete = 0, True
    while queue:
        current, steps, loops, remembered, deferred, offloaded = queue.popleft()
        visits += 1
        if visits > MAX_VISITS or len(found) >= 4 * limit:
            complete = False
            break
        base = sizes(loops)
        for effect in current.effects:
            crossed = (*loops, *effect.loops) if effect.loops else loops
            product = sizes(crossed) if effect.loops else base
            key = (effect.site.module.path, effect.site.line, effect.kind, effect.label, product)
            if key in placed:
                continue
            placed.add(key)
            own = effect.site.function
            last: tuple[Step, ...] = () if own is None else ((own, effect.site.line),)
            way = (*steps, *framed(effect.frames), *last)
            kept, elsewhere = remembered or effect.remembered, offloaded or effect.offloaded
            found.append(Chain(effect, way, product, crossed, kept, deferred, elsewhere))
        for call in current.calls:
            below = m.summaries.get(id(call.callee))
            if below is None or not (below.effects or below.calls):
                continue
            crossed = (*loops, *call.loops) if call.loops else loops
            visit = (id(call.callee), sizes(crossed) if call.loops else base)
            if visit in seen:
                continue
            seen.add(visit)
            if below.function is current.function or any(f is below.function for f, _ in steps):
                continue  # a recursion: the cost says so, the chain shows one turn of it
            here: tuple[Step, ...] = (
                () if call.site.function is None else ((call.site.function, call.site.line),)
            )
            way = (*steps, *framed(call.frames), *here)
            kept, later = remembered or call.remembered, deferred or call.deferred
            queue.append((below, way, crossed, kept, later, offloaded or call.offloaded))
    if len(found) > limit:
        found.sort(key=lambda c: -len(c.sizes))  # stable: among equals the nearest
        return found[:limit], False
    return found, complete


def framed(frames: Frames) -> tuple[Step, ...]:
    return tuple(frames)
