"""The least that a whole number of a function can be, where its source says so."""

import ast
from typing import TYPE_CHECKING

from auditor.codemods.single_names import assignment, bindings

if TYPE_CHECKING:
    from auditor.codemods.places import Function

_DEEP = 8


def least(function: "Function", node: ast.expr, depth: int = 0, /) -> int | None:
    """A number that an expression is never below; None where that isn't known, or it may be no number."""
    if depth > _DEEP:
        return None
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() as number):
            return number
        case ast.Name(id=name):
            bound = assignment(function, name)
            return _of_parameter(function, name) if bound is None else least(function, bound.value, depth + 1)
        case ast.Call(func=ast.Name(id="len"), args=[_], keywords=[]):
            return 0
        case ast.Call(func=ast.Name(id="max" | "min" as which), args=[_, _, *_] as args, keywords=[]):
            found = [least(function, one, depth + 1) for one in args]
            known = [one for one in found if one is not None]
            if which == "max":
                return max(known, default=None)
            return min(known) if len(known) == len(found) else None
        case ast.Call(func=ast.Name(id="int"), args=[inner], keywords=[]):
            return least(function, inner, depth + 1)
        case ast.BinOp(left=left, op=op, right=right):
            return _of_two(op, least(function, left, depth + 1), right, function, depth)
        case _:
            return None


def _of_two(
    op: ast.operator, left: int | None, node: ast.expr, function: "Function", depth: int
) -> int | None:
    if left is None:
        return None
    if isinstance(op, ast.Sub):  # only of a constant it is known how great it is
        match node:
            case ast.Constant(value=int() as number) if not isinstance(number, bool):
                return left - number
            case _:
                return None
    right = least(function, node, depth + 1)
    if right is None:
        return None
    if isinstance(op, ast.Add):
        return left + right
    return left * right if isinstance(op, ast.Mult) and left >= 0 and right >= 0 else None


def _of_parameter(function: "Function", name: str) -> int | None:
    """A parameter that its framework checks: `Query(1, ge=1)`, `Annotated[int, Query(ge=1)]`, `<int:page>`."""
    bound = bindings(function, name)
    if len(bound) != 1 or not isinstance(bound[0], ast.arg):
        return None
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and f"<int:{name}>" in node.value
            ):
                return 0
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(
        zip(
            (one.arg for one in positional[len(positional) - len(arguments.defaults) :]),
            arguments.defaults,
            strict=True,
        )
    )
    said: list[ast.expr] = [one for one in (defaults.get(name),) if one is not None]
    match bound[0].annotation:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[ast.Name(id="int"), *more])):
            said += more
        case ast.Name(id="int"):
            pass
        case _:
            return None
    for one in said:
        if isinstance(one, ast.Call) and ast.unparse(one.func).rpartition(".")[2] in {"Query", "Path"}:
            for word in one.keywords:
                limit = least(function, word.value) if word.arg in {"ge", "gt"} else None
                if limit is not None:
                    return limit + (word.arg == "gt")
    return None
