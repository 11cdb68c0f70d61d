"""Reading statements: what they filter, join, sort and give, and what can't be read."""

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sql.dialect import Dialect
from auditor.sql.read import read_statement
from auditor.sql.statement import ColumnUse, Filter, Join, Ordering, Statement


def read(sql: str, *, dialect: Dialect | None = None) -> Statement:
    found = read_statement(sql, dialect=dialect)
    assert found is not None, sql
    return found


def filters(sql: str) -> list[tuple[str | None, str, str]]:
    return [(f.table, f.column, f.operator) for f in read(sql).filters]


@pytest.mark.parametrize(
    "sql", ["", "   ", "hello world", "SELECT FROM WHERE", "please select one of these", "((("]
)
def test_no_statement(sql: str) -> None:
    assert read_statement(sql) is None


@pytest.mark.parametrize(
    ("sql", "kind", "tables"),
    [
        ("SELECT 1", "select", ()),
        ("SELECT a FROM t", "select", ("t",)),
        ("select a from t; select b from s", "select", ("t",)),
        ("INSERT INTO t (a) SELECT b FROM s", "insert", ("t", "s")),
        ("INSERT IGNORE INTO t VALUES (1)", "insert", ("t",)),
        ("INSERT INTO t (a) VALUES (%s) ON DUPLICATE KEY UPDATE a = VALUES(a)", "insert", ("t",)),
        ("UPDATE t SET a = 1 FROM s WHERE s.id = t.id", "update", ("t", "s")),
        ("DELETE FROM public.t WHERE id = 1", "delete", ("t",)),
        ("CREATE INDEX i ON t (a)", "ddl", ("t",)),
        ("DROP TABLE t", "ddl", ()),
        ("BEGIN", "other", ()),
        ("WITH c AS (SELECT id FROM t) SELECT id FROM c JOIN sales.o USING (id)", "select", ("sales.o", "t")),
        ("SELECT a FROM t UNION SELECT b FROM s", "select", ("t", "s")),
        ('SELECT a FROM "Mixed Case"', "select", ("Mixed Case",)),
        ("SELECT `a` FROM `t` LIMIT 5, 10", "select", ("t",)),
        ("SELECT a FROM x, y", "select", ("x", "y")),
    ],
)
def test_kinds_and_tables(sql: str, kind: str, tables: tuple[str, ...]) -> None:
    found = read(sql)
    assert (found.kind, found.tables) == (kind, tables)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t", []),
        ("SELECT a FROM t JOIN s ON s.id = t.s_id", []),
        ("SELECT a FROM t WHERE 1 = 1", []),
        ("SELECT a FROM t WHERE x = %s AND y > :p", [("t", "x", "="), ("t", "y", ">")]),
        ("SELECT a FROM t WHERE 5 < x", [("t", "x", ">")]),
        ("SELECT a FROM t WHERE x IN ($1, $2) AND y = ANY(%s)", [("t", "x", "in"), ("t", "y", "in")]),
        (
            "SELECT a FROM t WHERE x NOT IN (1) AND y IS NOT NULL",
            [("t", "x", "not in"), ("t", "y", "is not null")],
        ),
        ("SELECT a FROM t WHERE x IS NULL AND NOT y", [("t", "x", "is null"), ("t", "y", "!=")]),
        ("SELECT a FROM t WHERE x BETWEEN %s AND %s", [("t", "x", "between")]),
        (
            "SELECT a FROM t WHERE x LIKE 'ab%' AND y LIKE '%ab'",
            [("t", "x", "prefix"), ("t", "y", "pattern")],
        ),
        ("SELECT a FROM t WHERE x LIKE %s AND y ILIKE 'a%'", [("t", "x", "pattern"), ("t", "y", "pattern")]),
        ("SELECT a FROM t u JOIN s v ON v.k = 1 WHERE u.x = 2", [("t", "x", "="), ("s", "k", "=")]),
        ("SELECT a FROM t, s WHERE x = 1", [(None, "x", "=")]),
        ("SELECT a FROM t WHERE id IN (SELECT i FROM s WHERE q = 1)", [("t", "id", "in"), ("s", "q", "=")]),
        ("SELECT a FROM (SELECT b FROM t WHERE c = 1) d WHERE d.b = 2", [(None, "b", "="), ("t", "c", "=")]),
        ("UPDATE t SET a = 1 WHERE b = 2", [("t", "b", "=")]),
        ("DELETE FROM t WHERE b < now()", [("t", "b", "<")]),
    ],
)
def test_filters(sql: str, expected: list[tuple[str | None, str, str]]) -> None:
    assert filters(sql) == expected


