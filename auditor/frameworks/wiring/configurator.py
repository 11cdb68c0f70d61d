"""How Pyramid calls the project back: `config.include(...)`, and decorators attached with venusian."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.wiring.values import Call, Frame, Instance, Value, as_function
from auditor.index.symbols import Function, Module, absolute

if TYPE_CHECKING:
    from auditor.frameworks.wiring.interpreter import Interpreter

CONFIGURATORS: Final = frozenset({"pyramid.config.Configurator"})


def include(interpreter: Interpreter, call: Call, frame: Frame) -> None:
    """Runs what is included with a configurator that knows its `route_prefix`, which nests."""
    target = call.argument(0, "callable")
    if isinstance(target, str):
        target = dotted(interpreter, target, frame.module)
    if isinstance(target, Module):
        target = interpreter.names.member(target, "includeme")
    if as_function(target) is None:
        return
    outer = call.instance.kwargs.get("route_prefix")
    own = call.argument(1, "route_prefix")
    prefix = "/".join(p.strip("/") for p in (outer, own) if isinstance(p, str))
    inner = call.instance
    if own is not None:
        inner = Instance(
            call.instance.libraries, None, frame.module, call.line, kwargs={"route_prefix": prefix}
        )
        interpreter.instances.append(inner)
    interpreter.call(target, (inner,), {}, frame, call.line)


def dotted(interpreter: Interpreter, name: str, module: Module) -> Value:
    """What `package.module`, `package.module.name`, `package.module:name` or `.relative` stands for."""
    path, _, tail = name.replace(":", ".").rpartition(".")
    if name.startswith("."):
        path = absolute(module, len(name) - len(name.lstrip(".")), path.lstrip("."))
        whole = f"{path}.{tail}" if path else tail
    else:
        whole = name.replace(":", ".")
    found = by_name(interpreter, whole, module)
    if found is not None:
        return found
    home = by_name(interpreter, path, module) if path else None
    return UNKNOWN if home is None else interpreter.names.member(home, tail)


def by_name(interpreter: Interpreter, name: str, module: Module) -> Module | None:
    """The module of a name that is no import: it may be the one that says it."""
    return module if name == module.name else interpreter.project.module(name, module)


def attach(interpreter: Interpreter, args: tuple[Value, ...], frame: Frame, line: int) -> Value:
    """`venusian.attach(wrapped, callback)`: a scan calls `callback(context, name, wrapped)`."""
    if len(args) < 2:
        return UNKNOWN
    wrapped, callback = args[:2]
    config = Instance(("pyramid.config.Configurator",), None, frame.module, line, assumed=True)
    interpreter.instances.append(config)
    context = Instance(("venusian.Context",), None, frame.module, line, attributes={"config": config})
    found = as_function(wrapped)
    name = found[0].name if found is not None else ""
    interpreter.call(callback, (context, name, wrapped), {}, frame, line)
    return Instance(("venusian.AttachInfo",), None, frame.module, line)


STANDING_FOR: Final[dict[str, Callable[[Any, tuple[Value, ...], Frame, int], Value]]] = {
    "venusian.attach": attach
}
"""Library functions that call the project back at once."""

__all__ = ["CONFIGURATORS", "STANDING_FOR", "Function", "dotted", "include"]
