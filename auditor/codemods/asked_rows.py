"""A query that a function asks with values it was given, taken apart so that it can be asked for many of them at once."""

import ast
from typing import TYPE_CHECKING

from auditor.codemods.got_by_key import asking_of_got, got_by_key
from auditor.codemods.query_chain import Climb, is_class

if TYPE_CHECKING:
    from auditor.codemods.asking import Asking
    from auditor.codemods.places import Function
    from auditor.index.values import Query


def asking_of(function: "Function", query: "Query", /) -> "Asking | str":
    """Takes the one query apart that `query` stands for in `function`; a reason where its shape is not known."""
    lines = range(query.site.start, query.site.end + 1)
    find = _django_roots if query.orm == "django" else _sqlalchemy_roots
    roots = [node for node in find(function) if node.lineno in lines and _may_ask(node, query)]
    got = (
        []
        if query.orm == "django"
        else [one for one in got_by_key(function, query) if one.whole.lineno in lines]
    )
    if len(roots) + len(got) != 1 and not (
        len(got) == 1 and len(roots) == 1 and roots[0] in ast.walk(got[0].whole)
    ):
        return "the query is not written as one chain of calls"
    if got:
        return asking_of_got(function, query, got[0])
    return Climb(function, query.orm).from_root(roots[0])


def _may_ask(root: ast.expr, query: "Query") -> bool:
    """Whether what stands at a root may be the query's model: another query may begin on the same line."""
    named = (
        root.args if isinstance(root, ast.Call) else [root.value] if isinstance(root, ast.Attribute) else []
    )
    words = {
        word
        for one in named
        for node in ast.walk(one)
        for word in (
            [node.id]
            if isinstance(node, ast.Name)
            else [node.attr]
            if isinstance(node, ast.Attribute)
            else []
        )
        if word[:1].isupper()
    }
    return not words or query.model.cls.name in words


def _sqlalchemy_roots(function: "Function") -> list[ast.expr]:
    """`session.query(…)`, `select(…)` and `Model.query`."""
    found: list[ast.expr] = []
    for node in ast.walk(function):
        match node:
            case (
                ast.Call(func=ast.Attribute(attr="query"), args=[_, *_])
                | ast.Call(func=ast.Name(id="select"))
            ):
                found.append(node)
            case ast.Attribute(attr="query", value=value) if is_class(value):
                found.append(node)
            case _:
                pass
    return found


def _django_roots(function: "Function") -> list[ast.expr]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "objects" and isinstance(node.value, ast.Name)
    ]
