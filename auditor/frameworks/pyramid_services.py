"""Services of pyramid_services: which factory `request.find_service(...)` runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.symbols import Class, Function, Module
from auditor.index.values import ClassValue, Const, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.index.ir import Node
    from auditor.index.project import Project

_REGISTER = frozenset({"register_service_factory", "register_service"})


def locators(
    project: Project,
) -> dict[str, Callable[[list[Value], dict[str, Value]], Function | Class | None]]:
    """Method name of a locator → from its arguments to the factory it runs; empty where nothing is registered."""
    registry = registered(project)
    if not registry:
        return {}

    def find_service(args: list[Value], kwargs: dict[str, Value]) -> Function | Class | None:
        for given in (kwargs.get("name"), kwargs.get("iface"), *args):
            if isinstance(given, Const) and isinstance(given.value, str):
                return registry.get(given.value)
            if isinstance(given, ClassValue):
                return registry.get(given.cls.qualname)
        return None

    return {"find_service": find_service}


def registered(project: Project) -> dict[str, Function | Class]:
    """Service name, or qualified name of its interface, → factory."""
    found: dict[str, Function | Class] = {}
    for module in project.modules:
        if module.role == "library":
            continue
        for function in module.functions:
            for call in calls_in(function.body):
                _register(project, module, function, call, found)
    return found


def _register(
    project: Project, module: Module, function: Function, call: Node, found: dict[str, Function | Class]
) -> None:
    if call[2][0] != ir.ATTR or call[2][3] not in _REGISTER or not call[3]:
        return
    factory = _target(project, module, function, call[3][0])
    if factory is None:
        return
    named = [*call[3][1:], *(v for k, v in call[4] if k in {"name", "iface"})]
    for node in named:
        if node[0] == ir.CONST and isinstance(node[2], str):
            found.setdefault(node[2], factory)
        else:
            symbol = project.resolve_expression(module, node, function)
            if isinstance(symbol, Class):
                found.setdefault(symbol.qualname, factory)


def _target(project: Project, module: Module, function: Function, node: Node) -> Function | Class | None:
    if node[0] == ir.CONST and isinstance(node[2], str):
        text = node[2]
        dotted, _, name = text.rpartition(".")
        if dotted.startswith("."):
            package = module.name if module.is_package else module.name.rpartition(".")[0]
            dotted = f"{package}{dotted}"
        home = project.module(dotted, module)
        symbol = None if home is None else project.resolve(home, name)
    else:
        symbol = project.resolve_expression(module, node, function)
    return symbol if isinstance(symbol, Function | Class) else None


def calls_in(node: object) -> Iterator[Node]:
    """Every CALL node inside IR, outermost first."""
    if isinstance(node, tuple):
        if len(node) == 5 and node[0] == ir.CALL and isinstance(node[1], int):
            yield node
        for part in node:
            if isinstance(part, tuple):
                yield from calls_in(part)
