"""SQLite: a file of the world's own. Nothing stands between the target and its data that could count for us."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from auditor.execution.databases import sqlite_plans, sqlite_tables
from auditor.execution.databases.access import Access
from auditor.execution.databases.database import Place, Row
from auditor.execution.databases.tables import NewRow, Refused, Table
from auditor.execution.guest import Guest
from auditor.execution.plain_files import copy_beneath, hand_over
from auditor.execution.removal import remove_tree
from auditor.model.fault import Fault
from auditor.repo.scratch import scratch

T = TypeVar("T")

FILE: Final = "app.sqlite3"
_STATE: Final = ("", "-wal", "-journal")
"""What belongs to the state of a database file, by suffix; ``-shm`` is made anew."""

_OF_JSON: Final = re.compile(r"unsafe use of (?:json\w*|->>?)\(\)", re.IGNORECASE)


class SQLite:
    """The file at `path`, relative to `folder`, which the guest may write; it sees `folder` as `inside`.

    `template` is a folder of ours for what it is set back to.
    """

    def __init__(self, folder: Path, path: str, template: Path, /, *, inside: str, guest: Guest) -> None:
        self._folder = folder
        self._path = path
        self._inside = inside
        self._guest = guest
        self._template = template

    @property
    def name(self) -> str:
        """The target's own library makes the file, so the version is its interpreter's."""
        return "sqlite"

    is_users = False

    @property
    def place(self) -> Place:
        """`{path}` is absolute."""
        return Place(values={"path": f"{self._inside}/{self._path}"})

    def exists(self) -> bool:
        """Whether the file was made."""
        return (self._folder / self._path).is_file()

    def start_empty(self) -> None:
        """The target's library makes the file."""

    def mark(self) -> None:
        remove_tree(self._template)
        self._template.mkdir(mode=0o700)
        for suffix in _STATE:
            copy_beneath(self._folder, self._path + suffix, self._template / (FILE + suffix))

    def store(self, folder: Path, /) -> None:
        _copy_state(self._template, folder)

    def take(self, folder: Path, /) -> None:
        _copy_state(folder, self._template)
        self.reset()

    def reset(self) -> None:
        for suffix in (*_STATE, "-shm"):
            target = self._folder / (self._path + suffix)
            target.unlink(missing_ok=True)
            if suffix in _STATE and copy_beneath(self._template, FILE + suffix, target):
                hand_over(target, self._guest)

    def dump(self) -> dict[str, tuple[Row, ...]]:
        """As the protocol says; read from a copy, so that the target's own file stays as it is."""
        return self._read(_rows) or {}

    def mark_of_state(self) -> str:
        digest = hashlib.sha256()
        with scratch("state") as folder:
            for suffix in _STATE:
                copy = folder / (FILE + suffix)
                found = copy_beneath(self._folder, self._path + suffix, copy)
                digest.update(f"{suffix} {copy.stat().st_size if found else None}\n".encode())
                if found:
                    with copy.open("rb") as file:
                        digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def indexes(self) -> frozenset[str]:
        return self._read(sqlite_plans.indexes) or frozenset()

    def tables(self) -> tuple[Table, ...]:
        return self._read(sqlite_tables.tables) or ()

    def put_rows(self, rows: Sequence[NewRow], /) -> tuple[Refused, ...]:
        refused = self._change(lambda connection: sqlite_tables.insert(connection, rows))
        if refused is None:
            return tuple(Refused(row=row, reason="there is no database file") for row in rows)
        return refused

    def take_rows(self, rows: Sequence[NewRow], /) -> None:
        self._change(lambda connection: sqlite_tables.delete(connection, rows))

    def empty(self, tables: Sequence[str], /) -> bool:
        return bool(self._change(lambda connection: sqlite_tables.empty(connection, tables)))

    def add_indexes(self, statements: Collection[str], /) -> bool:
        return bool(self._change(lambda connection: sqlite_plans.add_indexes(connection, statements)))

    def explain(self, statements: Iterable[str], /) -> dict[str, tuple[Access, ...]]:
        return self._read(lambda connection: sqlite_plans.explain(connection, statements)) or {}

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T | None:
        """None where there is no file yet."""
        with scratch("dump") as folder:
            copy = folder / FILE
            for suffix in _STATE:
                copy_beneath(self._folder, self._path + suffix, Path(f"{copy}{suffix}"))
            if not copy.exists():
                return None
            return self._asked(copy, read)

    def _change(self, change: Callable[[sqlite3.Connection], T]) -> T | None:
        """Of the template, which is the state then; None where there is no file."""
        file = self._template / FILE
        if not file.exists():
            return None
        changed = self._asked(file, change)
        (self._template / f"{FILE}-shm").unlink(missing_ok=True)
        self.reset()
        return changed

    def _asked(self, file: Path, ask: Callable[[sqlite3.Connection], T]) -> T:
        """`file` is in a folder of ours; what made it is not trusted."""
        try:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA cell_size_check=ON")
                _trust_little(connection)
                return ask(connection)
        except sqlite3.DatabaseError as error:
            raise Fault(f"is no database that can be read: {error}", where=self._path) from error

    def check(self) -> None:
        """A file does not die."""

    def close(self) -> None:
        """Nothing runs."""


def _trust_little(connection: sqlite3.Connection) -> None:
    """Only harmless functions may stand in its schema: in constraints, generated columns and indexes.

    Some versions of SQLite take their own functions of JSON for harmful, and Django has them in the constraint of each JSONField: then
    a schema that holds these is trusted. Nothing can be loaded through it: this connection loads no extension.
    """
    connection.execute("PRAGMA trusted_schema=OFF")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.DatabaseError as error:
        if _OF_JSON.search(str(error)) is None:
            raise
        connection.execute("PRAGMA trusted_schema=ON")


def _copy_state(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700)
    for suffix in _STATE:
        copy_beneath(source, FILE + suffix, target / (FILE + suffix))


def _rows(connection: sqlite3.Connection) -> dict[str, tuple[Row, ...]]:
    connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    return {name: _table(connection, name) for (name,) in names}


def _table(connection: sqlite3.Connection, name: str) -> tuple[Row, ...]:
    quoted = '"' + name.replace('"', '""') + '"'
    cursor = connection.execute(f"SELECT * FROM {quoted}")  # noqa: S608  a table's own name, quoted
    columns = [column[0] for column in cursor.description]
    rows = [{column: _plain(value) for column, value in zip(columns, row, strict=True)} for row in cursor]
    return tuple(sorted(rows, key=lambda row: json.dumps(list(row.values()), default=str)))


def _plain(value: object) -> object:
    return {"bytes": value.hex()} if isinstance(value, bytes) else value
