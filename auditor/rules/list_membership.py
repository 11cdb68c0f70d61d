"""Membership asked of a list in a loop

## What it finds
Inside a loop, `x in rows` (or `not in`) where `rows` is a list that was made before the loop and grows with the data, as the
loop does.

## Why it is slow
A list is searched from its beginning, item by item. A thousand turns over a list of a thousand make a million comparisons;
of rows each one calls `__eq__`. The time grows with the square of the data while everything else grows with the data.

## When it does not matter
The list holds a handful of items whatever the data, or the items cannot be hashed (dictionaries, lists).

## Example
```py
taken = []
for booking in bookings:
    taken.append(booking.slot)
free = [slot for slot in slots if slot not in taken]
```

## Instead
```py
taken = {booking.slot for booking in bookings}
free = [slot for slot in slots if slot not in taken]
```
Where the order of the list is used as well, keep it and put a set beside it.

## How to verify
Time the function with twice the data: it must take about twice as long. Items that are equal but not identical (1 and
True, text in another case) must be found as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Dictionary, Inst, Items, Many, Query
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few
from auditor.rules.grown_lists import is_filled_on_the_way, is_grown_twice, made_before
from auditor.rules.growth import is_born
from auditor.rules.loop_names import its_items, per_item, turning
from auditor.rules.query_in_loop import is_fixed
from auditor.rules.scene import Spot, repeating, spot_of
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Size, Value
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Loop, Use

RULE = RuleInfo(
    id="list-membership",
    group="loops",
    phase=5,
    severity=Severity.LOW,
    title="list searched in a loop",
    playbook="loops-to-lookups",
    docs=__doc__,
)

_SURE: Final = 0.75
_LIKELY: Final = 0.65
_LISTING: Final = frozenset({"list", "sorted", "all", "fetchall", "to_list", "tolist"})
"""Calls that give a list, by their last name."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a test."""
    for _, use in scene.uses():
        if use.how == "member" and (loops := repeating(use.loops)):
            made = searched(scene, use, loops)
            if made is not None and believable(scene, made):
                yield made


def searched(scene: Scene, use: Use, loops: tuple[Loop, ...]) -> Claim | None:
    """The claim about one `in`, if the list it searches outlives the turn and both grow with the data."""
    container = container_of(use.node)
    function = use.site.function
    if container is None or function is None or not is_searched(use.value) or container[0] != ir.NAME:
        return None
    definition = made_before(scene, function, container, use.frames, loops[-1])
    if definition is None or is_filled_on_the_way(scene, definition, use):
        return None
    is_rows = isinstance(use.value, Query)
    if not (is_rows or is_list(definition.value)) or not is_hashable(use.value):
        return None
    held, loop = size_of(scene, use.value), loops[-1]
    product = is_grown_twice(scene, definition)
    from_rows = held is not None and held.table is not None
    is_awaited = audience(scene, spot_of(use.site)) in {"request", "task"}
    if not is_awaited or is_fixed(loop) or (held is not None and held.bound is not None):
        return None
    if from_rows and any(x.size is not None and x.size.table is not None for x in loops):
        confidence = _SURE
    elif product and (from_rows or loop.kind != "while"):
        confidence = _LIKELY
    else:
        return None
    return claim(use, str(container[2]), definition.spot, loops, confidence)


def container_of(node: Node | None) -> Node | None:
    """What stands to the right of the one `in` of a comparison."""
    if node is None or node[0] != ir.CMP or len(node[2]) != 1 or node[2][0] not in {"in", "not in"}:
        return None
    return node[3][1]  # type: ignore[no-any-return]  # shape of ir.CMP


def is_searched(value: Value) -> bool:
    """Whether `in` goes through the items one after the other; a query does it in the rows that it keeps."""
    if isinstance(value, Query):
        return value.orm == "django" and not few(value) and is_born(value.model)
    return isinstance(value, Many) and value.kind == "list" and not value.lazy


def is_list(value: Node | None) -> bool:
    """Whether an expression gives a list, by its own text."""
    while value is not None and value[0] == ir.AWAIT:
        value = value[2]
    if value is None:
        return False
    if value[0] in {ir.SEQ, ir.COMP}:
        return bool(value[2] == "list")
    return value[0] == ir.CALL and names.called_name(value) in _LISTING


def is_hashable(value: Value) -> bool:
    """Whether a set could hold its items, as far as they are known."""
    elem = value.elem if isinstance(value, Many) else None
    is_list = isinstance(elem, Many) or (isinstance(elem, Items) and elem.kind != "tuple")
    return not (is_list or isinstance(elem, Dictionary | Inst))


def size_of(scene: Scene, value: Value) -> Size | None:
    if isinstance(value, Query):
        return scene.trace.machine.orm(value.orm).size(value)
    return value.size if isinstance(value, Many) else None


def claim(use: Use, name: str, definition: Spot, loops: tuple[Loop, ...], confidence: float) -> Claim:
    """What is told of it."""
    loop = loops[-1]
    kind = "the rows of a query" if isinstance(use.value, Query) else "a list"
    return Claim(
        spot=spot_of(use.site),
        title=f"`{name}` is {kind}, searched once {per_item(loop)}",
        evidence=[
            turning(loop),
            Evidence(
                kind="code",
                text=f"`{name}` is made at `{definition.module.path}:{definition.line}`, before the loop, and grows with the data",
            ),
        ],
        confidence=confidence,
        related=[place(definition, "definition"), place(spot_of(loop.site), "loop")],
        subject=name,
        cost_term=TermAtStake(kind="cpu", sizes=(*sizes(loops), name)),
        could_be_wrong=f"`{name}` never holds more than a few items, or {its_items(loop)} are never many.",
        fix=f"Ask a set: build one from `{name}` before the loop, or make it a set where its order is not used.",
    )
