"""Loops and comprehensions: what they walk over, under which name, and what is bound before them."""

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.codemods.ways import Stage

Loop = ast.For | ast.comprehension


class Unliftable(Exception):  # noqa: N818  # a reason, not a fault
    """The reason why a value can't be said at the beginning; caught where lifting is asked for."""


def item_of(loop: ast.AST, /) -> tuple[str, ast.expr]:
    """The name of a loop's item, and what it walks over; of `for n, item in enumerate(items)` the item's.

    Raises:
        Unliftable: it binds something else.
    """
    match loop:
        case (
            ast.For(target=ast.Name(id=name), iter=walked)
            | ast.comprehension(target=ast.Name(id=name), iter=walked)
        ):
            return name, walked
        case ast.For(target=target, iter=counted) | ast.comprehension(target=target, iter=counted):
            match target, counted:
                case (
                    ast.Tuple(elts=[ast.Name(), ast.Name(id=name)]),
                    ast.Call(func=ast.Name(id="enumerate"), args=[walked, *_]),
                ) if not isinstance(walked, ast.Starred):
                    return name, walked
                case _:
                    pass
        case _:
            pass
    raise Unliftable("the loop's items have no name of their own")


def statement_of(loop: ast.AST, stage: "Stage", /) -> ast.stmt:
    """The statement that a loop is, or stands in."""
    node = loop
    while not isinstance(node, ast.stmt):
        node = stage.above[node]
    return node


def whole(loop: ast.AST, stage: "Stage", /) -> ast.AST:
    """Everything that a loop runs: of a clause its comprehension."""
    return stage.above[loop] if isinstance(loop, ast.comprehension) else loop


def binds(target: ast.expr, name: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(target))


def bound_by_loops(function: ast.AST, name: str) -> int:
    """How many loops and comprehensions bind a name."""
    return sum(
        binds(node.target, name)
        for node in ast.walk(function)
        if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension))
    )


def is_settled(block: "Sequence[ast.stmt]", name: str, loop: ast.stmt) -> bool:
    """Whether every way through a block to the loop binds a name."""
    for statement in block:
        if statement is loop:
            return False
        if any(node is loop for node in ast.walk(statement)):
            if isinstance(statement, (ast.With, ast.AsyncWith)) and any(
                one.optional_vars is not None and binds(one.optional_vars, name) for one in statement.items
            ):
                return True
            if isinstance(statement, (ast.For, ast.AsyncFor)) and binds(statement.target, name):
                return True
            inner = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
            return any(is_settled(part, name, loop) for part in inner if loop in list(_all(part)))
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            targets = [one.optional_vars for one in statement.items if one.optional_vars is not None]
        if any(
            isinstance(one, ast.Name) and one.id == name for target in targets for one in ast.walk(target)
        ):
            return True
    return False


def _all(block: "Sequence[ast.stmt]") -> "Iterator[ast.AST]":
    for statement in block:
        yield from ast.walk(statement)
