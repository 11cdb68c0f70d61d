"""Whether a function changes what a name stands for."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import parents

if TYPE_CHECKING:
    from auditor.codemods.places import Function

_CHANGING: Final = frozenset(
    "append extend insert remove pop popitem clear sort reverse update setdefault add discard save delete "
    "refresh_from_db set expire refresh fetchone fetchall scalar one first close scalars scalar_one "
    "scalar_one_or_none scalar_one_or_none one_or_none unique mappings all partitions fetchmany".split()
)
"""Methods after which the object, or a cursor, is not what it was."""


def changed(function: "Function", name: str, /) -> str:
    """How the function changes it, as source; "" where it does not."""
    return mutators(function, {name})


def mutators(tree: ast.AST, names: set[str], /) -> str:
    """How a piece of code changes what one of the names stands for, as source; "" where it does not."""
    above = parents(tree)
    for read in ast.walk(tree):
        if not isinstance(read, ast.Name) or read.id not in names or not isinstance(read.ctx, ast.Load):
            continue
        at = above.get(read)
        while isinstance(at, (ast.Attribute, ast.Subscript)):
            if not isinstance(at.ctx, ast.Load):
                return ast.unparse(at)
            called = above.get(at)
            if isinstance(at, ast.Attribute) and isinstance(called, ast.Call) and called.func is at:
                if at.attr in _CHANGING:
                    return ast.unparse(at)
                break
            at = called
        if isinstance(at, ast.AugAssign):
            return ast.unparse(at)
    return ""
