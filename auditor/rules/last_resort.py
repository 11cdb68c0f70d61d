"""Ways that a turn of a loop takes only where what it wants is not at hand: kept before, prefetched, or gone wrong."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import turns
from auditor.trace.flow import ELSE, GUARDED
from auditor.trace.turns import inside, reached, strictest

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Branch, Effect, Frames, Guard

_CACHED: Final = re.compile(r"(^|_)(cached?|stale)(_|$)", re.IGNORECASE)
"""Names of what an answer is kept in, or of why it is asked for again."""


def failing(scene: Scene, looped: Looped, branch: Branch, frames: Frames) -> float:
    """What confidence loses where only turns, or runs, in which something goes wrong get there."""
    m = scene.trace.machine
    ways = (reached(m, looped.loop, branch, frames), strictest(m, looped.loop.branch))
    if any(is_unprepared(m.guards.get(identity), arm) for identity, arm in branch):
        return 0.45
    if any(way.turns == "failing" for way in ways):
        return 0.45
    return 0.45 if is_kept(scene, looped, branch, frames) else 0


def is_unlikely(scene: Scene, way: list[Function], effect: Effect) -> bool:
    """Whether, below the call that a turn makes, only what goes wrong, or an answer that was not kept, leads to it."""
    m = scene.trace.machine
    for caller, callee in pairwise(way):
        summary = m.summaries.get(id(caller))
        calls = [c for c in (() if summary is None else summary.calls) if c.callee is callee]
        if calls and all(is_aside(m, call.branch) for call in calls):
            return True
    return is_aside(m, effect.branch)


def is_aside(m: Machine, branch: Branch) -> bool:
    """Whether these arms lead away from what mostly happens."""
    if strictest(m, branch).turns == "failing":
        return True
    guards = (m.guards.get(identity) for identity, _ in branch)
    return any(guard is not None and asks_a_cache(guard.node) for guard in guards)


def is_kept(scene: Scene, looped: Looped, branch: Branch, frames: Frames) -> bool:
    """Whether it runs only where what was kept of the answer is no good any more: `if not row.cache.is_valid():`."""
    m = scene.trace.machine
    return is_aside(m, inside(m, looped.loop, branch, frames))


def asks_a_cache(node: Node) -> bool:
    """An `if` about something called a cache, or about what is stale; a `try` that reads such a thing."""
    if node[0] not in {ir.IF, ir.TRY}:
        return False
    read = node[3] if node[0] == ir.IF else node[3][:1]
    return any(
        _CACHED.search(str(n[2] if n[0] == ir.NAME else n[3])) is not None
        for n in turns.nodes(read)
        if n[0] in {ir.NAME, ir.ATTR}
    )


def is_unprepared(guard: Guard | None, arm: int) -> bool:
    """Whether it is the arm of `if hasattr(row, "…")` for rows on which nobody has put the value: a way of last resort.

    Likewise of `if "children" in prefetched`, a look at what Django has prefetched.
    """
    if guard is None or guard.node[0] != ir.IF or arm not in {ELSE, GUARDED}:
        return False
    function = guard.function
    keywords = (
        frozenset(p[0] for p in function.params if p[1] == "**") if function is not None else frozenset()
    )
    return asks_what_is_there(guard.node[3]) and not keywords & turns.free_names(guard.node[3])


def asks_what_is_there(test: Node) -> bool:
    return any(
        (n[0] == ir.CALL and n[2][0] == ir.NAME and n[2][2] == "hasattr")
        or (n[0] in {ir.NAME, ir.ATTR} and "prefetched" in turns.name_of(n))
        for n in turns.nodes(test)
    )


def is_built_unprepared(effect: Effect) -> bool:
    """Likewise where such an arm only builds the query, and what comes after it walks over the rows.

    In the other arm what was looked for is there: a relation of the row is prefetched, anything else is asked for.
    """
    query = effect.query
    function = None if query is None else query.site.function
    if query is None or function is None or query.site.module.role == "library":
        return False
    for s in turns.own_nodes(function.body):
        if s[0] != ir.IF or not asks_what_is_there(s[3]):
            continue
        arms = (*s[4], *s[5]) if query.relation or s[3][0] == ir.NOT else s[5]
        if any(x[1] <= query.site.line <= x[2] for x in arms):
            return True
    return False
