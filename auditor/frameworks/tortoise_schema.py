"""The tables that Tortoise's models declare, with their keys and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.tortoise_models import declared
from auditor.sql.schema import Column, ForeignKey, Index, Source, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.tortoise_models import Registry
    from auditor.index.values import Model
    from auditor.sql.schema import Declaration


def declarations(registry: Registry) -> Iterator[Declaration]:
    """What models declare, by name; a foreign key brings no index here, except where MySQL makes one."""
    for _, model in sorted(registry.by_key.items()):
        if not model.abstract:
            yield _of_model(model)


def _of_model(model: Model) -> Table:
    file = model.cls.module.path
    columns = {name: column.column or name for name, column in model.columns.items()}
    indexes = [
        Index(columns=(columns[name],), unique=c.unique, source=Source(file, c.line))
        for name, c in model.columns.items()
        if c.indexed and not c.unique
    ]
    place = Source(file, model.cls.line)
    indexes += [
        Index(columns=tuple(_column(model, name) for name in group), source=place)
        for group in declared(model.cls, "indexes")
    ]
    together = [
        tuple(_column(model, name) for name in group) for group in declared(model.cls, "unique_together")
    ]
    return Table(
        name=model.table,
        columns=tuple(
            Column(name=columns[n], type=c.type, nullable=c.nullable, source=Source(file, c.line))
            for n, c in model.columns.items()
        ),
        primary_key=(columns[model.primary_key],) if model.primary_key in columns else (),
        unique=(*((columns[n],) for n, c in model.columns.items() if c.unique), *together),
        indexes=tuple(indexes),
        foreign_keys=tuple(
            ForeignKey(
                columns=(columns[n],),
                table=c.foreign_key.rpartition(".")[0],
                references=(c.foreign_key.rpartition(".")[2],),
                declarer="tortoise",
                source=Source(file, c.line),
            )
            for n, c in model.columns.items()
            if c.foreign_key is not None
        ),
        source=place,
    )


def _column(model: Model, name: str) -> str:
    """The stored name of a field that `Meta` names, also as `author_id`."""
    found = model.columns.get(name) or model.columns.get(name.removesuffix("_id"))
    return name if found is None else found.column or name
