"""What declarations say about values before anything is evaluated: annotations, parameter names, stored fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.orm_naming import snake
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, Function, Module
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Exact,
    ExtInst,
    Func,
    Inst,
    Many,
    Model,
    ModelValue,
    Row,
    Size,
    Sym,
    Value,
)
from auditor.trace import access, arguments, declarations, expressions, joining, late_globals
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


def module_value(m: Machine, symbol: Assigned, module: Module) -> Value:
    """The value of a module-level assignment."""
    key = (id(symbol), "")
    if key not in m.class_values:
        m.class_values[key] = UNKNOWN
        declared = None if symbol.annotation is None else declarations.annotated(m, module, symbol.annotation)
        value: Value = UNKNOWN if symbol.value is None else at_import(m, module, symbol.value)
        later = None if declared is not None else late_globals.set_later(module, symbol)
        if later is not None:
            made = at_import(m, module, later)
            value = made if late_globals.is_made_once(made) else value
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
                value = in_class_body(m, owner, symbol, symbol.value)
        m.class_values[key] = declared if declared is not None and joining.tells_nothing(value) else value
    return m.class_values[key] or UNKNOWN


def in_class_body(m: Machine, owner: Class, symbol: Assigned, node: Node) -> Value:
    """What an expression of a class body gives, names that the body has assigned before included."""
    local = {
        str(n[2]): access.class_attribute(m, owner, n[2], ClassValue(owner))
        for n in ir.walk(node)
        if n[0] == ir.NAME
        and all(isinstance(b, Assigned) and b is not symbol for b in owner.scope.get(n[2], [symbol]))
    }

    def evaluate() -> Value:
        m.cx.env.update(local)
        return expressions.expression(m, node)

    return at_line(m, owner.module, node[1], evaluate)


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