def test_what_an_index_cannot_serve_is_marked() -> None:
    found = read(
        "SELECT a FROM t WHERE x = 1 AND (y = 2 OR z > 3) AND lower(w) = %s AND v::date = %s AND u > 4"
    )
    assert [f.column for f in found.filters if not f.required] == ["y", "z"]
    assert [(f.column, f.wrapped_by) for f in found.filters if f.wrapped_by] == [
        ("w", "lower"),
        ("v", "cast"),
    ]
    assert found.equality_columns("t") == ("x",)
    assert found.range_columns("t") == ("u",)
    assert found.equality_columns("s") == ()


def test_not_over_or_makes_both_sides_required() -> None:
    found = read("SELECT a FROM t WHERE NOT (x > 1 OR y = 2)")
    assert found.filters == (
        Filter(table="t", column="x", operator="other"),
        Filter(table="t", column="y", operator="!="),
    )


def test_joins_also_of_correlated_subqueries() -> None:
    found = read("SELECT a FROM t JOIN s ON s.id = t.s_id WHERE EXISTS (SELECT 1 FROM r WHERE r.t_id = t.id)")
    assert found.joins == (
        Join(left=ColumnUse("s", "id"), right=ColumnUse("t", "s_id")),
        Join(left=ColumnUse("r", "t_id"), right=ColumnUse("t", "id")),
    )


def test_order_limit_and_columns() -> None:
    found = read("SELECT t.a AS b, c + 1 AS d FROM t ORDER BY b DESC, d, lower(e) LIMIT 10 OFFSET %s")
    assert found.order_by == (
        Ordering(table="t", column="a", descending=True),
        Ordering(table=None, column=None, descending=False),
        Ordering(table=None, column=None, descending=False),
    )
    assert (found.has_limit, found.limit, found.star) == (True, 10, False)
    assert found.selected == (ColumnUse("t", "a"),)
    assert read("SELECT a FROM t LIMIT %s").has_limit
    assert read("SELECT a FROM t LIMIT %s").limit is None
    assert read("SELECT a FROM t FETCH FIRST 3 ROWS ONLY").limit == 3
    assert not read("SELECT a FROM t WHERE id IN (SELECT b FROM s ORDER BY c LIMIT 3)").has_limit


@pytest.mark.parametrize(
    ("projection", "star", "aggregate"),
    [("*", True, False), ("t.*", True, False), ("COUNT(*)", False, True), ("MAX(a) + 1", False, True),
     ("COUNT(*) OVER ()", False, False), ("(SELECT COUNT(*) FROM s)", False, False), ("a", False, False)],
)  # fmt: skip
def test_stars_and_aggregates(projection: str, *, star: bool, aggregate: bool) -> None:
    found = read(f"SELECT {projection} FROM t")
    assert (found.star, found.aggregate) == (star, aggregate)


