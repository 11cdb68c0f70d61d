import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from auditor.execution.databases.access import Access
from auditor.execution.databases.sqlite_plans import add_indexes, explain, indexes


@pytest.fixture
def shop() -> Iterator[sqlite3.Connection]:
    """100 orders of 10 owners."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, owner INTEGER, code TEXT)")
        connection.executemany("INSERT INTO owners VALUES (?, ?)", [(at, f"p{at}") for at in range(10)])
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?)", [(at, at % 10, f"c{at}") for at in range(100)]
        )
        yield connection


def steps(connection: sqlite3.Connection, statement: str) -> list[tuple[str, str, str, float]]:
    plan = explain(connection, [statement])[statement]
    return [(step.table, step.how, step.index, step.rows) for step in plan]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders VALUES (1, 2, 'x')",
        "DELETE FROM orders",
        "PRAGMA user_version = 7",
        "SELECT * FROM nowhere",
        "SELECT my_own_function(id) FROM orders",
        "SELECT (",
        "ATTACH 'x' AS y",
    ],
)
def test_what_writes_or_can_not_be_planned_is_left_out(shop: sqlite3.Connection, statement: str) -> None:
    assert explain(shop, [statement]) == {}
    assert shop.execute("SELECT COUNT(*) FROM orders").fetchone() == (100,)
    assert shop.execute("PRAGMA user_version").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM orders WHERE code = ?",
        "SELECT o.id FROM orders AS o WHERE o.code = :code",
        'SELECT o.id FROM "orders" o WHERE o.code IN (?, ?)',
        "SELECT id FROM orders WHERE code = %s AND id % 2 <= %s LIMIT 21",
        "SELECT id FROM orders WHERE code = %(code)s AND id %% 2 <= %(most)s",
        "SELECT id FROM orders WHERE code = strftime('%s', ?)",
    ],
)
def test_a_scan_becomes_a_search(shop: sqlite3.Connection, statement: str) -> None:
    assert steps(shop, statement) == [("orders", "scan", "", 100)]
    shop.execute("CREATE INDEX orders_code ON orders (code)")
    assert steps(shop, statement) == [("orders", "search", "orders_code", 1)]


def test_a_search_reads_as_many_as_share_a_key(shop: sqlite3.Connection) -> None:
    shop.execute("CREATE INDEX orders_owner ON orders (owner)")
    assert steps(shop, "SELECT id FROM orders WHERE owner = ?") == [("orders", "search", "orders_owner", 10)]
    assert steps(shop, "SELECT owner FROM orders WHERE id = ?") == [("orders", "search", "", 1)]


def test_loops_within_each_other_are_multiplied(shop: sqlite3.Connection) -> None:
    statement = "SELECT * FROM owners CROSS JOIN orders WHERE orders.owner = owners.id AND owners.name > ?"
    shop.execute("CREATE INDEX orders_owner ON orders (owner)")
    (owners, orders) = explain(shop, [statement])[statement]
    assert (orders.table, orders.how) == ("orders", "search")
    assert orders.rows == owners.rows * 10


def test_an_automatic_index_is_a_scan(shop: sqlite3.Connection) -> None:
    statement = "SELECT * FROM orders a CROSS JOIN orders b ON a.code = b.code"
    assert [step.how for step in explain(shop, [statement])[statement]] == ["scan", "scan"]


def test_indexes_are_known_by_what_makes_them(shop: sqlite3.Connection) -> None:
    assert indexes(shop) == frozenset()
    shop.execute("CREATE INDEX\n  orders_code ON orders (code)")
    assert indexes(shop) == {"CREATE INDEX orders_code ON orders (code)"}
    assert Access(table="t", how="scan").rows == 0


@pytest.mark.parametrize(
    "refused",
    [
        ["CREATE INDEX a ON orders (code)", "CREATE INDEX b ON nowhere (code)"],
        ["CREATE INDEX a ON orders (code)", "DROP TABLE orders"],
        ["CREATE INDEX a ON orders (printf('%9d', id))"],
        ["CREATE INDEX a ON orders (code) WHERE hex(owner) > 1"],
    ],
)
def test_what_computes_or_can_not_be_made_is_not_made_nor_what_stands_beside_it(
    shop: sqlite3.Connection, refused: list[str]
) -> None:
    shop.commit()
    before = indexes(shop)
    assert not add_indexes(shop, refused)
    assert indexes(shop) == before


def test_indexes_of_another_database_are_made_as_they_are_there(shop: sqlite3.Connection) -> None:
    wanted = frozenset({
        "CREATE INDEX orders_code ON orders (code)",
        'CREATE UNIQUE INDEX IF NOT EXISTS "of it" ON "orders" (owner DESC, `id`)',
    })  # fmt: skip
    shop.commit()
    assert add_indexes(shop, wanted)
    assert len(indexes(shop)) == 2
    assert steps(shop, "SELECT id FROM orders WHERE code = ?")[0][1:3] == ("search", "orders_code")


def test_where_rows_were_counted_for_the_others_they_are_for_the_new_one(shop: sqlite3.Connection) -> None:
    counted = "SELECT count(*) FROM sqlite_stat1 WHERE idx = 'orders_code'"
    shop.execute("ANALYZE")
    shop.commit()
    assert add_indexes(shop, ["CREATE INDEX orders_code ON orders (code)"])
    assert shop.execute(counted).fetchone() == (1,)
