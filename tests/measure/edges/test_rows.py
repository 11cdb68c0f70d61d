"""Which rows stand at the edges of tables."""

from auditor.execution.databases.tables import Column, Reference, Table
from auditor.measure.edges.rows import EdgeRow, edge_rows, told_apart


def column(name: str, kind: str = "integer", *, nullable: bool = False) -> Column:
    return Column(name=name, kind=kind, nullable=nullable)  # type: ignore[arg-type]


PEOPLE = Table(
    name="people",
    columns=(
        column("id"),
        column("name", "text"),
        column("mail", "text"),
        column("state", "text"),
        column("plan", "text", nullable=True),
        column("age", nullable=True),
        column("paid", "boolean"),
        column("at", "other"),
    ),
    key=("id",),
    unique=(("mail",),),
)
ORDERS = Table(
    name="orders",
    columns=(column("id", "text"), column("person", nullable=True), column("total", "number")),
    key=("id",),
    references=(Reference(columns=("person",), table="people", to=("id",)),),
)
TAGS = Table(
    name="tags",
    columns=(column("person"), column("order_id", "text")),
    key=("person", "order_id"),
    references=(
        Reference(columns=("person",), table="people", to=("id",)),
        Reference(columns=("order_id",), table="orders", to=("id",)),
    ),
)
PROFILES = Table(
    name="profiles",
    columns=(column("person"), column("text", "text", nullable=True)),
    key=("person",),
    references=(Reference(columns=("person",), table="people", to=("id",)),),
)
ROWS = {
    "people": [
        {"id": 7, "name": "Ada", "mail": "a@x", "state": "on", "plan": '{"a": 1}', "age": 3, "paid": 1, "at": "2026"},
        {"id": 2, "name": "Bob", "mail": "b@x", "state": "on", "plan": None, "age": 3, "paid": 1, "at": "2026"},
        {"id": 3, "name": "Eve", "mail": "c@x", "state": "off", "plan": None, "age": 3, "paid": 1, "at": "2026"},
        {"id": 4, "name": "Joe", "mail": "d@x", "state": "off", "plan": None, "age": 3, "paid": 1, "at": "2026"},
    ],
    "orders": [{"id": "0b8e2b5e-55a7-4f9e-8f19-3f6f4e2b8a01", "person": 7, "total": 12.5}],
    "tags": [{"person": 7, "order_id": "0b8e2b5e-55a7-4f9e-8f19-3f6f4e2b8a01"}],
    "profiles": [{"person": 7, "text": "About me"}],
    "empty": [],
}  # fmt: skip


def made(*tables: Table) -> dict[tuple[str, str], EdgeRow]:
    wanted = {table.name for table in tables}
    found = edge_rows(reversed(tables), ROWS, wanted)
    kept = {(one.row.table, one.edge): one for one in found if one.edge != "one"}
    assert len(kept) == sum(one.edge != "one" for one in found)
    return kept


def test_each_edge_changes_what_may_be_so_and_nothing_else() -> None:
    rows = made(PEOPLE)
    assert {edge: one.row.cells for (_, edge), one in rows.items()} == {
        "nothing": {"id": 8, "mail": "a@x-1", "plan": None, "age": None},
        "empty": {"id": 10, "mail": "a@x-3", "name": ""},
        "bare": {"id": 9, "mail": "a@x-2", "plan": None, "age": None, "state": ""},
        "zero": {"id": 11, "mail": "a@x-4", "age": 0},
        "minus": {"id": 12, "mail": "a@x-5", "age": -1},
        "off": {"id": 13, "mail": "a@x-6", "paid": False},
        "twin": {"id": 14, "mail": "a@x-7"},
    }
    assert all(one.row.like == {"id": 7} for one in rows.values())


def test_keys_that_are_texts_or_belong_to_another_table_are_fresh() -> None:
    rows = made(PEOPLE, ORDERS, PROFILES)
    nothing = rows["orders", "nothing"].row.cells
    assert nothing["person"] is None
    assert isinstance(nothing["id"], str)
    assert len(nothing["id"]) == 36
    assert nothing["id"] not in {ROWS["orders"][0]["id"], rows["orders", "zero"].row.cells["id"]}
    assert rows["profiles", "nothing"].row.cells == {"person": 8, "text": None}
    assert ("profiles", "nothing") not in made(PROFILES)