@pytest.mark.parametrize(
    ("sql", "one"),
    [
        ("SELECT COUNT(*) FROM t", True),
        ("SELECT a FROM t LIMIT 1", True),
        ("SELECT COUNT(*) FROM t GROUP BY a", False),
        ("SELECT a FROM t LIMIT 2", False),
        ("SELECT a FROM t", False),
    ],
)
def test_one_row_at_most(sql: str, *, one: bool) -> None:
    assert read(sql).gives_one_row is one


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE x = {} AND y IN ({}) AND z LIKE '{}%' LIMIT {}",
        "SELECT a FROM t WHERE x BETWEEN {} AND {}",
        "INSERT INTO t (a) VALUES ({})",
    ],
)
def test_holes_for_values_hide_nothing(sql: str) -> None:
    assert read(sql).complete


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT a FROM t {} LIMIT 5", ("t",)),
        ("SELECT a FROM t WHERE b = 1 {} LIMIT 5", ("t",)),
        ("SELECT a FROM t WHERE {} ORDER BY a", ("t",)),
        ("SELECT {} FROM t", ("t",)),
        ("SELECT a FROM t WHERE {} = 1", ("t",)),
        ("SELECT a FROM t ORDER BY {}", ("t",)),
        ("SELECT a FROM app_{} WHERE b = 1", ()),
        ('SELECT a FROM "{}_x" WHERE b = 1', ()),
        ("SELECT a FROM {}.{} WHERE b = 1", ()),
    ],
)
def test_holes_anywhere_else_are_admitted(sql: str, tables: tuple[str, ...]) -> None:
    found = read(sql)
    assert not found.complete
    assert found.tables == tables
    assert "__hole__" not in repr(found)


def test_a_dialect_can_be_given() -> None:
    assert filters('SELECT a FROM t WHERE b = "c"') == []
    assert read('SELECT a FROM t WHERE b = "c"', dialect="mysql").equality_columns("t") == ("b",)


WORDS = """
SELECT a , b * FROM t s WHERE x = 1 y IN ( ) AND OR NOT JOIN ON LEFT GROUP ORDER BY LIMIT 5 {} %s
'q' CASE WHEN THEN END UNION INSERT INTO VALUES UPDATE SET DELETE USING WITH AS COUNT(*) t.a IS NULL
LIKE BETWEEN EXISTS OVER PARTITION LATERAL CREATE TABLE INDEX ALTER DROP ADD UNIQUE :: -> [ ] ;
DISTINCT VALUES
"""
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=800)
@given(sql=st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map(" ".join)))
def test_no_text_raises(sql: str) -> None:
    read_statement(sql)
    read_statement("SELECT a FROM t WHERE " + sql)


@pytest.mark.parametrize(
    "sql",
    [
        "(" * 200_000,
        "SELECT " + "(" * 200_000 + "1" + ")" * 200_000,
        "SELECT " + "(" * 30 + "1",
        "SELECT a FROM " + "(" * 29 + "t" + ")" * 29 + " WHERE " + "(" * 29 + "x" + ")" * 28,
        "SELECT a FROM t WHERE " + "NOT " * 10_000 + "x",
        "SELECT " + "- " * 20_000 + "x",
        "SELECT a FROM t WHERE " + " OR ".join(["x = 1"] * 6_000),
        "SELECT a FROM t WHERE " + "(x = 1 AND " * 25 + "y" + ")" * 25,
        "SELECT a FROM t WHERE x IN (" + "1," * 30_000 + "1)",
        "SELECT " + "CASE WHEN " * 6_000,
        "SELECT " + "a." * 20_000 + "b",
        "SELECT a FROM t" + " JOIN t" * 8_000,
        "SELECT " + "SELECT " * 8_000,
        "SELECT f(" * 6_000,
        "WITH a AS (SELECT 1), " * 2_000,
        "SELECT 1" + " UNION SELECT 1" * 4_000,
        "SELECT a FROM t WHERE x" + " = x" * 10_000,
        "SELECT '" + "x" * 70_000 + "'",
    ],
    ids=lambda sql: sql[:30],
)
def test_hostile_text_takes_bounded_time(sql: str) -> None:
    start = time.process_time()
    read_statement(sql)
    assert time.process_time() - start < 10


def test_nothing_heavy_is_imported_until_a_statement_is_read() -> None:
    code = (
        "import sys, auditor.sql.read, auditor.sql.ddl, auditor.sql.fingerprint, auditor.sql.advice as a;"
        "auditor = sys.modules['auditor']; auditor.sql.fingerprint.fingerprint('SELECT 1');"
        "assert 'sqlglot' not in sys.modules;"
        "auditor.sql.read.read_statement('SELECT 1'); assert 'sqlglot' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
