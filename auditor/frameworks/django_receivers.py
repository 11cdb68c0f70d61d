"""Which senders a receiver of every model's signals answers to: `if not issubclass(sender, Participation): return`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Function

_DIFFERENT: Final = frozenset({"!=", "is not"})


def is_for(project: Project, function: Function, sender: Class) -> bool:
    """Whether a receiver does anything for rows of this class; True where its text leaves it open."""
    for s in function.body:
        if s[0] == ir.EXPR and s[3][0] == ir.CONST:  # its docstring
            continue
        if s[0] != ir.IF or s[5] or len(s[4]) != 1 or s[4][0][0] != ir.RETURN:
            return True
        if is_sure(project, function, s[3], sender):
            return False
    return True


def is_sure(project: Project, function: Function, test: Node, sender: Class) -> bool:
    """Whether a test holds for this sender, whatever the row."""
    if test[0] == ir.BOOL and test[2] == "or":
        return any(is_sure(project, function, part, sender) for part in test[3])
    if test[0] == ir.NOT:
        return is_none_of(project, function, test[2], sender)
    return test[0] == ir.CMP and is_another(project, function, test, sender)


def is_none_of(project: Project, function: Function, call: Node, sender: Class) -> bool:
    """Whether `issubclass(sender, …)`, or `isinstance(instance, …)`, names known classes that this is none of."""
    if call[0] != ir.CALL or call[2][0] != ir.NAME or len(call[3]) != 2 or call[3][0][0] != ir.NAME:
        return False
    if (call[2][2], call[3][0][2]) not in {("issubclass", "sender"), ("isinstance", "instance")}:
        return False
    kinds = call[3][1]
    named = _classes(project, function, kinds[3] if kinds[0] == ir.SEQ else (kinds,))
    ancestors = project.mro(sender)
    below = {id(c) for c in project.subclasses(sender)} if call[2][2] == "isinstance" else set()
    return named is not None and not any(cls in ancestors or id(cls) in below for cls in named)


def is_another(project: Project, function: Function, comparison: Node, sender: Class) -> bool:
    """Whether `sender != Model`, or `sender is not Model`, names another class."""
    left, right = comparison[3][:2]
    if len(comparison[3]) != 2 or comparison[2][0] not in _DIFFERENT or left[0] != ir.NAME:
        return False
    named = _classes(project, function, (right,)) if left[2] == "sender" else None
    return named is not None and named[0] is not sender


def _classes(project: Project, function: Function, nodes: Sequence[Node]) -> list[Class] | None:
    """The classes that these expressions name; None where one of them is not the project's."""
    found = [project.resolve_expression(function.module, node, function) for node in nodes]
    return [c for c in found if isinstance(c, Class)] if all(isinstance(c, Class) for c in found) else None
