"""Rows that are made up: they hold what the schema asks for, and nothing that it does not tell of."""

import sqlite3
from contextlib import closing

import pytest

from auditor.execution.databases import sqlite_tables
from auditor.execution.databases.made_up import made_up_rows

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(40) NOT NULL UNIQUE, is_active BOOLEAN NOT NULL, is_banned BOOLEAN NOT NULL,
  deleted_at DATETIME, joined DATETIME NOT NULL, role VARCHAR(6) CHECK (role IN ('admin', 'member')), made INTEGER DEFAULT 7,
  boss_id INTEGER REFERENCES users(id));
CREATE TABLE articles (id CHAR(36) PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, slug TEXT NOT NULL UNIQUE, extra JSON NOT NULL);
CREATE TABLE tags (tag TEXT PRIMARY KEY, code VARCHAR(2) NOT NULL);
CREATE TABLE article_tags (article_id CHAR(36) NOT NULL REFERENCES articles, tag TEXT NOT NULL REFERENCES tags, PRIMARY KEY (article_id, tag));
"""


def filled(schema: str, before: str = "", number: int = 4) -> dict[str, list[dict[str, object]]]:
    """Every row by table once the schema was made, `before` was put into it, and the rest was made up."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema + before)
        rows = made_up_rows(sqlite_tables.tables(connection), _dump(connection), number=number)
        assert sqlite_tables.insert(connection, rows) == ()
        return _dump(connection)


def _dump(connection: sqlite3.Connection) -> dict[str, list[dict[str, object]]]:
    found = {}
    for table in sqlite_tables.tables(connection):
        cursor = connection.execute(f'SELECT * FROM "{table.name}"')
        names = [column[0] for column in cursor.description]
        found[table.name] = [dict(zip(names, row, strict=True)) for row in cursor]
    return found


def test_every_table_has_rows_that_its_own_database_takes() -> None:
    made = filled(SCHEMA)
    assert {name: len(rows) for name, rows in made.items()} == {
        "users": 12, "articles": 12, "tags": 4, "article_tags": 12,
    }  # fmt: skip
    assert len({row["author_id"] for row in made["articles"]}) == 12
    assert len({(row["article_id"], row["tag"]) for row in made["article_tags"]}) == 12


def test_what_lists_show() -> None:
    user, *_ = filled(SCHEMA)["users"]
    assert user["email"] == "user1@example.com"
    assert (user["is_active"], user["is_banned"], user["deleted_at"], user["boss_id"]) == (1, 0, None, None)
    assert user["joined"] == "2024-01-01 13:00:00"
    assert user["role"] in {"admin", "member"}
    assert user["made"] == 7


def test_a_table_that_has_rows_keeps_just_these() -> None:
    made = filled(SCHEMA, "INSERT INTO tags VALUES ('a', 'b');")
    assert made["tags"] == [{"tag": "a", "code": "b"}]
    assert {row["tag"] for row in made["article_tags"]} == {"a"}


NEEDED = "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a(id));"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (f"CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER NOT NULL REFERENCES b(id));{NEEDED}", {"a": 0, "b": 0}),
        (f"CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b(id));{NEEDED}", {"a": 6, "b": 6}),
        ("CREATE TABLE a (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a(id));", {"a": 0}),
    ],
    ids=["each needs the other", "one can do without", "itself"],
)  # fmt: skip
def test_tables_in_a_circle(schema: str, expected: dict[str, int]) -> None:
    assert {name: len(rows) for name, rows in filled(schema, number=2).items()} == expected


def test_more_of_them_begin_with_the_same() -> None:
    few, many = filled(SCHEMA, number=2), filled(SCHEMA, number=8)
    assert many["users"][: len(few["users"])] == few["users"]
    assert len(many["users"]) == 4 * len(few["users"])
