"""What frameworks keep for a request or for the application's life: `g.user`, `request.state.user`, `app["pool"]`.

It is stored in one function (a hook before each request, at the start) and read in another, which no call connects: a
read is what the stores of that name say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.index import ir
from auditor.index.symbols import Assigned, External, Function, function_scope, inner_blocks
from auditor.index.values import Const, Value
from auditor.trace import access, hints, joining, members, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

Key: TypeAlias = tuple[str, object]
"""(kind of holder, name below it): `("g", "user")`, `("state", "pool")`, `("item", "pool")`."""

_GLOBALS: Final = frozenset({"flask.g", "flask.globals.g", "quart.g"})
_STATES: Final = frozenset({"state", "ctx"})
_MAPPINGS: Final = frozenset({"app", "application", "config_dict", "request"})


@dataclass(slots=True)
class Kept:
    """Where each of them is stored, and what reading it gave."""

    stores: dict[Key, list[tuple[Function, Node]]]
    values: dict[Key, Value | None] = field(default_factory=dict)


def of_library(m: Machine, holder: str, name: str, node: Node | None) -> Value | None:
    """`g.name`, `current_user.name`, and `app.state.name` of an application that a library made; `holder` is a library's dotted name."""
    user = signed_in.of_name(m, holder)
    if user is not None:
        return access.get_attribute(m, user, name, node)
    return _read(m, ("g", name)) if holder in _GLOBALS else of_attribute(m, name, node)


def of_attribute(m: Machine, name: str, node: Node | None) -> Value | None:
    """`request.state.name`, `request.app.state.name`; `node` is the whole expression."""
    if node is None or node[0] != ir.ATTR or _tail(node[2]) not in _STATES:
        return None
    return _read(m, ("state", name))


def of_item(m: Machine, index: Value, node: Node) -> Value | None:
    """`request.app["name"]`, `request["name"]`, also with a key that has a name."""
    if node[0] != ir.SUB or _tail(node[2]) not in _MAPPINGS:
        return None
    name = index.value if isinstance(index, Const) else _tail(node[3])
    return None if name is None else _read(m, ("item", name))


def _read(m: Machine, key: Key) -> Value | None:
    if m.kept is None:
        m.kept = Kept(dict(_stores(m)))
    kept = m.kept
    if key not in kept.stores:
        return None
    if key not in kept.values:
        kept.values[key] = None  # while it is found out: stores may read each other
        kept.values[key] = hints.quietly(m, partial(_first, m, kept.stores[key]))
    value = kept.values[key]
    if value is None:
        return None
    mine = m.cx.summary.kept
    if key not in mine:
        mine[key] = joining.fresh(value)
    return mine[key]


def _first(m: Machine, stores: Sequence[tuple[Function, Node]]) -> Value | None:
    found = (_stored(m, function, node) for function, node in stores)
    return next((value for value in found if value is not None), None)


def _stored(m: Machine, function: Function, node: Node) -> Value | None:
    """What is stored; a local name is what the function binds it to."""
    if node[0] == ir.NAME:
        bindings = function_scope(function).get(node[2], ())
        bound = [b.value for b in bindings if isinstance(b, Assigned) and b.value is not None]
        if bound and bound[-1] is not node:
            return members.static(m, function, bound[-1])
    return members.static(m, function, node)


def _stores(m: Machine) -> Iterator[tuple[Key, list[tuple[Function, Node]]]]:
    found: dict[Key, list[tuple[Function, Node]]] = {}
    for module in m.project.modules:
        if module.role != "app":
            continue
        for function in module.functions:
            for target, value in _assignments(function.body):
                key = _key(m, function, target)
                if key is not None:
                    found.setdefault(key, []).append((function, value))
    yield from found.items()


def _assignments(statements: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    for s in statements:
        if s[0] == ir.ASSIGN:
            for target in s[3]:
                yield target, s[4]
        elif s[0] == ir.ANN and s[5] is not None:
            yield s[3], s[5]
        for inner in inner_blocks(s):
            yield from _assignments(inner)


def _key(m: Machine, function: Function, target: Node) -> Key | None:
    if target[0] == ir.ATTR:
        if _tail(target[2]) in _STATES and target[2][0] == ir.ATTR:
            return "state", target[3]
        if target[2][0] == ir.NAME:
            symbol = m.project.lookup(function, function.module, target[2][2])
            if isinstance(symbol, External) and symbol.name in _GLOBALS:
                return "g", target[3]
    if target[0] == ir.SUB and _tail(target[2]) in _MAPPINGS:
        name = target[3][2] if target[3][0] == ir.CONST else _tail(target[3])
        return None if name is None else ("item", name)
    return None


def _tail(node: Node) -> str | None:
    """The last name of a dotted expression."""
    return node[2] if node[0] == ir.NAME else node[3] if node[0] == ir.ATTR else None
