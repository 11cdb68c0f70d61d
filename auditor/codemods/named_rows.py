"""Rows of a `select(Model)` that have a name and of which only the number, or whether there are any, is read: asked for as that.

`found = (await session.execute(select(Ticket).where(…))).scalars().all()` with `len(found)` below.
"""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.imports import add_import, bound_to
from auditor.codemods.long_lines import length
from auditor.codemods.places import free_name, function_at, names_bound
from auditor.codemods.single_names import assignment, loads

if TYPE_CHECKING:
    from auditor.codemods.spans import Spans

_PLAIN: Final = frozenset({"where", "filter", "filter_by", "order_by", "limit", "offset", "distinct"})
"""Steps of a statement after which a subquery of it has the rows that it gives."""


def count_named(spans: "Spans", node: ast.expr, /) -> bool:
    """Asks for the number alone where `node` is `len(name)`; whether it could."""
    found = _named(spans, node)
    if found is None:
        return False
    bound, text, session, awaited = found
    func = add_import(spans, "sqlalchemy", "func")
    if func is None:
        return False
    query = f"select({func}.count()).select_from({text}.subquery())"
    _put(spans, node, bound, query, asked=("await " if awaited else "") + session, name="number_of_{}")
    return True


def exists_named(spans: "Spans", node: ast.expr, tested: ast.expr, /, *, sign: bool) -> bool:
    """Asks whether there are any where `node`, which tests `tested`, is true of some (`sign`) or of none; whether it could."""
    found = _named(spans, tested)
    if found is None:
        return False
    bound, text, session, awaited = found
    query = f"select({text}.exists())"
    _put(spans, node, bound, query, asked=("await " if awaited else "") + session, name="has_{}", sign=sign)
    return True


def _named(spans: "Spans", node: ast.expr) -> tuple[ast.Assign, str, str, bool] | None:
    """The assignment of the rows that `len(name)` counts, the statement's text, the session's, whether it is awaited."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name() as name], keywords=[]):
            pass
        case _:
            return None
    function = function_at(spans.tree, node.lineno)
    bound = None if function is None else assignment(function, name.id)
    if bound_to(spans.tree, "sqlalchemy", "select") != "select":
        return None
    if function is None or bound is None or loads(function, name.id) != [name] or spans.comments(bound):
        return None
    if any(
        isinstance(one, (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef))
        and one is not function
        and name in ast.walk(one)
        for one in ast.walk(function)
    ):
        return None
    fetched = _fetched(bound.value)
    if fetched is None:
        return None
    statement, session, awaited = fetched
    return bound, spans.source(statement), spans.source(session), awaited


def _fetched(value: ast.expr) -> tuple[ast.expr, ast.expr, bool] | None:
    """The statement and the session of `(await session.execute(statement)).scalars().all()`."""
    match value:
        case ast.Call(func=ast.Attribute(value=rows, attr="all"), args=[], keywords=[]):
            pass
        case _:
            return None
    match rows:
        case ast.Call(func=ast.Attribute(value=result, attr="scalars"), args=[], keywords=[]):
            wanted = "execute"
        case _:
            result, wanted = rows, "scalars"
    awaited = isinstance(result, ast.Await)
    if isinstance(result, ast.Await):
        result = result.value
    match result:
        case ast.Call(func=ast.Attribute(value=session, attr=attr), args=[statement], keywords=[]) if (
            attr == wanted
        ):
            return (statement, session, awaited) if _is_plain(statement) else None
        case _:
            return None


def _is_plain(statement: ast.expr) -> bool:
    """Whether it is `select(Model)` with conditions, an order and a part of the rows, and nothing else."""
    one = chain(statement)
    match one.root:
        case ast.Call(func=ast.Name(id="select"), args=[ast.Name(id=model)], keywords=[]):
            pass
        case _:
            return False
    return model[:1].isupper() and all(step.call is not None and step.name in _PLAIN for step in one.steps)


def _put(
    spans: "Spans", node: ast.expr, bound: ast.Assign, query: str, *, asked: str, name: str, sign: bool = True
) -> None:
    (target,) = bound.targets
    assert isinstance(target, ast.Name)
    function = function_at(spans.tree, node.lineno)
    taken = frozenset[str]() if function is None else names_bound(function)
    called = free_name(name.format(target.id), taken)
    outer = spans.indent(bound)
    flat = f"{outer}{called} = {asked}.scalar({query})"
    if len(flat) > length(spans) and "\n" not in query:
        query = f"\n{outer}    {query}\n{outer}"
    spans.replace(target, called)
    spans.replace(bound.value, f"{asked}.scalar({query})")
    spans.replace(node, called if sign else f"not {called}")
