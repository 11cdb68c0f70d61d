"""Cached properties whose values some code sets on the objects from outside, for many at once.

Who writes `row.page_title = titles[row.page]` does so in order that reading the property runs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Many, Query
from auditor.rules import turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.symbols import Function
    from auditor.rules.scene import Looped, Scene

SOMEWHERE: Final = 0.2
"""What confidence loses where the values are set, but not near the loop."""


def filled_in(scene: Scene, looped: Looped, functions: Sequence[Function | None]) -> float:
    """What confidence loses where a cached property on the way has its values set beforehand: all of it near the loop."""
    cached = {f.name for f in functions if f is not None and f.static == "cached_property"}
    if not cached:
        return 0
    setters = {(f.module.path, f.line) for name in cached for f in scene.once(setters_of).get(name, ())}
    if not setters:
        return 0
    first = next((f for f in functions if f is not None and f.module.role != "library"), None)
    return 1 if any((f.module.path, f.line) in setters for f in near(scene, looped, first)) else SOMEWHERE


def near(scene: Scene, looped: Looped, first: Function | None) -> Iterator[Function]:
    """The functions that hold the loop, that built the query of its rows, and what they call.

    Of a library's loop also the methods beside the `first` function that it calls: one of them gives the rows.
    """
    over = looped.loop.over
    source = over.source if isinstance(over, Many) else over
    home = looped.loop.site.function
    beside = (
        [f for f in first.module.functions if f.owner is first.owner]
        if first is not None and first.owner is not None and looped.loop.site.module.role == "library"
        else []
    )
    for function in (home, source.site.function if isinstance(source, Query) else None, *beside):
        if function is not None:
            yield function
            summary = scene.trace.machine.summaries.get(id(function))
            yield from (call.callee for call in (() if summary is None else summary.calls))


def setters_of(scene: Scene) -> dict[str, list[Function]]:
    """By name of a cached property: the functions that assign to it on something else than `self`."""
    functions = [f for m in scene.project.modules if m.role == "app" for f in m.functions]
    cached = {f.name for f in functions if f.static == "cached_property"}
    found: dict[str, list[Function]] = {}
    for function in functions if cached else ():
        for node in turns.own_nodes(function.body):
            for target in node[3] if node[0] == ir.ASSIGN else ():
                holder = turns.root_name(target)
                if target[0] == ir.ATTR and target[3] in cached and holder not in {"self", "cls", ""}:
                    found.setdefault(target[3], []).append(function)
    return found
