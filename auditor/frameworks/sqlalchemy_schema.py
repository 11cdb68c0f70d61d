"""The tables that SQLAlchemy models declare, with their keys and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.sqlalchemy_alembic import migrated
from auditor.frameworks.sqlalchemy_columns import table_args, table_argument_nodes
from auditor.frameworks.sqlalchemy_text import constant, source
from auditor.index import ir
from auditor.index.symbols import Class, tail_name
from auditor.sql.schema import Column, ForeignKey, Index, Source, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.frameworks.sqlalchemy_columns import CoreTable
    from auditor.frameworks.sqlalchemy_models import Mapped, Registry
    from auditor.index.ir import Node
    from auditor.index.values import Column as Mapping_
    from auditor.sql.schema import Declaration


def declarations(registry: Registry) -> Iterator[Declaration]:
    """What migrations made, in their order, then what models and tables declare, by name."""
    yield from migrated(registry.project)
    for _, mapped in sorted(registry.mapped.items()):
        if mapped.model.table and not mapped.model.abstract:
            yield _of_model(registry, mapped)
    for _, table in sorted(registry.core_tables.items()):
        yield _of_table(table)


def _of_model(registry: Registry, mapped: Mapped) -> Table:
    model = mapped.model
    own = {n: c for n, c in model.columns.items() if _is_own(registry, mapped, n)}
    files = {n: d.module.path for n, d in mapped.declared.items()}
    places = {n: Source(files.get(n, model.cls.module.path), c.line) for n, c in own.items()}
    flags = mapped.declared
    primary = tuple(c.column for n, c in own.items() if n in flags and flags[n].flag("primary_key"))
    unique: list[tuple[str, ...]] = [
        (c.column,) for n, c in own.items() if n in flags and flags[n].flag("unique")
    ]
    indexes: list[Index] = []
    for name, column in own.items():
        if name in flags and flags[name].flag("index"):
            is_unique = flags[name].flag("unique")
            indexes.append(Index(columns=(column.column,), unique=is_unique, source=places[name]))
    for above in registry.project.mro(model.cls):
        if isinstance(above, Class):
            indexes.extend(_indexes(registry, above))
            unique.extend(columns for columns, is_unique in table_args(registry, above) if is_unique)
    return Table(
        name=model.table,
        columns=_columns(own, places),
        primary_key=primary,
        unique=tuple(dict.fromkeys(unique)),
        indexes=tuple(indexes),
        foreign_keys=_foreign_keys(own, places),
        source=Source(model.cls.module.path, model.cls.line),
    )


def _is_own(registry: Registry, mapped: Mapped, name: str) -> bool:
    """False for a column that lives in the table of a parent class."""
    declared = mapped.declared.get(name)
    above = None if declared is None else registry.by_class.get(id(declared.owner))
    return above is None or above.model.abstract or above.model.table == mapped.model.table


def _columns(own: Mapping[str, Mapping_], places: Mapping[str, Source]) -> tuple[Column, ...]:
    return tuple(
        Column(name=c.column or n, type=c.type or None, nullable=c.nullable, source=places[n])
        for n, c in own.items()
    )


def _foreign_keys(own: Mapping[str, Mapping_], places: Mapping[str, Source]) -> tuple[ForeignKey, ...]:
    found = []
    for name, column in own.items():
        if column.foreign_key is not None:
            table, _, referred = column.foreign_key.rpartition(".")
            found.append(
                ForeignKey(
                    columns=(column.column or name,),
                    table=table,
                    references=(referred,),
                    declarer="sqlalchemy",
                    source=places[name],
                )
            )
    return tuple(found)


def _indexes(registry: Registry, cls: Class) -> Iterator[Index]:
    """The `Index(...)` items of `__table_args__`; expressions stand as their text."""
    for node in table_argument_nodes(cls):
        if node[0] == ir.CALL and tail_name(node[2]) == "Index" and len(node[3]) > 1:
            yield index_of(node, cls.module.path, {n: d.name for n, d in registry.own(cls).items()})


def index_of(node: Node, file: str, names: Mapping[str, str]) -> Index:
    """The index that an `Index("name", columns…)` call declares."""
    keywords = dict(node[4])
    name = constant(node[3][0])
    condition = next((v for k, v in node[4] if str(k).endswith("_where")), None)
    method = constant(keywords.get("postgresql_using"))
    return Index(
        columns=tuple(_indexed(a, names) for a in node[3][1:]),
        name=name if isinstance(name, str) else None,
        unique=constant(keywords.get("unique")) is True,
        condition=None if condition is None else source(condition),
        method=method.lower() if isinstance(method, str) else None,
        source=Source(file, node[1]),
    )


def _indexed(node: Node, names: Mapping[str, str]) -> str:
    value = constant(node)
    if isinstance(value, str):
        return value
    if (
        node[0] == ir.CALL
        and node[2][0] == ir.ATTR
        and node[2][3] in {"desc", "asc", "nullslast", "nullsfirst"}
    ):
        return _indexed(node[2][2], names)
    if node[0] == ir.NAME and node[2] in names:
        return names[node[2]]
    return node[3] if node[0] == ir.ATTR and node[2][0] == ir.NAME else source(node)


def _of_table(table: CoreTable) -> Table:
    file = table.module.path
    places = {n: Source(file, c.line) for n, c in table.columns.items()}
    indexed = [
        Index(columns=(n,), source=places[n]) for n, c in table.columns.items() if c.indexed and not c.unique
    ]
    return Table(
        name=table.name,
        columns=_columns(table.columns, places),
        primary_key=tuple(table.primary_key),
        unique=(
            *((n,) for n, c in table.columns.items() if c.unique),
            *(c for c, unique in table.indexes if unique),
        ),
        indexes=(*indexed, *(Index(columns=c) for c, unique in table.indexes if not unique)),
        foreign_keys=_foreign_keys(table.columns, places),
        source=Source(file, table.line),
    )
