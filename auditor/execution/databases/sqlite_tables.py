"""Tables and new rows in SQLite. The file may be hostile: only its declared schema is asked, and nothing of it is trusted."""

import re
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from auditor.execution.databases.tables import (
    Column,
    Kind,
    NewRow,
    Quoting,
    Reference,
    Refused,
    Scalar,
    Table,
    deletion,
    insertion,
)

_KINDS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("boolean", re.compile(r"bool", re.IGNORECASE)),
    ("other", re.compile(r"date|time|json|blob|binary|uuid", re.IGNORECASE)),
    ("integer", re.compile(r"int|serial", re.IGNORECASE)),
    ("text", re.compile(r"char|text|clob|string", re.IGNORECASE)),
    ("number", re.compile(r"real|floa|doub|numeric|decimal", re.IGNORECASE)),
)
_LENGTH: Final = re.compile(r"char\w*\s*\(\s*(?P<length>\d{1,6})\s*\)", re.IGNORECASE)
_TEXT: Final = re.compile(r"'([^']*)'")
_LONGEST_S: Final = 5.0
"""For one row: a trigger may do anything."""
_COMPUTED: Final = frozenset({2, 3})
"""`hidden` of generated columns: https://www.sqlite.org/pragma.html#pragma_table_xinfo."""


class _Quoting(Quoting):
    def value(self, value: Scalar, /) -> str:
        return super().value(int(value) if isinstance(value, bool) else value)


_QUOTED: Final = _Quoting()


def tables(connection: sqlite3.Connection, /) -> tuple[Table, ...]:
    """Every table of the target's, by name."""
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    ).fetchall()
    found = {name: _table(connection, name) for (name,) in names}
    return tuple(_with_implied(table, found) for table in found.values())


def insert(
    connection: sqlite3.Connection, rows: Iterable[NewRow], /, *, longest_s: float = _LONGEST_S
) -> tuple[Refused, ...]:
    """Puts them, one after the other, each in `longest_s` seconds; those that can't be put are given back."""
    connection.isolation_level = None  # one that is broken off must not take the others with it
    connection.execute("PRAGMA foreign_keys=ON")
    refused = []
    for row in rows:
        reason = _done(connection, insertion(row, quoted=_QUOTED), longest_s)
        if reason:
            refused.append(Refused(row=row, reason=reason))
    return tuple(refused)


def delete(connection: sqlite3.Connection, rows: Iterable[NewRow], /) -> None:
    """Takes them away, the last first."""
    connection.isolation_level = None
    for row in reversed(list(rows)):
        _done(connection, deletion(row, quoted=_QUOTED), _LONGEST_S)


def _done(connection: sqlite3.Connection, statement: str, longest_s: float) -> str:
    """Why it could not be done; empty when it was."""
    deadline = time.monotonic() + longest_s
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        changed = connection.execute(statement).rowcount
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.set_progress_handler(None, 0)
    return "" if changed == 1 else "the row that it is like is not there"


def empty(connection: sqlite3.Connection, tables: Iterable[str], /) -> bool:
    """Whether every row of them is gone; else none is."""
    try:
        for name in tables:
            connection.execute(f"DELETE FROM {_QUOTED.table(name)}")  # noqa: S608  the name is quoted
    except sqlite3.Error:
        connection.rollback()
        return False
    connection.commit()
    return True


def _table(connection: sqlite3.Connection, name: str) -> Table:
    quoted = _QUOTED.name(name)
    columns = connection.execute(f"PRAGMA table_xinfo({quoted})").fetchall()
    ((written,),) = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)
    )
    keys = sorted((position, column) for _, column, _, _, _, position, _ in columns if position)
    alone = len(keys) == 1
    return Table(
        name=name,
        columns=tuple(
            Column(
                name=column,
                kind=_kind(declared),
                nullable=not (required or (position and alone)),
                declared=declared,
                defaults=default is not None,
                choices=_choices(column, written),
                longest=int(length["length"]) if (length := _LENGTH.search(declared)) else None,
            )
            for _, column, declared, required, default, position, hidden in columns
            if hidden not in _COMPUTED
        ),
        key=tuple(column for _, column in keys),
        unique=tuple(
            tuple(column for _, _, column in connection.execute(f"PRAGMA index_info({_QUOTED.name(index)})"))
            for _, index, unique, origin, partial in connection.execute(f"PRAGMA index_list({quoted})")
            if unique and origin != "pk" and not partial
        ),
        references=_references(connection, quoted),
    )


def _choices(column: str, written: str) -> tuple[str, ...]:
    """The texts of `CHECK (x IN ('a', …))` in what the table was written as."""
    found = re.search(
        rf"""CHECK\s*\(\s*["`]?{re.escape(column)}["`]?\s+IN\s*\((?P<texts>[^()]*)\)""",
        written,
        re.IGNORECASE,
    )
    return tuple(_TEXT.findall(found["texts"])) if found else ()


def _with_implied(table: Table, tables: Mapping[str, Table]) -> Table:
    """A reference that names no columns is to the key."""
    return replace(
        table,
        references=tuple(
            reference
            if all(reference.to) or reference.table not in tables
            else replace(reference, to=tables[reference.table].key)
            for reference in table.references
        ),
    )


def _references(connection: sqlite3.Connection, quoted: str) -> tuple[Reference, ...]:
    found: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, _, table, column, to, *_ in connection.execute(f"PRAGMA foreign_key_list({quoted})"):
        found.setdefault(number, []).append((table, column, to))
    return tuple(
        Reference(
            columns=tuple(column for _, column, _ in parts),
            table=parts[0][0],
            to=tuple(to or "" for _, _, to in parts),
        )
        for _, parts in sorted(found.items())
    )


def _kind(declared: str) -> Kind:
    return next((kind for kind, pattern in _KINDS if pattern.search(declared)), "other")
