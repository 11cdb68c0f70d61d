"""From an entry point to every operation it leads to: the chain of calls, and how often."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.trace.cost import ONCE, turns, unknown

if TYPE_CHECKING:
    from auditor.index.symbols import Function
    from auditor.trace.cost import Range, Sizes
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Effect, Frames, Loop, Summary

MAX_VISITS: Final = 400
"""Calls followed for the list of one entry point's operations, nearest first; the cost counts all of them."""

Step = tuple["Function", int]
Known: TypeAlias = "dict[int, Loop | None]"
"""By identity of a loop over a parameter: the loop over what was passed; None where that turns once."""
_TOLD: Final[Known] = {}
"""Of a call that tells nothing of the callee's loops."""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """One operation under an entry point."""

    effect: Effect
    steps: tuple[Step, ...]
    """(function, line of the call in it) from the handler down; the last is the operation's own place."""
    sizes: Sizes
    loops: tuple[Loop, ...]
    turns: Range
    """How often the loops over a few constants on the way turn, at least and at most."""
    remembered: bool
    deferred: bool
    offloaded: bool
    """Another thread or process does it."""


def chains(m: Machine, summary: Summary, limit: int) -> tuple[list[Chain], bool]:
    """Operations below a root, each place once per product of sizes, nearest first; whether these are all."""
    found: list[Chain] = []
    seen: set[tuple[int, tuple[str, ...]]] = set()
    shown: set[tuple[str, int, str, str, tuple[str, ...]]] = set()
    queue: deque[tuple[Summary, tuple[Step, ...], tuple[Loop, ...], Known, bool, bool, bool]] = deque()
    queue.append((summary, (), (), {}, False, False, False))
    visits, complete = 0, True
    while queue:
        current, steps, loops, known, remembered, deferred, offloaded = queue.popleft()
        visits += 1
        if visits > MAX_VISITS or len(found) >= 4 * limit:
            complete = False
            break
        base = unknown(loops)
        for effect in current.effects:
            crossed = (*loops, *placed(effect.around, known)) if effect.around else loops
            product = unknown(crossed) if effect.around else base
            key = (effect.site.module.path, effect.site.line, effect.kind, effect.label, product)
            if key in shown:
                continue
            shown.add(key)
            own = effect.site.function
            last: tuple[Step, ...] = () if own is None else ((own, effect.site.line),)
            way = (*steps, *framed(effect.frames), *last)
            kept, elsewhere = remembered or effect.remembered, offloaded or effect.offloaded
            often = turns(crossed) if crossed else ONCE
            found.append(Chain(effect, way, product, crossed, often, kept, deferred, elsewhere))
        for call in current.calls:
            below = m.summaries.get(id(call.callee))
            if below is None or not (below.effects or below.calls):
                continue
            crossed = (*loops, *placed(call.around, known)) if call.around else loops
            visit = (id(call.callee), unknown(crossed) if call.around else base)
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
            given = (
                {id(of): made and known.get(id(made), made) for of, made in call.given}
                if call.given
                else _TOLD
            )
            queue.append((below, way, crossed, given, kept, later, offloaded or call.offloaded))
    if len(found) > limit:
        found.sort(key=lambda c: -len(c.sizes))  # stable: among equals the nearest
        return found[:limit], False
    return found, complete


def placed(loops: tuple[Loop, ...], known: Known) -> tuple[Loop, ...]:
    """Loops over what a function was passed, as the entry point knows them; without those that turn once."""
    if not known:
        return loops
    return tuple(made for x in loops if (made := known.get(id(x), x)) is not None)


def framed(frames: Frames) -> tuple[Step, ...]:
    return tuple(frames)
