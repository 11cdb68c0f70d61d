"""The schema: what counts as an index for a search, and how declarations add up."""

import pytest

from auditor.sql.dialect import Dialect
from auditor.sql.schema import (
    Column,
    Declarer,
    Dropped,
    ForeignKey,
    Index,
    Schema,
    Source,
    Table,
    build_schema,
)

HERE = Source("models.py", 3)


def with_indexes(*indexes: Index) -> Schema:
    return build_schema([Table(name="t", indexes=indexes)])


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (Index(columns=("a",)), ["b"]),
        (Index(columns=("a", "b")), ["b"]),
        (Index(columns=("a",)), ["a", "b"]),
        (Index(columns=("a", "c", "b")), ["a", "b"]),
        (Index(columns=("a",), condition="a > 1"), ["a"]),
        (Index(columns=("a",), condition="a > 1", unique=True), ["a", "b"]),
        (Index(columns=("a",), method="gin"), ["a"]),
        (Index(columns=("a", "b"), method="hash"), ["a"]),
        (Index(columns=("lower(a)",)), ["a"]),
        (Index(columns=("a",)), []),
    ],
)
def test_no_index_for_a_search(index: Index, columns: list[str]) -> None:
    assert with_indexes(index).has_index_for("t", columns) is None


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (Index(columns=("a",)), ["a"]),
        (Index(columns=("a", "b")), ["a"]),
        (Index(columns=("a", "b")), ["b", "a"]),
        (Index(columns=("A", "b", "c")), ["b", "a"]),
        (Index(columns=("a",), method="hash"), ["a"]),
        (Index(columns=("a",), unique=True), ["b", "a"]),
        (Index(columns=("lower(a)",)), ["lower(a)"]),
    ],
)
def test_an_index_for_a_search(index: Index, columns: list[str]) -> None:
    assert with_indexes(index).has_index_for("t", columns) == index


def test_an_unknown_table_has_no_index_and_is_told_apart() -> None:
    schema = with_indexes()
    assert schema.has_index_for("unknown", ["a"]) is None
    assert schema.table("unknown") is None
    assert schema.table("t") is not None


def test_the_longest_usable_prefix() -> None:
    short, long = Index(columns=("a", "x")), Index(columns=("a", "b", "x"))
    assert with_indexes(short, long).leading_index_for("t", ["a", "b", "c"]) == long
    assert with_indexes(short, long).leading_index_for("t", ["x"]) is None


def test_keys_are_indexes() -> None:
    schema = build_schema([Table(name="t", primary_key=("id",), unique=(("a", "b"),), source=HERE)])
    key, unique = schema.has_index_for("t", ["id"]), schema.has_index_for("t", ["b", "a"])
    assert key is not None
    assert unique is not None
    assert (key.origin, key.unique, key.source) == ("primary key", True, HERE)
    assert unique.origin == "unique"


@pytest.mark.parametrize(
    ("declarer", "indexed", "dialect", "expected"),
    [
        ("sqlalchemy", None, None, False),
        ("sqlalchemy", None, "postgresql", False),
        ("ddl", None, "sqlite", False),
        ("django", False, "postgresql", False),
        ("django", None, "postgresql", True),
        ("django", None, None, True),
        ("sqlalchemy", True, None, True),
        ("ddl", None, "mysql", True),
        ("django", False, "mysql", True),
    ],
)
def test_which_foreign_keys_bring_an_index(
    declarer: Declarer, *, indexed: bool | None, dialect: Dialect | None, expected: bool
) -> None:
    key = ForeignKey(columns=("s_id",), table="s", declarer=declarer, indexed=indexed)
    schema = build_schema([Table(name="t", foreign_keys=(key,))], dialect=dialect)
    assert (schema.has_index_for("t", ["s_id"]) is not None) is expected


def test_pieces_of_a_table_add_up() -> None:
    model = Table(name="T", columns=(Column(name="a", source=HERE),), primary_key=("id",))
    added = Table(name="public.t", columns=(Column(name="A", type="int", nullable=True), Column(name="b")))
    index = Table(name='"t"', indexes=(Index(columns=("a",), name="i"),))
    table = build_schema([model, added, index, index]).table("t")
    assert table is not None
    assert table.columns == (Column(name="a", type="int", nullable=True, source=HERE), Column(name="b"))
    assert [i.columns for i in table.indexes] == [("id",), ("a",)]


def test_what_is_dropped_is_gone_unless_made_again() -> None:
    index = Table(name="t", indexes=(Index(columns=("a",), name="i"),))
    gone = Dropped(kind="index", name="I")
    assert build_schema([index, gone]).has_index_for("t", ["a"]) is None
    assert build_schema([gone, index]).has_index_for("t", ["a"]) is not None
    assert build_schema([index, gone, index]).has_index_for("t", ["a"]) is not None
    assert build_schema([index, Dropped(kind="table", name="t")]).table("t") is None


def test_the_same_index_twice_is_one_and_keeps_its_name() -> None:
    declared = Index(columns=("a",), name="i", source=HERE)
    table = build_schema([Table(name="t", unique=(("a",),), indexes=(declared,))]).table("t")
    assert table is not None
    assert table.indexes == (Index(columns=("a",), name="i", unique=True, source=HERE),)


def test_what_a_dropped_column_was_part_of_is_gone_with_it() -> None:
    table = Table(
        name="t",
        columns=(Column(name="a"), Column(name="B")),
        primary_key=("B", "a"),
        unique=(("a",), ("a", "b")),
        indexes=(Index(columns=("a",)), Index(columns=("b",))),
    )
    after = Table(name="t", columns=(Column(name="b"),), primary_key=("a",))
    left = build_schema([table, Dropped(kind="column", name="b", table="T"), after])
    assert left.has_index_for("t", ["b"]) is None
    assert left.has_index_for("t", ["a"]) is not None
    assert build_schema([Dropped(kind="column", name="b", table="t")]).table("t") is None
