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
from auditor.trace.flow import ELSE, GUARDED, leaves
from auditor.trace.remembering import fills

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Branch, Call, Effect, Frames, Guard, Loop

Turns: TypeAlias = Literal["every", "passing", "some", "failing"]
"""`every` turn; those `passing` a guard that leaves early (`if not row.ok: continue`); `some`: those that meet a
condition; those in which something is `failing`: in an `except`, or on the way out with an error or a complaint."""
_RANK: Final[dict[Turns, int]] = {"every": 0, "passing": 1, "some": 2, "failing": 3}
_COMPLAINING: Final = frozenset({"warn", "warning", "error", "exception", "critical"})
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


def ends_it(m: Machine, loop: Loop, branch: Branch, loops: Iterable[Loop]) -> bool:
    """Whether a place lies in an arm that leaves the loop: it is reached in one turn at most."""
    home, module = loop.site.function, loop.site.module
    first, last = lines(loop)
    inner = [lines(x) for x in loops if x is not loop and x.site.function is home and x.site.module is module]
    for identity, arm in branch:
        guard = m.guards.get(identity)
        if guard is None or guard.node[0] != ir.IF or arm not in {0, ELSE}:
            continue
        if guard.function is not home or guard.module is not module or not first <= guard.line <= last:
            continue
        block = guard.node[4 + arm]
        leaving = block[-1][0] if block else None
        nested = any(first < a <= guard.line <= b for a, b in inner)
        if leaving == ir.RETURN or (leaving == ir.BREAK and not nested):
            return True
    return False


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
        return "some" if is_missing(guard.node) else "failing"
    if guard.node[0] == ir.IF and arm in {0, ELSE} and gives_up(guard.node[4 + arm]):
        return "failing"
    return "passing" if arm == GUARDED else "some"


def is_missing(attempt: Node) -> bool:
    """Whether a TRY looks an item up that its handler fills: `try: x = known[key]`, `except KeyError: known[key] = …`."""
    last = attempt[3][-1] if attempt[3] else None
    place = (
        None
        if last is None
        else last[4]
        if last[0] == ir.ASSIGN
        else last[3]
        if last[0] == ir.RETURN
        else None
    )
    return (
        place is not None and place[0] == ir.SUB and any(fills(handler[2], place) for handler in attempt[4])
    )


def gives_up(block: Sequence[Node]) -> bool:
    """Whether a block ends with an error, or leaves with a complaint in the log."""
    if not block or not leaves(block):
        return False
    return block[-1][0] == ir.RAISE or any(
        s[0] == ir.EXPR and s[3][0] == ir.CALL and s[3][2][0] == ir.ATTR and s[3][2][3] in _COMPLAINING
        for s in block
    )


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
