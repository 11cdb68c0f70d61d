"""Whether the order of a query's rows is said to the last, and whether it matters."""

import ast
from typing import TYPE_CHECKING, Final

from auditor.codemods.chains import chain
from auditor.codemods.column_kinds import stored
from auditor.codemods.places import parents

if TYPE_CHECKING:
    from auditor.codemods.fetches import Fetch
    from auditor.codemods.places import Function
    from auditor.index.values import Model
    from auditor.rules.scene import Scene

_FOLDING: Final = frozenset({"set", "frozenset", "len", "sum", "any", "all", "min", "max"})
"""What gives the same of the same items in any order."""
_JOINING: Final = frozenset({"join", "outerjoin", "select_related"})


def is_total(fetch: "Fetch", model: "Model", scene: "Scene", /) -> bool:
    """Whether the rows are ordered by something that no two of them share."""
    orders = [step.call for step in fetch.chain.steps if step.name == "order_by" and step.call is not None]
    if model.orm == "django":  # the last one stands
        keys = [_named(one) for one in orders[-1].args] if orders else [*model.ordering]
        if any(step.name == "reverse" for step in fetch.chain.steps) and not keys:
            return False
        names = [one.lstrip("-+") for one in keys]
    else:
        names = [_column(one, fetch.entity) for call in orders for one in call.args]
    return any(_is_unique(model, name, scene) for name in names)


def _is_unique(model: "Model", name: str, scene: "Scene") -> bool:
    if name in {"pk", model.primary_key}:
        return bool(name)
    column = stored(model, name, scene)
    return column is not None and column.unique and not column.nullable


def _named(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _column(node: ast.expr, entity: str) -> str:
    """`id` of `Item.id`, `Item.id.desc()` and `desc(Item.id)`."""
    match node:
        case ast.Call(func=ast.Name(id="desc" | "asc"), args=[inner], keywords=[]):
            return _column(inner, entity)
        case _:
            pass
    one = chain(node)
    steps = [step.name for step in one.steps]
    while steps and steps[-1] in {"desc", "asc", "nullslast", "nullsfirst", "nulls_last", "nulls_first"}:
        steps.pop()
    text = ".".join([ast.unparse(one.root), *steps])
    return text.removeprefix(f"{entity}.") if text.startswith(f"{entity}.") else ""


def reordered(fetch: "Fetch", model: "Model", columns: frozenset[str], scene: "Scene", /) -> str:
    """Why a condition on these columns may give rows without an order of their own in another one; "" if not.

    A database takes another way to the rows where an index leads there, or where it joins.
    """
    if is_total(fetch, model, scene):
        return ""
    if any(step.name in _JOINING for step in fetch.chain.steps):
        return "the rows have no order of their own, and a database may join them in another one"
    indexed = {name for index in model.indexes for name in index}
    for name in sorted(columns):
        for column in model.columns.values():
            is_meant = name in {column.name, column.column, f"{column.name}_id"} or (
                name == "pk" and column.name == model.primary_key
            )
            is_key = column.foreign_key is not None and model.orm == "django"
            if is_meant and (
                column.indexed
                or column.unique
                or is_key
                or column.name == model.primary_key
                or {column.name, column.column} & indexed
            ):
                return f"the rows have no order of their own, and the index on `{name}` may give another"
    return ""


def is_folded(function: "Function", node: ast.AST, /) -> bool:
    """Whether nobody sees in which order an expression gives its items."""
    above = parents(function).get(node)
    return isinstance(node, ast.SetComp) or (
        isinstance(above, ast.Call)
        and isinstance(above.func, ast.Name)
        and above.func.id in _FOLDING
        and above.args[:1] == [node]
    )
