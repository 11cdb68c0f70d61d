"""The target's tables and indexes, as its models, migrations and DDL declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.django_orm import DjangoOrm
from auditor.frameworks.django_orm_migrations import schema_declarations
from auditor.frameworks.sqlalchemy import SqlAlchemyOrm
from auditor.frameworks.sqlalchemy_schema import declarations
from auditor.frameworks.tortoise import TortoiseOrm
from auditor.frameworks.tortoise_schema import declarations as tortoise_declarations
from auditor.index.symbols import Class
from auditor.rules.scene import Spot, statement_at
from auditor.sql.schema import Schema, build_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.values import Column, Model
    from auditor.rules.scene import Scene
    from auditor.sql.schema import Declaration


def schema_of(scene: Scene) -> Schema:
    """The schema the scene was given, or what the ORMs' declarations add up to."""
    return scene.schema if isinstance(scene.schema, Schema) else build_schema(_declared(scene))


def _declared(scene: Scene) -> Iterator[Declaration]:
    for orm in scene.trace.machine.orms:
        if isinstance(orm, DjangoOrm):
            yield from schema_declarations(orm.registry)
        elif isinstance(orm, SqlAlchemyOrm):
            yield from declarations(orm.registry)
        elif isinstance(orm, TortoiseOrm):
            yield from tortoise_declarations(orm.registry)


def models(scene: Scene) -> Iterator[Model]:
    """Every model with a table, by key."""
    for orm in scene.trace.machine.orms:
        if isinstance(orm, SqlAlchemyOrm):
            found = [m.model for m in orm.registry.mapped.values()]
        elif isinstance(orm, (DjangoOrm, TortoiseOrm)):
            found = list(orm.registry.by_class.values())
        else:
            found = []
        for model in sorted(found, key=lambda m: m.key):
            if not model.abstract and model.table and not shares_table(scene, model):
                yield model


def shares_table(scene: Scene, model: Model) -> bool:
    """Whether a class above is mapped to the same table, and declares its columns."""
    above = [c for c in scene.project.mro(model.cls)[1:] if isinstance(c, Class)]
    found = [scene.trace.machine.model_of(c) for c in above]
    return any(m is not None and not m.abstract and m.table == model.table for m in found)


def definition(scene: Scene, model: Model, column: Column) -> Spot | None:
    """The statement that declares a column, in the model or a class above it; None outside the target."""
    for cls in scene.project.mro(model.cls):
        if isinstance(cls, Class) and column.name in cls.scope and cls.module.role in {"app", "script"}:
            line = column.line if cls.line <= column.line <= cls.end_line else cls.line
            start, end = statement_at(cls.body, line) or (line, line)
            return Spot(cls.module, None, line, start, end)
    return None
