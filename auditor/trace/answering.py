"""What is read of a view's result after it returned: the schema that a decorator of its library dumps it with.

APIFairy's `@response(schema)`, flask-smorest's `@blueprint.response(200, Schema(many=True))`, APIFlask's `@app.output(Schema)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import UNKNOWN, ClassValue, Const, Ext, Inst, Items, Row, options
from auditor.trace import hints, schemas

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Value
    from auditor.trace.machine import Machine

_POSITIONS: Final = {("apifairy", "response"): 0, ("flask_smorest", "response"): 1, ("apiflask", "output"): 0}
"""(package, decorator) → where it takes the schema."""
_NAMES: Final = frozenset(name for _, name in _POSITIONS)


def dumped(m: Machine, handler: Function, value: Value) -> None:
    """Reads from what a view gave what the schema that its decorators name asks for."""
    for node in handler.decorators:
        given = schema_of(m, handler, node)
        if given is not None:
            schema, many = given
            cx = m.cx
            before = cx.function, cx.line, cx.start, cx.end
            cx.function, cx.line, cx.start, cx.end = handler, handler.line, handler.line, handler.line
            for option in options(value):
                body = option.items[0] if isinstance(option, Items) and is_with_status(option) else option
                schemas.dump(m, [schema, body, Const(many)], node)
            cx.function, cx.line, cx.start, cx.end = before
            return


def schema_of(m: Machine, handler: Function, node: Node) -> tuple[Inst, bool] | None:
    """The schema of a decorator that dumps, and whether it dumps a list."""
    if node[0] != ir.CALL or node[2][-1] not in _NAMES:
        return None
    position = next(
        (p for name in packages(m, handler, node[2]) if (p := _POSITIONS.get(name)) is not None), None
    )
    if position is None:
        return None
    written = node[3][position] if len(node[3]) > position else ir.argument(node, "schema")
    made = UNKNOWN if written is None else hints.at_import(m, handler.module, written)
    if isinstance(made, ClassValue):
        return Inst(made.cls), False
    if not isinstance(made, Inst):
        return None
    many = made.fields.get("many")
    return made, isinstance(many, Const) and many.value is True


def packages(m: Machine, handler: Function, called: Node) -> list[tuple[str, str]]:
    """(package, name) of what a decorator calls; of a method of the project's own class those of its outside bases."""
    name = str(called[-1])
    holder = hints.at_import(m, handler.module, called[2]) if called[0] == ir.ATTR else UNKNOWN
    if isinstance(holder, Inst):
        if m.project.method(holder.cls, name) is not None:
            return []
        return [(base.partition(".")[0], name) for base in m.project.external_bases(holder.cls)]
    value = hints.at_import(m, handler.module, called)
    return [(value.name.partition(".")[0], name)] if isinstance(value, Ext) else []


def is_with_status(value: Items) -> bool:
    """`return rows, 200`: a tuple whose second item is no row."""
    return value.kind == "tuple" and len(value.items) in {2, 3} and not isinstance(value.items[1], Row)
