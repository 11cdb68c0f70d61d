"""A file that the target's library made: what its schema may hold, and what is read of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from auditor.execution.databases.sqlite import SQLite
from auditor.execution.guest import guest_identity
from auditor.model.fault import Fault

FIELD = (
    'CREATE TABLE notes (id INTEGER PRIMARY KEY, data TEXT CHECK ((JSON_VALID("data") OR "data" IS NULL)))'
)


def made(folder: Path, *statements: str) -> SQLite:
    with closing(sqlite3.connect(folder / "app.sqlite3")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return SQLite(folder, "app.sqlite3", folder / "template", inside=str(folder), guest=guest_identity())


def test_the_constraint_of_a_json_field_keeps_nobody_from_reading(tmp_path: Path) -> None:
    database = made(tmp_path, FIELD, """INSERT INTO notes (data) VALUES ('{"a": 1}')""")
    assert database.dump() == {"notes": ({"id": 1, "data": '{"a": 1}'},)}
    assert [table.name for table in database.tables()] == ["notes"]


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE notes (id INTEGER, data TEXT AS (json_extract(id, '$.a')) VIRTUAL)",
        "CREATE TABLE notes (id INTEGER, data TEXT); CREATE INDEX by_a ON notes (json_extract(data, '$.a'))",
    ],
    ids=["a generated column", "an index"],
)
def test_other_places_of_the_schema_may_hold_them_too(schema: str, tmp_path: Path) -> None:
    assert made(tmp_path, *schema.split(";")).dump() == {"notes": ()}


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    database = made(tmp_path)
    (tmp_path / "app.sqlite3").write_bytes(b"no database at all" * 100)
    with pytest.raises(Fault, match="is no database that can be read"):
        database.dump()
