"""Index advice: when to keep quiet, and in which order the columns of a proposal stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sql.advice import MAX_COLUMNS, IndexProposal, NoIndexNeeded, OrderColumn, advise_index
from auditor.sql.schema import Index, Schema, Table, build_schema

NEWEST = OrderColumn("created", descending=True)


def schema(*indexes: Index) -> Schema:
    return build_schema([Table(name="t", primary_key=("id",), indexes=indexes)])


@pytest.mark.parametrize(
    ("indexes", "query", "reason"),
    [
        ([], {}, "reads every row"),
        ([], {"order": [NEWEST]}, "reads every row"),
        ([], {"equality": ["id"]}, "at most one row"),
        ([], {"equality": ["a", "ID"], "order": [NEWEST]}, "at most one row"),
        ([Index(columns=("a",))], {"equality": ["a"]}, "index on a serves"),
        ([Index(columns=("a", "b"))], {"equality": ["a"]}, "index on a and b serves"),
        ([Index(columns=("b", "a"))], {"equality": ["a", "b"]}, "serves"),
        ([Index(columns=("a", "r"))], {"equality": ["a"], "ranges": ["r"]}, "serves"),
        ([Index(columns=("a", "created"))], {"equality": ["a"], "order": [NEWEST]}, "serves"),
        ([Index(columns=("created",))], {"order": [NEWEST], "has_limit": True}, "serves"),
    ],
)
def test_nothing_to_propose(indexes: list[Index], query: dict[str, object], reason: str) -> None:
    found = advise_index(schema(*indexes), "t", **query)  # type: ignore[arg-type]
    assert isinstance(found, NoIndexNeeded)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ({"equality": ["a"]}, "a"),
        ({"equality": ["a", "b", "a"]}, "a, b"),
        ({"ranges": ["r"]}, "r"),
        ({"equality": ["a"], "ranges": ["r", "s"]}, "a, r"),
        ({"equality": ["a"], "ranges": ["a"]}, "a"),
        ({"order": [NEWEST], "has_limit": True}, "created"),
        ({"equality": ["a"], "order": [NEWEST]}, "a, created"),
        ({"equality": ["a"], "order": [OrderColumn("a"), NEWEST]}, "a, created"),
        ({"equality": ["a"], "order": [NEWEST, OrderColumn("id")]}, "a, created DESC, id"),
        ({"equality": ["a"], "order": [NEWEST, OrderColumn("id", descending=True)]}, "a, created, id"),
        ({"equality": ["a"], "ranges": ["created"], "order": [NEWEST]}, "a, created"),
        ({"equality": ["a"], "ranges": ["r"], "order": [NEWEST]}, "a, r"),
        ({"equality": ["a"], "ranges": ["r"], "order": [NEWEST], "has_limit": True}, "a, created, r"),
        ({"equality": ["a", "b", "c", "d", "e"]}, "a, b, c, d"),
    ],
)
def test_the_order_of_the_columns(query: dict[str, object], columns: str) -> None:
    found = advise_index(schema(), "t", **query)  # type: ignore[arg-type]
    assert isinstance(found, IndexProposal)
    assert ", ".join(map(str, found.columns)) == columns


@pytest.mark.parametrize(
    "index",
    [
        Index(columns=("b", "a")),
        Index(columns=("a",), condition="b > 1"),
        Index(columns=("a",), method="gin"),
        Index(columns=("lower(a)",)),
    ],
)
def test_an_index_that_does_not_help_does_not_stop_a_proposal(index: Index) -> None:
    assert isinstance(advise_index(schema(index), "t", equality=["a"]), IndexProposal)


def test_reasons_cost_and_what_becomes_redundant() -> None:
    old, constraint = Index(columns=("a",), name="old"), Index(columns=("a", "b"), unique=True)
    found = advise_index(schema(old, constraint), "t", equality=["a"], ranges=["r", "s"], order=[NEWEST])
    assert isinstance(found, IndexProposal)
    assert found.makes_redundant == (old,)
    assert [reason.partition(":")[0] for reason in found.reasons] == [
        "a first",
        "then r",
        "s left out",
        "the order by created still sorts",
    ]
    assert found.write_cost == (
        "one more entry for every row inserted into or deleted from t, and for every update of a and r; "
        "t has 3 indexes so far"
    )


def test_an_unknown_table_is_judged_as_bare() -> None:
    found = advise_index(build_schema([]), "t", equality=["a"])
    assert isinstance(found, IndexProposal)
    assert "so far" not in found.write_cost


def test_the_statement() -> None:
    found = advise_index(schema(), "t", equality=["a"], order=[NEWEST, OrderColumn("id")])
    assert isinstance(found, IndexProposal)
    assert found.statement() == "CREATE INDEX t_a_created_id_idx ON t (a, created DESC, id)"
    assert found.statement(dialect="postgresql").startswith("CREATE INDEX CONCURRENTLY ")


NAMES = st.lists(st.sampled_from("abcdefgh"), max_size=6)


@given(
    equality=NAMES,
    ranges=NAMES,
    order=st.lists(st.builds(OrderColumn, st.sampled_from("abcdefgh"), st.booleans())),
    has_limit=st.booleans(),
)
def test_a_proposal_once_made_is_enough(
    equality: list[str], ranges: list[str], order: list[OrderColumn], *, has_limit: bool
) -> None:
    def ask(known: Schema) -> IndexProposal | NoIndexNeeded:
        return advise_index(known, "t", equality=equality, ranges=ranges, order=order, has_limit=has_limit)

    found = ask(schema())
    if isinstance(found, NoIndexNeeded):
        return
    names = [column.name for column in found.columns]
    assert 0 < len(names) <= MAX_COLUMNS
    assert len(set(names)) == len(names)
    if not any(column.descending for column in found.columns):
        assert isinstance(ask(schema(Index(columns=tuple(names)))), NoIndexNeeded)
