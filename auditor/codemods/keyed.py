"""Queries for the rows of one key, taken apart so that they can be asked for many keys at once."""

import ast
from dataclasses import dataclass
from typing import Final, Literal

from auditor.codemods.chains import chain

Terminal = Literal["all", "first", "count"]
_SQLALCHEMY: Final = frozenset({"query", "filter", "filter_by", "where", "order_by", "options"})


@dataclass(frozen=True, slots=True)
class Keyed:
    """`session.query(M).filter(M.column == key, …).order_by(…).all()` and its like."""

    orm: Literal["query", "select", "django"]
    model: str
    """The model, as the source names it."""
    column: str
    condition: ast.expr
    """The comparison with the key; in Django its value, behind `column=`."""
    key: ast.expr
    query: ast.expr
    """The query without its terminal; of `session.scalars(select(…)).all()` the call of `scalars`."""
    terminal: Terminal
    ordered: bool
    whole: ast.expr


def keyed(node: ast.expr, is_key: "ast.expr | str", /) -> Keyed | None:
    """Takes a query apart whose one condition compares a column with the key: an expression, or a name."""
    wanted = is_key if isinstance(is_key, str) else ast.unparse(is_key)
    one = chain(node)
    if not one.steps or one.steps[-1].call is None:
        return None
    last = one.steps[-1]
    assert last.call is not None
    if (
        last.call.args
        or last.call.keywords
        or last.name not in {"all", "first", "count"}
        or len(one.steps) < 2
    ):
        return None
    terminal: Terminal = "all" if last.name == "all" else "first" if last.name == "first" else "count"
    below = one.steps[-2]
    if (
        below.name == "scalars"
        and below.call is not None
        and len(below.call.args) == 1
        and not below.call.keywords
    ):
        return None if terminal == "count" else _select(node, below.call, terminal, wanted)
    names = [step.name for step in one.steps]
    if "query" in names and all(s.call is not None for s in one.steps[names.index("query") :]):
        return _legacy(node, terminal, wanted)
    return None


def _legacy(node: ast.expr, terminal: Terminal, wanted: str) -> Keyed | None:
    one = chain(node)
    at = next(n for n, step in enumerate(one.steps) if step.name == "query")
    root = one.steps[at].call
    if root is None or len(root.args) != 1 or root.keywords:
        return None
    steps = one.steps[at + 1 : -1]
    if any(step.name not in _SQLALCHEMY or step.call is None for step in steps):
        return None
    calls = [(step.name, step.call) for step in steps if step.call is not None]
    return _finish(
        "query", root.args[0], calls, one.steps[-2].node, terminal=terminal, wanted=wanted, whole=node
    )


def _select(node: ast.expr, scalars: ast.Call, terminal: Terminal, wanted: str) -> Keyed | None:
    statement = chain(scalars.args[0])
    root = statement.root
    if not isinstance(root, ast.Call) or ast.unparse(root.func) != "select" or len(root.args) != 1:
        return None
    if any(step.name not in _SQLALCHEMY or step.call is None for step in statement.steps):
        return None
    calls = [(step.name, step.call) for step in statement.steps if step.call is not None]
    return _finish("select", root.args[0], calls, scalars, terminal=terminal, wanted=wanted, whole=node)


def _finish(
    orm: Literal["query", "select"],
    model: ast.expr,
    calls: list[tuple[str, ast.Call]],
    query: ast.expr,
    *,
    terminal: Terminal,
    wanted: str,
    whole: ast.expr,
) -> Keyed | None:
    """The one condition `Model.column == key`; None if there is none, or the key stands anywhere else."""
    name = ast.unparse(model)
    found: tuple[str, ast.expr, ast.expr] | None = None
    for method, call in calls:
        if method == "filter_by":
            return None
        for argument in call.args:
            match argument:
                case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]) if (
                    ast.unparse(right) == wanted
                    and isinstance(left, ast.Attribute)
                    and ast.unparse(left.value) == name
                    and method in {"filter", "where"}
                ):
                    if found is not None:
                        return None
                    found = (left.attr, argument, right)
                case _:
                    if any(
                        ast.unparse(inner) == wanted
                        for inner in ast.walk(argument)
                        if isinstance(inner, ast.expr)
                    ):
                        return None
    if found is None:
        return None
    ordered = any(method == "order_by" for method, _ in calls)
    return Keyed(orm, name, found[0], found[1], found[2], query, terminal, ordered, whole)
