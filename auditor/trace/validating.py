"""Validating what a client sent: the methods and look-ups that a declared serializer runs over it.

A field is looked at only where the client sent it, so each of them may cost nothing: `validate_<field>`, a nested
serializer's own validation, the row that a relation field looks up (one for each key where there are many), and the
search for another row with a unique column's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class, External, Function
from auditor.index.values import UNKNOWN, Inst, ManagerValue, Many, ModelValue, Query, Size
from auditor.trace import access, calls, hints, iteration, refrains, serializers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Model
    from auditor.trace.machine import Machine

_NOT_SENT: Final = ("MethodField", "ReadOnlyField", "HiddenField", "StringRelatedField")


def validate(m: Machine, serializer: Inst, node: Node | None) -> None:
    """Everything that `to_internal_value` asks for the fields of one serializer."""
    m.refrains.watch.met.add(id(serializer.cls))
    if id(serializer.cls) in m.validating:
        return  # a serializer nested in itself
    m.validating.add(id(serializer.cls))
    cx, before = m.cx, m.cx.branch
    try:
        for method in own_validators(m, serializer.cls):
            cx.branch = (*before, (id(method), 0))
            m.call_function(method, serializer, [UNKNOWN], {}, node)
        cx.branch = before
        refrains.once(m, (fields, id(serializer.cls), id(node)), lambda: fields(m, serializer.cls, node))
    finally:
        cx.branch = before
        m.validating.discard(id(serializer.cls))


def fields(m: Machine, cls: Class, node: Node | None) -> None:
    """What the fields of a serializer ask for, whatever it was given."""
    cx, before = m.cx, m.cx.branch
    declared = serializers.declared_fields(m, cls)
    for name, (owner, call) in declared.items():
        cx.branch = (*before, (id(call), 0))
        sent(m, owner, call, name, node)
    for name, model in unlisted(m, cls, frozenset(declared)):
        cx.branch = (*before, (id(model.relations.get(name) or model.columns[name]), 0))
        looked_up(m, model, name, node)
    cx.branch = before


def own_validators(m: Machine, cls: Class) -> Iterator[Function]:
    """The project's `validate_<field>` methods, the nearest of each name."""
    seen = set[str]()
    for base in m.project.mro(cls):
        if not isinstance(base, Class) or base.module.role == "library":
            continue
        for name, bindings in base.scope.items():
            method = bindings[-1]
            if name.startswith("validate_") and name not in seen and isinstance(method, Function):
                seen.add(name)
                if len(method.params) > 1 and not method.static:
                    yield method


def sent(m: Machine, owner: Class, call: Node, name: str, node: Node | None) -> None:
    """One declared field: a nested serializer validates, a relation looks its row up."""
    target = m.project.resolve_expression(owner.module, call[2])
    kind = target.name.rpartition(".")[2] if isinstance(target, (Class, External)) else ""
    if kind.endswith(_NOT_SENT) or is_true(ir.argument(call, "read_only")):
        return
    many = is_true(ir.argument(call, "many"))
    if isinstance(target, Class) and serializers.inherits_serializer(m, target):
        each(
            m,
            name,
            node,
            lambda: nested(m, target, node),
            many=many,
        )
        return
    given = ir.argument(call, "queryset")
    rows = UNKNOWN if given is None else hints.at_import(m, owner.module, given)
    if isinstance(rows, (Query, ManagerValue)):
        each(m, name, node, lambda: calls.call_method(m, rows, "get", [], {"pk": UNKNOWN}, node), many=many)


def nested(m: Machine, cls: Class, node: Node | None) -> None:
    """A serializer inside another one validates."""
    refrains.once(
        m,
        (nested, id(cls), id(node)),
        lambda: calls.call_method(m, Inst(cls), "run_validation", [UNKNOWN], {}, node),
    )


def each(m: Machine, name: str, node: Node | None, run: Callable[[], object], *, many: bool) -> None:
    """Once, or for each of what was sent under a name."""
    if not many:
        run()
        return
    loop, _ = iteration.open_loop(m, Many(UNKNOWN, Size(name)), node, "serializer", name, None)
    before = m.inside(loop)
    run()
    m.cx.loops = before


def is_true(given: Node | None) -> bool:
    return given is not None and given[0] == ir.CONST and given[2] is True


def unlisted(m: Machine, cls: Class, declared: frozenset[str]) -> Iterator[tuple[str, Model]]:
    """(name, model) of the relations and unique columns that a model's serializer makes fields of by itself."""
    found = m.project.member(cls, "Meta")
    meta = None if found is None else m.project.pick(found[0].module, found[1])
    served = access.class_attribute(m, meta, "model", UNKNOWN) if isinstance(meta, Class) else UNKNOWN
    if not isinstance(served, ModelValue):
        return
    model = served.model
    left_out = declared | {
        *serializers.meta_names(m, cls, "read_only_fields"),
        *serializers.meta_names(m, cls, "exclude"),
    }
    for name in serializers.meta_fields(m, cls) or (*model.columns, *model.relations):
        relation, column = model.relations.get(name), model.columns.get(name)
        forward = relation is not None and (relation.kind in {"fk", "o2o", "m2m"})
        unique = column is not None and column.unique and name not in {"id", "pk", model.primary_key}
        if name not in left_out and (forward or unique) and m.project.member(model.cls, name) is not None:
            yield name, model


def looked_up(m: Machine, model: Model, name: str, node: Node | None) -> None:
    """The row that a key stands for, or whether a unique value is taken."""
    relation = model.relations.get(name)
    if relation is None:
        manager = access.get_attribute(m, ModelValue(model), "_default_manager", None)
        rows = calls.call_method(m, manager, "filter", [], {name: UNKNOWN}, node)
        calls.call_method(m, rows, "exists", [], {}, node)
        return
    target = next((t for t in m.orms if t.name == model.orm), None)
    other = None if target is None else by_key(target, relation.target)
    if other is not None:
        manager = access.get_attribute(m, ModelValue(other), "_default_manager", None)
        each(
            m,
            name,
            node,
            lambda: calls.call_method(m, manager, "get", [], {"pk": UNKNOWN}, node),
            many=relation.many,
        )


def by_key(orm: object, key: str) -> Model | None:
    find = getattr(orm, "by_key", None)
    return None if find is None else find(key)
