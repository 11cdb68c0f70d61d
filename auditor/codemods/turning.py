"""Loops whose items can be walked over twice, and what in them depends on the item."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.fetched import DJANGO_QUERIES
from auditor.codemods.places import parents
from auditor.codemods.single_names import assignment, bindings

if TYPE_CHECKING:
    from auditor.codemods.places import Function

_LISTS: Final = frozenset({"list", "sorted", "tuple"})


@dataclass(frozen=True, slots=True)
class Turning:
    """A `for variable in rows:` statement, with the name of its rows."""

    statement: ast.For
    variable: str
    rows: str


def turning(function: "Function", node: ast.AST, /) -> Turning | str:
    """The innermost loop around a node, if its items lie in a list that has a name; a reason otherwise."""
    above = parents(function)
    at: ast.AST | None = above.get(node)
    below: ast.AST = node
    while at is not None and at is not function:
        if isinstance(at, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            return "it is asked in a function inside the loop"
        if isinstance(at, ast.comprehension) and below is not at.iter:
            return "it is asked in a comprehension"
        if (
            isinstance(at, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
            and below is not at.generators[0]
        ):
            return "it is asked in a comprehension"
        if isinstance(at, (ast.While, ast.AsyncFor)):
            return "the loop does not walk over a list"
        if isinstance(at, ast.For) and below is not at.iter:
            return _over_list(function, at)
        below, at = at, above.get(at)
    return "no loop of this function is around it"


def _over_list(function: "Function", loop: ast.For) -> Turning | str:
    if not isinstance(loop.target, ast.Name) or not isinstance(loop.iter, ast.Name):
        return "the loop's items have no name by which they could be walked over twice"
    if len(bindings(function, loop.target.id)) != len(_loops_with(function, loop.target.id)):
        return f"`{loop.target.id}` is bound elsewhere too"
    bound = assignment(function, loop.iter.id)
    if bound is None or not is_list(bound.value):
        return f"`{loop.iter.id}` may be walked over only once"
    return Turning(loop, loop.target.id, loop.iter.id)


def _loops_with(function: "Function", name: str) -> list[ast.AST]:
    """Loops and comprehensions that bind the name."""
    found: list[ast.AST] = []
    for node in ast.walk(function):
        if isinstance(node, (ast.For, ast.comprehension)):
            found += [t for t in ast.walk(node.target) if isinstance(t, ast.Name) and t.id == name]
    return found


def is_list(node: ast.expr, /) -> bool:
    """Whether an expression gives a list, or a queryset, which keeps its rows."""
    match node:
        case ast.List() | ast.ListComp() | ast.Tuple():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _LISTS
        case ast.Call(func=ast.Attribute(attr="all"), args=[], keywords=[]):
            return True
        case ast.Await(value=inner):
            return is_list(inner)
        case _:
            one = chain(node)
            return bool(one.steps) and one.steps[-1].call is not None and one.steps[-1].name in DJANGO_QUERIES
