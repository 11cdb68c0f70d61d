"""What happens when a value is read, iterated, indexed, tested or stored into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, Function
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Exact,
    Ext,
    ExtInst,
    Func,
    Inst,
    Items,
    ManagerValue,
    Many,
    Model,
    ModelValue,
    ModuleValue,
    OneOf,
    Query,
    Row,
    Size,
    SuperOf,
    Sym,
    Value,
    altered,
    options,
)
from auditor.trace import (
    calls,
    delegating,
    dispatch,
    enumerations,
    hints,
    inner_views,
    iteration,
    joining,
    kept_values,
    members,
    named_values,
)
from auditor.trace.summary import Loop, repeating

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


_DECIDING: Final = (Exact, Sym)
"""What may decide a condition, and does not once it was read from something."""
_UNTOLD: Final = "untold"
"""Beside the name of an attribute that was looked at quietly: the read that counts is still to come."""

# -- attributes ------------------------------------------------------------------------------------------------


def get_attribute(m: Machine, value: Value, name: str, node: Node | None) -> Value:
    """`value.name`."""
    if value is UNKNOWN:
        return kept_values.of_attribute(m, name, node) or UNKNOWN
    found = any_attribute(m, value, name, node)
    return joining.inexact(found) if isinstance(found, _DECIDING) else found


def any_attribute(m: Machine, value: Value, name: str, node: Node | None) -> Value:
    if isinstance(value, Sym):
        return symbolic_attribute(m, value, name, node)
    if isinstance(value, Row):
        return row_attribute(m, value, name, node)
    if isinstance(value, Inst):
        return instance_attribute(m, value, name, node)
    if isinstance(value, ModuleValue):
        symbol = m.project.attribute(value.module, name)
        return named_values.to_value(m, symbol, value.module)
    if isinstance(value, Ext):
        full = f"{value.name}.{name}"
        instance = m.knowledge.instances.get(full)
        if instance is not None:
            return ExtInst(instance)
        kept = kept_values.of_library(m, value.name, name, node)
        return Ext(full) if kept is None else kept
    if isinstance(value, ExtInst):
        fact = m.knowledge.types.get(value.type)
        inner = None if fact is None else fact.attributes.get(name)
        return UNKNOWN if inner is None else ExtInst(inner)
    if isinstance(value, (Query, ManagerValue)):
        return query_attribute(m, value, name, node)
    if isinstance(value, ModelValue):
        return model_attribute(m, value, name, node)
    if isinstance(value, ClassValue):
        return class_attribute(m, value.cls, name, value)
    if isinstance(value, OneOf):
        return joining.join_all([get_attribute(m, o, name, node) for o in value.options])
    if isinstance(value, SuperOf):
        found = dispatch.above(m, value, name)
        if found is not None and "property" in found.static:
            return m.call_function(found, value.receiver, [], {}, node)
        return UNKNOWN if found is None else Func(found, value.receiver)
    members: dict[str, Value] = getattr(value, "members", {})  # a Namespace of macros
    return members.get(name, UNKNOWN)


def symbolic_attribute(m: Machine, sym: Sym, name: str, node: Node | None) -> Value:
    known = sym.recalled(name)
    if known is not None:
        if not m.quiet and sym.recalled((_UNTOLD, name)) is not None and isinstance(known, Sym):
            del sym.noted()[_UNTOLD, name]
            m.residual("attr", known, sym, name, node)
        return known
    function = members.declared_method(m, sym.hint, name)
    if function is not None:
        if "property" not in function.static:
            return Func(function, sym)
        waits = function.static == "cached_property" and isinstance(sym.hint, Inst)
        if not waits and not members.is_overridden(m, sym.hint, name):
            result = m.call_function(function, sym, [], {}, node)
            if not m.quiet:
                sym.noted()[name] = result
            return result
    hint = hints.quietly(m, lambda: declared_attribute(m, sym.hint, name))
    if hint is None and sym.hint is None:
        hint = hints.session_guess(m, name, node[2] if node is not None and node[0] == ir.ATTR else None)
    if hint is None:
        hint = kept_values.of_attribute(m, name, node)
    made = Sym("attr", sym, name, hint)
    sym.noted()[name] = made
    if name in m.relation_names or name in m.property_names:
        m.residual("attr", made, sym, name, node)
        if m.quiet:
            sym.noted()[_UNTOLD, name] = made
    return made


def declared_attribute(m: Machine, hint: Value | None, name: str) -> Value | None:
    if hint is None:
        return None
    if isinstance(hint, Row) and members.declared_method(m, hint, name) is not None:
        return None
    found = get_attribute(m, hint, name, None)
    return None if found is UNKNOWN or isinstance(found, Const) else found


def row_attribute(m: Machine, row: Row, name: str, node: Node | None) -> Value:
    if name in row.extra:
        return row.extra[name]
    cls = row.model.cls
    found = m.project.member(cls, name)
    symbol = None if found is None else m.project.pick(found[0].module, found[1])
    if isinstance(symbol, Function) and not is_mapped(row.model, name):
        if "property" not in symbol.static:
            return Func(symbol, row)
        if symbol.static == "cached_property" and name in row.touched:
            return row.touched[name]
        if symbol.static == "cached_property":
            result = first_read(m, symbol, row, row.loops, node)
            row.touched[name] = result
            return result
        return m.call_function(symbol, row, [], {}, node)
    given = m.orm(row.model.orm).row_attribute(m, row, name, node)
    if given is not None:
        return given
    return UNKNOWN if found is None else class_attribute(m, cls, name, row)


def instance_attribute(m: Machine, value: Inst, name: str, node: Node | None) -> Value:
    if name in value.fields:
        return value.fields[name]
    found = m.project.member(value.cls, name)
    symbol = None if found is None else m.project.pick(found[0].module, found[1])
    if isinstance(symbol, Function):
        if "property" not in symbol.static:
            return Func(symbol, value)
        if symbol.static == "cached_property":
            before, m.cx.remembered = m.cx.remembered, m.cx.remembered or value.shared
            result = first_read(m, symbol, value, value.loops, node)
            m.cx.remembered = before
            if not m.quiet and not value.shared:
                value.fields[name] = result
            return result
        return m.call_function(symbol, value, [], {}, node)
    if name == "__class__":
        return named_values.class_value(m, value.cls)
    if found is not None:
        given = class_attribute(m, value.cls, name, value)
        if given is not UNKNOWN:
            return given
    kept = members.field(m, value.cls, name)
    if kept is None and found is None and (behind := delegating.delegate(m, value, name)) is not None:
        return get_attribute(m, behind, name, node)
    return kept or UNKNOWN


def first_read(
    m: Machine, function: Function, value: Value, born: tuple[Loop, ...], node: Node | None
) -> Value:
    """Runs a cached property: once per turn of the loops that its instance was made in, wherever it is read first."""
    cx = m.cx
    loops = cx.loops
    kept = next(
        (n for n, (a, b) in enumerate(zip(loops, born, strict=False)) if a is not b),
        min(len(loops), len(born)),
    )
    cx.loops = loops[:kept]
    result = m.call_function(function, value, [], {}, node)
    cx.loops = loops
    return result


def class_attribute(m: Machine, cls: Class, name: str, receiver: Value) -> Value:
    """An attribute of a class: a method, a nested class or what its body assigns."""
    found = m.project.member(cls, name)
    if found is None:
        members = enumerations.listed(m, cls, name)
        if members is not None:
            return members
        if name == "as_view" and (view := inner_views.maker(m, cls)) is not None:
            return view
        outside = m.project.external_bases(cls)
        return Ext(f"{outside[0]}.{name}") if outside else UNKNOWN
    owner, bindings = found
    symbol = m.project.pick(owner.module, bindings)
    if isinstance(symbol, Function):
        return Func(symbol, receiver if symbol.static == "class" else None)
    if isinstance(symbol, Class):
        return named_values.class_value(m, symbol)
    if isinstance(symbol, Assigned):
        return hints.class_value(m, owner, symbol)
    return named_values.to_value(m, symbol, owner.module)


def is_mapped(model: Model, name: str) -> bool:
    """True for a column or relation, also one that a mixin's method declares (`@declared_attr`)."""
    return name in model.relations or name in model.columns


