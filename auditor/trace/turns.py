"""How many turns of a loop reach a place inside it, as far as the conditions on the way tell.

A place behind `if row.changed:` is reached by some turns only, also where the condition stands in a function that
the loop calls; a title that says "once per item" fits a place that every turn reaches. What only one turn reaches,
or one in many (`pinning.py`), is not recorded as inside the loop in the first place.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.index import ir
from auditor.trace.flow import GUARDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Branch, Call, Effect, Frames, Guard, Loop

Turns: TypeAlias = Literal["every", "passing", "some", "failing"]
"""`every` turn; those `passing` a guard that leaves early (`if not row.ok: continue`); `some`: those that meet a
condition; those in which something is `failing`, in an `except`."""
_RANK: Final[dict[Turns, int]] = {"every": 0, "passing": 1, "some": 2, "failing": 3}
_BELOW: Final = 400
"""Functions looked into below one call."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How many turns reach a place, and the condition that decides it."""

    turns: Turns = "every"
    guard: Guard | None = None

    def and_then(self, other: Reached) -> Reached:
        """Both conditions stand on the way; the stricter one tells, of equals the one that comes first."""
        return other if _RANK[other.turns] > _RANK[self.turns] else self


@dataclass(frozen=True, slots=True)
class Below:
    """An operation that calling a function leads to."""

    effect: Effect
    path: tuple[Function, ...]
    """From the function called to the one whose summary holds the operation."""
    reached: Reached
    """By how many calls of the function."""


def reached(m: Machine, loop: Loop, branch: Branch, frames: Frames = ()) -> Reached:
    """How many turns of `loop` reach a place inside it that lies in these arms, by way of these calls."""
    return strictest(m, inside(m, loop, branch, frames))


def called(m: Machine, loop: Loop, call: Call, below: Below) -> Reached:
    """The same for an operation below a call that the loop makes."""
    return reached(m, loop, call.branch, call.frames).and_then(below.reached)


def inside(m: Machine, loop: Loop, branch: Branch, frames: Frames) -> Branch:
    """The arms between a loop and a place inside it."""
    home = loop.site.function
    chain = [f for f, _ in frames]
    outer = {id(f) for f in chain[: chain.index(home)]} if home in chain else {id(f) for f in chain}
    start = 0
    for n, arm in enumerate(branch):
        guard = m.guards.get(arm[0])
        if arm in loop.branch or (guard is not None and is_around(guard, loop, outer)):
            start = n + 1
    return branch[start:]


def is_around(guard: Guard, loop: Loop, outer: set[int]) -> bool:
    """True for a condition that the whole loop stands behind."""
    if guard.function is loop.site.function and guard.module is loop.site.module:
        first, last = lines(loop)
        return not first <= guard.line <= last
    return id(guard.function) in outer


def lines(loop: Loop) -> tuple[int, int]:
    """The first and the last line of a loop."""
    node = loop.node
    if node is not None and node[0] in {ir.FOR, ir.WHILE}:
        return int(node[1]), int(node[2])
    return loop.site.start, loop.site.end


def strictest(m: Machine, arms: Iterable[tuple[int, int]]) -> Reached:
    """What these arms say together; alternatives that no condition chooses between (overrides) say nothing."""
    found = Reached()
    for identity, arm in arms:
        guard = m.guards.get(identity)
        if guard is not None:
            found = found.and_then(Reached(turns_of(guard, arm), guard))
    return found


def turns_of(guard: Guard, arm: int) -> Turns:
    if guard.node[0] == ir.TRY:
        return "failing"
    return "passing" if arm == GUARDED else "some"


def operations_below(
    m: Machine, function: Function, wanted: Callable[[Effect], bool], limit: int = 12
) -> Iterator[Below]:
    """The nearest operations that calling `function` leads to, each by its shortest way."""
    queue: deque[tuple[Function, tuple[Function, ...], Reached]] = deque([(function, (function,), Reached())])
    seen: set[int] = set()
    found = 0
    while queue and len(seen) < _BELOW:
        current, path, so_far = queue.popleft()
        summary = m.summaries.get(id(current))
        if summary is None or id(current) in seen:
            continue
        seen.add(id(current))
        for effect in summary.effects:
            if not effect.remembered and wanted(effect):
                yield Below(effect, path, so_far.and_then(strictest(m, effect.branch)))
                found += 1
                if found >= limit:
                    return
        queue.extend(
            (call.callee, (*path, call.callee), so_far.and_then(strictest(m, call.branch)))
            for call in summary.calls
            if not call.remembered and not call.deferred
        )
