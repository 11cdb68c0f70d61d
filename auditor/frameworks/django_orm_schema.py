"""The tables that Django models declare, with their keys and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.django_orm_indexes import listed, read_index
from auditor.frameworks.django_orm_models import nearest_parents
from auditor.sql.schema import Column, ForeignKey, Index, Source, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.django_orm_fields import Declared
    from auditor.frameworks.django_orm_models import Registry
    from auditor.index.values import Model


def declarations(registry: Registry) -> Iterator[Table]:
    """A table for each model that has one, and for each many-to-many relation without a model of its own."""
    for model in sorted(registry.by_class.values(), key=lambda m: m.key):
        if not model.abstract and not model.proxy and id(model.cls) in registry.meta:
            yield _table(registry, model)
            yield from _between(registry, model)


def _table(registry: Registry, model: Model) -> Table:
    inherited = {id(c) for parent in nearest_parents(model) for c in parent.columns.values()}
    files = {d.name: d.owner.module.path for d in registry.fields[id(model.cls)]}
    home = model.cls.module.path
    own = [c for c in model.columns.values() if id(c) not in inherited]
    explicit = {c.name for c in own if c.indexed and not c.unique and c.foreign_key is None}
    places = {c.name: Source(files.get(c.name, home), c.line) for c in own}
    primary = model.columns.get(model.primary_key)
    return Table(
        name=model.table,
        columns=tuple(
            Column(name=c.column, type=c.type, nullable=c.nullable, source=places[c.name]) for c in own
        ),
        primary_key=() if primary is None else (primary.column,),
        unique=(
            *((c.column,) for c in own if c.unique and c is not primary),
            *_together(registry, model, "unique_together"),
        ),
        indexes=(
            *(Index(columns=(c.column,), source=places[c.name]) for c in own if c.name in explicit),
            *(Index(columns=c) for c in _together(registry, model, "index_together")),
            *_meta_indexes(registry, model),
        ),
        foreign_keys=tuple(
            ForeignKey(
                columns=(c.column,),
                table=_table_of(registry, c.foreign_key),
                declarer="django",
                indexed=None if c.indexed else False,
                source=places[c.name],
            )
            for c in own
            if c.foreign_key is not None
        ),
        source=Source(home, model.cls.line),
    )


def _table_of(registry: Registry, key: str | None) -> str:
    target = registry.by_key.get((key or "").lower())
    return "" if target is None else target.table


def column_of(model: Model | None, field: str) -> str:
    """The column of a field by the field's name."""
    known = None if model is None else model.columns.get(field)
    return field if known is None else known.column


def _together(registry: Registry, model: Model, option: str) -> Iterator[tuple[str, ...]]:
    """`unique_together`: one tuple of fields, or a sequence of such."""
    value = registry.meta[id(model.cls)].constant(option)
    if not isinstance(value, (list, tuple)) or not value:
        return
    groups = [value] if isinstance(value[0], str) else value
    for group in groups:
        if isinstance(group, (list, tuple)) and all(isinstance(f, str) for f in group):
            yield tuple(column_of(model, f) for f in group)


def _meta_indexes(registry: Registry, model: Model) -> Iterator[Index]:
    for option in ("indexes", "constraints"):
        found = registry.meta[id(model.cls)].assigned(option)
        if found is not None:
            owner, assigned = found
            for node in listed(assigned.value):
                index = read_index(registry.project, owner.module, node, lambda f: column_of(model, f))
                if index is not None:
                    yield index


def _between(registry: Registry, model: Model) -> Iterator[Table]:
    """The tables that Django makes for many-to-many relations."""
    for field in registry.fields[id(model.cls)]:
        relation = model.relations.get(field.name)
        if (
            field.kind != "m2m"
            or relation is None
            or relation.through
            or field.argument("through") is not None
        ):
            continue
        target = registry.target_of(relation)
        if target is not None and not field.type.endswith("TaggableManager"):
            yield _between_table(registry, model, field, target)


def _between_table(registry: Registry, model: Model, field: Declared, target: Model) -> Table:
    named = field.constant(registry.project, "db_table")
    mine, other = model.name.lower(), target.name.lower()
    columns = (f"from_{mine}_id", f"to_{other}_id") if target is model else (f"{mine}_id", f"{other}_id")
    place = Source(field.owner.module.path, field.line)
    return Table(
        name=named if isinstance(named, str) else f"{model.table}_{field.name}",
        columns=(Column(name="id"), *(Column(name=c) for c in columns)),
        primary_key=("id",),
        unique=(columns,),
        foreign_keys=(
            ForeignKey(columns=columns[:1], table=model.table, declarer="django", source=place),
            ForeignKey(columns=columns[1:], table=target.table, declarer="django", source=place),
        ),
        source=place,
    )
