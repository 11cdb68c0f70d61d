"""Names: what a frame sees, what imports bind, which declaration a statement is, what lambdas are called."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.callgraph.objects import NOTHING, Frame, LambdaObject, Values, only

if TYPE_CHECKING:
    from auditor.index.callgraph.machine import Machine
    from auditor.index.ir import Node
    from auditor.index.symbols import Module

BUILTIN: Final = "<builtin>."
_BUILTINS: Final = frozenset(dir(builtins))


def lookup(m: Machine, name: str, frame: Frame) -> Values:
    """A bare name. Class bodies are not seen from the functions in them."""
    for at in (frame, *enclosing(frame)):
        if name in at.names and not (name in frame.outer and at is frame):
            return at.names[name]
    if name in _BUILTINS:
        return m.external(BUILTIN + name)
    return NOTHING


def enclosing(frame: Frame) -> Iterator[Frame]:
    """The frames that a frame sees beside its own, innermost first."""
    at = frame.parent
    while at is not None:
        if at.owner is None or at.function is not None:
            yield at
        at = at.parent


def lambda_object(m: Machine, node: Node, frame: Frame) -> Values:
    """The object of a lambda; within its unit they are numbered in the order in which they are met."""
    numbers = m.lambdas.setdefault(frame.unit, {})
    number = numbers.setdefault(id(node), len(numbers) + 1)
    name = f"{frame.unit}.<lambda{number}>"
    m.units.add(name)
    key = ("lambda", id(node), id(frame))
    return only(m.allocate(key, lambda: LambdaObject(node, frame, name)))


def imports(m: Machine, s: Node, frame: Frame) -> Iterator[tuple[str, Values]]:
    """`(name, what it is)` for each name that an import statement binds."""
    if s[0] == ir.IMPORT:
        for dotted, alias in s[3]:
            found = imported_module(m, dotted, frame.module)
            if alias is not None:
                yield alias, found
            else:
                first = dotted.partition(".")[0]
                yield first, imported_module(m, first, frame.module)
        return
    level, source, names = s[3], s[4], s[5]
    home = absolute(frame.module, level, source)
    module = m.project.module(home, frame.module)
    inside = None if module is None or module.role == "library" else module
    for name, alias in names:
        if name == "*":
            if inside is not None:
                starred = m.module(inside).names
                yield from ((n, v) for n, v in list(starred.items()) if not n.startswith("_"))
            continue
        if inside is None:
            yield alias or name, imported_from_outside(m, home, name, frame.module)
            continue
        found = m.module(inside).names.get(name, NOTHING)
        if not found:
            sub = m.project.module(f"{home}.{name}", frame.module)
            found = (
                NOTHING
                if sub is None or sub.role == "library"
                else imported_module(m, f"{home}.{name}", frame.module)
            )
        yield alias or name, found


def imported_from_outside(m: Machine, home: str, name: str, near: Module) -> Values:
    """`from home import name` where `home` is no module of the program; a folder without a file may be one."""
    sub = m.project.module(f"{home}.{name}", near)
    if sub is not None and sub.role != "library":
        return imported_module(m, f"{home}.{name}", near)
    return m.external(f"{home}.{name}")


def imported_module(m: Machine, dotted: str, near: Module) -> Values:
    """A module by its absolute name."""
    found = m.project.module(dotted, near)
    if found is None or found.role == "library":
        return m.external(dotted)
    m.module(found)
    return m.module_object(found)


def absolute(module: Module, level: int, source: str) -> str:
    """The absolute name behind `from ..source import`."""
    if not level:
        return source
    parts = module.name.split(".")
    kept = parts[: len(parts) - level + (1 if module.is_package else 0)]
    return ".".join([*kept, source] if source else kept)
