"""Rows of Django models: reading a relation loads it once, writing one is a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_paths as paths
from auditor.frameworks.django_orm_execution import dress, select
from auditor.frameworks.django_orm_models import ORM
from auditor.frameworks.orm_step import shared_loops
from auditor.index.values import UNKNOWN, Const, Items, ManagerValue, Query, Row, Value, altered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.django_orm_models import Registry
    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.values import Model, Relation

_QUIET_METHODS: Final = frozenset({
    "clean", "clean_fields", "serializable_value", "get_deferred_fields", "unique_error_message",
    "prepare_database_save",
})  # fmt: skip
"""Methods of `Model` that execute nothing."""


def attribute(registry: Registry, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
    """`row.name`: a relation (loaded here, unless it was), a column, or nothing known."""
    if name in row.touched:
        return row.touched[name]
    relation = row.model.relations.get(name)
    if relation is not None:
        return _related(registry, m, row, relation, node)
    if name == "pk" or name in row.model.columns:
        _deferred_column(m, row, name, node)
        return UNKNOWN
    if name.endswith("_id") and name[:-3] in row.model.columns:
        _deferred_column(m, row, name[:-3], node)
        return UNKNOWN
    return UNKNOWN if name in {"_meta", "_state"} else None


def _related(registry: Registry, m: Recorder, row: Row, relation: Relation, node: Node | None) -> Value:
    if relation.many:
        found: Value = _related_manager(registry, m, row, relation)
    else:
        target = registry.target_of(relation)
        if _needs_query(row, relation):
            if relation.column is not None:
                _deferred_column(m, row, relation.name, node)
            _record_load(m, row, relation, target, node)
        found = UNKNOWN if target is None else _reached(registry, m, row, relation, target)
    if not m.quiet and (not relation.many or relation.name in row.loaded):
        row.touched[relation.name] = (
            found  # a manager of rows that nobody loaded is made anew where it is read
        )
    return found


def _needs_query(row: Row, relation: Relation) -> bool:
    if relation.name in row.loaded:
        return False
    if row.fresh:
        return relation.column is not None and relation.column in row.extra
    return True


def _record_load(m: Recorder, row: Row, relation: Relation, target: Model | None, node: Node | None) -> None:
    query = None
    if target is not None:
        column = relation.back if relation.kind == "reverse-o2o" else target.primary_key
        query = Query(
            ORM,
            target,
            m.site(),
            filters=((column, "exact"),),
            bound=1,
            limited=True,
            owner=row,
            relation=relation.name,
            text=f"{row.model.name}.{relation.name}",
        )
    m.effect(
        "sql",
        f"{row.model.name}.{relation.name}",
        "read",
        cause="lazy-load",
        query=query,
        row=row,
        relation=paths.joined(row.path, relation.name),
        node=node,
        loops=shared_loops(row.loops, m.current_loops()),
    )


def _reached(registry: Registry, m: Recorder, row: Row, relation: Relation, target: Model) -> Row:
    """The row at the other end of a to-one relation; a one-to-one knows the way back."""
    only = None if row.only is None else paths.below(row.only, relation.name)
    loaded = paths.below(row.loaded, relation.name)
    if row.fresh:  # handed to the new row by whoever made it: what is loaded of it, nobody can tell
        loaded |= frozenset(target.relations)
    found = Row(
        target,
        row.origin,
        loaded=loaded,
        loops=row.loops,
        guessed=row.guessed,
        only=only or None,
        path=paths.joined(row.path, relation.name),
    )
    if relation.kind in {"o2o", "reverse-o2o"} and relation.back:
        found.touched[relation.back] = row
    dress(registry, m, found)
    return found


def _related_manager(registry: Registry, m: Recorder, row: Row, relation: Relation) -> Value:
    """`row.books`: where queries for related rows start; nothing is executed yet."""
    target = registry.target_of(relation)
    if target is None:
        return UNKNOWN
    manager = registry.managers.default(target)
    in_memory = relation.name in row.loaded
    query = Query(
        ORM,
        target,
        m.site(),
        loaded=paths.below(row.loaded, relation.name) if in_memory else frozenset(),
        filters=((relation.back or target.primary_key, "exact"),),
        owner=row,
        relation=relation.name,
        in_memory=in_memory,
        cls=manager.queryset_cls,
        text=f"{row.model.name}.{relation.name}",
        loops=m.current_loops(),
    )
    return ManagerValue(target, manager.cls, manager.queryset_cls, query)


def _deferred_column(m: Recorder, row: Row, name: str, node: Node | None) -> None:
    """A column that the query left out is fetched by itself, once per row."""
    key = f"({name})"
    if row.only is None or row.fresh or name in row.only or key in row.touched:
        return
    column = row.model.columns.get(name)
    if column is None or name == row.model.primary_key or f"{name}_id" in row.only:
        return
    if not m.quiet:
        row.touched[key] = UNKNOWN
    query = Query(
        ORM,
        row.model,
        m.site(),
        filters=((row.model.primary_key, "exact"),),
        only=frozenset({name}),
        owner=row,
        text=f"{row.model.name}.{name}",
    )
    m.effect(
        "sql",
        f"{row.model.name}.{name}",
        "read",
        cause="deferred-column",
        query=query,
        row=row,
        relation=paths.joined(row.path, name),
        node=node,
        loops=shared_loops(row.loops, m.current_loops()),
    )


# -- methods -----------------------------------------------------------------------------------------------


def method(
    registry: Registry, m: Recorder, row: Row, *, name: str, args: Sequence[Value], node: Node | None
) -> Value | None:
    """`row.name(...)` of `django.db.models.Model`."""
    plain = name[1:] if name in {"asave", "adelete", "arefresh_from_db"} else name
    if plain in {"save", "save_base"}:
        return save(registry, m, row, node)
    if plain == "delete":
        return delete(registry, m, row, node)
    if plain == "refresh_from_db":
        return _refresh(registry, m, row, args, node)
    if plain in _QUIET_METHODS:
        return UNKNOWN
    if plain in {"full_clean", "validate_unique", "validate_constraints"}:
        return UNKNOWN
    if plain.startswith("get_") and plain.endswith("_display") and plain[4:-8] in row.model.columns:
        return UNKNOWN
    if plain.startswith(("get_next_by_", "get_previous_by_")):
        return _neighbour(registry, m, row, plain, node)
    return None


def save(registry: Registry, m: Recorder, row: Row, node: Node | None) -> Value:
    """One statement for the row's table and one for each table that it is joined to."""
    verb = "INSERT" if row.fresh and not row.saved else "UPDATE"
    registry.signals.send(m, "pre_save", row, node)
    tables = [p for p in reversed(row.model.parents) if p.table != row.model.table]
    for model in (*tables, row.model):
        query = Query(ORM, model, m.site(), owner=row, text=f"{model.name}.save()", bound=1)
        m.effect("sql", f"{verb} {model.name}", "write", cause="write", query=query, row=row, node=node)
    if not m.quiet:
        row.saved = True
    registry.signals.send(m, "post_save", row, node)
    return UNKNOWN


