"""Which expressions over a row SQL could evaluate: its columns, and those of the rows it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import ModelValue
from auditor.rules import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Model, Query
    from auditor.rules.scene import Scene

_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"})
_TEXT_TESTS: Final = frozenset({"startswith", "endswith"})
_CASES: Final = frozenset({"lower", "upper", "casefold"})
_TEXTS: Final = frozenset(
    {"string", "text", "unicode", "unicodetext", "varchar", "str", "char", "email", "slug", "url"}
)
"""Types of columns, in lower case and without Django's `Field`."""


def column_path(scene: Scene, query: Query, variable: str, node: Node) -> str | None:
    """`author.name` for `row.author.name`, where each step is a column or relation; else None."""
    if node[0] == ir.SUB and node[2][0] == ir.NAME and node[2][2] == variable and node[3][0] == ir.CONST:
        return str(node[3][2]) if query.shape == "dicts" and isinstance(node[3][2], str) else None
    steps: list[str] = []
    while node[0] == ir.ATTR:
        steps.append(node[3])
        node = node[2]
    if node[0] != ir.NAME or node[2] != variable or not steps or not gives_rows(query):
        return None
    steps.reverse()
    return ".".join(steps) if is_stored(scene, query, steps) else None


def gives_rows(query: Query) -> bool:
    """Whether each result is a row: of a query, or the one entity that `scalars` takes out of a statement's."""
    is_entity = len(query.columns) == 1 and isinstance(query.columns[0], ModelValue)
    return query.shape == "rows" or (query.shape == "flat" and is_entity)


def is_stored(scene: Scene, query: Query, steps: list[str]) -> bool:
    """Whether the database holds what the steps lead to, from a row of the query on."""
    model: Model | None = query.model
    if len(steps) == 1 and steps[0] in query.annotated:
        return True
    for n, step in enumerate(steps):
        if model is None:
            return False
        relation = model.relations.get(step)
        if relation is not None:
            model = scene.trace.machine.orm(model.orm).by_key(relation.target)
        else:
            return n == len(steps) - 1 and (step in model.columns or step == "pk" or is_key(model, step))
    return True


def is_key(model: Model, name: str) -> bool:
    """Whether a name is the column that holds a relation's key: `author_id`."""
    return any(r.column == name and not r.many for r in model.relations.values())


def leads_to_many(scene: Scene, query: Query, steps: list[str]) -> bool:
    model: Model | None = query.model
    for step in steps:
        relation = None if model is None else model.relations.get(step)
        if relation is None or model is None:
            return False
        if relation.many:
            return True
        model = scene.trace.machine.orm(model.orm).by_key(relation.target)
    return False


def conjuncts(condition: Node) -> Iterator[Node]:
    """The parts that all have to hold."""
    if condition[0] == ir.BOOL and condition[2] == "and":
        for part in condition[3]:
            yield from conjuncts(part)
    else:
        yield condition


def disjuncts(condition: Node) -> Iterator[Node]:
    """The parts of which one has to hold."""
    if condition[0] == ir.BOOL and condition[2] == "or":
        for part in condition[3]:
            yield from disjuncts(part)
    else:
        yield condition


def tested_columns(scene: Scene, query: Query, variable: str, condition: Node) -> tuple[str, ...]:
    """The column paths that a condition tests; empty if it is not one that SQL could evaluate."""
    if condition[0] == ir.NOT:
        return tested_columns(scene, query, variable, condition[2])
    if condition[0] == ir.BOOL:
        told = [
            part for part in condition[3] if mentions(part, variable) or has_call(part)
        ]  # the rest is asked beforehand
        parts = [tested_columns(scene, query, variable, part) for part in told]
        return tuple(p for part in parts for p in part) if all(parts) else ()
    if condition[0] == ir.CALL and names.method_of(condition) in _TEXT_TESTS:
        found = column_path(scene, query, variable, in_one_case(condition[2][2]))
        is_plain = not any(mentions(a, variable) for a in condition[3])
        return (found,) if found is not None and is_plain else ()
    if condition[0] == ir.CMP:
        return compared_columns(scene, query, variable, condition)
    found = column_path(scene, query, variable, condition)
    return () if found is None or leads_to_many(scene, query, found.split(".")) else (found,)


def compared_columns(scene: Scene, query: Query, variable: str, comparison: Node) -> tuple[str, ...]:
    if not _COMPARISONS.issuperset(comparison[2]):
        return ()
    if len(comparison[2]) == 2:  # between two values
        low, mine, high = comparison[3]
        found = (
            None
            if mentions(low, variable) or mentions(high, variable)
            else column_path(scene, query, variable, mine)
        )
        return () if found is None or leads_to_many(scene, query, found.split(".")) else (found,)
    if len(comparison[2]) != 1:
        return ()
    left, right = comparison[3]
    for mine, other in ((left, right), (right, left)):
        found = column_path(scene, query, variable, in_one_case(mine))
        if found is None or mentions(other, variable):
            continue
        if mine is left and mine[0] == ir.CALL and comparison[2][0] in {"in", "not in"}:
            continue  # one of a list, whatever the case: no plain IN
        is_many = leads_to_many(scene, query, found.split("."))
        within = comparison[2][0] in {"in", "not in"} and mine is right
        if is_many == within or (within and (mine[0] == ir.CALL or is_text(scene, query, found))):
            return (found,)
    return ()


def in_one_case(node: Node) -> Node:
    """`row.name` of `row.name.lower()`: SQL can compare without looking at the case as well."""
    is_call = node[0] == ir.CALL and not node[3] and not node[4]
    return node[2][2] if is_call and names.method_of(node) in _CASES else node


def is_text(scene: Scene, query: Query, path: str) -> bool:
    """Whether a column holds text, so that `part in row.column` asks for a part of it."""
    model: Model | None = query.model
    *steps, name = path.split(".")
    for step in steps:
        relation = None if model is None else model.relations.get(step)
        model = None if relation is None else scene.trace.machine.orm(query.orm).by_key(relation.target)
    column = None if model is None else model.columns.get(name)
    return column is not None and column.type.lower().removesuffix("field") in _TEXTS


def mentions(node: object, variable: str) -> bool:
    """Whether a name occurs anywhere in an expression."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if len(part) == 3 and part[0] == ir.NAME and part[2] == variable:  # shape of ir.NAME
                return True
            stack.extend(part)
    return False


def has_call(node: object) -> bool:
    """Whether an expression calls anything."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if names.is_node(part) and part[0] in {ir.CALL, ir.AWAIT}:
                return True
            stack.extend(part)
    return False
