"""Loops and comprehensions over rows, and what they read of each row."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.codemods.places import parents
from auditor.codemods.single_names import bindings

if TYPE_CHECKING:
    from auditor.codemods.places import Function

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(frozen=True, slots=True)
class Walk:
    """One `for variable in rows`, as a statement or in a comprehension."""

    variable: ast.Name
    rows: ast.expr
    node: ast.For | Comprehension
    clause: ast.comprehension | None
    reads: tuple[ast.Attribute, ...]
    """Every `variable.name` in it."""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(read.attr for read in self.reads))


def walks(function: "Function", start: int, end: int, /) -> list[Walk]:
    """Those within the lines whose variable is read by its attributes alone, and nowhere outside."""
    found: list[Walk] = []
    for node in ast.walk(function):
        if isinstance(node, ast.For) and start <= node.lineno <= end and isinstance(node.target, ast.Name):
            found += _walk(function, node, None, node.target, node.iter)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            clause = node.generators[0]
            if (
                start <= clause.iter.lineno <= end
                and isinstance(clause.target, ast.Name)
                and not clause.is_async
            ):
                found += _walk(function, node, clause, clause.target, clause.iter)
    return found


def _walk(
    function: "Function",
    node: ast.For | Comprehension,
    clause: ast.comprehension | None,
    variable: ast.Name,
    rows: ast.expr,
) -> list[Walk]:
    above = parents(function)
    inside = {id(one) for one in ast.walk(node)} - {id(one) for one in ast.walk(rows)}
    reads: list[ast.Attribute] = []
    for one in ast.walk(function):
        if not isinstance(one, ast.Name) or one.id != variable.id or one is variable:
            continue
        if id(one) not in inside:
            if isinstance(node, ast.For):
                return []  # the name may be read after the loop, or mean something else before
            continue
        parent = above.get(one)
        if not isinstance(parent, ast.Attribute) or not isinstance(parent.ctx, ast.Load):
            return []
        outer = above.get(parent)
        if isinstance(outer, ast.Call) and outer.func is parent:
            return []
        reads.append(parent)
    if isinstance(node, ast.For) and len(bindings(function, variable.id)) != 1:
        return []
    return [Walk(variable, rows, node, clause, tuple(reads))] if reads else []
