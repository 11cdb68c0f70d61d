"""Rows that are got by their key, as queries that could fetch many of them."""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.codemods.asking import Asking, Condition
from auditor.codemods.places import parents
from auditor.codemods.put_before import place_before
from auditor.codemods.query_chain import is_class

if TYPE_CHECKING:
    from auditor.codemods.places import Function
    from auditor.index.values import Query


@dataclass(frozen=True, slots=True)
class Got:
    """`session.get(M, key)`, `session.query(M).get(key)` or `M.query.get(key)`, whose rows a query by the key gives too."""

    whole: ast.expr
    model: ast.expr
    key: ast.expr
    on: ast.expr
    """The session, or the query."""


def got_by_key(function: "Function", query: "Query", /) -> list[Got]:
    """Where `function` gets rows of the query's model so."""
    found: list[Got] = []
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=on, attr="get"), args=[model, key], keywords=[]) if (
                is_class(model)
            ):
                found.append(Got(node, model, key, on))
            case ast.Call(
                func=ast.Attribute(
                    attr="get",
                    value=ast.Call(func=ast.Attribute(attr="query"), args=[model], keywords=[])
                    | ast.Attribute(attr="query", value=model) as on,
                ),
                args=[key],
                keywords=[],
            ) if is_class(model):
                found.append(Got(node, model, key, on))
            case _:
                pass
    return [one for one in found if ast.unparse(one.model).rpartition(".")[2] == query.model.cls.name]


def asking_of_got(function: "Function", query: "Query", got: Got, /) -> Asking | str:
    """What is got by its key, as the query that would fetch it."""
    if isinstance(got.key, (ast.Tuple, ast.Dict, ast.List)) or not query.model.primary_key:
        return "the key has several parts"
    is_awaited = isinstance(parents(function).get(got.whole), ast.Await)
    whole = parents(function)[got.whole] if is_awaited else got.whole
    assert isinstance(whole, ast.expr), "a call, or what waits for it"
    column = ast.Attribute(got.model, query.model.primary_key, ast.Load())
    compared = ast.Compare(column, [ast.Eq()], [got.key])
    by_query = isinstance(got.whole, ast.Call) and len(got.whole.args) == 1
    if by_query:
        made: ast.expr = ast.Call(ast.Attribute(got.on, "filter", ast.Load()), [compared], [])
    else:
        chosen = ast.Call(ast.Name("select", ast.Load()), [got.model], [])
        narrowed = ast.Call(ast.Attribute(chosen, "where", ast.Load()), [compared], [])
        made = ast.Call(ast.Attribute(got.on, "scalars", ast.Load()), [narrowed], [])
    placed = place_before(whole, parents(function))
    if placed is None:
        return "the query stands where nothing can be put before it"
    statement, is_inline = placed
    return Asking(
        orm="sqlalchemy",
        whole=whole,
        query=ast.Await(made) if is_awaited else made,
        inlined={},
        terminal="first",
        model=ast.unparse(got.model),
        selected=(),
        conditions=(Condition(query.model.primary_key, got.key, is_many=False, node=compared),),
        is_ordered=False,
        statement=statement,
        named="",
        is_inline=is_inline,
        needs=() if by_query else ("select",),
    )
