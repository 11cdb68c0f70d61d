"""Statements in a table."""

import pytest

from auditor.sql.short_statement import short_statement


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("SELECT id FROM a WHERE b = ?", "SELECT id FROM a WHERE b = ?"),
        ("SELECT COUNT(*) AS n\n  FROM bookings", "SELECT COUNT(*) AS n FROM bookings"),
        ("UPDATE a SET b = ? WHERE id = ?", "UPDATE a SET b = ? WHERE id = ?"),
        ("SELECT ?", "SELECT ?"),
        ("DELETE FROM a", "DELETE FROM a"),
        (
            "SELECT a.id AS a_id, a.name AS a_name, a.place AS a_place FROM a WHERE a.id = ?",
            "SELECT … FROM a WHERE a.id = ?",
        ),
        (
            "select a.id, (SELECT count(*) FROM b WHERE b.a = a.id) AS n from a",
            "select … from a",
        ),
        (f"INSERT INTO a VALUES ({'?, ' * 60}?)", f"INSERT INTO a VALUES ({'?, ' * 28}?,…"),
    ],
)
def test_what_a_cell_shows(text: str, short: str) -> None:
    assert short_statement(text) == short
    assert len(short) <= 110
