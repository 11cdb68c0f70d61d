"""What decorators make of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.symbols import Class, External, Function, Module
from auditor.index.values import ClassValue, ExtInst, Func, Inst, Value, altered
from auditor.trace import calls, hints, libraries

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.trace.machine import Machine


def decorator_names(project: Project, function: Function) -> list[str]:
    """Dotted names of the library decorators of a function, the called ones without their `()`."""
    names = []
    for node in function.decorators:
        target = node[2] if node[0] == ir.CALL else node
        symbol = project.resolve_expression(function.module, target, function.parent)
        if isinstance(symbol, External):
            names.append(symbol.name)
    return names


def decorate(m: Machine, function: Function) -> Value | None:
    """What calling a function really calls, where decorators wrap it: the project's own, and a queue's."""
    value: Value = Func(function, bare=True)
    wrapped = False
    for node in reversed(function.decorators):
        symbol = m.project.resolve_expression(
            function.module, node[2] if node[0] == ir.CALL else node, function.parent
        )
        if isinstance(symbol, External):
            instead = libraries.put_in_place(m, symbol.name)
            if instead is not None:
                value, wrapped = instead, True
            continue
        if isinstance(symbol, Function):
            if symbol.owner is not None or "property" in symbol.static:
                continue
        elif not isinstance(symbol, Class) or m.project.method(symbol, "__call__") is None:
            continue
        m.quiet += 1
        try:
            outcome = applied(m, function, node, value, symbol)
        finally:
            m.quiet -= 1
        if isinstance(outcome, (Inst, ExtInst)) or (
            isinstance(outcome, Func)
            and outcome.function is not function
            and outcome.function.parent is not None
        ):
            value, wrapped = outcome, True
    return value if wrapped else None


def kept(m: Machine, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Func | None:
    """The wrapper that a decorator of the project returns through one of a library nobody knows: `return lib(x)(wrapper)`.

    As under `@lib(x)`, a call still runs it. Only where what is returned is that wrapper, which calls what was decorated.
    """
    maker, wrapper = m.cx.function, args[0] if len(args) == 1 and not kwargs else None
    if maker is None or node is None or not isinstance(wrapper, Func) or wrapper.function.parent is not maker:
        return None
    if not any(is_handed_through(s[3], node) for s in maker.body if s[0] == ir.RETURN):
        return None
    given = {name for name, kind, _, _ in maker.params if kind == "pos"}
    return wrapper if any(calls_one_of(s, given) for s in wrapper.function.body) else None


def is_handed_through(given: Node | None, node: Node) -> bool:
    """Whether `node` is the expression, or the only argument of a call that is."""
    while given is not None and given is not node and given[0] == ir.CALL and len(given[3]) == 1:
        given = given[3][0]
    return given is node


def calls_one_of(node: object, names: set[str]) -> bool:
    """Whether a call of one of these names stands anywhere in a statement."""
    if not isinstance(node, tuple):
        return False
    called = node[2] if node[:1] == (ir.CALL,) else None
    if isinstance(called, tuple) and called[:1] == (ir.NAME,) and called[2] in names:
        return True
    return any(calls_one_of(part, names) for part in node)


def closed_over(wrapped: Value, function: Function, env: dict[str, Value]) -> Value:
    """What decorators made of a function, once it is known which names around it that very one closes over."""
    if not isinstance(wrapped, Func):
        return wrapped
    if wrapped.function is function and wrapped.bare:
        return altered(wrapped, env=env)
    inner = {k: closed_over(v, function, env) for k, v in (wrapped.env or {}).items()}
    return altered(wrapped, env=inner) if inner else wrapped


def applied(m: Machine, function: Function, node: Node, value: Value, decorator: Function | Class) -> Value:
    maker: Value = Func(decorator, bare=True) if isinstance(decorator, Function) else ClassValue(decorator)
    if node[0] == ir.CALL:
        args = [hints.at_import(m, function.module, a) for a in node[3]]
        kwargs = {k: hints.at_import(m, function.module, v) for k, v in node[4] if k is not None}
        maker = calls.call_value(m, maker, args, kwargs, node)
    return calls.call_value(m, maker, [value], {}, node)


def function_of(node: Node, module: Module) -> Function | None:
    """The declared function of a DEF node met while walking a body."""
    return next((f for f in module.functions if f.node is node), None)
