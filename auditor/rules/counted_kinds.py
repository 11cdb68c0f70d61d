"""Counts that a loop asks for one by one, for each of many constants: one `GROUP BY` gives them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.claim import Claim, place
from auditor.rules.loop_names import its_items, turning
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect, Loop

_LEAST: Final = 6
"""Turns from which on a loop over constants is worth a word: fewer counts than that are read faster one by one."""


def counted_kinds(scene: Scene) -> Iterator[Claim]:
    """One claim a loop: the first count in it whose condition is the loop's own item."""
    told: set[tuple[str, int]] = set()
    for scope in scene.scopes:
        for effect in scope.effects:
            loop = constant_loop(effect)
            if loop is None or effect.kind != "sql" or not effect.label.startswith("COUNT "):
                continue
            column, key = compared(loop, effect), (loop.site.module.path, loop.site.start)
            if column and key not in told:
                told.add(key)
                yield claim(loop, effect, column)


def constant_loop(effect: Effect) -> Loop | None:
    """The only loop around it, where the source says how often that turns: often enough."""
    own = [x for x in effect.around if x.site.function is effect.site.function]
    if len(own) != 1 or effect.remembered or turns.conditions_inside(own[0], effect.branch):
        return None
    loop = own[0]
    often = loop.turns is not None and loop.turns[0] >= _LEAST and not loop.repeats
    return loop if often else None


def compared(loop: Loop, effect: Effect) -> str:
    """The column of the rows that is held against the loop's item, where each row has one value of it."""
    query, items = effect.query, items_of(loop.node)
    if query is None or effect.node is None or not items:
        return ""
    for call in turns.nodes(effect.node):
        for name, value in call[4] if call[0] == ir.CALL else ():
            if value[0] == ir.NAME and value[2] in items and (name, "exact") in query.filters:
                relation = query.model.relations.get(name)
                is_one = name in query.model.columns if relation is None else not relation.many
                return str(name) if is_one else ""
    return ""


def items_of(node: Node | None) -> frozenset[str]:
    """The name that a loop gives its item."""
    if node is None or node[0] not in {ir.FOR, ir.COMP}:
        return frozenset()
    targets = [node[3]] if node[0] == ir.FOR else [clause[0] for clause in node[4]]
    return frozenset(t[2] for t in targets if t[0] == ir.NAME)


def claim(loop: Loop, effect: Effect, column: str) -> Claim:
    """What is told of it."""
    assert loop.turns is not None
    model = effect.query.model.name if effect.query is not None else "row"
    return Claim(
        spot=spot_of(effect.site),
        title=f"`{effect.label}` runs {loop.turns[0]} times, once for each `{column}`",
        evidence=[
            turning(loop),
            Evidence(
                kind="query", text=f"the turns differ in the `{column}` that is counted, and in nothing else"
            ),
        ],
        confidence=0.75,
        severity=Severity.MEDIUM,
        related=[place(spot_of(loop.site), "loop")],
        could_be_wrong=f"An index answers each count at once, or {its_items(loop)} are asked for hardly ever.",
        fix=f"Count the {model} rows of every `{column}` with one query that groups by it, and look the counts up.",
    )
