"""What Tortoise's queries ask once they are awaited, and what their rows are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_paths as paths
from auditor.frameworks.orm_naming import size, subject
from auditor.frameworks.orm_results import plain_result
from auditor.frameworks.tortoise_models import ORM
from auditor.index.values import (
    UNKNOWN,
    Many,
    Prefetched,
    Query,
    Row,
    Size,
    Value,
    altered,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.tortoise_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model, Relation

ONE: Final = "one"
"""Kind of a query whose answer is one row: `get`, `first`, a foreign key that nothing loaded."""
RELATED: Final = "related"
"""Kind of what stands for a row's related rows, before a method made a query of it."""


def answer(registry: Registry, m: Recorder, query: Query, node: Node | None) -> Value:
    """What awaiting a query gives; it is asked each time."""
    asked = altered(query, kind="", in_memory=False) if query.kind == RELATED else query
    ask(registry, m, asked, node)
    if asked.kind == ONE:
        return element(registry, m, asked)
    return Many(element(registry, m, asked), size(asked), "list", asked)


def ask(registry: Registry, m: Recorder, query: Query, node: Node | None, *, verb: str = "SELECT") -> None:
    """The statement of a query, and those of what it prefetches."""
    owner = query.owner
    relation = owner.model.relations.get(query.relation or "") if isinstance(owner, Row) else None
    if query.empty:
        return
    if isinstance(owner, Row) and relation is not None and not relation.many and query.kind == ONE:
        lazily(m, owner, relation, query, node)
    else:
        m.effect("sql", f"{verb} {subject(query)}", "read", query=query, node=node)
    if query.shape == "rows" and verb == "SELECT":
        prefetch(registry, m, query.model, query.prefetches, done=query.joined, node=node)


def lazily(m: Recorder, row: Row, relation: Relation, query: Query | None, node: Node | None) -> None:
    """A relation to one row, asked for by itself."""
    m.effect(
        "sql",
        f"{row.model.name}.{relation.name}",
        "read",
        cause="lazy-load",
        query=query,
        row=row,
        relation=paths.joined(row.path, relation.name),
        node=node,
    )


def prefetch(
    registry: Registry,
    m: Recorder,
    model: Model,
    wanted: Iterable[Prefetched],
    *,
    done: Iterable[str],
    node: Node | None,
    row: Row | None = None,
) -> None:
    """A statement for each relation of each path; with rows between, they are asked for first."""
    loaded = set(done)
    for item in wanted:
        at: Model | None = model
        for reached in paths.closure(item.path):
            relation = None if at is None else at.relations.get(reached.rpartition(".")[2])
            at = None if relation is None else registry.target_of(relation)
            if relation is None or at is None:
                break
            if reached not in loaded or (reached == item.path and item.to_attr):
                loaded.add(reached)
                related(m, at, relation, reached, item.query if reached == item.path else None, row, node)
        if item.query is not None and at is not None:
            inner = item.query
            prefetch(registry, m, at, inner.prefetches, done=inner.joined, node=node)


def related(
    m: Recorder,
    target: Model,
    relation: Relation,
    path: str,
    told: Query | None,
    row: Row | None,
    node: Node | None,
) -> None:
    """What one step of a prefetch asks; of a single `row` it is a load of what could have come with it."""
    query = told or Query(
        ORM, target, m.site(), filters=((target.primary_key, "in"),), text=f"prefetch {path}"
    )
    if row is not None and "." not in path and not relation.many:
        lazily(m, row, relation, altered(query, owner=row, relation=relation.name), node)
        return
    if row is not None and "." not in path:
        query = altered(query, owner=row, relation=relation.name)
    if relation.kind == "m2m":
        m.effect("sql", f"SELECT rows between (prefetch {path})", "read", node=node)
    m.effect("sql", f"SELECT {target.name} (prefetch {path})", "read", query=query, node=node)


# -- results -----------------------------------------------------------------------------------------------


def element(registry: Registry, m: Recorder, query: Query) -> Value:
    """One result of a query."""
    plain = plain_result(query)
    return row_of(registry, m, query) if plain is None else plain


def row_of(registry: Registry, m: Recorder, query: Query) -> Row:
    """A row of a query; the rows of `author.books` don't know `author`."""
    row = Row(
        query.model,
        query,
        loaded=query.loaded,
        loops=m.current_loops(),
        extra=dict.fromkeys(query.annotated, UNKNOWN),
        only=query.only,
        fresh=query.empty,
    )
    owner, name = query.owner, query.relation
    if isinstance(owner, Row) and name is not None and owner.origin is not None:
        relation = owner.model.relations.get(name)
        if query.in_memory or (relation is not None and not relation.many and not query.prefetches):
            row.origin, row.path = owner.origin, paths.joined(owner.path, name)
    dress(registry, m, row)
    return row


def dress(registry: Registry, m: Recorder, row: Row) -> None:
    """Sets what `Prefetch(to_attr=...)` leaves on a row."""
    origin = row.origin
    for item in () if origin is None else origin.prefetches:
        parent, _, name = item.path.rpartition(".")
        relation = row.model.relations.get(name)
        target = None if relation is None else registry.target_of(relation)
        if item.to_attr and parent == row.path and relation is not None and target is not None:
            query = item.query or Query(ORM, target, m.site(), text=f"prefetch {item.path}")
            made = row_of(registry, m, query)
            row.extra[item.to_attr] = (
                Many(made, Size(item.to_attr, bound=query.bound, table=target.table), "list")
                if relation.many
                else made
            )
