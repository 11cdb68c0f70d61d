"""What is shown of statements that hold passwords and keys."""

import pytest

from auditor.sql.secret_literals import without_secrets
from auditor.sql.short_statement import short_statement


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM orders WHERE status = 'open' AND kind IN ('a', 'b')",
        "SELECT * FROM users WHERE password = %s AND token = '{token}'",
        "SELECT * FROM users WHERE password = '' OR password = ':given'",
        "SELECT * FROM users WHERE id = '550e8400-e29b-41d4-a716-446655440000'",
        "SELECT to_char(made, 'YYYY-MM-DD HH24:MI:SS') FROM rows_of_a_table_with_a_long_name_and_2_digits",
        "SELECT 'a_long_name.of_some_module-or-other' FROM t WHERE d > '2024-01-01'",
        'SELECT "users"."password" FROM "users" WHERE "users"."token" = "keys"."token"',
        "SELECT 1",
        "",
    ],
)
def test_what_is_no_secret_stays(statement: str) -> None:
    assert without_secrets(statement) == statement


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        (
            "SELECT id FROM users WHERE password = 'hunter2' AND id = %s",
            "SELECT id FROM users WHERE password = '…' AND id = %s",
        ),
        (
            "INSERT INTO users (name, pwd) VALUES ('ada', 'hunter2')",
            "INSERT INTO users (name, pwd) VALUES ('…', '…')",
        ),
        ("ALTER ROLE app WITH PASSWORD 'hunter2'", "ALTER ROLE app WITH PASSWORD '…'"),
        ("CREATE USER a IDENTIFIED BY 'it''s hunter2'", "CREATE USER a IDENTIFIED BY '…'"),
        ('CREATE USER a IDENTIFIED BY "hunter2"', 'CREATE USER a IDENTIFIED BY "…"'),
        ("ALTER ROLE app PASSWORD $x$hunter2$x$", "ALTER ROLE app PASSWORD '…'"),
        ("SELECT 1 WHERE api_key = 'hunter2 cut of", "SELECT 1 WHERE api_key = '…'"),
        ("SELECT 1 FROM t WHERE k = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'", "SELECT 1 FROM t WHERE k = '…'"),
        ("SELECT dblink('postgresql://bob:hunter2@db/x')", "SELECT dblink('postgresql://bob:…@db/x')"),
        ("SELECT pgp_sym_decrypt(x, 'hunter2') FROM t", "SELECT pgp_sym_decrypt(x, '…') FROM t"),
    ],
)
def test_a_secret_is_hidden(statement: str, shown: str) -> None:
    assert without_secrets(statement) == shown
    assert "hunter2" not in short_statement(statement)


def test_a_long_statement_is_cut() -> None:
    shown = without_secrets("SELECT 1 WHERE password = '" + "hunter2" * 5_000)
    assert shown == "SELECT 1 WHERE password = '…'"
    assert without_secrets("SELECT " + "a, " * 9_000).endswith("…")
