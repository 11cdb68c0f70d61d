"""DDL: what statements declare, where, and what is passed over."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sql.ddl import read_ddl
from auditor.sql.schema import Declaration, Dropped, ForeignKey, Index, Source, Table, build_schema


def read(sql: str) -> tuple[Declaration, ...]:
    return read_ddl(sql, file="schema.sql")


def only_table(sql: str) -> Table:
    (found,) = read(sql)
    assert isinstance(found, Table)
    return found


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT a FROM t",
        "INSERT INTO t VALUES ('CREATE TABLE foo (a int);')",
        "-- CREATE TABLE foo (a int);",
        "/* CREATE INDEX i ON t (a); */",
        "CREATE FUNCTION f() RETURNS int AS $$ BEGIN CREATE TABLE foo (a int); END $$ LANGUAGE plpgsql;",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE TABLE a AS SELECT 1",
        "CREATE TABLE broken (((",
        "CREATE INDEX i ON {} (a)",
        "CREATE INDEX i ON t ({})",
        "please create a table of contents",
    ],
)
def test_nothing_is_declared(sql: str) -> None:
    assert read(sql) == ()


def test_a_table() -> None:
    table = only_table("""
CREATE TABLE IF NOT EXISTS public."users" (
  id serial PRIMARY KEY,
  email varchar(200) NOT NULL UNIQUE,
  org_id int REFERENCES orgs(id) ON DELETE CASCADE,
  a int DEFAULT 1, b int CHECK (b > 1),
  CONSTRAINT pair UNIQUE (a, b),
  FOREIGN KEY (b) REFERENCES bs
);""")
    where = Source("schema.sql", 2)
    assert (table.name, table.primary_key, table.source) == ("users", ("id",), where)
    assert table.unique == (("email",), ("a", "b"))
    assert [(c.name, c.nullable) for c in table.columns] == [
        ("id", False), ("email", False), ("org_id", True), ("a", True), ("b", True),
    ]  # fmt: skip
    assert table.foreign_keys == (
        ForeignKey(columns=("org_id",), table="orgs", references=("id",), declarer="ddl", source=where),
        ForeignKey(columns=("b",), table="bs", declarer="ddl", source=where),
    )


def test_a_mysql_table_with_its_keys() -> None:
    table = only_table(
        "CREATE TABLE `m` (`id` int NOT NULL AUTO_INCREMENT, `x` int, PRIMARY KEY (`id`), "
        "KEY `kx` (`x`), UNIQUE KEY `ux` (`x`, `id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
    )
    assert (table.primary_key, table.unique) == (("id",), (("x", "id"),))
    assert [(i.name, i.columns) for i in table.indexes] == [("kx", ("x",))]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE INDEX i ON t (a)", Index(columns=("a",), name="i")),
        ("create index on t(a, b desc)", Index(columns=("a", "b"))),
        ("CREATE UNIQUE INDEX i ON t (a)", Index(columns=("a",), name="i", unique=True)),
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t USING gin (a)",
            Index(columns=("a",), name="i", method="gin"),
        ),
        ("CREATE INDEX i ON t (lower(a), b)", Index(columns=("lower(a)", "b"), name="i")),
        ("CREATE INDEX i ON t (a) WHERE b IS NULL", Index(columns=("a",), name="i", condition="b IS NULL")),
        ("CREATE INDEX i ON t (a, {})", Index(columns=("a",), name="i")),
    ],
)
def test_indexes(sql: str, expected: Index) -> None:
    (index,) = only_table(sql).indexes
    assert index == Index(
        columns=expected.columns,
        name=expected.name,
        unique=expected.unique,
        condition=expected.condition,
        method=expected.method,
        source=Source("schema.sql", 1),
    )


def test_alterations() -> None:
    column, unique, key, foreign = read("""
        ALTER TABLE t ADD COLUMN c int NOT NULL;
        ALTER TABLE t ADD CONSTRAINT u UNIQUE (c);
        ALTER TABLE ONLY t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
        ALTER TABLE ONLY t ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES s(id);
    """)
    table = build_schema([column, unique, key, foreign]).table("t")
    assert table is not None
    assert ([c.name for c in table.columns], table.primary_key, table.unique) == (["c"], ("id",), (("c",),))
    assert [f.table for f in table.foreign_keys] == ["s"]


def test_drops() -> None:
    assert read("DROP INDEX IF EXISTS i; DROP TABLE a, b; ALTER TABLE t DROP INDEX k; DROP INDEX k ON t") == (
        Dropped(kind="index", name="i"),
        Dropped(kind="table", name="a"),
        Dropped(kind="table", name="b"),
        Dropped(kind="index", name="k"),
        Dropped(kind="index", name="k"),
    )


def test_places_count_from_where_the_text_stands() -> None:
    sql = "-- a; comment\n\nSELECT ';\n';\n  CREATE INDEX i ON t (a);\nBROKEN (;\nCREATE INDEX j ON t (b);"
    found = read_ddl(sql, file="0001.py", first_line=10)
    places = [index.source for piece in found if isinstance(piece, Table) for index in piece.indexes]
    assert places == [Source("0001.py", 14), Source("0001.py", 16)]


WORDS = """
CREATE TABLE INDEX UNIQUE ALTER DROP ADD CONSTRAINT COLUMN t a int ( ) , ; ON USING gin PRIMARY KEY
FOREIGN REFERENCES s {} 'x' NOT NULL DEFAULT 1 WHERE ONLY IF EXISTS lower( " ` RENAME TO CHECK LIKE
AS SELECT
"""
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=800)
@given(
    words=st.lists(PIECES, max_size=25), start=st.sampled_from(["", "CREATE TABLE t (", "ALTER TABLE t ADD "])
)
def test_no_text_raises(words: list[str], start: str) -> None:
    build_schema(read(start + " ".join(words)))


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t " + "(" * 200_000,
        "CREATE TABLE t (" + "a int," * 9_000 + "b int)",
        "CREATE TABLE t (a int); " * 2_000,
        "CREATE " * 100_000,
        "ALTER TABLE t ADD " * 3_000,
        ";" * 1_000_000,
    ],
    ids=lambda sql: sql[:20],
)
def test_hostile_text_takes_bounded_time(sql: str) -> None:
    start = time.process_time()
    read(sql)
    assert time.process_time() - start < 10