def model_attribute(m: Machine, value: ModelValue, name: str, node: Node | None) -> Value:
    found = m.project.member(value.model.cls, name)
    symbol = None if found is None else dispatch.of_model(m, value.model, name, found)
    if isinstance(symbol, Function) and "property" not in symbol.static and not is_mapped(value.model, name):
        return Func(symbol, value if symbol.static == "class" else None)
    given = m.orm(value.model.orm).class_attribute(m, value.model, name, node)
    if given is not None:
        return given
    return UNKNOWN if found is None else class_attribute(m, value.model.cls, name, value)


def query_attribute(m: Machine, value: Query | ManagerValue, name: str, node: Node | None) -> Value:
    function = calls.query_function(m, value, name)
    if function is not None:
        if "property" in function.static:
            return m.call_function(function, value, [], {}, node)
        return Func(function, value)
    if name == "model":
        return ModelValue(value.model)
    orm = m.orm(value.model.orm)
    return orm.query_attribute(m, value, name, node) or UNKNOWN


def set_attribute(m: Machine, target: Value, name: str, value: Value) -> None:
    """`target.name = value`."""
    if isinstance(target, Sym):
        params = m.cx.summary.params
        if params and target is params[0] and m.cx.summary.function is m.cx.function:
            m.cx.summary.stores[name] = value
        elif name in m.written_names:
            m.residual("set", None, target, name, None)
        target.noted()[name] = value
    elif isinstance(target, Inst):
        target.fields[name] = value
    elif isinstance(target, Row):
        target.extra[name] = value
        m.orm(target.model.orm).row_set(m, target, name)
    elif isinstance(target, OneOf):
        for option in target.options:
            set_attribute(m, option, name, value)


