"""Statements as text that count or sum for one key."""

import sqlite3

import pytest

from auditor.codemods.scalar_sql import grouped

PLAIN = "SELECT COUNT(*) FROM bookings WHERE space_id = :space_id"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM bookings WHERE space_id = :space_id OR day = 3",
        "SELECT COUNT(*) FROM bookings WHERE NOT (space_id = :space_id)",
        "SELECT COUNT(*) FROM bookings WHERE space_id = :space_id AND day BETWEEN 1 AND 3",
        "SELECT COUNT(*), MAX(day) FROM bookings WHERE space_id = :space_id",
        "SELECT DISTINCT COUNT(*) FROM bookings WHERE space_id = :space_id",
        "SELECT COUNT(DISTINCT day) FROM bookings WHERE space_id = :space_id",
        "SELECT day FROM bookings WHERE space_id = :space_id",
        "SELECT COUNT(*) FROM bookings b WHERE b.space_id = :space_id",
        "SELECT COUNT(*) FROM bookings, spaces WHERE space_id = :space_id",
        "SELECT COUNT(*) FROM bookings WHERE space_id = :space_id LIMIT 5",
        "SELECT COUNT(*) FROM bookings WHERE space_id = :space_id AND owner = :space_id",
        "SELECT COUNT(*) FROM bookings WHERE space_id > :space_id",
        "SELECT COUNT(*) FROM bookings WHERE day IN (SELECT 1) AND space_id = :space_id",
        "SELECT COUNT(*) FROM bookings WHERE space_id = :space_id; DROP TABLE bookings",
        "DELETE FROM bookings WHERE space_id = :space_id",
    ],
)
def test_anything_but_a_plain_aggregate_is_left_alone(sql: str) -> None:
    assert grouped(sql, "space_id", "space_ids") is None


@pytest.mark.parametrize(
    ("selected", "missing"),
    [("COUNT(*)", "0"), ("count(day)", "0"), ("SUM(day)", "None"), ("COALESCE(MAX(day), -1)", "-1")],
)
def test_the_statement_for_many_gives_what_those_for_one_give(selected: str, missing: str) -> None:
    one = f"SELECT {selected} FROM bookings WHERE note <> 'a AND b' AND space_id = :space_id AND (day > 1 AND day < 9)"
    many = grouped(one, "space_id", "space_ids")
    assert many is not None
    assert (many.table, many.column, many.missing) == ("bookings", "space_id", missing)
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE TABLE bookings (space_id INTEGER, day INTEGER, note TEXT)")
        rows = [(1, 2, "x"), (1, 3, "a AND b"), (1, 4, "y"), (2, 5, "z"), (3, 99, "late")]
        database.executemany("INSERT INTO bookings VALUES (?, ?, ?)", rows)
        wanted = {key: database.execute(one, {"space_id": key}).fetchone()[0] for key in (1, 2, 3, 4)}
        found = dict(database.execute(many.text.replace(":space_ids", "(1, 2, 3, 4)")).fetchall())
    finally:
        database.close()
    assert {key: found.get(key, eval(many.missing)) for key in wanted} == wanted  # a literal of ours
