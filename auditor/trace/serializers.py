"""Serialising objects: which attributes a declared serializer reads from each of them.

Covers what Django REST framework documents: declared fields with `source`, method fields, nested serializers,
relation fields, `Meta.fields`; anything else a field does is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Ext,
    Func,
    Inst,
    Items,
    ManagerValue,
    Many,
    OneOf,
    Query,
    Row,
    Sym,
    Value,
    options,
)
from auditor.trace import access, calls, chosen_fields, iteration, picked_fields

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_NEVER_READ: Final = ("HiddenField", "WriteOnlyField")
_KEY_ONLY: Final = ("PrimaryKeyRelatedField", "HyperlinkedRelatedField")
"""Of the related row only the key is read, unless a class of the project's says otherwise."""
_LOOKING: Final = ("use_pk_only_optimization", "get_attribute")
_MAX_NESTING: Final = 2
"""Serializers followed inside each other: deeper ones are usually brief forms that options choose at run time."""


def serialize(m: Machine, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    """`serialize(serializer, value, many)`: reads from `value`, once per element where `many`."""
    serializer = args[0] if args else UNKNOWN
    value = args[1] if len(args) > 1 else kwargs.get("value", UNKNOWN)
    many = args[2] if len(args) > 2 else kwargs.get("many", UNKNOWN)
    if any(isinstance(a, Sym) for a in (serializer, value)):
        made = Sym("call", Ext("auditor_intrinsics.serialize"), None)
        m.residual(
            "call", made, Ext("auditor_intrinsics.serialize"), (None, (serializer, value, many), {}), node
        )
        return made
    if isinstance(serializer, OneOf):
        return calls.alternatives(m, serializer, lambda one: serialize(m, [one, value, many], {}, node), node)
    repeated = many.value is True if isinstance(many, Const) else isinstance(value, (Query, Many))
    for one in serializers_of(serializer):
        if repeated:
            each(m, one, value, node, 0)
        else:
            representation(m, one, value, node, 0)
    return Dictionary({})


def serialize_fields(m: Machine, args: list[Value], node: Node | None) -> Value:
    """`serialize_fields(serializer, value)`: what DRF's own `to_representation` reads of one object."""
    serializer, value = args
    if any(isinstance(a, Sym) for a in args):
        made = Sym("call", Ext("auditor_intrinsics.serialize_fields"), None)
        m.residual("call", made, Ext("auditor_intrinsics.serialize_fields"), (None, tuple(args), {}), node)
        return made
    for one in serializers_of(serializer):
        fields_of(m, one, value, node, 0)
    return Dictionary({})


def serializers_of(value: Value) -> list[Inst]:
    """The serializers that a value can be; of a class, one without arguments."""
    known = [o for o in options(value) if isinstance(o, (Inst, ClassValue))]
    return [o if isinstance(o, Inst) else Inst(o.cls) for o in known]


def each(m: Machine, serializer: Inst, value: Value, node: Node | None, depth: int) -> None:
    loop, element = iteration.open_loop(m, value, node, "serializer", m.cx.names, None)
    before = m.inside(loop)
    representation(m, serializer, element, node, depth)
    m.cx.loops = before


def representation(m: Machine, serializer: Inst, value: Value, node: Node | None, depth: int) -> None:
    """One object, through the project's own `to_representation` where there is one."""
    own = m.project.method(serializer.cls, "to_representation")
    if own is not None and own.module.role != "library" and depth < _MAX_NESTING:
        m.call_function(own, serializer, [value], {}, node)
        if not calls_super(own.body) or has_known_super(m, serializer.cls):
            return
    fields_of(m, serializer, value, node, depth)


def has_known_super(m: Machine, cls: Class) -> bool:
    """Whether `super().to_representation` ends in the method that the library describes."""
    return any(
        isinstance(base, Class) and base.module.role == "library" and "to_representation" in base.scope
        for base in m.project.mro(cls)
    )


def calls_super(body: object) -> bool:
    """True where the code mentions `super`."""
    if isinstance(body, tuple):
        if len(body) == 3 and body[0] == ir.NAME and body[2] == "super":
            return True
        return any(calls_super(part) for part in body)
    return False


def fields_of(m: Machine, serializer: Inst, value: Value, node: Node | None, depth: int) -> None:
    """Reads what each field reads."""
    if depth > _MAX_NESTING:
        return
    shape = shape_of(m, serializer.cls)
    for field in shape.declared:
        if picked_fields.is_picked(serializer, field.name):
            read_field(m, serializer, field, value, node, depth)
    plain = shape.plain
    if plain is None:
        plain = all_fields(m, value, shape.excluded | {f.name for f in shape.declared})
    for name in plain:
        if picked_fields.is_picked(serializer, name):
            read_plain(m, name, value, node)


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field, as far as reading it goes."""

    name: str
    kind: str
    """Last part of the field class's name."""
    target: Class | None
    """The project's class of it: a nested serializer, a field with its own `to_representation`."""
    path: tuple[str, ...]
    method: Function | None
    many: bool
    slug: str
    nested: bool
    shown: chosen_fields.Shown | None = None
    """What its declaration chooses of a nested serializer's fields; None for all."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a serializer class declares."""

    declared: tuple[Field, ...]
    plain: tuple[str, ...] | None
    """Names that only `Meta.fields` lists; None for all of the model's."""
    excluded: frozenset[str]


def shape_of(m: Machine, cls: Class) -> Shape:
    """Computed once per class."""
    known = m.shapes.get(id(cls))
    if known is None:
        declared = declared_fields(m, cls)
        listed = meta_fields(m, cls)
        excluded = frozenset(meta_names(m, cls, "exclude"))
        fields = tuple(
            field
            for name, (owner, call) in declared.items()
            if (listed is None or name in listed)
            and (field := field_of(m, cls, owner, name, call)) is not None
        )
        plain = (
            None if listed is None else tuple(n for n in listed if n not in declared and n not in excluded)
        )
        if listed is None and not takes_all(m, cls):
            plain = ()
        known = m.shapes[id(cls)] = Shape(fields, plain, excluded)
    return known


def field_of(m: Machine, cls: Class, owner: Class, name: str, call: Node) -> Field | None:
    target = m.project.resolve_expression(owner.module, call[2])
    known = target if isinstance(target, Class) else None
    kind = (
        target.name.rpartition(".")[2]
        if isinstance(target, External)
        else ""
        if known is None
        else known.name
    )
    write_only = ir.argument(call, "write_only")
    if kind.endswith(_NEVER_READ) or (
        write_only is not None and write_only[0] == ir.CONST and write_only[2] is True
    ):
        return None
    method: Function | None = None
    if kind.endswith("MethodField"):
        given = ir.argument(call, "method_name") or (call[3][0] if call[3] else None)
        named = given[2] if given is not None and given[0] == ir.CONST else f"get_{name}"
        method = m.project.method(cls, str(named))
    source = ir.argument(call, "source")
    text = source[2] if source is not None and source[0] == ir.CONST and isinstance(source[2], str) else name
    path = () if text in {"", "*"} else tuple(text.split("."))
    repeated = ir.argument(call, "many")
    many = repeated is not None and not (repeated[0] == ir.CONST and repeated[2] is False)
    if not many and shows_key(m, known, kind) and ir.argument(call, "lookup_field") is None:
        path = path[:-1]
    slug = ir.argument(call, "slug_field")
    return Field(
        name,
        kind,
        known,
        path,
        method,
        many,
        str(slug[2]) if slug is not None and slug[0] == ir.CONST else "",
        known is not None and inherits_serializer(m, known),
        None if known is None else chosen_fields.shown(m, known, call, partial(meta_names, m, known)),
    )


def shows_key(m: Machine, cls: Class | None, kind: str) -> bool:
    """Whether a field shows the key of a related row, which its own row holds already."""
    if cls is None:
        return kind.endswith(_KEY_ONLY)
    for base in m.project.mro(cls):
        if isinstance(base, Class) and any(name in base.scope for name in _LOOKING):
            return False
        if base.name.rpartition(".")[2].endswith(_KEY_ONLY):
            return True
    return False


def declared_fields(m: Machine, cls: Class) -> dict[str, tuple[Class, Node]]:
    """Field name → the class that declares it and the call that makes it; nearest in the MRO wins."""
    found: dict[str, tuple[Class, Node]] = {}
    for base in m.project.mro(cls):
        if not isinstance(base, Class) or base.module.role == "library":
            continue
        for name, bindings in base.scope.items():
            binding = bindings[-1]
            if isinstance(binding, Assigned) and binding.value is not None and binding.value[0] == ir.CALL:
                target = m.project.resolve_expression(base.module, binding.value[2])
                looks = isinstance(target, Class) or (
                    isinstance(target, External)
                    and target.name.rpartition(".")[2].endswith(("Field", "Serializer"))
                )
                if looks:
                    found.setdefault(name, (base, binding.value))
    return found


def meta_fields(m: Machine, cls: Class) -> tuple[str, ...] | None:
    """`Meta.fields` as names; None where it is absent or `__all__`."""
    names = meta_names(m, cls, "fields")
    return None if not names or names == ("__all__",) else names


def takes_all(m: Machine, cls: Class) -> bool:
    """Whether the model's fields are meant where none is named: `__all__`, or no list at all; not `[]` or a computed one."""
    meta = meta_class(m, cls)
    if meta is None:
        return False
    return meta_names(m, cls, "fields") == ("__all__",) or m.project.member(meta, "fields") is None


def meta_class(m: Machine, cls: Class) -> Class | None:
    """The class `Meta` in a serializer or a form."""
    found = m.project.member(cls, "Meta")
    meta = None if found is None else m.project.pick(found[0].module, found[1])
    return meta if isinstance(meta, Class) else None


def meta_names(m: Machine, cls: Class, attribute: str) -> tuple[str, ...]:
    meta = meta_class(m, cls)
    if meta is None:
        return ()
    value = access.class_attribute(m, meta, attribute, ClassValue(meta))
    if isinstance(value, Const) and isinstance(value.value, str):
        return (value.value,)
    if isinstance(value, Items):
        return tuple(i.value for i in value.items if isinstance(i, Const) and isinstance(i.value, str))
    return ()


def all_fields(m: Machine, value: Value, left_out: frozenset[str]) -> tuple[str, ...]:
    """The to-many forward relations of a model: its columns, and the keys of its to-one relations, cost nothing."""
    if not isinstance(value, Row):
        return ()
    forward = (r.name for r in value.model.relations.values() if r.kind == "m2m" and r.name not in left_out)
    return tuple(name for name in forward if m.project.member(value.model.cls, name) is not None)


def read_field(
    m: Machine, serializer: Inst, field: Field, value: Value, node: Node | None, depth: int
) -> None:
    if field.kind.endswith("MethodField"):
        if field.method is not None:
            m.call_function(field.method, serializer, [value], {}, node)
        return
    read = value
    for part in field.path:
        if isinstance(read, (Query, ManagerValue)):
            read = calls.call_method(m, read, part, [], {}, node)
        else:
            read = asked(m, access.get_attribute(m, read, part, node), node)
    if field.nested and field.target is not None:
        nested = Inst(field.target)
        if field.shown is not None:
            picked_fields.narrow(nested, field.shown.only, field.shown.left_out)
        if field.many or isinstance(read, (Query, Many, ManagerValue)):
            each(m, nested, collection(m, read, node), node, depth + 1)
        elif read is not UNKNOWN:
            representation(m, nested, read, node, depth + 1)
    elif field.many:
        loop, element = iteration.open_loop(m, collection(m, read, node), node, "serializer", "", None)
        before = m.inside(loop)
        if field.kind == "StringRelatedField":
            access.shown(m, element, node)
        elif field.slug:
            access.get_attribute(m, element, field.slug, node)
        m.cx.loops = before
    elif field.kind == "StringRelatedField":
        access.shown(m, read, node)
    elif field.target is not None and isinstance(read, (Row, Inst)):
        own = m.project.method(field.target, "to_representation")
        if own is not None and own.module.role != "library":
            m.call_function(own, Inst(field.target), [read], {}, node)


def asked(m: Machine, read: Value, node: Node | None) -> Value:
    """What a field makes of an attribute: of a method, what it gives without arguments."""
    return calls.call_value(m, read, [], {}, node) if isinstance(read, Func) else read


def collection(m: Machine, value: Value, node: Node | None) -> Value:
    """A manager stands for all of its rows."""
    if isinstance(value, (Query, Many, Items)):
        return value
    return calls.call_method(m, value, "all", [], {}, node) if value is not UNKNOWN else value


def inherits_serializer(m: Machine, cls: Class) -> bool:
    return any(b.name.rpartition(".")[2].endswith("Serializer") for b in m.project.mro(cls))


def read_plain(m: Machine, name: str, value: Value, node: Node | None) -> None:
    """A field that only `Meta.fields` names: a column, a property, a method, or a relation, of which the key is shown."""
    relation = value.model.relations.get(name) if isinstance(value, Row) else None
    if relation is not None and not relation.many:
        return
    read = asked(m, access.get_attribute(m, value, name, node), node)
    if relation is not None:
        iteration.fetch(m, collection(m, read, node), node, "iterate")