def written(m: Machine, target: Value, name: str) -> None:
    """An attribute that some rows write by themselves was set on a value, as its caller sees it."""
    for option in options(target):
        if isinstance(option, Row):
            m.orm(option.model.orm).row_set(m, option, name)
        elif isinstance(option, Sym):
            m.residual("set", None, option, name, None)


def set_item(m: Machine, target: Value, key: Value, value: Value) -> None:
    """`target[key] = value`."""
    value = joining.inexact(value)
    if isinstance(target, OneOf):
        for option in target.options:
            set_item(m, option, key, value)
    elif isinstance(target, Dictionary):
        names = [k.value for k in options(key) if isinstance(k, Const) and isinstance(k.value, (str, int))]
        if isinstance(value, Sym) and id(target) in m.registries:
            m.residual("store", None, target, (key, value), None)
        elif names:
            target.entries.update(dict.fromkeys(names, value))
        else:
            target.other = joining.join(target.other or UNKNOWN, value)
            target.key = key
            loops = repeating(m.cx.loops)
            target.size = loops[-1].size if loops else target.size
            target.grown = target.grown or bool(loops)


# -- elements --------------------------------------------------------------------------------------------------


def item(m: Machine, value: Value, index: Value, node: Node) -> Value:
    """`value[index]`."""
    if isinstance(value, Dictionary):
        if isinstance(index, Const) and index.value in value.entries:
            return joining.inexact(value.entries[index.value])
        if value.rest is not None and isinstance(index, Const):
            given = item(m, value.rest, index, node)
            return given if value.other is None else joining.join(given, value.other)
        if value.other is not None:
            return value.other if isinstance(index, Const) else iteration.reborn(m, value.other)
        return UNKNOWN if value.grown else joining.join_all(list(value.entries.values()))
    if isinstance(value, Items) and isinstance(index, Const) and isinstance(index.value, int):
        return value.items[index.value] if -len(value.items) <= index.value < len(value.items) else UNKNOWN
    if isinstance(value, Query):
        m.use("index", value, node, index)
        found = m.orm(value.model.orm).query_method(m, value, "__getitem__", [index], {}, node)
        return found or iteration.element(m, value)
    if isinstance(value, Many):
        m.use("index", value, node, index)
        return (iteration.picked if isinstance(index, Const) else iteration.reborn)(m, value.elem)
    if isinstance(value, Sym):
        if isinstance(value.hint, Query):
            return calls.call_symbolic(m, value, "__getitem__", [index], {}, node)
        if isinstance(value.hint, Many):
            m.use("index", value, node, index)
        if isinstance(index, Const) and isinstance(index.value, int):
            return iteration.item_at(m, value, index.value)
        key = ("key", index.value if isinstance(index, Const) else None)
        kept = value.noted()
        if key not in kept:
            hint = hints.quietly(m, lambda: item(m, value.hint or UNKNOWN, index, node))
            kept[key] = Sym("key", value, index, hint)
        return kept[key]
    if isinstance(value, OneOf):
        return joining.join_all([item(m, o, index, node) for o in value.options])
    if isinstance(value, (ExtInst, Inst, Row)):
        return calls.call_method(m, value, "__getitem__", [index], {}, node)
    if isinstance(value, ModelValue):
        getter = m.orm(value.model.orm).class_attribute(m, value.model, "__getitem__", node)
        return UNKNOWN if getter is None else calls.call_value(m, getter, [index], {}, node)
    return kept_values.of_item(m, index, node) or UNKNOWN


