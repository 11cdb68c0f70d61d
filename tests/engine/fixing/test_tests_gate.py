"""The target's own tests, run in the jail: what they stop, and what they only show."""

import pytest
from timed_shop import APP, Fixed, Small, shop

pytestmark = pytest.mark.long

LOOP = APP[
    APP.index("        found = []\n        for row in rows:\n            owner") : APP.index("    time.sleep")
]
BATCH = """        names = dict(connection.execute("SELECT id, name FROM owners LIMIT 8").fetchall())
        found = [{"id": row["id"], "owner": named(names[row["owner"]])} for row in rows]
"""
PATCHES = {
    "forgets-nobody": [(LOOP, BATCH), ('return name or "nobody"', "return name")],
    "a-batch": [(LOOP, BATCH)],
}
TESTS = """
import sqlite3
import app

def test_nobody():
    assert app.named("") == "nobody"

def test_that_fails_before_any_change():
    assert app.named("ada") == "Ada"

def test_statements(monkeypatch):
    statements = []
    connect = sqlite3.connect
    def traced(*args, **options):
        connection = connect(*args, **options)
        connection.set_trace_callback(statements.append)
        return connection
    monkeypatch.setattr(sqlite3, "connect", traced)
    app.app.test_client().get("/orders")
    assert len(statements) == 9
"""
SETTINGS = '[tests]\ncommand = "python -m pytest -q test_app.py"\ntimeout = "60s"\n'


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return shop(tmp_path_factory, PATCHES, settings=SETTINGS, more={"test_app.py": TESTS})


@pytest.fixture(scope="module")
def tried(small: Small) -> Fixed:
    return small.fixed(*PATCHES, time=False)


def test_what_only_a_test_knows_is_stopped_and_the_rest_lands(tried: Fixed) -> None:
    failed = [one.verdict for one in tried.ledger.failed if one.change == "C-forgets-nobody"]
    assert [(one.verdict, one.gate) for one in failed] == [("reverted", "tests")]
    assert "test_app::test_nobody" in failed[0].text
    assert any("return name" in line for line in failed[0].culprit)


def test_a_test_that_fails_because_fewer_statements_ran_is_shown(tried: Fixed) -> None:
    kept = tried.ledger.kept[0]
    assert [line.partition(" expects")[0] for line in kept.verdict.shown] == [
        "C-forgets-nobody: test_app::test_statements"
    ]
    assert "expects 9 queries, and 2 ran" in kept.verdict.shown[0]


def test_what_failed_before_is_said(tried: Fixed) -> None:
    assert any("test_that_fails_before_any_change" in note for note in tried.result.notes)
