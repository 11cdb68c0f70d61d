"""What FastAPI calls to fill a parameter, and what it calls for its effect alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.entry import Around
from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.wiring import Closure, Instance, Value, Wiring, as_function, wire
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, Module, tail_name

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

_MARKERS: Final = frozenset({"Depends", "Security"})
_MAX_DEPTH: Final = 12


def dependency_of(project: Project, function: Function, parameter: str) -> Function | Class | None:
    """What FastAPI calls for the value of a parameter: a function, or the class that it makes an instance of.

    An object that is called itself stands as its `__call__`. None where the parameter is no dependency, or
    where a library provides it.
    """
    for name, _, annotation, default in function.params:
        if name == parameter:
            return of_parameter(project, function, annotation, default)
    return None


def of_parameter(
    project: Project, function: Function, annotation: Node | None, default: Node | None
) -> Function | Class | None:
    """What a parameter of that annotation and default is filled by."""
    if is_marker(project, function.module, default, function):
        return marked(project, function.module, default, annotation, function)
    found = annotated(project, function.module, annotation, function, 0)
    if found is None:
        return None
    module, marker, kind = found
    return marked(project, module, marker, kind, function if module is function.module else None)


def annotated(
    project: Project, module: Module, annotation: Node | None, function: Function | None, depth: int
) -> tuple[Module, Node, Node | None] | None:
    """The `Depends(...)` in `Annotated[T, Depends(...)]`, aliases followed: its module, the marker and T."""
    if annotation is None or depth > _MAX_DEPTH:
        return None
    op = annotation[0]
    if op == ir.SUB and tail_name(annotation[2]) == "Annotated" and annotation[3][0] == ir.SEQ:
        kind, *extras = annotation[3][3]
        for extra in reversed(extras):
            if is_marker(project, module, extra, function):
                return module, extra, kind
        return annotated(project, module, kind, function, depth + 1)
    if op == ir.SUB:  # Optional[X], or an alias with parameters
        inner = annotation[3] if tail_name(annotation[2]) == "Optional" else annotation[2]
        return annotated(project, module, inner, function, depth + 1)
    if op == ir.BIN:
        return annotated(project, module, annotation[3], function, depth + 1) or annotated(
            project, module, annotation[4], function, depth + 1
        )
    symbol = named(project, module, annotation, function)
    if isinstance(symbol, Assigned) and symbol.value is not None:
        home = project.home(module, symbol)
        return annotated(project, home, symbol.value, None, depth + 1)
    return None


def named(project: Project, module: Module, node: Node, function: Function | None) -> object:
    """What a name or dotted name is bound to, the assignment itself kept."""
    if node[0] == ir.NAME:
        return project.lookup(function, module, node[2])
    if node[0] == ir.ATTR:
        base = project.resolve_expression(module, node[2], function)
        if isinstance(base, Module):
            return project.exported(base, node[3])
        if isinstance(base, Class):
            found = project.member(base, node[3])
            return None if found is None else project.pick(found[0].module, found[1])
    return None


def is_marker(project: Project, module: Module, node: Node | None, function: Function | None) -> bool:
    """True for `Depends(...)` and `Security(...)` of FastAPI."""
    if node is None or node[0] != ir.CALL:
        return False
    symbol = project.resolve_expression(module, node[2], function)
    if not isinstance(symbol, External):
        return False
    return symbol.name.startswith("fastapi.") and symbol.name.rpartition(".")[2] in _MARKERS


def marked(
    project: Project, module: Module, marker: Node | None, kind: Node | None, function: Function | None
) -> Function | Class | None:
    """What a marker names; a bare `Depends()` stands for the parameter's type."""
    if marker is None:
        return None
    target = marker[3][0] if marker[3] else next((n for name, n in marker[4] if name == "dependency"), kind)
    wiring = wire(project)
    return called(project, wiring.value(module, target, function))


def called(project: Project, value: Value) -> Function | Class | None:
    """The function or class that calling `value` runs."""
    if isinstance(value, Class):
        return value
    if isinstance(value, Instance) and value.cls is not None:
        return project.method(value.cls, "__call__")
    if value is UNKNOWN:
        return None
    found = (value.function, None) if isinstance(value, Closure) else as_function(value)
    return None if found is None else found[0]


def around_dependency(project: Project, wiring: Wiring, value: Value) -> Iterator[Around]:
    """What one item of `dependencies=[...]` runs, with what its own parameters need for their effect."""
    del wiring
    if isinstance(value, Instance) and any(lib.rpartition(".")[2] in _MARKERS for lib in value.libraries):
        found = called(project, value.argument(0, "dependency"))
        receiver = value.argument(0, "dependency")
        cls = receiver.cls if isinstance(receiver, Instance) else None
        if found is not None:
            yield from dependency(project, found, cls, 0)


def dependency(
    project: Project, found: Function | Class, receiver: Class | None, depth: int
) -> Iterator[Around]:
    """A dependency that runs for its effect, with those of its own parameters that do."""
    function = project.method(found, "__init__") if isinstance(found, Class) else found
    if function is None or depth > _MAX_DEPTH:
        return
    yield Around(function, found if isinstance(found, Class) else receiver or function.owner, "dependency")
    yield from unused_dependencies(project, function, depth + 1)


def unused_dependencies(project: Project, function: Function, depth: int = 0) -> Iterator[Around]:
    """Dependencies whose value the body never reads, found through those that it does read as well."""
    if depth > _MAX_DEPTH:
        return
    read = names_read(function)
    for name, _, annotation, default in function.params:
        found = of_parameter(project, function, annotation, default)
        if found is None:
            continue
        if name not in read:
            yield from dependency(project, found, None, depth + 1)
            continue
        inner = project.method(found, "__init__") if isinstance(found, Class) else found
        if inner is not None:
            yield from unused_dependencies(project, inner, depth + 1)


def names_read(function: Function) -> frozenset[str]:
    """Every bare name in a function's body."""
    found: set[str] = set()
    stack: list[object] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, tuple) and node:
            if node[0] == ir.NAME and len(node) == 3 and isinstance(node[2], str):
                found.add(node[2])
            stack.extend(node)
    return frozenset(found)
