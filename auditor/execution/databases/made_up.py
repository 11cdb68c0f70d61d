"""Rows for tables that nothing fills, made up from what the schema says: no figure of an empty database is worth anything.

Every text holds the row's number, so that no two rows share it; a reference goes round the rows it may mean, so that each has as many
members as the next; switches and states are such as lists show.
"""

import datetime as dt
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from auditor.execution.databases.database import Rows
from auditor.execution.databases.tables import Column, NewRow, Reference, Scalar, Table

_MEMBERS: Final = 3
"""Rows of a table that refers to others, for each row of one that does not."""
_BEGAN: Final = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
_GONE: Final = re.compile(
    r"delet|remov|revok|bann|block|lock|expir|archiv|disabl|cancel|suspend|hidden|spam|reject|anonym|banned|trash",
    re.IGNORECASE,
)
_SHOWN: Final = re.compile(
    r"active|publish|enabl|confirm|verif|approv|visible|public|review|accept|can_comment", re.IGNORECASE
)
_TEXTS: Final = (
    (re.compile(r"e?_?mail", re.IGNORECASE), "user{n}@example.com"),
    (re.compile(r"url|link|href|website|image|avatar|picture|photo|logo", re.IGNORECASE), "https://example.com/{n}"),
    (re.compile(r"phone|mobile", re.IGNORECASE), "+1555{n:07d}"),
    (re.compile(r"slug|^key$|^code$", re.IGNORECASE), "{table}-{n}"),
    (re.compile(r"user_?name|login|nick", re.IGNORECASE), "user{n}"),
    (re.compile(r"locale|lang", re.IGNORECASE), "en"),
    (re.compile(r"currency", re.IGNORECASE), "EUR"),
    (re.compile(r"country", re.IGNORECASE), "DE"),
    (re.compile(r"time_?zone|^tz$", re.IGNORECASE), "UTC"),
    (
        re.compile(r"body|content|text|descri|about|bio|summary|comment|message", re.IGNORECASE),
        "Text {n} that says a few words about one {table}, and then a few more of them.",
    ),
)  # fmt: skip
_OTHERS: Final = (
    (re.compile(r"^_|\[\]$"), "{{}}"),
    (re.compile(r"json", re.IGNORECASE), "{{}}"),
    (re.compile(r"uuid", re.IGNORECASE), "{uuid}"),
    (re.compile(r"timestamp|datetime", re.IGNORECASE), "{moment:%Y-%m-%d %H:%M:%S}"),
    (re.compile(r"^date", re.IGNORECASE), "{moment:%Y-%m-%d}"),
    (re.compile(r"^time", re.IGNORECASE), "{moment:%H:%M:%S}"),
    (re.compile(r"interval", re.IGNORECASE), "1 hour"),
    (re.compile(r"^(?:inet|cidr)$", re.IGNORECASE), "127.0.0.1"),
    (re.compile(r"blob|bytea|binary", re.IGNORECASE), ""),
)


def made_up_rows(tables: Iterable[Table], rows: Rows, /, *, number: int) -> tuple[NewRow, ...]:
    """`number` rows for each empty one of the `tables`, and more where it refers to others; those that others refer to come first.

    `rows` are those that are there. A table whose rows would need one of a table that can have none stays empty.
    """
    keys: dict[str, Sequence[Mapping[str, Scalar]]] = {}
    made: list[NewRow] = []
    left = {table.name: table for table in tables}
    for name in list(left):
        if rows.get(name):
            keys[name] = [_scalars(row) for row in rows[name]]
            del left[name]
    while left:
        ready = [table for table in left.values() if _is_ready(table, keys, left)]
        ready = ready or [table for table in left.values() if _is_ready(table, keys, ())][:1]
        if not ready:
            break
        for table in ready:
            own = list(_rows_of(table, keys, number))
            made += own
            keys[table.name] = [row.cells for row in own]
            del left[table.name]
    return tuple(made)


def _scalars(row: Mapping[str, object]) -> dict[str, Scalar]:
    return {
        name: value for name, value in row.items() if value is None or isinstance(value, str | int | float)
    }


def _is_ready(table: Table, keys: Mapping[str, object], awaited: Collection[str]) -> bool:
    """Whether every row that its own must mean is there, and those that they may mean are not `awaited`."""
    nullable = {column.name for column in table.columns if column.nullable}
    return all(
        keys.get(reference.table)
        or (
            set(reference.columns) <= nullable
            and (reference.table == table.name or reference.table not in awaited)
        )
        for reference in table.references
    )


def _rows_of(
    table: Table, keys: Mapping[str, Sequence[Mapping[str, Scalar]]], number: int
) -> Iterator[NewRow]:
    columns = {column.name: column for column in table.columns}
    references = [
        reference
        for reference in table.references
        if keys.get(reference.table) and set(reference.columns) <= set(columns)
    ]
    referred = {name for reference in table.references for name in reference.columns}
    apart = [table.key, *table.unique]
    seen: set[tuple[int, tuple[Scalar, ...]]] = set()
    for nth in range(1, number * (_MEMBERS if table.references else 1) + 1):
        cells: dict[str, Scalar] = {}
        step = 1
        for reference in references:
            theirs = keys[reference.table]
            cells |= _meaning(reference, theirs[((nth - 1) // step + (nth - 1) * (step > 1)) % len(theirs)])
            step *= len(theirs)
        cells |= {
            name: value
            for name, column in columns.items()
            if name not in referred and (value := _cell(table, column, nth)) is not None
        }
        held = {(at, tuple(cells.get(name) for name in unique)) for at, unique in enumerate(apart) if unique}
        if any(None not in values for at, values in held & seen):
            continue
        seen |= held
        yield NewRow(table=table.name, columns=tuple(cells), like={}, cells=cells, key=table.key)


def _meaning(reference: Reference, row: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {column: row.get(to) for column, to in zip(reference.columns, reference.to, strict=True)}


def _cell(table: Table, column: Column, nth: int) -> Scalar:
    """None for what the database says by itself, or what had better be nothing."""
    is_key = column.name in table.key
    if column.defaults and not (is_key and column.kind == "integer"):
        return None
    if column.nullable and _GONE.search(column.name):
        return None
    if column.choices:
        return column.choices[nth % len(column.choices)]
    match column.kind:
        case "integer":
            alone = is_key or any(column.name in unique for unique in table.unique)
            return nth if alone else 0 if _GONE.search(column.name) else nth % 100
        case "number":
            return nth % 100 + 0.5
        case "boolean":
            return _SHOWN.search(column.name) is not None and _GONE.search(column.name) is None
        case "text":
            return _text(table, column, nth)
        case _:
            return _other(column, nth)


def _text(table: Table, column: Column, nth: int) -> str:
    plain = table.name.rpartition(".")[2]
    form = next((form for pattern, form in _TEXTS if pattern.search(column.name)), "{table}-{column}-{n}")
    text = form.format(n=nth, table=plain.removesuffix("s"), column=column.name)
    if column.longest is None or len(text) <= column.longest:
        return text
    return str(nth)[-column.longest :].rjust(min(column.longest, 4), "x")


def _other(column: Column, nth: int) -> str | None:
    for pattern, form in _OTHERS:
        if pattern.search(column.declared):
            moment = _BEGAN + dt.timedelta(hours=nth)
            return form.format(moment=moment, uuid=uuid.UUID(int=nth))
    return None