def delete(registry: Registry, m: Recorder, row: Row, node: Node | None) -> Value:
    """One statement; what else cascades to is for the database and the models that refer to it."""
    registry.signals.send(m, "pre_delete", row, node)
    query = Query(ORM, row.model, m.site(), owner=row, text=f"{row.model.name}.delete()", bound=1)
    m.effect("sql", f"DELETE {row.model.name}", "write", cause="write", query=query, row=row, node=node)
    registry.signals.send(m, "post_delete", row, node)
    return Items("tuple", [UNKNOWN, UNKNOWN], 2)


def _refresh(registry: Registry, m: Recorder, row: Row, args: Sequence[Value], node: Node | None) -> Value:
    query = _by_key(m, row, "refresh_from_db()")
    select(registry, m, query, node)
    if not args and not m.quiet:
        row.touched.clear()
        row.loaded = frozenset()
    return Const(None)


def _neighbour(registry: Registry, m: Recorder, row: Row, name: str, node: Node | None) -> Value | None:
    column = name.partition("_by_")[2]
    if column not in row.model.columns:
        return None
    query = altered(_by_key(m, row, f"{name}()"), filters=((column, "gt"),), ordered=(column,), limited=True)
    select(registry, m, query, node)
    return Row(row.model, query, loops=m.current_loops())


def _by_key(m: Recorder, row: Row, text: str) -> Query:
    return Query(
        ORM,
        row.model,
        m.site(),
        filters=((row.model.primary_key, "exact"),),
        bound=1,
        text=f"{row.model.name}.{text}",
        loops=m.current_loops(),
    )
