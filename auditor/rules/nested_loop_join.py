"""Rows matched by a loop inside a loop

## What it finds
A loop over one collection inside the loop over another, in which only the items whose keys are equal are used; also where
the inner loop stands in a function that is called for each item, and where ranges are compared tick by tick.

## Why it is slow
Every item of the one is compared with every item of the other: five hundred orders and two thousand lines make a million
comparisons for two thousand matches. The database would have used an index, Python a dictionary.

## When it does not matter
One of the two holds a handful of items whatever the data, or the inner collection is another one for each item.

## Example
```py
for space in spaces:
    for booking in bookings:
        if booking.space_id == space.id:
            space.busy.append(booking)
```

## Instead
```py
by_space = defaultdict(list)
for booking in bookings:
    by_space[booking.space_id].append(booking)
for space in spaces:
    space.busy.extend(by_space[space.id])
```
Where several items share a key, keep a list for each key, in the old order; of `next(...)` keep the first. For ranges, sort
once and go through both side by side.

## How to verify
Time the function with twice the data: it must take about twice as long. Check an item without a match, and one with two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_text import source
from auditor.index import ir
from auditor.index.values import Many, Query
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few
from auditor.rules.loop_names import its_items, turning
from auditor.rules.matching import crossed, matched
from auditor.rules.query_in_loop import is_fixed
from auditor.rules.scene import repeating, seen_from, spot_of
from auditor.trace.cost import sizes
from auditor.trace.naming import source_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Size
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Loop, Use

RULE = RuleInfo(
    id="nested-loop-join",
    group="loops",
    phase=5,
    severity=Severity.LOW,
    title="rows matched by a loop inside a loop",
    playbook="loops-to-lookups",
    docs=__doc__,
)

_EQUAL: Final = 0.75
_RANGES: Final = 0.6
"""Ranges can be matched faster too, but not by a dictionary."""


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Two loops, one inside the other."""

    use: Use
    """That the inner one goes through its collection."""
    outer: Loop
    loops: tuple[Loop, ...]
    inner: Node
    iterable: Node
    condition: Node
    """What decides that two items belong together."""
    is_equality: bool


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a pair of loops."""
    for _, use in scene.uses():
        if use.how == "iterate" and use.node is not None and (loops := repeating(use.loops)):
            join = joined(scene, use, loops)
            if join is not None:
                made = claim(join)
                if believable(scene, made):
                    yield made


def joined(scene: Scene, use: Use, loops: tuple[Loop, ...]) -> Join | None:
    """The pair that an iteration makes with the innermost loop around it, if it matches items of both."""
    node, function, outer = use.node, use.site.function, loops[-1]
    if node is None or function is None or outer.node is None or is_fixed(outer):
        return None
    if not grows(scene, use) or audience(scene, spot_of(use.site)) not in {"request", "task"}:
        return None
    parts = inner_parts(node, outer.node)
    if parts is None:
        return None
    target, iterable = parts
    if outer.site.function is function and is_within(node, outer.node):
        moving = turns.bound_names(outer.node)
        if turns.free_names(iterable) & moving:
            return None
        own = turns.targets_of(target)
        condition = matched(node, own, moving - own)
        if (
            condition is None
            and not is_bounded(outer)
            and (condition := crossed(node, own, moving - own)) is not None
        ):
            return Join(use, outer, loops, node, iterable, condition, is_equality=False)
    else:
        moving = moving_parameters(scene, function, iterable, use, outer)
        condition = matched(node, turns.targets_of(target), moving) if moving else None
    if condition is None or is_bounded(outer) or outer.size is None or outer.size.table is None:
        return None
    return Join(use, outer, loops, node, iterable, condition, is_equality=True)


def is_bounded(loop: Loop) -> bool:
    return loop.size is not None and loop.size.bound is not None


def inner_parts(node: Node, outer: Node) -> tuple[Node, Node] | None:
    """Target and iterable of the inner loop."""
    if node[0] == ir.FOR:
        return node[3], node[4]
    if node[0] != ir.COMP or (len(node[4]) != 1 and node is not outer):
        return None
    clause = node[4][-1]
    return clause[0], clause[1]


def is_within(node: Node, outer: Node) -> bool:
    return id(node) in turns.identities(outer) and node is not outer


def grows(scene: Scene, use: Use) -> bool:
    """Whether what the inner loop walks over has as many items as a table says, and nothing keeps them few."""
    value = use.value
    source_rows = value.source if isinstance(value, Many) else value
    if isinstance(source_rows, Query) and few(source_rows):
        return False
    size: Size | None = None
    if isinstance(value, Query):
        size = scene.trace.machine.orm(value.orm).size(value)
    elif isinstance(value, Many):
        size = value.size
    return size is not None and size.table is not None and size.bound is None


def moving_parameters(
    scene: Scene, function: Function, iterable: Node, use: Use, outer: Loop
) -> frozenset[str]:
    """The parameters that are other values on each turn of the caller's loop, where the collection is not one of them."""
    if iterable[0] != ir.NAME or not use.frames or outer.site.function is not use.frames[-1][0]:
        return frozenset()
    caller, line = use.frames[-1]
    reads, outside = scene.texts.of(function), scene.texts.of(caller)
    if not reads.is_param(iterable) or outer.node is None:
        return frozenset()
    given = outside.argument(function, str(iterable[2]), line)
    moving = turns.bound_names(outer.node)
    if given is None or turns.free_names(given) & moving:
        return frozenset()
    return frozenset(
        name
        for name in reads.params
        if name not in reads.bindings
        and (passed := outside.argument(function, name, line)) is not None
        and turns.free_names(passed) & moving
    )


def claim(join: Join) -> Claim:
    """What is told of it."""
    outer = join.outer
    name = source_name(join.iterable) or "the rows"
    rows = join.use.value.source if isinstance(join.use.value, Many) else join.use.value
    inside = spot_of(join.use.site)
    spot = (
        inside
        if join.use.site.function is outer.site.function
        else seen_from(outer, join.use.site, join.use.frames)
    )
    text = source(join.condition)
    how = "matched" if join.is_equality else "compared"
    return Claim(
        spot=spot,
        title=f"all of `{name}` is gone through once per item of {its_items(outer)}, to find those that are {how}",
        evidence=[
            turning(outer),
            Evidence(
                kind="code", text=f"two items belong together where `{text}`, at line {join.condition[1]}"
            ),
        ],
        confidence=_EQUAL if join.is_equality else _RANGES,
        related=[
            place(spot_of(outer.site), "loop"),
            *([place(spot_of(rows.site), "query")] if isinstance(rows, Query) else []),
            *([place(inside, "call")] if inside.key != spot.key else []),
        ],
        subject=name,
        cost_term=TermAtStake(kind="cpu", sizes=(*sizes(join.loops), name)),
        could_be_wrong=f"`{name}` or {its_items(outer)} never holds more than a few items.",
        fix=f"Put `{name}` into a dictionary by the key before the loop, and look up in it."
        if join.is_equality
        else f"Sort `{name}` once and go through both side by side, or look up by interval.",
    )
