"""Queries for one row, taken apart so that several can be asked as one."""

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, cast

from auditor.codemods.chains import chain
from auditor.rules.declared import models, schema_of

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.index.values import Model
    from auditor.rules.scene import Scene
    from auditor.sql.schema import Schema

End = Literal["get", "first", "one_or_none", "one"]
_STEPS: Final = frozenset({"filter", "where", "order_by"})
_PURE: Final = frozenset(
    "or_ and_ not_ is_ is_not isnot in_ not_in notin_ desc asc nulls_last nulls_first between like ilike any_ all_ "
    "startswith endswith contains today true false null exists has any".split()
)
"""Calls that only build a condition, or give the day."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One row, or None, of one model."""

    call: ast.Call
    session: str
    entity: str
    """The model, as the source names it."""
    primary: str
    """The attribute of the model's primary key, which is one column."""
    end: End
    key: ast.expr | None
    """What the primary key is compared with, where nothing else is asked."""
    conditions: tuple[ast.expr, ...]
    order: tuple[ast.expr, ...]
    options: tuple[ast.expr, ...]

    @property
    def inputs(self) -> tuple[ast.expr, ...]:
        return ((self.key,) if self.key is not None else self.conditions) + self.order


def lookup_of(node: ast.expr, source: "Source", /) -> Lookup | None:
    """`session.get(M, key)`, `session.query(M).filter(…).first()`, `session.scalars(select(M).where(…)).first()`."""
    one = chain(node)
    if not isinstance(node, ast.Call) or not one.steps or one.steps[-1].call is not node:
        return None
    last = one.steps[-1]
    owner = one.steps[-2].node if len(one.steps) > 1 else one.root
    if last.name == "get" and len(node.args) == 2 and isinstance(owner, ast.Name):
        options = [k.value for k in node.keywords if k.arg == "options" and isinstance(k.value, ast.List)]
        if len(options) != len(node.keywords):
            return None
        listed = tuple(options[0].elts) if options and isinstance(options[0], ast.List) else ()
        return _made(node, owner.id, node.args[0], "get", (), (), listed, source, key=node.args[1])
    if last.name not in {"first", "one_or_none", "one"} or node.args or node.keywords or len(one.steps) < 2:
        return None
    below = one.steps[-2]
    if (
        below.name == "scalars"
        and below.call is not None
        and len(below.call.args) == 1 == 1 + len(below.call.keywords)
    ):
        return _of_select(node, below.node, below.call.args[0], last.name, source)
    at = next((n for n, step in enumerate(one.steps) if step.name == "query"), None)
    if at is None or not isinstance(one.root, ast.Name) or at != 0:
        return None
    return _of_steps(node, one.root.id, one.steps[at].call, one.steps[at + 1 : -1], last.name, source)


def _of_select(
    node: ast.Call, scalars: ast.expr, query: ast.expr, end: str, source: "Source"
) -> Lookup | None:
    held = chain(scalars)
    one = chain(query)
    root = one.root
    if not isinstance(held.root, ast.Name) or len(held.steps) != 1 or not isinstance(root, ast.Call):
        return None
    if ast.unparse(root.func) != "select":
        return None
    return _of_steps(node, held.root.id, root, one.steps, end, source)


def _of_steps(
    node: ast.Call,
    session: str,
    root: ast.Call | None,
    steps: "tuple[object, ...]",
    end: str,
    source: "Source",
) -> Lookup | None:
    if root is None or len(root.args) != 1 or root.keywords:
        return None
    conditions: list[ast.expr] = []
    order: list[ast.expr] = []
    options: list[ast.expr] = []
    for step in steps:
        name, call = step.name, step.call  # type: ignore[attr-defined]  # steps of a chain
        if call is None or call.keywords or name not in _STEPS | {"options"}:
            return None
        (order if name == "order_by" else options if name == "options" else conditions).extend(call.args)
    if any(isinstance(one, ast.Starred) for one in (*conditions, *order, *options)):
        return None
    return _made(node, session, root.args[0], end, conditions, order, options, source)


def _made(
    node: ast.Call,
    session: str,
    entity: ast.expr,
    end: str,
    conditions: "list[ast.expr] | tuple[()]",
    order: "list[ast.expr] | tuple[()]",
    options: "list[ast.expr] | tuple[ast.expr, ...]",
    source: "Source",
    *,
    key: ast.expr | None = None,
) -> Lookup | None:
    assert source.scene is not None
    named = ast.unparse(entity)
    found = [one for one in models(source.scene) if one.cls.name == named and one.orm == "sqlalchemy"]
    if len(found) != 1 or found[0].parents:
        return None
    model = found[0]
    primary = primary_key(model, source)
    if not primary:
        return None
    if key is None and len(conditions) == 1:
        match conditions[0]:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]) if (
                ast.unparse(left) == f"{named}.{primary}"
            ):
                key = right
            case _:
                pass
    if key is None and (end != "first" or not conditions):
        return None  # several rows would be an error, which a join would not see
    return Lookup(
        node,
        session,
        named,
        primary,
        cast("End", end),
        key,
        tuple(conditions),
        tuple(order),
        tuple(options),
    )


def primary_key(model: "Model", source: "Source", /) -> str:
    """The attribute of a model's primary key; "" where that is not one column, or not known."""
    assert source.scene is not None
    table = _schema(source.scene).table(model.table)
    if table is None or len(table.primary_key) != 1:
        return ""
    wanted = table.primary_key[0]
    return next((name for name, one in model.columns.items() if wanted in {one.column, name}), "")


@lru_cache(maxsize=1)
def _schema(scene: "Scene") -> "Schema":
    return schema_of(scene)


def names_read(lookup: Lookup, /) -> frozenset[str] | None:
    """The names that a lookup's conditions rest on, models and functions included; None where it does more than compare."""
    found: set[str] = set()
    for tree in lookup.inputs:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
                if called not in _PURE:
                    return None
            elif isinstance(
                node, (ast.Await, ast.Lambda, ast.NamedExpr, ast.Yield, ast.comprehension, ast.Subscript)
            ):
                return None
            elif isinstance(node, ast.Name):
                found.add(node.id)
    for option in lookup.options:
        found |= {node.id for node in ast.walk(option) if isinstance(node, ast.Name)}
    return frozenset(found | {lookup.entity})


def clause(lookup: Lookup, /) -> list[str]:
    """The condition by which the row is joined, as lines."""
    column = f"{lookup.entity}.{lookup.primary}"
    if lookup.key is not None:
        return [f"{column} == {ast.unparse(lookup.key)}"]
    where = ", ".join(ast.unparse(one) for one in lookup.conditions)
    order = ", ".join(ast.unparse(one) for one in lookup.order)
    return [
        column,
        f"== select({column})",
        f".where({where})",
        *([f".order_by({order})"] if order else []),
        ".limit(1)",
        ".correlate(None)",
        ".scalar_subquery()",
    ]
