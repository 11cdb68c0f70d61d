"""What a database says of its tables, and rows that are put beside those that the target's seed made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Scalar = str | int | float | bool | None
"""What a key or a cell that is put may be."""
Kind = Literal["text", "integer", "number", "boolean", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, but for those that the database computes."""

    name: str
    kind: Kind
    """What it was declared to hold."""
    nullable: bool
    declared: str = ""
    """The type's name, as the engine has it."""
    defaults: bool = False
    """Whether the database says by itself what stands in it."""
    choices: tuple[str, ...] = ()
    """The texts that it may hold, where only some are allowed."""
    longest: int | None = None
    """Characters that a text may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key: `columns` hold what stands in the columns `to` of `table`."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table, named as in a dump."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Columns of its primary key; empty for none."""
    unique: tuple[tuple[str, ...], ...] = ()
    """Columns of its other unique indexes that hold for every row."""
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A copy of a row with some cells changed, or one that is like none."""

    table: str
    columns: tuple[str, ...]
    """All that are written."""
    like: Mapping[str, Scalar] = field(hash=False)
    """The key of the row that is copied; empty where every cell is given."""
    cells: Mapping[str, Scalar] = field(hash=False)
    """What stands in it instead; its own key is among them."""
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that the database did not take."""

    row: NewRow
    reason: str


def insertion(row: NewRow, /, *, quoted: "Quoting", overriding: str = "") -> str:
    """The statement that puts the row, `overriding` before its SELECT."""
    columns = ", ".join(map(quoted.name, row.columns))
    values = ", ".join(
        quoted.value(row.cells[column]) if column in row.cells else quoted.name(column)
        for column in row.columns
    )
    table = quoted.table(row.table)
    if not row.like:
        return f"INSERT INTO {table} ({columns}) {overriding}VALUES ({values})"
    return (
        f"INSERT INTO {table} ({columns}) {overriding}SELECT {values} FROM {table}"  # noqa: S608  names and values are quoted
        f" WHERE {_where(row.like, quoted)}"
    )


def deletion(row: NewRow, /, *, quoted: "Quoting") -> str:
    """The statement that takes it away again."""
    own = {column: row.cells.get(column, row.like.get(column)) for column in row.key}
    return f"DELETE FROM {quoted.table(row.table)} WHERE {_where(own, quoted)}"  # noqa: S608  as above


class Quoting:
    """How SQL's standard writes names and values; an engine may differ in booleans and in schemas."""

    def name(self, name: str, /) -> str:
        """A column or a table."""
        return '"' + name.replace('"', '""') + '"'

    def table(self, name: str, /) -> str:
        """A table, as a dump names it."""
        return self.name(name)

    def value(self, value: Scalar, /) -> str:
        """A literal."""
        match value:
            case None:
                return "NULL"
            case bool():
                return "true" if value else "false"
            case str():
                return "'" + value.replace("'", "''") + "'"
            case _:
                return repr(value)


def _where(key: Mapping[str, Scalar], quoted: Quoting) -> str:
    return " AND ".join(f"{quoted.name(column)} = {quoted.value(value)}" for column, value in key.items())
