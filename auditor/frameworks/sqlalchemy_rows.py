"""Rows: reading a relation or a deferred column of an instance, and the methods of the declarative base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.frameworks import sqlalchemy_options as options
from auditor.frameworks import sqlalchemy_prefetching as prefetching
from auditor.frameworks.sqlalchemy_held import holds
from auditor.frameworks.sqlalchemy_sizes import of_model, size_of
from auditor.index.values import UNKNOWN, Many, Model, Query, Relation, Row, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Mapped, Registry
    from auditor.index.ir import Node


def row_of(m: Recorder, registry: Registry, query: Query, model: Model | None = None) -> Row:
    """One row of a query, born in the current loops; `model` where it is another of the selected entities."""
    entity = model or query.model
    if entity is query.model:
        return Row(entity, query, query.loaded, m.current_loops(), only=query.only)
    made = options.loaded_of(registry, entity, query.strategies)
    return Row(entity, replace(query, model=entity, loaded=made), made, m.current_loops())


def fresh(model: Model, kwargs: Mapping[str, Value]) -> Row:
    """`Model(...)`: what was passed is there, nothing has to be loaded."""
    return Row(model, None, extra={k: v for k, v in kwargs.items() if v is not UNKNOWN}, fresh=True)


def read(m: Recorder, registry: Registry, row: Row, name: str, node: Node | None) -> Value | None:
    """`row.name` for relations, columns and what is derived from them; None for a name that is not mapped."""
    mapped = registry.of(row.model)
    if mapped is None:
        return None
    name = mapped.synonyms.get(name, name)
    if name in row.touched:
        return row.touched[name]
    relation = row.model.relations.get(name)
    if relation is not None:
        return _relation(m, registry, row, relation, node)
    if name in mapped.proxies:
        return _proxy(m, registry, row, mapped.proxies[name], node)
    if name == "awaitable_attrs":
        return row
    column = row.model.columns.get(name)
    if column is None:
        return UNKNOWN if name in mapped.declared or name in {"metadata", "registry"} else None
    if (column.deferred or _left_out(row, name)) and not row.fresh and not _undeferred(row, name):
        m.effect(
            "sql",
            f"{row.model.name}.{name}",
            "read",
            cause="deferred-column",
            row=row,
            relation=name,
            node=node,
            loops=row.loops,
        )
        _remember(m, row, name, UNKNOWN)
    return UNKNOWN


def _left_out(row: Row, name: str) -> bool:
    """Whether `load_only` or `defer` kept a column out of the SELECT. Keys are always there."""
    column = row.model.columns[name]
    if column.unique and column.indexed and name in {"id", "pk", "uuid"}:
        return False
    if row.only is not None:
        return name not in row.only and not _is_key(row.model, name)
    query = row.origin
    path = f"{row.path}.{name}" if row.path else name
    return query is not None and any(s == "defer" and p == path for _, p, s in query.strategies)


def _is_key(model: Model, name: str) -> bool:
    column = model.columns[name]
    if column.in_key:
        return True
    return column.indexed and column.unique and not column.nullable and column.foreign_key is None


def _undeferred(row: Row, name: str) -> bool:
    path = f"{row.path}.{name}" if row.path else name
    query = row.origin
    return query is not None and any(p == path and s in {"undefer", "only"} for _, p, s in query.strategies)


# -- relations -----------------------------------------------------------------------------------------------


def _relation(m: Recorder, registry: Registry, row: Row, relation: Relation, node: Node | None) -> Value:
    target = registry.mapped.get(relation.target)
    if target is None:
        return UNKNOWN
    name = relation.name
    path = f"{row.path}.{name}" if row.path else name
    strategy = options.strategy_at(registry, row.origin, row.model, row.path, name)
    query = _loading(m, registry, row, relation, path)
    if strategy in {"dynamic", "write_only"} or relation.lazy in {"dynamic", "write_only"}:
        kind = "query" if "dynamic" in {strategy, relation.lazy} else "writeonly"
        return replace(query, kind=kind)
    known = name in row.loaded
    loops = row.loops[:-1] if is_shared(registry, row, relation) else row.loops
    free = known or row.fresh or strategy in options.SILENT
    if not free and not (relation.kind == "fk" and holds(m, registry, target.model)):
        # A session has each row once: a parent of several rows is loaded with the first of them.
        distinct = of_model(target.model) if relation.kind == "fk" else None
        m.effect(
            "sql",
            f"{row.model.name}.{name}",
            "read",
            cause="lazy-load",
            row=row,
            relation=path,
            query=query,
            node=node,
            loops=loops,
            distinct=distinct,
        )
        prefetching.prefetch(m, registry, query, node, row, loops=loops, distinct=distinct)
    made = _reached(registry, row, relation, query, loops=loops, known=known)
    _remember(m, row, name, made)
    return made


def is_shared(registry: Registry, row: Row, relation: Relation) -> bool:
    """Whether all rows of a query have one parent, which the session holds once it was loaded.

    The query names the parent's key, or that of another parent who has the same one: of one directory's files,
    where files and directories both have an `owner`.
    """
    if relation.kind != "fk" or row.origin is None or row.path or row.origin.model is not row.model:
        return False
    named = {name for name, lookup in row.origin.filters if lookup == "exact"}
    if relation.column in named:
        return True
    for other in row.model.relations.values():
        if other.kind == "fk" and other.column in named and other.name != relation.name:
            parent = registry.mapped.get(other.target)
            same = None if parent is None else parent.model.relations.get(relation.name)
            if same is not None and same.kind == "fk" and same.target == relation.target:
                return True
    return False


def _loading(m: Recorder, registry: Registry, row: Row, relation: Relation, path: str) -> Query:
    """The query that gives the rows of a relation."""
    target = registry.mapped[relation.target].model
    made = Query(
        "sqlalchemy",
        target,
        m.site(),
        filters=() if relation.kind != "reverse-fk" else _keyed(row.model, target),
        bound=None if relation.many else 1,
        owner=row,
        relation=path,
        binding=None if row.origin is None else row.origin.binding,
        text=f"{row.model.name}.{relation.name}",
        kind="query",
    )
    return options.loaded(registry, made)


def _keyed(model: Model, target: Model) -> tuple[tuple[str, str], ...]:
    """The condition of a one-to-many load: the foreign key at the other end."""
    found = [
        c.name
        for c in target.columns.values()
        if c.foreign_key is not None and c.foreign_key.rpartition(".")[0].rpartition(".")[2] == model.table
    ]
    return ((found[0], "exact"),) if len(found) == 1 else ()


def _reached(
    registry: Registry, row: Row, relation: Relation, query: Query, *, loops: tuple[Any, ...], known: bool
) -> Value:
    name, target = relation.name, registry.mapped[relation.target]
    rest = frozenset(p[len(name) + 1 :] for p in row.loaded if p.startswith(f"{name}."))
    if not known:  # options of the first query go on to hold for what is loaded later
        rest |= options.loaded_of(registry, target.model, ())
    origin, at = (query, "") if row.origin is None else (row.origin, query.relation or "")
    made = Row(target.model, origin, rest, loops, fresh=row.fresh, guessed=row.guessed, path=at)
    back = _other_end(registry, row.model, relation, target)
    if back is not None:
        made.touched[back] = row
    if not relation.many:
        return made
    return Many(made, size_of(query), "list", source=replace(query, in_memory=True, kind="result"))


def _other_end(registry: Registry, model: Model, relation: Relation, target: Mapped) -> str | None:
    """The many-to-one back from the rows reached: its row is in the session, so reading it is free."""
    mapped = registry.of(model)
    back = None if mapped is None else mapped.reverse.get(relation.name)
    found = target.model.relations.get(back) if back is not None else None
    if found is not None and not found.many:
        return back
    if relation.kind in {"reverse-fk", "reverse-o2o"}:
        ways = [r for r in target.model.relations.values() if not r.many and r.target == model.key]
        keys = _keyed(model, target.model)
        if len(ways) == 1 and keys and ways[0].column == keys[0][0]:
            return ways[0].name
    return None


def _remember(m: Recorder, row: Row, name: str, value: Value) -> None:
    """Keeps what was loaded on the row; a look at a declared type must not count as having loaded it."""
    if not getattr(m, "quiet", 0):
        row.touched[name] = value


def _proxy(m: Recorder, registry: Registry, row: Row, proxy: tuple[str, str], node: Node | None) -> Value:
    """An association proxy: the relation is loaded, then the attribute is read from each of its rows."""
    over, attribute = proxy
    through = read(m, registry, row, over, node)
    if isinstance(through, Row):
        return read(m, registry, through, attribute, node) or UNKNOWN
    if isinstance(through, Many) and isinstance(through.elem, Row):
        if attribute in through.elem.model.relations:
            return Many(read(m, registry, through.elem, attribute, node) or UNKNOWN, through.size)
        return Many(UNKNOWN, through.size)
    return UNKNOWN
