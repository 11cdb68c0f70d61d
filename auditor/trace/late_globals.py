"""Globals that begin as None and are set by a function that says so: `_maker = None`, `def init(): global _maker; _maker = …`.

What such a name holds once the application serves is what connects to the database, a client, a setting: an object
that is made once. Rows and lists of them are no such thing, and stay unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.index.values import Const, Dictionary, Exact, Items, Many, Query, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Assigned, Function, Module
    from auditor.index.values import Value

_CONTENT = (Query, Row, Many, Items, Dictionary, Const, Exact)


def set_later(module: Module, symbol: Assigned) -> Node | None:
    """The one expression that a function of the module sets a global to; None where there are none or several."""
    if symbol.value is None or symbol.value[0] != ir.CONST or symbol.value[2] is not None:
        return None
    name = next((n for n, known in module.scope.items() if any(one is symbol for one in known)), None)
    if name is None:
        return None
    found: list[Node] = []
    for function in module.functions:
        if any(s[0] == ir.GLOBAL and name in s[3] for s in function.body):
            given = [expanded(function, value) for value in assigned(function.body, name)]
            found += [v for v in given if v[0] != ir.CONST]
    return found[0] if len(found) == 1 else None


def is_made_once(value: Value) -> bool:
    """Whether it is an object such as a session factory or a client, and nothing that was read."""
    return not isinstance(value, _CONTENT)


def expanded(function: Function, value: Node) -> Node:
    """For a local name what it was set to, where that happens once."""
    if value[0] != ir.NAME:
        return value
    given = list(assigned(function.body, value[2]))
    return given[0] if len(given) == 1 else value


def assigned(statements: Sequence[Node], name: str) -> Iterator[Node]:
    """What assignments to a name in these statements give it."""
    for s in statements:
        if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == name for t in s[3]):
            yield s[4]
        for inner in inner_blocks(s):
            yield from assigned(inner, name)
