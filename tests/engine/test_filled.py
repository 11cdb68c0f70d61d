"""What is said of the rows that are asked for."""

import pytest

from auditor.config.database import DatabaseSettings, Engine
from auditor.engine.measuring.filled import told_of_rows
from auditor.execution.databases.tables import Table

SEEDED = DatabaseSettings(engine=Engine.SQLITE)
MADE_UP = DatabaseSettings(engine=Engine.SQLITE, made_up=2)
TABLES = tuple(Table(name=name, columns=(), key=()) for name in ("alembic_version", "items", "users"))
VERSION = {"alembic_version": [{"version_num": "a"}]}


@pytest.mark.parametrize(
    ("settings", "tables", "rows"),
    [
        (DatabaseSettings(), TABLES, {}),
        (SEEDED, (), {}),
        (SEEDED, TABLES[:1], VERSION),
        (SEEDED, TABLES, {**VERSION, "users": [{"id": 1}]}),
    ],
    ids=["no database", "no tables", "none of its own", "one row"],
)
def test_silence(settings: DatabaseSettings, tables: tuple[Table, ...], rows: dict[str, list[dict[str, object]]]) -> None:  # fmt: skip
    assert told_of_rows(settings, tables, rows) == ((), ())


@pytest.mark.parametrize("settings", [SEEDED, MADE_UP])
def test_an_empty_database_is_warned_of(settings: DatabaseSettings) -> None:
    (warning,), notes = told_of_rows(settings, TABLES, VERSION)
    assert warning.startswith("All 2 tables of the database are empty")
    assert notes == ()


def test_rows_that_are_made_up_are_told_of() -> None:
    warnings, (note,) = told_of_rows(MADE_UP, TABLES, {**VERSION, "users": [{"id": 1}, {"id": 2}]})
    assert warnings == ()
    assert "its 2 rows in 1 tables are made up" in note
    assert note.endswith("items stay empty")
