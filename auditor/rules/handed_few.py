"""Loops over a parameter for which every call in the project writes down a handful: `create_group(instance, ["read", "write"])`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.rules import names, turns
from auditor.rules.loop_names import iterable_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.trace.summary import Call, Loop, Summary


def calls_of(scopes: Iterable[Summary]) -> dict[int, list[Call]]:
    """Every call of a function of the project, by the function's identity."""
    found: dict[int, list[Call]] = {}
    for scope in scopes:
        for call in scope.calls:
            if not call.frames and call.node is not None:
                found.setdefault(id(call.callee), []).append(call)
    return found


def is_handed_few(calls: dict[int, list[Call]], loop: Loop, most: int) -> bool:
    """Whether the loop goes through a parameter as it came in, and nobody is seen to pass more than so many.

    Only of plain functions: a method may be called on what nobody knows, a decorated function by who decorates it.
    """
    function, iterable = loop.site.function, iterable_of(loop)
    if function is None or iterable is None or iterable[0] != ir.NAME or id(function) not in calls:
        return False
    if function.owner is not None or function.decorators:
        return False
    name = str(iterable[2])
    given = next((p for p in function.params if p[0] == name and p[1] in {"pos", "kw"}), None)
    if given is None or is_changed(function, name):
        return False
    passed = [
        None if call.node is None else names.passed(call.node, function, name) or given[3]
        for call in calls[id(function)]
    ]
    return all(is_few(node, most) for node in passed)


def is_changed(function: Function, name: str) -> bool:
    """Whether the function gives the name another value, or changes what it has."""
    return any(name in turns.bound_by(s) for s in turns.nodes(function.body)) or any(
        n[0] == ir.CALL and n[2][0] == ir.ATTR and n[2][2][0] == ir.NAME and n[2][2][2] == name
        for n in turns.nodes(function.body)
    )


def is_few(node: Node | None, most: int) -> bool:
    """A literal of at most so many items."""
    return (
        node is not None
        and node[0] == ir.SEQ
        and node[4] <= most
        and not any(item[0] == ir.STAR for item in node[3])
    )
