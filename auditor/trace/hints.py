"""What declarations say about values before anything is evaluated: annotations, parameter names, stored fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.orm_naming import snake
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, Function, Module, inner_blocks, tail_name
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Exact,
    ExtInst,
    Func,
    Inst,
    Lambda,
    ManagerValue,
    Many,
    Model,
    ModelValue,
    OneOf,
    Query,
    Row,
    Size,
    Sym,
    Value,
)
from auditor.trace import access, arguments, calls, declarations, expressions, joining
from auditor.trace.context import Context
from auditor.trace.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.frameworks.orm import Orm
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


# -- parameters ------------------------------------------------------------------------------------------------

_ASKING: Final = frozenset({"request", "req", "conn", "websocket"})
"""What a web request is called; frameworks keep on it, as `session`, what they know of who asks."""


def parameter_hint(m: Machine, function: Function, position: int) -> Value | None:
    """What is known of a parameter before any call is seen."""
    if position >= len(function.params):
        return None
    name, kind, annotation, _ = function.params[position]
    if position == 0 and function.owner is not None and function.static != "static" and kind == "pos":
        return receiver_hint(m, function)
    if kind in {"*", "**"}:
        return None
    declared = (
        declarations.annotated(m, function.module, annotation, function.parent)
        if annotation is not None
        else None
    )
    if declared is not None:
        return declared
    if annotation is None:
        guessed = guess_name(m, name) if function.module.role != "library" else None
        return guessed or (request_value(m) if name == "request" else None)
    return None


def request_value(m: Machine) -> Value | None:
    """What Django hands to views: it knows who is signed in. None where no model of Django's is used."""
    module = m.project.module("django.http")
    bound = () if module is None else module.scope.get("HttpRequest", ())
    cls = bound[-1] if bound else None
    if not isinstance(cls, Class) or all(user_of(orm) is None for orm in m.orms):
        return None
    return Inst(cls, declared=True)


def user_of(orm: Orm) -> Value | None:
    maker = getattr(orm, "user_value", None)
    made = None if maker is None else maker()
    return made if isinstance(made, Value) else None


def default_of(m: Machine, sym: Sym) -> object:
    """The constant that a parameter is when it is not given; None where there is none."""
    function = m.cx.function
    if sym.op == "param" and function is not None and m.cx.summary.function is function:
        default = function.params[sym.detail][3]
        return default[2] if default is not None and default[0] == ir.CONST else None
    while sym.op == "free" and function is not None:
        for name, _, _, default in function.params:
            if name == sym.detail:
                return default[2] if default is not None and default[0] == ir.CONST else None
        function = function.parent
    return None


def receiver_hint(m: Machine, function: Function) -> Value | None:
    owner = function.owner
    assert owner is not None
    model = m.model_of(owner)
    if function.static == "class" or function.name == "__new__":
        return ClassValue(owner) if model is None else ModelValue(model)
    if model is not None:
        return Row(model, None)
    return declarations.query_class(m, owner) or Inst(owner, declared=True)


def guesses(m: Machine) -> dict[str, Model]:
    """Variable names that can only mean one model: its name in snake case, where no other model shares it."""
    found: dict[str, list[Model]] = {}
    for module in m.project.modules:
        if module.role not in {"app", "script"}:
            continue
        for cls in module.classes:
            model = m.model_of(cls)
            if model is not None and not model.abstract:
                found.setdefault(snake(model.name), []).append(model)
    return {name: models[0] for name, models in found.items() if len(models) == 1 and len(name) > 2}


def guess_name(m: Machine, name: str) -> Value | None:
    model = m.model_guesses.get(name)
    if model is not None:
        return Row(model, None, guessed=True)
    if name.endswith("s"):
        for singular in (
            name[:-1],
            name[:-2] if name.endswith("es") else "",
            f"{name[:-3]}y" if name.endswith("ies") else "",
        ):
            model = m.model_guesses.get(singular)
            if model is not None:
                return Many(Row(model, None, guessed=True), Size(name))
    return session_guess(m, name) if name != "db" else None


def session_guess(m: Machine, name: str, holder: Node | None = None) -> Value | None:
    """A database session, by the names that only a session has; in an application that has such sessions.

    `holder` is the expression it is an attribute of: a request's `session` is that of who asks.
    """
    if name == "session" and holder is not None and holder[-1] in _ASKING:
        return None
    if name in {"session", "db_session", "dbsession", "db"}:
        module = m.cx.module if m.cx.function is None else m.cx.function.module
        for orm in m.orms:
            maker = getattr(orm, "session_value", None)
            if maker is not None:
                if len(m.orms) > 1 and module.root and not orm.is_used_below(module.root):  # type: ignore[attr-defined]  # as session_value
                    continue
                made = maker()
                return made if isinstance(made, Value) else None
    return None


def guess(m: Machine, target: Node | None) -> Value | None:
    """A model guessed from the name of a loop's variable; a library doesn't name its own after the project's."""
    if target is None or target[0] != ir.NAME or m.cx.module.role == "library":
        return None
    found = guess_name(m, target[2])
    return found if isinstance(found, Row) else None


