"""Work that a handler leaves for after its response: `BackgroundTasks.add_task` and `BackgroundTask(...)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.entry import Around
from auditor.index import ir
from auditor.index.symbols import Class, External, Function

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

_TASKS: Final = frozenset({"BackgroundTasks", "BackgroundTask"})


def background_tasks(project: Project, function: Function) -> Iterator[Around]:
    """The functions of the project that the body of a handler hands over."""
    for call in calls(function):
        target = handed_over(project, function, call)
        symbol = None if target is None else project.resolve_expression(function.module, target, function)
        if isinstance(symbol, Function):
            yield Around(symbol, symbol.owner, "background")


def calls(function: Function) -> Iterator[Node]:
    """Every call in a function's body, in order."""
    stack: list[object] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            if node and node[0] == ir.CALL and len(node) == 5:
                yield node
            stack.extend(reversed(node))


def handed_over(project: Project, function: Function, call: Node) -> Node | None:
    """What is to be called later, where `call` hands something over."""
    callee, args = call[2], call[3]
    if not isinstance(callee, tuple) or not args:
        return None
    if callee[0] == ir.ATTR and callee[3] == "add_task" and callee[2][0] in {ir.NAME, ir.ATTR}:
        first: Node = args[0]
        return first if is_task_list(project, function, callee[2]) else None
    symbol = project.resolve_expression(function.module, callee, function)
    if isinstance(symbol, External) and symbol.name.rpartition(".")[2] == "BackgroundTask":
        last: Node = args[0]
        return last
    return None


def is_task_list(project: Project, function: Function, node: Node) -> bool:
    """Whether an expression is a `BackgroundTasks`, by a parameter's type or by its making."""
    if node[0] == ir.NAME:
        for name, _, annotation, _ in function.params:
            if name == node[2] and annotation is not None:
                return named_task(
                    project.resolve_expression(function.module, unoptional(annotation), function)
                )
    symbol = project.resolve_expression(function.module, node, function)
    return named_task(symbol)


def unoptional(annotation: Node) -> Node:
    """`T` of `T | None`."""
    return annotation[3] if annotation[0] == ir.BIN else annotation


def named_task(symbol: object) -> bool:
    """Whether a symbol is one of the task classes, or an instance of one."""
    if isinstance(symbol, External):
        return symbol.name.removesuffix("()").rpartition(".")[2] in _TASKS
    return isinstance(symbol, Class) and symbol.name in _TASKS
