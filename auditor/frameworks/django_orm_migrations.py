"""Indexes that only migrations know: `AddIndex` of another state, and `RunSQL` with DDL in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.frameworks.constants import fold
from auditor.frameworks.django_orm_indexes import listed, read_index
from auditor.frameworks.django_orm_schema import column_of
from auditor.frameworks.django_orm_schema import declarations as model_declarations
from auditor.index import ir
from auditor.index.symbols import Assigned
from auditor.sql.schema import Dropped, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.django_orm_models import Registry
    from auditor.index.ir import Node
    from auditor.index.symbols import Module
    from auditor.sql.dialect import Dialect
    from auditor.sql.schema import Declaration

_ADDS: Final = frozenset({"AddIndex", "AddIndexConcurrently", "AddConstraint"})
_REMOVES: Final = frozenset({"RemoveIndex", "RemoveIndexConcurrently", "RemoveConstraint"})
_NUMBER: Final = re.compile(r"\d+")


def schema_declarations(registry: Registry, *, dialect: Dialect | None = None) -> Iterator[Declaration]:
    """All that models and migrations say, in the order that `sql.schema.build_schema` takes.

    Migrations come first: what they dropped is gone, unless the models of today still declare it.
    """
    yield from migration_declarations(registry, dialect=dialect)
    yield from model_declarations(registry)


def migration_declarations(registry: Registry, *, dialect: Dialect | None = None) -> Iterator[Declaration]:
    """Indexes that migrations add and drop, app by app in the order of their numbers."""
    modules = [m for m in registry.project.modules if m.role == "migration"]
    for module in sorted(modules, key=_order):
        for cls in module.classes:
            binding = cls.scope.get("operations", [None])[-1]
            if isinstance(binding, Assigned):
                for node in listed(binding.value):
                    yield from _operation(registry, module, node, dialect)


def _order(module: Module) -> tuple[str, int, str]:
    folder, _, file = module.path.rpartition("/")
    number = _NUMBER.match(file)
    return folder, int(number.group()) if number else 0, file


def _operation(
    registry: Registry, module: Module, node: Node, dialect: Dialect | None
) -> Iterator[Declaration]:
    if node[0] != ir.CALL:
        return
    name = node[2][2] if node[2][0] == ir.NAME else node[2][3] if node[2][0] == ir.ATTR else ""
    given = dict(node[4])
    if name == "SeparateDatabaseAndState":
        for inner in listed(given.get("database_operations") or next(iter(node[3]), None)):
            yield from _operation(registry, module, inner, dialect)
    elif name in _ADDS:
        yield from _added(registry, module, node, given)
    elif name in _REMOVES:
        removed = fold(
            registry.project, module, given.get("name") or (node[3][1] if len(node[3]) > 1 else None)
        )
        if isinstance(removed, str):
            yield Dropped(kind="index", name=removed)
    elif name == "RunSQL":
        yield from _run(registry, module, given.get("sql") or next(iter(node[3]), None), dialect)


def _added(
    registry: Registry, module: Module, node: Node, given: dict[str | None, Node]
) -> Iterator[Declaration]:
    model_name = fold(registry.project, module, given.get("model_name") or next(iter(node[3]), None))
    written = given.get("index") or given.get("constraint") or (node[3][1] if len(node[3]) > 1 else None)
    if not isinstance(model_name, str) or written is None:
        return
    label = registry.labels.of_migration(module)
    model = registry.named(f"{label}.{model_name}", module)
    index = read_index(registry.project, module, written, lambda field: column_of(model, field))
    if index is not None:
        table = f"{label}_{model_name.lower()}" if model is None else model.table
        yield Table(name=table, indexes=(index,))


def _run(
    registry: Registry, module: Module, node: Node | None, dialect: Dialect | None
) -> Iterator[Declaration]:
    """The DDL of one text, or of a list of texts or (text, parameters)."""
    if node is None:
        return
    value = fold(registry.project, module, node)
    texts = value if isinstance(value, (list, tuple)) else [value]
    for item in texts:
        text = item[0] if isinstance(item, (list, tuple)) and item else item
        if isinstance(text, str):
            from auditor.sql.ddl import read_ddl  # noqa: PLC0415  # the SQL parser takes long to import

            yield from read_ddl(text, file=module.path, first_line=node[1], dialect=dialect)
