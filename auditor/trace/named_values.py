"""What a name stands for that is no local one: of a function further out, of the module, or of what the module imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.symbols import Class, External, Function, Module, function_scope
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Ext,
    ExtInst,
    Func,
    ModelValue,
    ModuleValue,
    SuperOf,
    Sym,
    Value,
)
from auditor.trace import hints, joining

if TYPE_CHECKING:
    from auditor.index.symbols import Symbol
    from auditor.trace.machine import Machine


def free_name(m: Machine, text: str) -> Value:
    """A name that is not local: of an enclosing function (symbolic until the closure is called), or global."""
    function = m.cx.function
    parent = function.parent if function is not None else None
    while parent is not None:
        if any(p[0] == text for p in parent.params) or text in function_scope(parent):
            free = m.cx.summary.free
            if m.cx.summary.function is not function:
                return UNKNOWN
            if text not in free:
                hint = next(
                    (hints.parameter_hint(m, parent, n) for n, p in enumerate(parent.params) if p[0] == text),
                    None,
                )
                free[text] = Sym("free", None, text, hint)
            return free[text]
        parent = parent.parent
    return global_value(m, m.cx.module, text)


def global_value(m: Machine, module: Module, text: str) -> Value:
    return to_value(m, m.project.resolve(module, text), module)


def to_value(m: Machine, symbol: Symbol | None, module: Module) -> Value:
    """The value that a resolved name has."""
    if symbol is None:
        return UNKNOWN
    if isinstance(symbol, External):
        instance = m.knowledge.instances.get(symbol.name)
        return Ext(symbol.name) if instance is None else ExtInst(instance)
    if isinstance(symbol, Function):
        return Func(symbol)
    if isinstance(symbol, Class):
        return class_value(m, symbol)
    if isinstance(symbol, Module):
        return ModuleValue(symbol)
    return joining.inexact(hints.module_value(m, symbol, m.project.home(module, symbol)))


def class_value(m: Machine, cls: Class) -> Value:
    model = m.model_of(cls)
    return ClassValue(cls) if model is None else ModelValue(model)


def carry(m: Machine, inner: str) -> None:
    """Makes a name of a function further out known to the closures that are made here."""
    env = m.cx.env
    if inner not in env:
        found = free_name(m, inner)
        if found is not UNKNOWN:
            env[inner] = found


def super_value(m: Machine) -> Value:
    function = m.cx.function
    while function is not None and function.owner is None:
        function = function.parent
    if function is None or function.owner is None or not function.params:
        return UNKNOWN
    receiver = m.cx.env.get(function.params[0][0]) or UNKNOWN
    return SuperOf(function.owner, receiver)