def sliced(m: Machine, value: Value, low: Value | None, high: Value | None, node: Node) -> Value:
    """`value[low:high]`."""
    if isinstance(value, Query):
        m.use("slice", value, node, (low, high))
        found = m.orm(value.model.orm).query_method(
            m, value, "__slice__", [low or Const(None), high or Const(None)], {}, node
        )
        return found or value
    if isinstance(value, Many):
        m.use("slice", value, node, (low, high))
        bound = high.value if isinstance(high, Const) and isinstance(high.value, int) else None
        size = value.size
        if bound is not None and bound > 0:
            size = Size(size.name if size else "items", bound, size.table if size else None)
        return altered(value, size=size, source=None)
    if isinstance(value, Sym):
        if isinstance(value.hint, Query):
            return calls.call_symbolic(
                m, value, "__slice__", [low or Const(None), high or Const(None)], {}, node
            )
        if isinstance(value.hint, Many):
            m.use("slice", value, node, (low, high))
        return Sym("slice", value, (low, high), value.hint)
    if isinstance(value, OneOf):
        return joining.join_all([sliced(m, o, low, high, node) for o in value.options])
    return value if isinstance(value, Items) else UNKNOWN


# -- consumption -----------------------------------------------------------------------------------------------


def truth(m: Machine, value: Value, node: Node | None) -> None:
    """`if value`: evaluates a query, reads a lazy attribute's truth."""
    if isinstance(value, (Query, Many, Sym)):
        m.use("bool", value, node)
    if isinstance(value, Query):
        iteration.fetch(m, value, node, "bool")
    elif isinstance(value, OneOf):
        for option in value.options:
            truth(m, option, node)


def membership(m: Machine, needle: Value, container: Value, node: Node | None) -> None:
    """`needle in container`."""
    if isinstance(container, (Query, Many, Sym)):
        m.use("member", container, node, needle)
    if isinstance(container, Query):
        iteration.fetch(m, container, node, "member")
    elif isinstance(container, OneOf):
        for option in container.options:
            membership(m, needle, option, node)
    elif isinstance(container, (ExtInst, Inst)):
        calls.call_method(m, container, "__contains__", [needle], {}, node)


def filtered(
    m: Machine,
    value: Value,
    node: Node,
    conditions: tuple[Node, ...],
    target: Node,
    outer: tuple[Loop, ...],
) -> None:
    """Elements are left out in Python."""
    if isinstance(value, (Query, Many, Sym)):
        before, m.cx.loops = m.cx.loops, outer
        m.use("filter", value, node, (conditions, target))
        m.cx.loops = before


def shown(m: Machine, value: Value, node: Node | None) -> None:
    """A value is turned into text: its `__str__` runs."""
    if isinstance(value, (Row, Inst)) and not m.quiet:
        convert(m, value, value.model.cls if isinstance(value, Row) else value.cls, node)
    elif isinstance(value, Items):
        for i in value.items:
            shown(m, i, node)
    elif isinstance(value, Sym) and value.hint is not None:
        hint = value.hint
        if isinstance(hint, (Row, Inst)):
            convert(m, value, hint.model.cls if isinstance(hint, Row) else hint.cls, node)


def convert(m: Machine, value: Value, cls: Class, node: Node | None) -> None:
    function = m.project.method(cls, "__str__")
    if function is not None:
        m.call_function(function, value, [], {}, node)


def discard(m: Machine, value: Value, node: Node | None) -> None:
    """A value nobody keeps: a lazy generator that was never consumed did nothing, which is rare enough to ignore."""
