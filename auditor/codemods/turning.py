"""Loops whose items can be walked over twice, and what in them depends on the item."""

import ast
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.fetched import DJANGO_QUERIES
from auditor.codemods.places import free_name, names_bound, parents
from auditor.codemods.single_names import bindings, values_of

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.codemods.spans import Spans

_LISTS: Final = frozenset({"list", "sorted", "tuple"})


@dataclass(frozen=True, slots=True)
class Turning:
    """A `for variable in rows:` statement, with the name of its rows."""

    statement: ast.For
    variable: str
    rows: str
    is_unnamed: bool = False
    """The rows have yet to be given that name: see `name_rows`."""


def turning(function: "Function", node: ast.AST, /, *, unnamed: bool = False) -> Turning | str:
    """The innermost loop around a node, if its items lie in a list that has a name; a reason otherwise.

    With `unnamed` the list may also be made in the loop's header, by a caller that calls `name_rows` then.
    """
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
            return _over_list(function, at, unnamed=unnamed)
        below, at = at, above.get(at)
    return "no loop of this function is around it"


def _over_list(function: "Function", loop: ast.For, *, unnamed: bool) -> Turning | str:
    is_made_there = unnamed and (is_list(loop.iter) or _gives_rows(loop.iter))
    if not isinstance(loop.target, ast.Name) or not (isinstance(loop.iter, ast.Name) or is_made_there):
        return "the loop's items have no name by which they could be walked over twice"
    variable = loop.target.id
    if len(bindings(function, variable)) != len(_loops_with(function, variable)):
        return f"`{variable}` is bound elsewhere too"
    if not isinstance(loop.iter, ast.Name):
        return Turning(loop, variable, name_of_many(variable, _taken(function)), is_unnamed=True)
    if not stands_for_lists(function, loop.iter.id):
        return f"`{loop.iter.id}` may be walked over only once"
    return Turning(loop, variable, loop.iter.id)


def name_rows(turn: Turning, spans: "Spans", /) -> list[str]:
    """Gives the rows of a loop their name; the lines that are to stand before it, none where they have one."""
    if not turn.is_unnamed:
        return []
    walked = turn.statement.iter
    text = spans.source(walked)
    if "\n" in text:
        text = ast.unparse(walked)
    spans.replace(walked, turn.rows)
    return [f"{turn.rows} = {text}{'' if is_list(walked) else '.all()'}"]


def name_of_many(item: str, taken: AbstractSet[str], /) -> str:
    """A name for all of what `item` is one of that is not `taken`: `books`, `all_books`, `books_2`."""
    names = (f"{item}s", f"all_{item}s")
    return next((name for name in names if name not in taken), free_name(names[0], taken))


def _taken(function: "Function") -> frozenset[str]:
    return names_bound(function) | {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


def _gives_rows(node: ast.expr) -> bool:
    """`session.scalars(…)`: rows that are all there, and are walked over once."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "scalars"


def stands_for_lists(function: "Function", name: str, /) -> bool:
    """Whether every binding of a name gives it a list, or a queryset."""
    values = values_of(function, name)
    return bool(values) and all(is_list(value) for value in values)


def _loops_with(function: "Function", name: str) -> list[ast.AST]:
    """Loops and comprehensions that bind the name."""
    found: list[ast.AST] = []
    for node in ast.walk(function):
        if isinstance(node, (ast.For, ast.comprehension)):
            found += [t for t in ast.walk(node.target) if isinstance(t, ast.Name) and t.id == name]
    return found


def picked_from(node: ast.expr, /) -> ast.expr:
    """Of what an expression gives some, or all in another order: `[x for x in rows if …]`, `rows[1:]`; else itself."""
    match node:
        case ast.ListComp(
            elt=ast.Name(id=item), generators=[ast.comprehension(target=ast.Name(id=name), iter=rows)]
        ):
            return picked_from(rows) if item == name else node
        case ast.Call(func=ast.Name(id="list" | "sorted" | "tuple" | "reversed"), args=[rows]):
            return picked_from(rows)
        case ast.Subscript(value=rows, slice=ast.Slice()):
            return picked_from(rows)
        case _:
            return node


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
