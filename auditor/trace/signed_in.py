"""Who is signed in: the row that a project's callback gives to Flask-Login, Flask-HTTPAuth or Flask-JWT-Extended.

`current_user` and `auth.current_user()` are that row, which the extension keeps for the request.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, function_scope, inner_blocks
from auditor.index.values import Row, options
from auditor.trace import hints, joining, members

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine

_LOGIN: Final = frozenset({"user_loader", "request_loader"})
_TOKEN: Final = frozenset({"user_lookup_loader", "user_loader_callback_loader"})
_HTTP: Final = frozenset({"verify_password", "verify_token"})
_NAMES: Final = {
    "flask_login.current_user": _LOGIN,
    "flask_login.utils.current_user": _LOGIN,
    "flask_jwt_extended.current_user": _TOKEN,
    "flask_jwt_extended.utils.current_user": _TOKEN,
}
_CALLS: Final = {
    "flask_jwt_extended.get_current_user": _TOKEN,
    "flask_login.current_user._get_current_object": _LOGIN,
    "flask_login.utils.current_user._get_current_object": _LOGIN,
}


def of_name(m: Machine, name: str) -> Row | None:
    """The row that `current_user` stands for, by the dotted name of a library."""
    loaders = _NAMES.get(name)
    return None if loaders is None else _row(m, loaders)


def of_call(m: Machine, name: str) -> Row | None:
    """The row that `auth.current_user()` gives."""
    if name.startswith("flask_httpauth.") and name.endswith("().current_user"):
        return _row(m, _HTTP)
    loaders = _CALLS.get(name)
    return None if loaders is None else _row(m, loaders)


def _row(m: Machine, loaders: frozenset[str]) -> Row | None:
    if loaders not in m.signed_in:
        m.signed_in[loaders] = None  # while it is found out: a callback may read the user itself
        m.signed_in[loaders] = hints.quietly(m, partial(_given, m, loaders))
    found = m.signed_in[loaders]
    if found is None:
        return None
    mine, key = m.cx.summary.kept, ("signed in", loaders)
    if key not in mine:
        mine[key] = joining.fresh(found)
    row = mine[key]
    return row if isinstance(row, Row) else None


def _given(m: Machine, loaders: frozenset[str]) -> Row | None:
    """What the callbacks return, if it is one kind of row."""
    rows = [
        row
        for module in m.project.modules
        if module.role == "app"
        for function in module.functions
        if any(_registers(d, loaders) for d in function.decorators)
        for node in _returned(function.body)
        for row in _rows(m, function, node)
    ]
    return rows[0] if rows and all(r.model is rows[0].model for r in rows) else None


def _registers(decorator: Node, names: frozenset[str]) -> bool:
    called = decorator[2] if decorator[0] == ir.CALL else decorator
    return called[0] == ir.ATTR and called[3] in names


def _rows(m: Machine, function: Function, node: Node) -> Iterator[Row]:
    if node[0] == ir.NAME:
        bindings = function_scope(function).get(node[2], ())
        bound = [b.value for b in bindings if isinstance(b, Assigned) and b.value is not None]
        node = bound[-1] if bound else node
    value = members.static(m, function, node)
    yield from (o for o in options(value) if isinstance(o, Row)) if value is not None else ()


def _returned(statements: Sequence[Node]) -> Iterator[Node]:
    for s in statements:
        if s[0] == ir.RETURN and s[3] is not None:
            yield s[3]
        for inner in inner_blocks(s):
            yield from _returned(inner)
