"""Dumping objects: which attributes a marshmallow schema reads from each of them.

Covers what marshmallow documents: fields by name or `attribute=`, `Nested`, `Pluck` and `List` of them, `Method` and
`Function` fields, a project's own kinds of fields with their `_serialize`, `only` and `exclude`. Anything else a field
does is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External
from auditor.index.values import (
    UNKNOWN,
    Const,
    Dictionary,
    Ext,
    Func,
    Inst,
    Items,
    Many,
    OneOf,
    Query,
    Sym,
    Value,
)
from auditor.trace import access, calls, hints, iteration

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Module
    from auditor.trace.machine import Machine

_DEPTH: Final = 3
"""Schemas followed inside each other."""
_NAME: Final = "auditor_intrinsics.dump"
_PACKAGES: Final = frozenset({"marshmallow", "marshmallow_sqlalchemy", "flask_marshmallow"})
_EXTENSION: Final = ("library", "Marshmallow")
_UNREAD: Final = frozenset({"URLFor", "AbsoluteURLFor", "Hyperlinks"})
"""Fields that make their text of something else than the attribute of their name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which fields of a schema are dumped."""

    only: frozenset[str] | None = None
    """None for all; names that are not known to the trace are none at all."""
    exclude: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name not in self.exclude and (self.only is None or name in self.only)


@dataclass(frozen=True, slots=True)
class Field:
    """What a schema reads for one name."""

    path: tuple[str, ...]
    schema: Class | None = None
    """Of what is nested."""
    wanted: Wanted = Wanted()
    """Of the nested one's fields."""
    computed: Value | None = None
    """What a `Method` or `Function` field calls with the object."""
    made_by: Func | None = None
    """The project's own `_serialize`, called with the value, its name and the object."""


