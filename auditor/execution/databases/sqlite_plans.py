"""SQLite's plans: EXPLAIN QUERY PLAN, and how many rows its steps read, by counting what there is."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from auditor.execution.databases.access import Access

_STEP: Final = re.compile(
    r"(?P<how>SCAN|SEARCH) (?:TABLE )?(?P<name>\S+)(?: AS (?P<alias>\S+))?"
    r"(?: USING (?P<way>(?:AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?INDEX (?P<index>\S+)|INTEGER PRIMARY KEY))?"
    r"(?: \((?P<key>.*)\))?"
)
_EQUAL: Final = re.compile(r"(\w+)=\?")
_FORMAT: Final = re.compile(r"%(?:(?P<percent>%)|s|\((?P<name>\w+)\)s)")
"""Places for values as Django and other DB-API wrappers write them, which SQLite's own driver never sees."""
_READS: Final = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_OWN_NAME: Final = r'(?:\w+|"[^"]+"|`[^`]+`|\[[^\]]+\])'
_OF_COLUMNS: Final = re.compile(
    rf"CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?{_OWN_NAME} ON {_OWN_NAME} ?"
    rf"\( ?{_OWN_NAME}(?: ASC| DESC)?(?: ?, ?{_OWN_NAME}(?: ASC| DESC)?)* ?\)",
    re.IGNORECASE,
)
"""An index that computes nothing: what a target wrote is not run in a process of ours."""
_LACKS: Final = re.compile(r"uses (\d+), and there are \d+ supplied")


class _Anything(dict[str, None]):
    """A value for every name."""

    def __missing__(self, name: str) -> None:
        return None


def indexes(connection: sqlite3.Connection, /) -> frozenset[str]:
    """What makes each index; those of keys and constraints come with their tables."""
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    return frozenset(" ".join(str(sql).split()) for (sql,) in found)


def add_indexes(connection: sqlite3.Connection, definitions: Iterable[str], /) -> bool:
    """Whether all of them could be made; else none is."""
    listed = sorted(definitions)
    if not all(_OF_COLUMNS.fullmatch(one) for one in listed):
        return False
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'").fetchone()
    try:
        connection.execute("BEGIN")
        for one in listed:
            connection.execute(one)
        if known is not None:  # what is known of the others
            connection.execute("ANALYZE")
    except sqlite3.Error:
        connection.rollback()
        return False
    connection.commit()
    return True


def explain(connection: sqlite3.Connection, statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
    """The steps of each statement that only reads and can be planned; nothing of them is run."""
    tables = {
        str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    }
    sizes = _Sizes(connection, tables)
    found: dict[str, tuple[Access, ...]] = {}
    for statement in statements:
        if _READS.match(statement):
            with suppress(sqlite3.Error):
                found[statement] = tuple(_steps(_plan(connection, statement), statement, sizes))
                continue
            with suppress(sqlite3.Error):
                found[statement] = tuple(_steps(_plan(connection, _own_style(statement)), statement, sizes))
    return found


def _own_style(statement: str) -> str:
    """A statement whose places for values are `%s`, with `?` in their stead."""
    return _FORMAT.sub(
        lambda one: "%" if one["percent"] else f":{one['name']}" if one["name"] else "?", statement
    )


def _plan(connection: sqlite3.Connection, statement: str) -> list[tuple[int, str]]:
    """Parent and text of each step. How many values it takes is told by the error about their lack."""
    text, values = f"EXPLAIN QUERY PLAN {statement}", ()
    given: Any = values
    for _ in range(2):
        try:
            return [(int(row[1]), str(row[3])) for row in connection.execute(text, given)]
        except sqlite3.ProgrammingError as error:
            lacks = _LACKS.search(str(error))
            given = (None,) * int(lacks[1]) if lacks else _Anything()
    return []


def _steps(plan: list[tuple[int, str]], statement: str, sizes: "_Sizes") -> Iterator[Access]:
    """Steps below one parent are loops within each other."""
    turns: dict[int, float] = {}
    for parent, text in plan:
        step = _STEP.match(text)
        if step is None:
            continue
        table = sizes.table(step["name"], statement)
        if table is None:
            continue
        searched = step["how"] == "SEARCH" and not (step["way"] or "").startswith("AUTOMATIC")
        each = (
            sizes.found(table, step["key"] or "", by_key=bool(step["way"]) and not step["index"])
            if searched
            else sizes.rows(table)
        )
        turns[parent] = turns.get(parent, 1.0) * max(each, 1.0)
        yield Access(
            table=table,
            how="search" if searched else "scan",
            index=step["index"] or "",
            rows=turns[parent] / max(each, 1.0) * each,
        )


class _Sizes:
    def __init__(self, connection: sqlite3.Connection, tables: set[str]) -> None:
        self._connection = connection
        self._tables = tables
        self._known: dict[str, float] = {}

    def table(self, name: str, statement: str) -> str | None:
        """The table that a plan calls by its name or by the statement's name for it."""
        if name in self._tables:
            return name
        for table in sorted(self._tables):
            if re.search(
                rf'\b{re.escape(table)}\b["\]`]?\s+(?:AS\s+)?["\[`]?{re.escape(name)}\b',
                statement,
                re.IGNORECASE,
            ):
                return table
        return None

    def rows(self, table: str) -> float:
        """How many there are."""
        return self._number(f"SELECT COUNT(*) FROM {_quoted(table)}")  # noqa: S608  a table's own name, quoted

    def found(self, table: str, key: str, *, by_key: bool) -> float:
        """How many a search by these columns comes upon, on average."""
        columns = [] if by_key else [name for name in _EQUAL.findall(key) if name != "rowid"]
        if not columns:
            return 1.0 if by_key or "rowid=" in key else self.rows(table) / 2
        listed = ", ".join(map(_quoted, columns))
        keys = self._number(f"SELECT COUNT(*) FROM (SELECT DISTINCT {listed} FROM {_quoted(table)})")  # noqa: S608  as above
        return self.rows(table) / max(keys, 1.0)

    def _number(self, query: str) -> float:
        if query not in self._known:
            try:
                self._known[query] = float(self._connection.execute(query).fetchone()[0])
            except sqlite3.Error:
                self._known[query] = 1.0
        return self._known[query]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
