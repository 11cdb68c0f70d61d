"""Reads of a relation that ask nothing: they stand where the row's own key to it is empty, or where the row is not stored yet.

`if self.owner_id: return NAMES[self.owner_id]`, then `elif self.owner:`; and `is_new = not self.pk`, then
`if is_new and self.project.is_open:` in a `save()` that a loop calls on rows that a query gave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import turns
from auditor.trace.flow import ELSE, GUARDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect, Guard

_KEYS: Final = frozenset({"pk", "id"})


def is_never_loaded(scene: Scene, effect: Effect) -> bool:
    """Whether the conditions around a lazy load leave nothing to load, for a row that a query gave."""
    node, function = effect.node, effect.site.function
    if effect.cause != "lazy-load" or function is None or node is None or node[0] != ir.ATTR:
        return False
    holder = node[2]
    if holder[0] != ir.NAME:
        return False
    guards = (scene.trace.machine.guards.get(identity) for identity, _ in effect.branch)
    for guard, (_, arm) in zip(guards, effect.branch, strict=True):
        if guard is None or guard.function is not function:
            continue
        for test, holds in settled(guard, arm, node):
            for said, is_so in parts(expanded(function, test), holds=holds):
                attribute, empty = emptied(said, is_so=is_so)
                if not is_of(attribute, holder):
                    continue
                if empty and attribute[3] == f"{node[3]}_id" and not sets(function, attribute[3]):
                    return True
                if empty and attribute[3] in _KEYS and is_as_fetched(effect):
                    return True
                if not empty and attribute[3] == "adding" and is_as_fetched(effect):
                    return True
    return False


def settled(guard: Guard, arm: int, node: Node) -> Iterator[tuple[Node, bool]]:
    """The conditions whose outcome is known where `node` stands, each with it."""
    told = guard.node
    if told[0] == ir.IF:
        yield told[3], arm not in {ELSE, GUARDED}
    elif told[0] == ir.IFEXP:
        yield told[2], arm != ELSE
    elif told[0] == ir.BOOL:
        for item in told[3]:
            if any(n is node for n in turns.nodes(item)):
                return
            yield item, told[2] == "and"


def parts(test: Node, *, holds: bool) -> Iterator[tuple[Node, bool]]:
    """A condition taken apart as far as its outcome tells that of its parts."""
    if test[0] == ir.NOT:
        yield from parts(test[2], holds=not holds)
    elif test[0] == ir.BOOL and (test[2] == "and") == holds:
        for item in test[3]:
            yield from parts(item, holds=holds)
    else:
        yield test, holds


def expanded(function: Function, test: Node) -> Node:
    """A condition with a name in place of which stands what it was set to, where that happens once."""
    if test[0] == ir.NOT:
        return (*test[:2], expanded(function, test[2]))
    if test[0] == ir.BOOL:
        return (*test[:3], tuple(expanded(function, item) for item in test[3]))
    if test[0] != ir.NAME:
        return test
    given = [
        s
        for s in turns.own_nodes(function.body)
        if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == test[2] for t in s[3])
    ]
    return given[0][4] if len(given) == 1 else test


def emptied(said: Node, *, is_so: bool) -> tuple[Node, bool]:
    """The attribute that a condition asks for, and whether it is empty there."""
    if said[0] == ir.CMP and len(said[3]) == 2 and said[2][0] in {"is", "is not", "==", "!="}:
        left, right = said[3]
        if right[0] == ir.CONST and right[2] is None:
            return left, is_so == (said[2][0] in {"is", "=="})
    return said, not is_so


def is_of(attribute: Node, holder: Node) -> bool:
    """`row.name` of the same row, or `row._state.adding`."""
    if attribute[0] != ir.ATTR:
        return False
    owner = attribute[2]
    if attribute[3] == "adding" and owner[0] == ir.ATTR and owner[3] == "_state":
        owner = owner[2]
    return bool(owner[0] == ir.NAME and owner[2] == holder[2])


def is_as_fetched(effect: Effect) -> bool:
    """Whether the row still has the key that it was fetched with: no loop on the way takes it away to copy the row."""
    if effect.row is None or effect.row.origin is None:
        return False
    homes = [effect.site.function, *(f for f, _ in effect.frames), *(x.site.function for x in effect.loops)]
    return not any(sets(f, *_KEYS, "adding") for f in homes if f is not None)


def sets(function: Function, *names: str) -> bool:
    """Whether a function stores into an attribute of one of these names."""
    return any(
        s[0] == ir.ASSIGN and any(t[0] == ir.ATTR and t[3] in names for t in s[3])
        for s in turns.own_nodes(function.body)
    )
