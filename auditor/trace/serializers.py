"""Serialising objects: which attributes a declared serializer reads from each of them.

Covers what Django REST framework documents: declared fields with `source`, method fields, nested serializers,
relation fields, `Meta.fields`; anything else a field does is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Ext,
    Inst,
    Items,
    Many,
    Mapping_,
    OneOf,
    Query,
    Row,
    Sym,
    Value,
)
from auditor.trace import access, calls

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_NEVER_READ: Final = ("HiddenField", "WriteOnlyField")
_KEY_ONLY: Final = ("PrimaryKeyRelatedField",)
_MAX_NESTING: Final = 8


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
    repeated = isinstance(value, Query | Many) or (isinstance(many, Const) and many.value is True)
    for option in serializer.options if isinstance(serializer, OneOf) else (serializer,):
        if isinstance(option, Inst | ClassValue):
            one = option if isinstance(option, Inst) else Inst(option.cls)
            if repeated:
                each(m, one, value, node, 0)
            else:
                fields_of(m, one, value, node, 0)
    return Mapping_({})


def each(m: Machine, serializer: Inst, value: Value, node: Node | None, depth: int) -> None:
    loop, element = access.open_loop(m, value, node, "serializer", m.cx.names, None)
    before = m.inside(loop)
    representation(m, serializer, element, node, depth)
    m.cx.loops = before


def representation(m: Machine, serializer: Inst, value: Value, node: Node | None, depth: int) -> None:
    """One object, through the project's own `to_representation` where there is one."""
    own = m.project.method(serializer.cls, "to_representation")
    if own is not None and own.module.role != "library" and depth < _MAX_NESTING:
        m.call_function(own, serializer, [value], {}, node)
        if not calls_super(own.body):
            return
    fields_of(m, serializer, value, node, depth)


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
    declared = declared_fields(m, serializer.cls)
    listed = meta_fields(m, serializer.cls)
    excluded = frozenset(meta_names(m, serializer.cls, "exclude"))
    for name, (owner, field) in declared.items():
        if listed is None or name in listed:
            read_field(m, serializer, owner, name, field, value, node, depth)
    for name in listed or all_fields(m, value, excluded) if listed is not None or is_model(value) else ():
        if name not in declared and name not in excluded:
            read_plain(m, name, value, node)


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


def meta_names(m: Machine, cls: Class, attribute: str) -> tuple[str, ...]:
    found = m.project.member(cls, "Meta")
    meta = None if found is None else m.project.pick(found[0].module, found[1])
    if not isinstance(meta, Class):
        return ()
    value = access.class_attribute(m, meta, attribute, ClassValue(meta))
    if isinstance(value, Const) and isinstance(value.value, str):
        return (value.value,)
    if isinstance(value, Items):
        return tuple(i.value for i in value.items if isinstance(i, Const) and isinstance(i.value, str))
    return ()


def is_model(value: Value) -> bool:
    return isinstance(value, Row)


def all_fields(m: Machine, value: Value, excluded: frozenset[str]) -> tuple[str, ...]:
    """The forward relations of a model: its columns cost nothing to read."""
    if not isinstance(value, Row):
        return ()
    return tuple(
        r.name
        for r in value.model.relations.values()
        if r.kind in {"fk", "o2o", "m2m"} and r.name not in excluded
    )


def argument(call: Node, name: str) -> Node | None:
    return next((v for k, v in call[4] if k == name), None)


def read_field(
    m: Machine,
    serializer: Inst,
    owner: Class,
    name: str,
    call: Node,
    value: Value,
    node: Node | None,
    depth: int,
) -> None:
    target = m.project.resolve_expression(owner.module, call[2])
    kind = (
        target.name.rpartition(".")[2]
        if isinstance(target, External)
        else target.name
        if isinstance(target, Class)
        else ""
    )
    write_only = argument(call, "write_only")
    if kind.endswith(_NEVER_READ) or (
        write_only is not None and write_only[0] == ir.CONST and write_only[2] is True
    ):
        return
    if kind.endswith("MethodField"):
        given = argument(call, "method_name") or (call[3][0] if call[3] else None)
        method = given[2] if given is not None and given[0] == ir.CONST else f"get_{name}"
        function = m.project.method(serializer.cls, str(method))
        if function is not None:
            m.call_function(function, serializer, [value], {}, node)
        return
    source = argument(call, "source")
    path = source[2] if source is not None and source[0] == ir.CONST and isinstance(source[2], str) else name
    many = argument(call, "many")
    if kind.endswith(_KEY_ONLY) and many is None:
        path = ".".join(path.split(".")[:-1])
    read = value
    for part in path.split(".") if path and path != "*" else ():
        read = access.get_attribute(m, read, part, node)
    if isinstance(target, Class) and inherits_serializer(m, target):
        nested = Inst(target)
        if isinstance(read, Query | Many) or many is not None or hasattr(read, "queryset_cls"):
            each(m, nested, collection(m, read, node), node, depth + 1)
        elif read is not UNKNOWN:
            representation(m, nested, read, node, depth + 1)
    elif many is not None or kind in {"ManyRelatedField", "StringRelatedField", "SlugRelatedField"}:
        many_related(m, kind, read, call, node, many=many is not None)
    elif isinstance(target, Class) and isinstance(read, Row | Inst):
        own = m.project.method(target, "to_representation")
        if own is not None and own.module.role != "library":
            m.call_function(own, Inst(target), [read], {}, node)


def many_related(m: Machine, kind: str, read: Value, call: Node, node: Node | None, *, many: bool) -> None:
    slug = argument(call, "slug_field")
    if many:
        loop, element = access.open_loop(m, collection(m, read, node), node, "serializer", "", None)
        before = m.inside(loop)
        if kind == "StringRelatedField":
            access.shown(m, element, node)
        elif slug is not None and slug[0] == ir.CONST:
            access.get_attribute(m, element, str(slug[2]), node)
        m.cx.loops = before
    elif kind == "StringRelatedField":
        access.shown(m, read, node)


def collection(m: Machine, value: Value, node: Node | None) -> Value:
    """A manager stands for all of its rows."""
    if isinstance(value, Query | Many | Items):
        return value
    return calls.call_method(m, value, "all", [], {}, node) if value is not UNKNOWN else value


def inherits_serializer(m: Machine, cls: Class) -> bool:
    return any(
        (b.name if isinstance(b, External) else b.name).rpartition(".")[2].endswith("Serializer")
        for b in m.project.mro(cls)
    )


def read_plain(m: Machine, name: str, value: Value, node: Node | None) -> None:
    """A field that only `Meta.fields` names: a column, a property, or a relation, of which the key is shown."""
    relation = value.model.relations.get(name) if isinstance(value, Row) else None
    if relation is not None and not relation.many:
        return
    read = access.get_attribute(m, value, name, node)
    if relation is not None:
        access.fetch(m, collection(m, read, node), node, "iterate")
