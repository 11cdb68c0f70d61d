"""What a class says of its members: methods and who overrides them, stored fields, defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned, Class, Function, inner_blocks, tail_name
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Func,
    Inst,
    ManagerValue,
    Many,
    ModelValue,
    Query,
    Row,
    Sym,
    Value,
)
from auditor.trace import calls, declarations, dispatch, expressions, hints
from auditor.trace.context import Context
from auditor.trace.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def declared_method(m: Machine, hint: Value | None, name: str) -> Function | None:
    """The project function that `name` is on a value of the declared type."""
    if hint is None:
        return None
    if isinstance(hint, Row):
        is_mapped = name in hint.model.relations or name in hint.model.columns
        return None if is_mapped else m.project.method(hint.model.cls, name)
    if isinstance(hint, Inst):
        return None if name in hint.fields else m.project.method(hint.cls, name)
    if isinstance(hint, ClassValue):
        function = m.project.method(hint.cls, name)
        return None if function is None or is_hidden(m, hint.cls, name) else function
    if isinstance(hint, ModelValue):
        return m.project.method(hint.model.cls, name)
    if isinstance(hint, (Query, ManagerValue)):
        return calls.query_function(m, hint, name)
    return None


def is_hidden(m: Machine, cls: Class, name: str) -> bool:
    """Whether a mixin's `name` is not what its models have, because the ORM's base class stands before it."""
    for below in m.project.subclasses(cls):
        model = m.model_of(below)
        if model is not None and dispatch.is_covered(m, model, name, cls):
            return True
    return False


def is_overridden(m: Machine, hint: Value | None, name: str) -> bool:
    """True where a subclass of the declared type has a `name` of its own, or of a mixin before the declared type."""
    cls = (
        hint.cls
        if isinstance(hint, (Inst, ClassValue))
        else hint.model.cls
        if isinstance(hint, (Row, ModelValue))
        else None
    )
    if cls is None:
        return False
    key = (id(cls), name)
    known = m.overridden.get(key)
    if known is None:
        below = m.project.subclasses(cls)
        family = {id(cls), *map(id, below)}
        known = m.overridden[key] = any(name in one.scope for one in below) or any(
            is_mixed_in(m, base, one, cls, name)
            for one in below
            for base in m.project.bases(one)
            if isinstance(base, Class) and id(base) not in family
        )
    return known


def is_mixed_in(m: Machine, mixin: Class, below: Class, cls: Class, name: str) -> bool:
    """Whether instances of `below` are looked up for `name` in `mixin`, or above it, before `cls` is asked."""
    found = m.project.member(mixin, name)
    order = m.project.mro(below)
    return found is not None and {found[0], cls} <= set(order) and order.index(found[0]) < order.index(cls)


MAX_OVERRIDES: Final = 4
"""Overrides of one method that are all followed; of more, only what the declared class has."""


def implementations(m: Machine, cls: Class, name: str) -> tuple[tuple[Class, Function], ...]:
    """What `name` may be on an instance of `cls` or below, with the class to take it for; empty where one thing only."""
    key = (id(cls), name)
    if key not in m.overrides:
        own = m.project.method(cls, name)
        below = [c for c in m.project.subclasses(cls) if name in c.scope]
        found: list[tuple[Class, Function]] = []
        if 0 < len(below) <= MAX_OVERRIDES:
            if own is not None and not is_abstract(own):
                found.append((cls, own))
            for sub in below:
                method = m.project.method(sub, name)
                if method is not None and "property" not in method.static:
                    found.append((sub, method))
        m.overrides[key] = tuple(found)
    return m.overrides[key]


def is_abstract(function: Function) -> bool:
    """True where a method only says what subclasses must do."""
    if not function.body:
        return True
    first = function.body[0]
    return any(tail_name(d) == "abstractmethod" for d in function.decorators) or (
        len(function.body) == 1
        and first[0] == ir.RAISE
        and first[3] is not None
        and tail_name(first[3]) == "NotImplementedError"
    )


def factory_default(m: Machine, cls: Class, name: str) -> Value | None:
    """What a dataclass field is when the constructor is not given it."""
    found = m.project.member(cls, name)
    binding = None if found is None else found[1][-1]
    if found is None or not isinstance(binding, Assigned) or binding.value is None:
        return None
    value = binding.value
    if value[0] == ir.CALL and tail_name(value[2]) in {"field", "Field", "attrib", "ib"}:
        given = dict(value[4])
        if "default_factory" in given or "factory" in given:
            maker = hints.at_import(m, found[0].module, given.get("default_factory") or given["factory"])
            return (
                calls.call_value(m, maker, [], {}, value) if isinstance(maker, (ClassValue, Func)) else None
            )
        return hints.at_import(m, found[0].module, given["default"]) if "default" in given else None
    return None


def field(m: Machine, cls: Class, name: str) -> Value | None:
    """What the methods of a class store in `self.name`, or what its body declares it to be."""
    key = (id(cls), name)
    if key not in m.field_hints:
        m.field_hints[key] = None
        m.field_hints[key] = hints.quietly(m, lambda: _field(m, cls, name))
    return m.field_hints[key]


def _field(m: Machine, cls: Class, name: str) -> Value | None:
    for base in m.project.mro(cls):
        if not isinstance(base, Class):
            continue
        for binding in base.scope.get(name, ()):
            if isinstance(binding, Assigned) and binding.annotation is not None:
                declared = declarations.annotated(m, base.module, binding.annotation)
                if declared is not None:
                    return declared
        if id(base) not in m.stores:
            m.stores[id(base)] = stores_of(base)
        for method, value in m.stores[id(base)].get(name, ()):
            found = static(m, method, value)
            if found is not None:
                return found
    return None


def static(m: Machine, method: Function, node: Node) -> Value | None:
    """An expression of a function's body, evaluated with nothing but the declared types of its parameters."""
    if node[0] == ir.NAME:
        for n, p in enumerate(method.params):
            if p[0] == node[2]:
                return hints.parameter_hint(m, method, n)

    before = m.cx
    m.cx = Context(Summary(method), method, method.module, start=method.line, end=method.line)
    m.cx.env = {p[0]: hints.parameter_hint(m, method, n) or UNKNOWN for n, p in enumerate(method.params)}
    try:
        value = expressions.expression(m, node)
    finally:
        m.cx = before
    return (
        None
        if value is UNKNOWN
        or isinstance(value, (Const, Sym))
        or (isinstance(value, Many) and value.elem is UNKNOWN)
        else value
    )


def stores_of(cls: Class) -> dict[str, list[tuple[Function, Node]]]:
    """Attribute → the expressions that methods of this class assign to `self.<attribute>`, constructors first."""
    found: dict[str, list[tuple[Function, Node]]] = {}
    methods = [f for bindings in cls.scope.values() for f in bindings if isinstance(f, Function) and f.params]
    methods.sort(key=lambda f: (f.name != "__init__", f.line))
    for method in methods:
        _collect(method, method.params[0][0], method.body, found)
    return found


def _collect(
    method: Function, receiver: str, statements: Sequence[Node], found: dict[str, list[tuple[Function, Node]]]
) -> None:

    for s in statements:
        targets, value = (
            (s[3], s[4]) if s[0] == ir.ASSIGN else ((s[3],), s[5]) if s[0] == ir.ANN else ((), None)
        )
        for target in targets:
            if (
                target[0] == ir.ATTR
                and target[2][0] == ir.NAME
                and target[2][2] == receiver
                and value is not None
            ):
                found.setdefault(target[3], []).append((method, value))
        for inner in inner_blocks(s):
            _collect(method, receiver, inner, found)
