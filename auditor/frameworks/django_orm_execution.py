"""What a query costs when it is evaluated, and what its results are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.frameworks import django_orm_paths as paths
from auditor.frameworks.django_orm_models import ORM
from auditor.frameworks.orm_naming import subject
from auditor.frameworks.orm_results import plain_result
from auditor.frameworks.orm_step import shared_loops
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

    from auditor.frameworks.django_orm_models import Registry
    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.values import Model


def is_cached(query: Query) -> bool:
    """Whether the rows are in memory, so that reading them costs nothing."""
    return query.in_memory or bool(query.fetched) or query.empty


def fetch(registry: Registry, m: Recorder, query: Query, node: Node | None) -> None:
    """Records what evaluating costs. A queryset keeps its rows, so it is paid where it was built, also where it was handed to."""
    if is_cached(query):
        return
    loops = m.current_loops()
    if not query.streaming and query.site.function in {m.site().function, m.owner()}:
        loops = shared_loops(query.loops, loops)
    select(registry, m, query, node, loops)
    if not query.streaming and not m.quiet:
        query.fetched.append(True)


def select(
    registry: Registry, m: Recorder, query: Query, node: Node | None, loops: tuple[Any, ...] | None = None
) -> None:
    """One SELECT, and one more for each relation that is prefetched."""
    m.effect("sql", f"SELECT {subject(query)}", "read", query=query, node=node, loops=loops)
    if query.shape == "rows":
        prefetch(registry, m, query.model, query.prefetches, done=query.joined, node=node, loops=loops)


def prefetch(
    registry: Registry,
    m: Recorder,
    model: Model,
    wanted: Iterable[Prefetched],
    *,
    done: Iterable[str],
    node: Node | None,
    loops: tuple[Any, ...] | None = None,
    above: str = "",
) -> None:
    """Records the queries of prefetches: one for each step of each path that nothing loaded before."""
    loaded = set(done)
    named: dict[str, str] = {}
    for item in wanted:
        reached, last = "", ""
        at: Model | None = model
        for part in item.path.split("."):
            reached = paths.joined(reached, part)
            actual = named.get(reached, reached)
            relation = None if at is None else at.relations.get(actual.rpartition(".")[2])
            if relation is None:
                break
            at = registry.target_of(relation)
            last = reached
            is_end = reached == item.path
            step = (
                paths.joined(reached.rpartition(".")[0], item.to_attr) if is_end and item.to_attr else reached
            )
            if step in loaded:
                continue
            loaded.add(step)
            if is_end and item.to_attr:
                named[step] = reached
            shown = at.name if at is not None else part
            query = item.query if is_end and item.query is not None else _related_rows(m, at, reached)
            m.effect(
                "sql",
                f"SELECT {shown} (prefetch {paths.joined(above, reached)})",
                "read",
                query=query,
                node=node,
                loops=loops,
            )
        if item.query is not None and at is not None and last == item.path:
            inside = paths.joined(above, item.path)
            inner = item.query
            prefetch(
                registry, m, at, inner.prefetches, done=inner.joined, node=node, loops=loops, above=inside
            )
            loaded.update(f"{item.path}.{path}" for path in inner.loaded)


def _related_rows(m: Recorder, model: Model | None, path: str) -> Query | None:
    return (
        None
        if model is None
        else Query(ORM, model, m.site(), filters=(("pk", "in"),), text=f"prefetch {path}")
    )


# -- results -----------------------------------------------------------------------------------------------


def element(registry: Registry, m: Recorder, query: Query) -> Value:
    """One result of a query."""
    plain = plain_result(query)
    return row_of(registry, m, query) if plain is None else plain


def row_of(registry: Registry, m: Recorder, query: Query) -> Row:
    """A row of a query, with what is known of it from the start."""
    row = Row(
        query.model,
        query,
        loaded=query.loaded,
        loops=m.current_loops(),
        touched=query.kept if not query.streaming and (query.fetched or query.in_memory) else {},
        extra=dict.fromkeys(query.annotated, UNKNOWN),
        only=query.only,
        fresh=query.empty,
    )
    owner = query.owner
    if isinstance(owner, Row) and query.relation is not None:
        relation = owner.model.relations.get(query.relation)
        if query.in_memory and owner.origin is not None:
            row.origin, row.path = owner.origin, paths.joined(owner.path, query.relation)
        if relation is not None and relation.kind == "reverse-fk" and relation.back:
            row.touched.setdefault(relation.back, owner)
    dress(registry, m, row)
    return row


def dress(registry: Registry, m: Recorder, row: Row) -> None:
    """Sets the lists that `Prefetch(to_attr=...)` leaves on a row."""
    origin = row.origin
    for item in () if origin is None else origin.prefetches:
        parent, _, _ = item.path.rpartition(".")
        if item.to_attr and parent == row.path:
            target = paths.model_at(registry, row.model, item.path.rpartition(".")[2])
            if target is not None:
                row.extra[item.to_attr] = _listed(registry, m, row, item, target)


def _listed(registry: Registry, m: Recorder, row: Row, item: Prefetched, target: Model) -> Many:
    query = item.query or Query(ORM, target, m.site(), text=f"prefetch {item.path}")
    elem = row_of(registry, m, altered(query, fetched=[], kept={}))
    elem.origin = query
    relation = row.model.relations.get(item.path.rpartition(".")[2])
    if relation is not None and relation.kind == "reverse-fk" and relation.back:
        elem.touched[relation.back] = row
    bound = query.bound
    return Many(elem, Size(item.to_attr, bound=bound, table=target.table), "list")