def bind(
    m: Machine,
    function: Function,
    summary: Summary,
    receiver: Value | None,
    args: Sequence[Value],
    kwargs: dict[str, Value],
) -> list[Value]:
    """The values of a call's parameters, in order of declaration."""
    given = list(args) if receiver is None or function.static == "static" else [receiver, *args]
    values = arguments.bound(function, given, kwargs, lambda n: default_value(m, function, n))
    return [_with_hint(v, s) for v, s in zip(values, summary.params, strict=False)]


def default_value(m: Machine, function: Function, position: int) -> Value:
    """What a parameter is when it is not given: a constant, or something the module names."""
    default = function.params[position][3]
    if default is None:
        return UNKNOWN
    if default[0] == ir.CONST:
        return Exact(default[2])
    if default[0] not in {ir.NAME, ir.ATTR} or function.parent is not None:
        return UNKNOWN
    key = (id(default), "default")
    if key not in m.class_values:
        m.class_values[key] = None
        m.class_values[key] = at_import(m, function.module, default)
    found = m.class_values[key]
    return found if isinstance(found, (Const, Func, ClassValue, Inst, ExtInst, ModelValue)) else UNKNOWN


def _with_hint(value: Value, param: Sym) -> Value:
    """An argument nothing is known of takes the type that the parameter declares."""
    if param.hint is None:
        return value
    if value is UNKNOWN:
        return joining.fresh(param.hint)
    if isinstance(value, Sym) and value.hint is None:
        value.hint = param.hint
    return value


# -- members ---------------------------------------------------------------------------------------------------


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
        return m.project.method(hint.cls, name)
    if isinstance(hint, ModelValue):
        return m.project.method(hint.model.cls, name)
    if isinstance(hint, (Query, ManagerValue)):
        return calls.query_function(m, hint, name)
    return None


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
            maker = at_import(m, found[0].module, given.get("default_factory") or given["factory"])
            return (
                calls.call_value(m, maker, [], {}, value) if isinstance(maker, (ClassValue, Func)) else None
            )
        return at_import(m, found[0].module, given["default"]) if "default" in given else None
    return None


def field(m: Machine, cls: Class, name: str) -> Value | None:
    """What the methods of a class store in `self.name`, or what its body declares it to be."""
    key = (id(cls), name)
    if key not in m.field_hints:
        m.field_hints[key] = None
        m.field_hints[key] = quietly(m, lambda: _field(m, cls, name))
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
                return parameter_hint(m, method, n)

    before = m.cx
    m.cx = Context(Summary(method), method, method.module, start=method.line, end=method.line)
    m.cx.env = {p[0]: parameter_hint(m, method, n) or UNKNOWN for n, p in enumerate(method.params)}
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


def module_value(m: Machine, symbol: Assigned, module: Module) -> Value:
    """The value of a module-level assignment."""
    key = (id(symbol), "")
    if key not in m.class_values:
        m.class_values[key] = UNKNOWN
        declared = None if symbol.annotation is None else declarations.annotated(m, module, symbol.annotation)
        value: Value = UNKNOWN if symbol.value is None else at_import(m, module, symbol.value)
        m.class_values[key] = declared if declared is not None and joining.tells_nothing(value) else value
        if isinstance(value, (Dictionary, Many)):
            m.registries[id(value)] = value
    return m.class_values[key] or UNKNOWN


def class_value(m: Machine, owner: Class, symbol: Assigned) -> Value:
    """The value of an assignment in a class body."""
    key = (id(symbol), "class")
    if key not in m.class_values:
        m.class_values[key] = UNKNOWN
        declared = (
            None if symbol.annotation is None else declarations.annotated(m, owner.module, symbol.annotation)
        )
        value: Value = UNKNOWN
        if symbol.value is not None:
            if symbol.value[0] == ir.NAME and symbol.value[2] in owner.scope:
                value = access.class_attribute(m, owner, symbol.value[2], ClassValue(owner))
            else:
                value = at_import(m, owner.module, symbol.value)
        m.class_values[key] = declared if declared is not None and joining.tells_nothing(value) else value
    return m.class_values[key] or UNKNOWN


def at_import(m: Machine, module: Module, node: Node) -> Value:
    """What an expression of a module's top level, or of a class body, gives."""
    return at_line(m, module, node[1], lambda: expressions.expression(m, node))


def at_line(m: Machine, module: Module, line: int, evaluate: Callable[[], Value]) -> Value:
    """What is evaluated when a line of a module is imported."""
    if m.depth > 100:
        return UNKNOWN
    before = m.cx
    m.cx = Context(Summary(None), None, module, start=line, end=line)
    m.depth += 1
    try:
        return quietly(m, evaluate) or UNKNOWN
    finally:
        m.cx = before
        m.depth -= 1


def quietly(m: Machine, evaluate: Callable[[], Value | None]) -> Value | None:
    """Evaluates without recording anything."""
    m.quiet += 1
    try:
        return evaluate()
    finally:
        m.quiet -= 1


# -- decorators ------------------------------------------------------------------------------------------------


def has_lambda(value: Value) -> bool:
    return isinstance(value, (Lambda, Func)) or (
        isinstance(value, OneOf) and any(has_lambda(o) for o in value.options)
    )
