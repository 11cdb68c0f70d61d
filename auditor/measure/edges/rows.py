"""Rows at the edges of what a table may hold: nothing, empty, zero, the same twice, and relations with no member and with one.

Seeds are tidy: every order has lines, every user a name. A join that drops what has no partner, or a sum that meets NULL, shows only
beside rows like these. Each is a copy of a row that is there, with a key of its own: nobody refers to it, so its relations are empty, but
for the one row that is made for each relation to it.

Lists show what is published, active, not deleted: so copies are of a row whose switches and codes are the usual ones, and keep them, but
for the two edges that are about these.
"""

import json
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from auditor.execution.databases.database import Rows
from auditor.execution.databases.tables import Column, NewRow, Reference, Scalar, Table

Edge = Literal["nothing", "bare", "empty", "zero", "minus", "off", "twin", "one"]
"""NULL wherever that may be but in switches and codes; there too, or ''; '' in texts; 0 in numbers; -1; switches off; nothing but another key; the only member of a relation."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_WORDS: Final = re.compile(r"[^\d\W]")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CODES: Final = 2
"""Values that stand in so many rows each on the average are a code's, and `''` is none of it."""
_NUMBERS: Final[Mapping[Edge, int]] = {
    "nothing": 1,
    "bare": 2,
    "empty": 3,
    "zero": 4,
    "minus": 5,
    "off": 6,
    "twin": 7,
    "one": 8,
}
"""What is added to the highest key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRow:
    """A row, and what is at its edge."""

    edge: Edge
    row: NewRow

    @property
    def key(self) -> Scalar:
        """Of a table whose key is one column."""
        (column,) = self.row.key
        return self.row.cells.get(column)


def edge_rows(tables: Iterable[Table], rows: Rows, wanted: Collection[str], /) -> tuple[EdgeRow, ...]:
    """Rows for the `wanted` tables that have any, those that others refer to first."""
    known = {table.name: table for table in tables if table.name in wanted and rows.get(table.name)}
    made: dict[str, dict[Edge, EdgeRow]] = {}
    for table in _parents_first(known):
        like = _usual(table, rows[table.name])
        if like is None:
            continue
        own: dict[Edge, EdgeRow] = {}
        for edge, cells in _edges(table, like, rows[table.name]):
            row = _copied(table, like, rows[table.name], edge, cells, made)
            if row is not None:
                own[edge] = EdgeRow(edge=edge, row=row)
        made[table.name] = own
    ones = [one for table in known.values() for one in _ones(table, rows[table.name], made)]
    return (*(row for own in made.values() for row in own.values()), *ones)


def told_apart(
    edge: EdgeRow, table: Table, rows: Sequence[Mapping[str, object]], /, *, nth: int = 0
) -> EdgeRow:
    """The same, the `nth` of its kind, with another value in each text that no two of the `rows` share: code may ask for one row by it, whatever the database allows."""
    like = next((row for row in rows if all(row.get(name) == edge.row.like[name] for name in table.key)), {})
    texts = [
        column.name for column in table.columns if column.kind == "text" and column.name not in edge.row.cells
    ]
    other: dict[str, Scalar] = {
        name: another
        for name in texts
        if _is_scalar(like.get(name))
        and len({row.get(name) for row in rows}) == len(rows)
        and (another := _another(table.name, [row.get(name) for row in rows], like[name], edge.edge, nth))
        is not None
    }
    return replace(edge, row=replace(edge.row, cells={**edge.row.cells, **other}))


def _parents_first(tables: Mapping[str, Table]) -> Iterator[Table]:
    left = dict(sorted(tables.items()))
    while left:
        free = [
            name
            for name, table in left.items()
            if not any(reference.table in left and reference.table != name for reference in table.references)
        ]
        for name in free or [next(iter(left))]:  # a circle is entered somewhere
            yield left.pop(name)


def _usual(table: Table, rows: Sequence[Mapping[str, object]]) -> Mapping[str, object] | None:
    """Of the rows that can be told by their key and whose switches and codes are the most frequent ones, the one with the most in it."""
    if not table.key:
        return None
    fit = [row for row in rows if all(_is_scalar(row.get(column)) for column in table.key)]
    switches = _switches(table)
    for column in [*switches, *(name for name in _codes(table, rows) if name not in switches)]:
        values = [row.get(column) for row in fit]
        usual = max(values, key=values.count, default=None)
        fit = [row for row in fit if row.get(column) == usual]
    return max(fit, key=lambda row: sum(value is not None for value in row.values()), default=None)


def _switches(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.kind == "boolean")


def _codes(table: Table, rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Columns with a few values that many rows share: a state, a kind."""
    bound = _bound(table)
    for column in table.columns:
        if column.name not in bound and column.kind == "text" and _is_code(_texts(column, rows)):
            yield column.name


def _bound(table: Table) -> set[str]:
    return {column for reference in table.references for column in reference.columns} | set(table.key)