def test_each_relation_gets_one_row_of_its_own() -> None:
    found = edge_rows([PEOPLE, ORDERS, TAGS], ROWS, {"people", "orders", "tags"})
    ones = [(one.row.table, dict(one.row.cells)) for one in found if one.edge == "one"]
    order = next(one.key for one in found if one.row.table == "orders")
    assert [table for table, _ in ones] == ["orders", "orders", "tags", "tags"]
    assert [(cells["person"], cells.get("total")) for _, cells in ones[:2]] == [(8, None), (14, 0)]
    assert [cells for _, cells in ones[2:]] == [{"person": 8}, {"order_id": order}]


def test_parents_come_first_and_what_is_not_wanted_or_has_no_rows_is_left_alone() -> None:
    empty = Table(name="empty", columns=(column("id"), column("a", nullable=True)), key=("id",))
    found = edge_rows([TAGS, ORDERS, PEOPLE, empty], ROWS, {"people", "orders", "empty", "unknown"})
    order = [one.row.table for one in found]
    assert set(order) == {"people", "orders"}
    assert order.index("people") < order.index("orders")
    assert edge_rows([PEOPLE, ORDERS], ROWS, ()) == ()


def test_tables_that_refer_to_each_other_end() -> None:
    circle = Table(
        name="people",
        columns=PEOPLE.columns,
        key=("id",),
        references=(Reference(columns=("age",), table="orders", to=("id",)),),
    )
    assert {one.row.table for one in edge_rows([circle, ORDERS], ROWS, {"people", "orders"})} == {
        "people",
        "orders",
    }


def test_texts_that_no_two_rows_share_are_told_apart_where_that_is_asked_for() -> None:
    (row,) = [one for one in edge_rows([PEOPLE], ROWS, {"people"}) if one.edge == "zero"]
    assert "name" not in row.row.cells
    apart = told_apart(row, PEOPLE, ROWS["people"])
    assert apart.row.cells == {**row.row.cells, "name": "Ada-4"}


def test_a_key_and_what_refers_to_another_table_stay_as_they_are() -> None:
    made = edge_rows([PEOPLE, ORDERS], ROWS, {"people", "orders"})
    for one in (one for one in made if one.row.table == "orders"):
        assert told_apart(one, ORDERS, ROWS["orders"]) == one


def test_the_only_members_of_two_relations_have_keys_of_their_own() -> None:
    visits = Table(
        name="visits",
        columns=(column("id"), column("person"), column("profile")),
        key=("id",),
        references=(
            Reference(columns=("person",), table="people", to=("id",)),
            Reference(columns=("profile",), table="profiles", to=("person",)),
        ),
    )
    rows = {**ROWS, "visits": [{"id": 1, "person": 7, "profile": 7}]}
    made = edge_rows([PEOPLE, PROFILES, visits], rows, {"people", "profiles", "visits"})
    ones = [one.key for one in made if one.edge == "one" and one.row.table == "visits"]
    assert len(ones) == len(set(ones)) == 2


def test_copies_are_of_a_row_that_lists_show_and_keep_what_shows_it() -> None:
    posts = Table(
        name="posts",
        columns=(
            column("id"),
            column("public", "boolean", nullable=True),
            column("state", "text", nullable=True),
            column("note", "text", nullable=True),
            column("author", nullable=True),
        ),
        key=("id",),
        references=(Reference(columns=("author",), table="people", to=("id",)),),
    )
    shown = {"public": 1, "state": "live", "note": None, "author": 2}
    rows = {
        **ROWS,
        "posts": [
            {"id": 1, "public": 0, "state": "live", "note": "the fullest", "author": 7},
            {"id": 2, "public": 1, "state": "draft", "note": "full, too", "author": 7},
            *({"id": number, **shown} for number in range(3, 9)),
        ],
    }
    found = {one.edge: one.row for one in edge_rows([posts], rows, {"posts"})}
    assert {edge: {**row.cells} for edge, row in found.items()} == {
        "nothing": {"id": 9, "author": None},
        "bare": {"id": 10, "public": None, "state": None, "author": None},
        "empty": {"id": 11, "note": ""},
        "off": {"id": 14, "public": False},
        "twin": {"id": 15},
    }
    assert all(row.like == {"id": 3} for row in found.values())
    (one,) = [one.row for one in edge_rows([PEOPLE, posts], rows, {"people", "posts"}) if one.edge == "one"]
    assert one.like == {"id": 3}
