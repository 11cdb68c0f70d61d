"""Loops whose queries nobody could ask at once: other tables or statements each time, events, the first name that is free."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Many, Query
from auditor.rules import turns

if TYPE_CHECKING:
    from auditor.rules.scene import Looped
    from auditor.trace.summary import Effect, Loop

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_MANAGERS: Final = frozenset({"objects", "_default_manager", "_base_manager", "all_objects"})
"""What a model's class has its rows under, and a row has not."""
_RUNNING: Final = frozenset({"execute", "scalar", "scalars", "stream", "stream_scalars", "exec"})
"""Methods of a session or a connection that run the statement which they are given."""


def is_unbatchable(looped: Looped, effect: Effect) -> bool:
    """Whether one of these holds."""
    return (
        has_table_of_item(looped, effect)
        or has_model_of_item(looped, effect)
        or seeks_what_is_free(looped, effect)
        or is_stream(looped.loop)
        or is_item_itself(looped, effect)
    )


def has_table_of_item(looped: Looped, effect: Effect) -> bool:
    """Whether each turn asks another table, which it takes from its item: no one query asks them all."""
    query, node = effect.query, looped.loop.node
    if query is None or node is None or query.model.name or query.orm != "sqlalchemy":
        return False
    entity = re.match(r"(?:select|query|insert)\(([^)]*)", query.text)
    return entity is not None and bool(set(_WORD.findall(entity[1])) & turns.bound_names(node))


def has_model_of_item(looped: Looped, effect: Effect) -> bool:
    """Likewise of Django's models: `for one in registered: one.model.objects.filter(…)`, also by a name for the model."""
    query, node = effect.query, looped.loop.node
    if query is None or node is None or node[0] != ir.FOR or query.orm != "django":
        return False
    if query.site.function is not looped.loop.site.function:
        return False
    items = turns.targets_of(node[3])
    named = {
        t[2]
        for s in turns.nodes(node[5])
        if s[0] == ir.ASSIGN and s[4][0] in {ir.NAME, ir.ATTR} and turns.root_name(s[4]) in items
        for t in s[3]
        if t[0] == ir.NAME
    }
    return any(
        n[0] == ir.ATTR
        and n[3] in _MANAGERS
        and query.site.start <= n[1] <= query.site.end
        and n[2][0] in {ir.NAME, ir.ATTR}
        and turns.root_name(n[2]) in items | named
        for n in turns.nodes(node[5])
    )


def seeks_what_is_free(looped: Looped, effect: Effect) -> bool:
    """Whether the loop ends at the first item for which there is no row: mostly the first, as of names to give."""
    node, line = looped.loop.node, effect.site.line
    if node is None or node[0] != ir.FOR:
        return False
    asked = {
        t[2]
        for s in turns.nodes(node[5])
        if s[0] == ir.ASSIGN and s[1] <= line <= s[2]
        for t in s[3]
        if t[0] == ir.NAME
    }
    for s in turns.nodes(node[5]):
        if s[0] == ir.IF and s[3][0] == ir.NOT and s[4][-1][0] in {ir.BREAK, ir.RETURN}:
            tested = s[3][2]
            if (tested[0] == ir.NAME and tested[2] in asked) or tested is effect.node:
                return True
    return False


def is_stream(loop: Loop) -> bool:
    """Whether it waits for what comes one by one: `async for event in watched`; rows and pages are none."""
    node = loop.node
    return (
        node is not None
        and node[0] == ir.FOR
        and bool(node[7])
        and node[4][0] in {ir.NAME, ir.ATTR}
        and not isinstance(loop.over, (Query, Many))
    )


def is_item_itself(looped: Looped, effect: Effect) -> bool:
    """Whether each turn runs the statement that is its item: somebody made a list of different ones."""
    node, run = looped.loop.node, effect.node
    if node is None or run is None or run[0] != ir.CALL or not run[3]:
        return False
    if turns.name_of(run[2]) not in _RUNNING or effect.site.function is not looped.loop.site.function:
        return False
    targets = [node[3]] if node[0] == ir.FOR else [c[0] for c in node[4]] if node[0] == ir.COMP else []
    return run[3][0][0] == ir.NAME and any(run[3][0][2] in turns.targets_of(target) for target in targets)
