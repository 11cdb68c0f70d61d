"""`await`: what a query gives once it is awaited, for mappers whose queries run only then."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Items, Many, OneOf, Query, Sym, Value
from auditor.trace import hints, joining

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

METHOD: Final = "__await__"
"""As what an `await` of a parameter waits for the caller."""
_NONE: Final[Mapping[str, Value]] = MappingProxyType({})


def awaited(m: Machine, value: Value, node: Node | None) -> Value:
    """What `await value` gives; of what a coroutine of the project's own returned, that itself."""
    if not m.awaiting or (node is not None and id(node[2]) in m.coroutines):
        return value
    if isinstance(value, Query):
        return answer(m, value, node)
    if isinstance(value, OneOf):
        return joining.join_all([awaited(m, o, node) for o in value.options])
    if isinstance(value, Items):  # `asyncio.gather(...)`
        return Items(value.kind, [awaited(m, i, node) for i in value.items], value.count)
    if isinstance(value, Many) and isinstance(value.elem, Query) and value.source is None:
        return Many(in_loops(m, value.elem, node), value.size, value.kind)
    if not isinstance(value, Sym) or node is None or node[2][0] not in {ir.NAME, ir.ATTR, ir.CALL}:
        return value
    hint = None if value.hint is None else hints.quietly(m, lambda: awaited(m, value.hint or value, node))
    made = Sym("call", value, None, hint)
    m.residual("call", made, value, (METHOD, (), _NONE), node)
    return made


def answer(m: Machine, query: Query, node: Node | None) -> Value:
    """What its mapper says of a query that is awaited."""
    run = getattr(m.orm(query.model.orm), "awaited", None)
    return query if run is None else run(m, query, node)


def in_loops(m: Machine, query: Query, node: Node | None) -> Value:
    """What was built in a loop and is awaited after it: each turn's query is run."""
    outer = m.cx.loops
    m.cx.loops = query.loops
    given = answer(m, query, node)
    m.cx.loops = outer
    return given
