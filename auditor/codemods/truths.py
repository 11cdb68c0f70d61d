"""Expressions of which only the truth is wanted."""

import ast
from collections.abc import Iterator
from typing import Final

_SIGNS: Final = {
    (ast.Gt, 0): True,
    (ast.NotEq, 0): True,
    (ast.GtE, 1): True,
    (ast.Eq, 0): False,
    (ast.LtE, 0): False,
    (ast.Lt, 1): False,
}
_MIRRORED: Final = {
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
    ast.GtE: ast.LtE,
    ast.LtE: ast.GtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}


def tested(tree: ast.AST, start: int, end: int, /) -> Iterator[ast.expr]:
    """The leaves of conditions within the lines: what `if`, `not`, `and`, `while`, `assert`, `bool()` ask for."""
    for node in ast.walk(tree):
        for test in _tests(node):
            for leaf in _leaves(test):
                if start <= leaf.lineno and (leaf.end_lineno or leaf.lineno) <= end:
                    yield leaf


def _tests(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return [test]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
        case ast.comprehension(ifs=conditions):
            return conditions
        case ast.Call(func=ast.Name(id="bool"), args=[one], keywords=[]):
            return [one]
        case _:
            return []


def _leaves(test: ast.expr) -> Iterator[ast.expr]:
    match test:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _leaves(value)
        case ast.UnaryOp(op=ast.Not()):
            return  # it is a test of its own
        case _:
            yield test


def compared_with_nothing(node: ast.expr, /) -> tuple[ast.expr, bool] | None:
    """The number in `n > 0`, `0 == n` and the like, with whether the comparison says that there is something."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            if isinstance(left, ast.Constant):
                mirrored = _MIRRORED.get(type(op))
                if mirrored is None:
                    return None
                left, right, kind = right, left, mirrored
            else:
                kind = type(op)
            if isinstance(right, ast.Constant) and type(right.value) is int:
                sign = _SIGNS.get((kind, right.value))
                return None if sign is None else (left, sign)
        case _:
            pass
    return None


def compared_with_none(node: ast.expr, /) -> tuple[ast.expr, bool] | None:
    """The row in `row is None` and `row is not None`, with whether that says that there is one."""
    match node:
        case ast.Compare(
            left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]
        ):
            return left, isinstance(op, ast.IsNot)
        case _:
            return None
