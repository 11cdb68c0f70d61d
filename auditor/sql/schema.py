"""The tables, columns and indexes of the target, put together from models, migrations and raw DDL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from auditor.sql.dialect import Dialect

Declarer = Literal["django", "sqlalchemy", "tortoise", "ddl"]
"""What a declaration is written in; it decides whether a foreign key brings an index."""

IndexOrigin = Literal["declared", "primary key", "unique", "foreign key"]

_DEFAULT_SCHEMAS: Final = ("public.", "main.", "dbo.")
_ORDERED_METHODS: Final = frozenset({None, "btree"})
_EQUALITY_METHODS: Final = frozenset({None, "btree", "hash"})


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Where something is declared: a path relative to the tree, and a 1-based line."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as declared; None where the declaration does not tell."""

    name: str
    type: str | None = None
    nullable: bool | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index, whether declared as one or brought along by a key."""

    columns: tuple[str, ...]
    """In order; an expression stands as its text, `lower(email)`, and is never taken for a column."""
    name: str | None = None
    unique: bool = False
    condition: str | None = None
    """The WHERE of a partial index: it serves only queries that repeat it."""
    method: str | None = None
    """`btree`, `hash`, `gin`…; None: the usual one, a B-tree."""
    origin: IndexOrigin = "declared"
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A reference to another table."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...] = ()
    """Empty: the primary key over there."""
    declarer: Declarer
    indexed: bool | None = None
    """Whether it asks for an index of its own; None: as its declarer and the database usually do."""
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; also a piece of one, to be merged with the pieces declared elsewhere."""

    name: str
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    """Sets of columns whose values occur once; each is an index too."""
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A table, an index by its name, or a column of `table` with every key that it is part of, gone from here on."""

    kind: Literal["table", "index", "column"]
    name: str
    table: str = ""


Declaration = Table | Dropped


@dataclass(frozen=True, slots=True)
class Schema:
    """A catalogue of tables; names are compared without case and without the usual schema in front."""

    tables: Mapping[str, Table]
    """By `table_key`; the indexes of keys and constraints are among the indexes of each."""

    def table(self, name: str) -> Table | None:
        """The table called `name`; None if nothing declares it, which says nothing about its indexes."""
        return self.tables.get(table_key(name))

    def has_index_for(self, table: str, columns: Iterable[str]) -> Index | None:
        """An index by which rows with given values of all `columns` are found without reading others.

        Its first columns are these, in any order; or it is unique over some of them, so that one row is left.
        None if there is no such index, or the table is not known.
        """
        wanted = {column.lower() for column in columns}
        indexes = [index for index in self._whole(table) if index.method in _EQUALITY_METHODS]
        for index in indexes:
            first = {c.lower() for c in index.columns[: len(wanted)]}
            whole = index.method != "hash" or len(index.columns) == len(wanted)
            if wanted and whole and first == wanted:
                return index
        for index in indexes:
            if index.unique and index.columns and {c.lower() for c in index.columns} <= wanted:
                return index
        return None

    def leading_index_for(self, table: str, columns: Iterable[str]) -> Index | None:
        """The index that narrows a search by `columns` the most, where none has all of them in front."""
        wanted = {column.lower() for column in columns}
        best, length = None, 0
        for index in self._whole(table):
            prefix = _prefix_length(index, wanted)
            if index.method in _ORDERED_METHODS and prefix > length:
                best, length = index, prefix
        return best

    def _whole(self, table: str) -> tuple[Index, ...]:
        """Indexes over all rows of a table: a partial one serves only who repeats its condition."""
        found = self.table(table)
        return tuple(i for i in found.indexes if i.condition is None) if found else ()


def table_key(name: str) -> str:
    """What a table is looked up by: small letters, no quotes, no `public.` in front."""
    key = name.lower().replace('"', "").replace("`", "")
    for schema in _DEFAULT_SCHEMAS:
        key = key.removeprefix(schema)
    return key


def build_schema(declarations: Iterable[Declaration], *, dialect: Dialect | None = None) -> Schema:
    """Merges declarations in the order given: the first to say something of a column wins, indexes add up.

    Django gives its foreign keys an index, MySQL gives one to every foreign key, others give none.
    """
    merged: dict[str, Table] = {}
    for declaration in declarations:
        if isinstance(declaration, Dropped):
            _drop(merged, declaration)
        else:
            key = table_key(declaration.name)
            merged[key] = _merged(merged[key], declaration) if key in merged else declaration
    tables = {key: _with_implied_indexes(table, dialect=dialect) for key, table in sorted(merged.items())}
    return Schema(MappingProxyType(tables))


def _drop(merged: dict[str, Table], dropped: Dropped) -> None:
    name = table_key(dropped.name)
    if dropped.kind == "table":
        merged.pop(name, None)
        return
    if dropped.kind == "column":
        if (owner := merged.get(table_key(dropped.table))) is not None:
            merged[table_key(dropped.table)] = _without(owner, dropped.name.lower())
        return
    for key, table in merged.items():
        kept = tuple(index for index in table.indexes if index.name is None or table_key(index.name) != name)
        if len(kept) < len(table.indexes):
            merged[key] = replace(table, indexes=kept)


def _without(table: Table, column: str) -> Table:
    """A table once a column is dropped: databases drop the keys and indexes that it is part of with it."""

    def has(columns: Iterable[str]) -> bool:
        return any(c.lower() == column for c in columns)

    return replace(
        table,
        columns=tuple(c for c in table.columns if c.name.lower() != column),
        primary_key=() if has(table.primary_key) else table.primary_key,
        unique=tuple(u for u in table.unique if not has(u)),
        indexes=tuple(i for i in table.indexes if not has(i.columns)),
        foreign_keys=tuple(f for f in table.foreign_keys if not has(f.columns)),
    )


def _merged(table: Table, piece: Table) -> Table:
    columns = {column.name.lower(): column for column in table.columns}
    for column in piece.columns:
        known = columns.get(column.name.lower())
        columns[column.name.lower()] = _filled(known, column) if known else column
    return replace(
        table,
        columns=tuple(columns.values()),
        primary_key=table.primary_key or piece.primary_key,
        unique=_union(table.unique, piece.unique),
        indexes=_union(table.indexes, piece.indexes),
        foreign_keys=_union(table.foreign_keys, piece.foreign_keys),
        source=table.source or piece.source,
    )


def _filled(known: Column, other: Column) -> Column:
    return replace(
        known,
        type=known.type or other.type,
        nullable=other.nullable if known.nullable is None else known.nullable,
        source=known.source or other.source,
    )


_Item = TypeVar("_Item")


def _union(one: tuple[_Item, ...], other: tuple[_Item, ...]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _with_implied_indexes(table: Table, *, dialect: Dialect | None) -> Table:
    implied: list[Index] = []
    if table.primary_key:
        implied.append(
            Index(columns=table.primary_key, unique=True, origin="primary key", source=table.source)
        )
    implied += [Index(columns=c, unique=True, origin="unique", source=table.source) for c in table.unique]
    implied += [
        Index(columns=key.columns, origin="foreign key", source=key.source)
        for key in table.foreign_keys
        if _brings_index(key, dialect=dialect)
    ]
    indexes: dict[tuple[object, ...], Index] = {}
    for index in (*implied, *table.indexes):
        shape = (tuple(c.lower() for c in index.columns), index.condition, index.method)
        known = indexes.get(shape)
        # What is declared has a name and a place to point at; being unique is a fact whoever says it.
        unique = index.unique or (known is not None and known.unique)
        indexes[shape] = replace(known if known and index.origin != "declared" else index, unique=unique)
    return replace(table, indexes=tuple(indexes.values()))


def _brings_index(key: ForeignKey, *, dialect: Dialect | None) -> bool:
    if dialect == "mysql":
        return True
    return key.declarer == "django" if key.indexed is None else key.indexed


def _prefix_length(index: Index, wanted: set[str]) -> int:
    length = 0
    for column in index.columns:
        if column.lower() not in wanted:
            break
        length += 1
    return length
