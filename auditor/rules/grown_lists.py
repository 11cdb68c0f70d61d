"""Collections that a loop looks into and that were made before it: where, and how they were filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import names, turns
from auditor.rules.scene import Spot, statement_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Frames, Loop, Use

_TURNING: Final = frozenset({ir.FOR, ir.WHILE, ir.COMP})
_FILLING: Final = frozenset({"append", "extend", "add", "insert"})


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """The one place that gives a name its value."""

    function: Function
    name: str
    value: Node | None
    """The expression; None where it is no plain assignment."""
    spot: Spot


def made_before(scene: Scene, function: Function, name: Node, frames: Frames, loop: Loop) -> Made | None:
    """Where a name's value was made, if that is outside `loop`; followed through parameters along the calls.

    None where several places give it, or the loop makes it anew on every turn.
    """
    reads = scene.texts.of(function)
    around = [x for x in reads.loops(name) if x[0] in _TURNING]
    if reads.is_param(name):
        if not frames:
            return None
        caller, line = frames[-1]
        argument = scene.texts.of(caller).argument(function, str(name[2]), line)
        if argument is None or argument[0] != ir.NAME:
            return None
        if around and loop.node is not None and any(x is loop.node for x in around):
            return made_anywhere(scene, caller, argument, frames[:-1])
        return made_before(scene, caller, argument, frames[:-1], loop)
    made = definition(scene, function, name)
    if made is None or not around:
        return None
    binding = reads.bindings[str(name[2])][0]
    return None if any(binding is n for n in turns.nodes(around[0])) else made


def made_anywhere(scene: Scene, function: Function, name: Node, frames: Frames) -> Made | None:
    """Where a name's value was made, followed through parameters along the calls."""
    reads = scene.texts.of(function)
    if not reads.is_param(name):
        return definition(scene, function, name)
    if not frames:
        return None
    caller, line = frames[-1]
    argument = scene.texts.of(caller).argument(function, str(name[2]), line)
    return (
        None
        if argument is None or argument[0] != ir.NAME
        else made_anywhere(scene, caller, argument, frames[:-1])
    )


def definition(scene: Scene, function: Function, name: Node) -> Made | None:
    """The one binding of a name in a function's own text."""
    bound = scene.texts.of(function).bindings.get(str(name[2]), [])
    if len(bound) != 1:
        return None
    line = int(bound[0][1])
    start, end = statement_at(function.body, line) or (line, line)
    return Made(
        function,
        str(name[2]),
        names.bound_value(bound[0]),
        Spot(function.module, function, line, start, end),
    )


def is_grown_twice(scene: Scene, made: Made) -> bool:
    """Whether loops inside loops add to it, none of them over a constant of the source."""
    reads = scene.texts.of(made.function)
    return any(len(growing_loops(reads.loops(load), made.spot.line)) > 1 for load in fillings(scene, made))


def is_filled_on_the_way(scene: Scene, made: Made, use: Use) -> bool:
    """Whether a loop around the place that looks into it adds to it: what was met already, each value once."""
    steps = [*use.frames, (use.site.function, use.site.line)]
    line = next((n for f, n in reversed(steps) if f is made.function), 0)
    reads = scene.texts.of(made.function)
    return any(
        around[0] in _TURNING and around[1] <= line <= last_line(around)
        for load in fillings(scene, made)
        for around in reads.loops(load)
    )


def last_line(node: Node) -> int:
    """The last line of a statement, or of an expression as far as its parts tell."""
    return int(node[2]) if node[0] >= ir.ASSIGN else max(n[1] for n in turns.nodes(node))


def fillings(scene: Scene, made: Made) -> Iterator[Node]:
    """The names in calls that add to it: `taken` of `taken.append(...)`."""
    reads = scene.texts.of(made.function)
    for load in reads.loads.get(made.name, []):
        attribute = reads.parent(load)
        if attribute is None or attribute[0] != ir.ATTR or attribute[3] not in _FILLING:
            continue
        call = reads.parent(attribute)
        if call is not None and call[0] == ir.CALL and call[2] is attribute:
            yield load


def growing_loops(around: list[Node], line: int) -> list[Node]:
    """Those of the loops around a place that begin after `line` and turn as often as the data says."""
    return [x for x in around if x[0] == ir.FOR and x[1] >= line and not is_constant(x[4])]


def is_constant(iterable: Node) -> bool:
    """A literal, a range of numbers, or a name in capitals."""
    if iterable[0] in {ir.SEQ, ir.DICT, ir.CONST}:
        return True
    if iterable[0] == ir.CALL:
        return bool(iterable[3]) and all(is_constant(a) for a in iterable[3])
    return turns.name_of(iterable).isupper()
