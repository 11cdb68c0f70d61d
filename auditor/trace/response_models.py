"""What FastAPI reads from a result to make the answer: the attributes that a pydantic response model declares.

A row that is returned is read field by field, and the rows behind its relations too, also where the handler never mentions
them. Only models that read attributes (`from_attributes`, once `orm_mode`) do so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External
from auditor.index.values import UNKNOWN, ClassValue, Const, Inst, Many, Query, Row, Sym, options
from auditor.trace import access, declarations, iteration

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Value
    from auditor.trace.machine import Machine

_DEPTH: Final = 3
"""Models read inside each other."""
_READING: Final = frozenset({"from_attributes", "orm_mode"})
BUILDING: Final = frozenset({"model_validate", "from_orm", "validate"})
"""Class methods that make such a model of an object."""
_ROWS: Final = (Row, Many, Query, Sym)


def answer(m: Machine, handler: Function, value: Value, written: Node) -> None:
    """Reads from what a handler gave what its response model asks for."""
    item = paged(m, handler, written)
    declared = declarations.annotated(m, handler.module, item, handler)
    if declared is not None and item is not written:
        declared = Many(declared, None, "list")
    cx = m.cx
    before = cx.function, cx.line, cx.start, cx.end
    cx.function, cx.line, cx.start, cx.end = handler, handler.line, handler.line, handler.line
    read(m, value, declared, 0)
    cx.function, cx.line, cx.start, cx.end = before


def paged(m: Machine, handler: Function, written: Node) -> Node:
    """What the items of fastapi-pagination's `Page[Model]` are said to be; another annotation is left as it is."""
    if written[0] != ir.SUB or written[3][0] == ir.SEQ:
        return written
    head = m.project.resolve_expression(handler.module, written[2], handler.parent)
    is_page = isinstance(head, External) and head.name.startswith("fastapi_pagination.")
    return written[3] if is_page else written


def built(
    m: Machine, cls: Class, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value | None:
    """`Model.model_validate(row)`: reads what the fields ask for; None where the class makes no model of attributes."""
    if (
        not args
        or m.project.method(cls, "model_validate") is not None
        or m.project.method(cls, "from_orm") is not None
    ):
        return None
    told = kwargs.get("from_attributes")
    asked = isinstance(told, Const) and told.value is True
    if not (reads_attributes(m, cls) or (asked and is_pydantic(m, cls))):
        return None
    read_attributes(m, [ClassValue(cls), args[0]], node)
    return Inst(cls)


def filled(m: Machine, cls: Class, given: dict[str, Value], node: Node | None) -> None:
    """`Model(tags=row.tags)`: what is read of rows where a field is declared as a model that reads attributes."""
    asked = {n: v for n, v in given.items() if any(isinstance(o, _ROWS) for o in options(v))}
    if not asked or not is_pydantic(m, cls):
        return
    declared = fields(m, cls)
    for name, value in asked.items():
        field = declared.get(name)
        item = field.elem if isinstance(field, Many) else field
        if not isinstance(item, Inst) or not reads_attributes(m, item.cls):
            continue
        read_field(m, [ClassValue(cls), Const(name), value], node)


def read_field(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`read_field(Model, name, value)`, once a caller told which rows the value is."""
    model, name, value = args
    if any(isinstance(option, Sym) for option in options(value)):
        return m.later("auditor_intrinsics.read_field", args, {}, node)
    if isinstance(model, ClassValue) and isinstance(name, Const):
        read(m, value, fields(m, model.cls).get(str(name.value)), 0)
    return UNKNOWN


def read_attributes(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`read_attributes(Model, row)`, once a caller told which row."""
    if any(isinstance(option, Sym) for option in options(args[1])):
        return m.later("auditor_intrinsics.read_attributes", args, {}, node)
    if isinstance(args[0], ClassValue):
        read_fields(m, args[1], args[0].cls, 0)
    return UNKNOWN


def read_fields(m: Machine, value: Value, cls: Class, depth: int) -> None:
    """What the fields of a model read of a row."""
    for option in options(value):
        if isinstance(option, Row) and depth < _DEPTH:
            for name, field in fields(m, cls).items():
                read(m, access.get_attribute(m, option, name, None), field, depth + 1)


def read(m: Machine, value: Value, declared: Value | None, depth: int) -> None:
    """Reads a value as an annotation says: a model's fields, or those of each element of a list."""
    if isinstance(declared, Many) and isinstance(value, (Query, Many)):
        loop, element = iteration.open_loop(m, value, None, "serializer", m.cx.names, None)
        before = m.inside(loop)
        read(m, element, declared.elem, depth)
        m.cx.loops = before
    elif (
        isinstance(declared, Inst)
        and isinstance(value, Row)
        and depth < _DEPTH
        and reads_attributes(m, declared.cls)
    ):
        read_fields(m, value, declared.cls, depth)


def fields(m: Machine, cls: Class) -> dict[str, Value | None]:
    """The fields that a model declares, those of its bases included, with what each is said to be."""
    found: dict[str, Value | None] = {}
    for base in reversed(m.project.mro(cls)):
        for name, bindings in base.scope.items() if isinstance(base, Class) else ():
            last = bindings[-1]
            if isinstance(last, Assigned) and last.annotation is not None and isinstance(base, Class):
                found[name] = declarations.annotated(m, base.module, last.annotation)
    return found


def reads_attributes(m: Machine, cls: Class) -> bool:
    """Whether a model, or one above it, is set up to read attributes of objects."""
    if any(name.startswith("sqlmodel.") for name in m.project.external_bases(cls)):
        return True  # all of them are set up so
    if not is_pydantic(m, cls):
        return False
    return any(mentions(base.body) for base in m.project.mro(cls) if isinstance(base, Class))


def is_pydantic(m: Machine, cls: Class) -> bool:
    return any(name.startswith("pydantic.") for name in m.project.external_bases(cls))


def mentions(body: tuple[Node, ...]) -> bool:
    """`model_config = ConfigDict(from_attributes=True)`, or a class `Config` with `orm_mode = True`."""
    for s in body:
        if s[0] == ir.CLASS and s[3] == "Config":
            return any(t[2] in _READING for x in s[7] if x[0] == ir.ASSIGN for t in x[3] if t[0] == ir.NAME)
        if s[0] in {ir.ASSIGN, ir.ANN}:
            value = s[4] if s[0] == ir.ASSIGN else s[5]
            if value is not None and value[0] == ir.CALL and any(k in _READING for k, _ in value[4]):
                return True
            if value is not None and value[0] == ir.DICT:
                return any(k is not None and k[0] == ir.CONST and k[2] in _READING for k, _ in value[2])
    return False