def dump(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`dump(schema, value, many)`: reads from `value`, once per element where `many`."""
    schema, value, many = (*args, UNKNOWN, UNKNOWN, UNKNOWN)[:3]
    if any(isinstance(one, Sym) for one in (schema, value)):
        made = Sym("call", Ext(_NAME), None)
        m.residual("call", made, Ext(_NAME), (None, (schema, value, many), {}), node)
        return made
    for one in schema.options if isinstance(schema, OneOf) else (schema,):
        if isinstance(one, Inst):
            only = names(one.fields.get("only"))
            wanted = Wanted(only, names(one.fields.get("exclude")) or frozenset())
            repeated = isinstance(many, Const) and many.value is True
            read(m, one.cls, wanted, value, node, 0, repeated=repeated)
    return Dictionary({})


def read(
    m: Machine, schema: Class, wanted: Wanted, value: Value, node: Node | None, depth: int, *, repeated: bool
) -> None:
    """Reads what the fields of a schema read, of the value or of each of its elements."""
    if repeated:
        loop, element = iteration.open_loop(m, value, node, "serializer", m.cx.names, None)
        before = m.inside(loop)
        read(m, schema, wanted, element, node, depth, repeated=False)
        m.cx.loops = before
        return
    for name, field in fields_of(m, schema).items():
        if name in wanted:
            read_field(m, field, value, node, depth)


def read_field(m: Machine, field: Field, value: Value, node: Node | None, depth: int) -> None:
    if field.computed is not None:
        calls.call_value(m, field.computed, [value], {}, node)
        return
    found = value
    for part in field.path:
        found = access.get_attribute(m, found, part, node)
    if field.made_by is not None:
        calls.call_value(m, field.made_by, [found, Const(field.path[-1]), value], {}, node)
    if field.schema is not None and depth < _DEPTH:
        many = isinstance(found, (Query, Many))
        read(m, field.schema, field.wanted, found, node, depth + 1, repeated=many)


def fields_of(m: Machine, schema: Class) -> dict[str, Field]:
    """Computed once per class; the nearest declaration in the MRO wins."""
    known: dict[str, Field] | None = m.shapes.get(id(schema))
    if known is None:
        known = {}
        for base in (b for b in m.project.mro(schema) if isinstance(b, Class)):
            for name, bindings in base.scope.items():
                last = bindings[-1]
                if isinstance(last, Assigned) and last.value is not None and name not in known:
                    field = field_of(m, schema, base.module, name, last.value)
                    if field is not None:
                        known[name] = field
        m.shapes[id(schema)] = known
    return known


def field_of(m: Machine, schema: Class, module: Module, name: str, made: Node) -> Field | None:
    """The field that an assignment in a schema's body declares; None where it is none, or is never dumped."""
    kind = kind_of(m, module, made)
    if not kind or kind in _UNREAD or is_true(ir.argument(made, "load_only")):
        return None
    attribute = ir.argument(made, "attribute")
    text = attribute[2] if attribute is not None and attribute[0] == ir.CONST else name
    path = tuple(str(text).split("."))
    first = made[3][0] if made[3] else None
    if kind == "List" and first is not None and first[0] == ir.CALL:
        inner = field_of(m, schema, module, name, first)
        return None if inner is None else replace(inner, path=path)
    if kind in {"Method", "Function"}:
        return computed_field(m, schema, module, kind, first or ir.argument(made, "serialize"))
    if kind in {"Nested", "Pluck"}:
        return nested_field(m, schema, module, made, path)
    return Field(path, made_by=own_way(m, module, made))


def own_way(m: Machine, module: Module, made: Node) -> Func | None:
    """What a kind of field of the project's own does with a value."""
    cls = m.project.resolve_expression(module, made[2])
    method = m.project.method(cls, "_serialize") if isinstance(cls, Class) else None
    return None if method is None or not isinstance(cls, Class) else Func(method, Inst(cls))


def kind_of(m: Machine, module: Module, made: Node) -> str:
    """`Nested` for `fields.Nested(…)`; "" for what is no field."""
    if made[0] != ir.CALL:
        return ""
    target = m.project.resolve_expression(module, made[2])
    known = m.project.external_bases(target) if isinstance(target, Class) else ()
    for name in (target.name,) if isinstance(target, External) else known:
        if name.partition(".")[0] in _PACKAGES and (known == () or ".fields." in name):
            return name.rpartition(".")[2]
    if target is None and made[2][0] == ir.ATTR:  # `ma.Nested` of `ma = Marshmallow()`
        holder = hints.at_import(m, module, made[2][2])
        if isinstance(holder, Inst) and (holder.cls.module.role, holder.cls.name) == _EXTENSION:
            return str(made[2][3])
    return ""


def computed_field(m: Machine, schema: Class, module: Module, kind: str, given: Node | None) -> Field | None:
    if given is None:
        return None
    if kind == "Function":
        return Field((), computed=hints.at_import(m, module, given))
    method = m.project.method(schema, str(given[2])) if given[0] == ir.CONST else None
    return None if method is None else Field((), computed=Func(method, Inst(schema)))


def nested_field(m: Machine, schema: Class, module: Module, made: Node, path: tuple[str, ...]) -> Field:
    """A nested schema, by class, by name, by a call or by what gives it when it is asked."""
    given = made[3][0] if made[3] else ir.argument(made, "nested")
    if given is not None and given[0] == ir.LAMBDA:
        given = given[3]
    inner = schema if given is None else schema_named(m, schema, module, given)
    only, exclude = ir.argument(made, "only"), ir.argument(made, "exclude")
    if given is not None and given[0] == ir.CALL:
        only, exclude = ir.argument(given, "only") or only, ir.argument(given, "exclude") or exclude
    if kind_of(m, module, made) == "Pluck":
        only = made[3][1] if len(made[3]) > 1 else ir.argument(made, "field_name")
    wanted = Wanted(
        None if only is None else listed(m, module, only),
        frozenset() if exclude is None else listed(m, module, exclude),
    )
    return Field(path, schema=inner, wanted=wanted)


def schema_named(m: Machine, schema: Class, module: Module, given: Node) -> Class | None:
    if given[0] == ir.CONST:
        if given[2] == "self":
            return schema
        name = str(given[2]).rpartition(".")[2]
        there = [c for other in m.project.modules for c in other.classes if c.name == name]
        here = [c for c in there if c.module is module]
        found = here or there
        return found[0] if len(found) == 1 else None
    target = m.project.resolve_expression(module, given[2] if given[0] == ir.CALL else given)
    return target if isinstance(target, Class) else None


def listed(m: Machine, module: Module, node: Node) -> frozenset[str]:
    value = Const(node[2]) if node[0] == ir.CONST else hints.at_import(m, module, node)
    return names(value) or frozenset()


def names(value: Value | None) -> frozenset[str] | None:
    """The first steps of names that are written out; None for no choice at all."""
    if value is None or (isinstance(value, Const) and value.value is None):
        return None
    if isinstance(value, Const):
        return frozenset({str(value.value).partition(".")[0]})
    items = value.items if isinstance(value, Items) else []
    return frozenset(str(i.value).partition(".")[0] for i in items if isinstance(i, Const))


def is_true(node: Node | None) -> bool:
    return node is not None and node[0] == ir.CONST and node[2] is True
