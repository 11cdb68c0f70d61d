"""The target's tables and indexes, as its models, migrations and DDL declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.django_orm import DjangoOrm
from auditor.frameworks.django_orm_migrations import schema_declarations
from auditor.frameworks.sqlalchemy import SqlAlchemyOrm
from auditor.frameworks.sqlalchemy_schema import declarations
from auditor.rules.scene import Spot, statement_at
from auditor.sql.schema import Schema, build_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Class, Module
    from auditor.index.values import Model
    from auditor.rules.scene import Scene
    from auditor.sql.schema import Declaration, Source


def schema_of(scene: Scene) -> Schema:
    """The schema the scene was given, or what the ORMs' declarations add up to."""
    return scene.schema if isinstance(scene.schema, Schema) else build_schema(_declared(scene))


def _declared(scene: Scene) -> Iterator[Declaration]:
    for orm in scene.trace.machine.orms:
        if isinstance(orm, DjangoOrm):
            yield from schema_declarations(orm.registry)
        elif isinstance(orm, SqlAlchemyOrm):
            yield from declarations(orm.registry)


def models(scene: Scene) -> Iterator[Model]:
    """Every model with a table, by key."""
    for orm in scene.trace.machine.orms:
        if isinstance(orm, SqlAlchemyOrm):
            found = [m.model for m in orm.registry.mapped.values()]
        elif isinstance(orm, DjangoOrm):
            found = list(orm.registry.by_class.values())
        else:
            found = []
        for model in sorted(found, key=lambda m: m.key):
            if not model.abstract and model.table:
                yield model


def definition(modules: dict[str, Module], source: Source) -> Spot | None:
    """The statement in a class body that a place lies in; None outside the target."""
    module = modules.get(source.file)
    if module is None or module.role not in {"app", "script"}:
        return None
    inside: list[Class] = [c for c in module.classes if c.line <= source.line <= c.end_line]
    body = inside[-1].body if inside else module.body
    start, end = statement_at(body, source.line) or (source.line, source.line)
    return Spot(module, None, source.line, start, end)