def _edges(
    table: Table, like: Mapping[str, object], rows: Sequence[Mapping[str, object]]
) -> Iterator[tuple[Edge, dict[str, Scalar]]]:
    """What is changed for each edge; an edge that changes nothing is none, but for the twin."""
    if len(table.key) > 1:
        return
    single = {columns[0] for columns in table.unique if len(columns) == 1}
    choices = {*_switches(table), *_codes(table, rows)}
    free = [column for column in table.columns if column.name not in _bound(table)]
    bare: dict[str, Scalar] = {
        column.name: None
        for column in table.columns
        if column.nullable and column.name not in table.key and like.get(column.name) is not None
    }
    nothing = {name: value for name, value in bare.items() if name not in choices}
    bare |= {
        column.name: ""
        for column in free
        if column.name in choices and column.name not in bare and column.kind == "text"
    }
    empty: dict[str, Scalar] = {
        column.name: ""
        for column in free
        if column.kind == "text" and column.name not in single and _is_prose(column, rows)
    }
    zero: dict[str, Scalar] = {
        column.name: 0
        for column in free
        if column.kind in {"integer", "number"} and column.name not in single
    }
    off: dict[str, Scalar] = {name: False for name in _switches(table) if like.get(name)}
    every: tuple[tuple[Edge, dict[str, Scalar]], ...] = (
        ("nothing", nothing),
        ("bare", {} if bare == nothing else bare),
        ("empty", empty),
        ("zero", zero),
        ("minus", dict.fromkeys(zero, -1)),
        ("off", off),
    )
    yield from ((edge, cells) for edge, cells in every if cells)
    if table.key not in {reference.columns for reference in table.references}:
        yield "twin", {}


def _copied(
    table: Table,
    like: Mapping[str, object],
    rows: Sequence[Mapping[str, object]],
    edge: Edge,
    cells: dict[str, Scalar],
    made: Mapping[str, Mapping[Edge, EdgeRow]],
    nth: int = 0,
) -> NewRow | None:
    """None where no key can be found for it; `nth` tells copies of one edge apart."""
    own = dict(cells)
    if len(table.key) > 1 and own.keys().isdisjoint(table.key):
        return None
    for column in table.key if len(table.key) == 1 else ():
        if column in own:
            continue
        parent = next((one for one in table.references if one.columns == (column,)), None)
        if parent is not None:
            there = made.get(parent.table, {}).get(edge)
            value = None if there is None else there.key
        else:
            value = _another(table.name, [row.get(column) for row in rows], like[column], edge, nth)
        if value is None:
            return None
        own[column] = value
    for columns in table.unique:
        if not any(column in own for column in columns):
            _tell_apart(table, columns, like, rows, edge, own, nth)
    return NewRow(
        table=table.name,
        columns=tuple(column.name for column in table.columns),
        like={column: _scalar(like[column]) for column in table.key},
        cells=own,
        key=table.key,
    )


def _tell_apart(
    table: Table,
    columns: tuple[str, ...],
    like: Mapping[str, object],
    rows: Sequence[Mapping[str, object]],
    edge: Edge,
    own: dict[str, Scalar],
    nth: int,
) -> None:
    """Another value in the last column of a unique index that is no reference; where there is none the database will refuse the row."""
    bound = {column for reference in table.references for column in reference.columns}
    for column in reversed(columns):
        value = like.get(column)
        if column not in bound and value is not None and _is_scalar(value):
            another = _another(table.name, [row.get(column) for row in rows], value, edge, nth)
            if another is not None:
                own[column] = another
                return


def _ones(
    table: Table, rows: Sequence[Mapping[str, object]], made: Mapping[str, Mapping[Edge, EdgeRow]]
) -> Iterator[EdgeRow]:
    """For each relation to a row that was made, its only member; and to another one, an only member with 0 where that may be."""
    like = _usual(table, rows)
    zero = dict(_edges(table, like, rows)).get("zero") if like is not None else None
    for nth, reference in enumerate(table.references):
        if like is None or not table.key or reference.table == table.name:
            continue
        for at, (parent, cells) in enumerate(
            zip(_first_and_last(made.get(reference.table, {}), reference), ({}, zero), strict=False)
        ):
            (column,) = reference.columns
            if cells is None or table.key == (column,):
                continue  # its own rows have the parent's keys already
            row = _copied(table, like, rows, "one", {**cells, column: parent}, made, 2 * nth + at)
            if row is not None:
                yield EdgeRow(edge="one", row=row)


def _first_and_last(made: Mapping[Edge, EdgeRow], reference: Reference) -> list[Scalar]:
    """The keys of two rows that were made of a table, or of one, where that is what a reference of one column holds."""
    rows = [*made.values()]
    if not rows or len(reference.columns) != 1 or reference.to != rows[0].row.key:
        return []
    return list(dict.fromkeys([rows[0].key, rows[-1].key]))


def _another(table: str, values: Sequence[object], like: object, edge: Edge, nth: int = 0) -> Scalar:
    """A value of the same kind that no row has; None where the kind is not known."""
    number = _NUMBERS[edge] + nth
    if isinstance(like, bool):
        return None
    if isinstance(like, int):
        return max(value for value in values if isinstance(value, int)) + number
    if not isinstance(like, str):
        return None
    if _UUID.fullmatch(like):
        made = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{table} {edge} {number} {like}"))
        return made if "-" in like else made.replace("-", "")
    return f"{like}-{number}"


def _is_prose(column: Column, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether '' may stand there: no code, number, date, key or document, as far as its values tell."""
    texts = _texts(column, rows)
    if _is_code(texts):
        return False
    return all(_WORDS.search(text) and not _UUID.fullmatch(text) and not _is_other(text) for text in texts)


def _texts(column: Column, rows: Sequence[Mapping[str, object]]) -> list[str]:
    return [value for row in rows if isinstance(value := row.get(column.name), str) and value]


def _is_code(texts: Sequence[str]) -> bool:
    return len(texts) >= _CODES * len(set(texts)) and len(texts) > 1


def _is_other(text: str) -> bool:
    if _DATE.match(text):
        return True
    if text[:1] not in "{[":
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)


def _scalar(value: object) -> Scalar:
    assert value is None or isinstance(value, str | int | float)
    return value
