"""What SQLite says of its tables, and rows that are put beside the target's own."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from auditor.execution.databases.sqlite_tables import delete, empty, insert, tables
from auditor.execution.databases.tables import Column, NewRow, Reference

SCHEMA = '''
CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, born DATE, paid BOOLEAN, "odd ""name""" TEXT,
  upper TEXT GENERATED ALWAYS AS (name || '!') STORED);
CREATE TABLE teams (code TEXT PRIMARY KEY, lead INTEGER REFERENCES people, size NUMERIC CHECK (size > 0));
CREATE TABLE members (team TEXT REFERENCES teams (code), person INTEGER REFERENCES people (id), PRIMARY KEY (team, person));
INSERT INTO people (id, name, "odd ""name""") VALUES (1, 'ada', 'it''s'), (2, 'bob', NULL);
INSERT INTO teams VALUES ('red', 1, 3);
CREATE TRIGGER endless AFTER INSERT ON members BEGIN
  SELECT count(*) FROM people a, people b WHERE (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n) > 1;
END;
'''


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(SCHEMA)
        yield made


def test_what_is_declared_is_told(connection: sqlite3.Connection) -> None:
    members, people, teams = tables(connection)
    assert [(c.name, c.kind, c.nullable) for c in people.columns] == [
        ("id", "integer", False),
        ("name", "text", False),
        ("born", "other", True),
        ("paid", "boolean", True),
        ('odd "name"', "text", True),
    ]
    assert (people.key, people.unique) == (("id",), (("name",),))
    assert teams.columns[2] == Column(name="size", kind="number", nullable=True, declared="NUMERIC")
    assert teams.references == (Reference(columns=("lead",), table="people", to=("id",)),)
    assert members.key == ("team", "person")
    assert {reference.table for reference in members.references} == {"people", "teams"}


def person(**cells: str | int | None) -> NewRow:
    names = ("id", "name", "born", "paid", 'odd "name"')
    return NewRow(table="people", columns=names, like={"id": 1}, cells=cells, key=("id",))


def team(like: str, **cells: str | int) -> NewRow:
    return NewRow(
        table="teams", columns=("code", "lead", "size"), like={"code": like}, cells=cells, key=("code",)
    )


def member(**cells: int) -> NewRow:
    key = ("team", "person")
    return NewRow(table="members", columns=key, like={"team": "red", "person": 1}, cells=cells, key=key)


def test_rows_are_put_and_taken_one_by_one(connection: sqlite3.Connection) -> None:
    rows = [
        person(id=3, name="o'hara"),
        person(id=4, name="ada"),
        person(id=5, name="eve", **{'odd "name"': None}),
    ]
    (refused,) = insert(connection, rows)
    assert (refused.row.cells["id"], "UNIQUE" in refused.reason) == (4, True)
    found = connection.execute('SELECT id, name, "odd ""name""" FROM people WHERE id > 2').fetchall()
    assert found == [(3, "o'hara", "it's"), (5, "eve", None)]
    delete(connection, rows)
    assert [name for (name,) in connection.execute("SELECT name FROM people ORDER BY id")] == ["ada", "bob"]


def test_a_row_that_breaks_a_rule_or_never_ends_takes_no_other_with_it(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("DROP TRIGGER endless")
    connection.execute("INSERT INTO members VALUES ('red', 1)")
    connection.commit()
    connection.executescript(SCHEMA[SCHEMA.index("CREATE TRIGGER") :])
    rows = [
        person(id=3, name="eve"),
        team("red", code="x", size=0),
        member(person=2),
        team("red", code="y", lead=99),
        team("none", code="z"),
    ]
    refused = insert(connection, rows, longest_s=0.05)
    assert [(one.row.table, one.reason.split(" ")[0]) for one in refused] == [
        ("teams", "CHECK"),
        ("members", "interrupted"),
        ("teams", "FOREIGN"),
        ("teams", "the"),
    ]
    assert connection.execute("SELECT count(*) FROM people").fetchone() == (3,)


def test_tables_are_emptied_together_or_not_at_all(connection: sqlite3.Connection) -> None:
    def left() -> list[int]:
        return [
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("people", "teams")
        ]

    assert not empty(connection, ("teams", "nowhere"))
    assert left() == [2, 1]
    assert empty(connection, ("teams", "people"))
    assert left() == [0, 0]
