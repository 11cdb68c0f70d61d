import pytest

from auditor.measure.proposing import Served, propose_workload

ROWS = {
    "spaces": [{"id": number, "slug": f"s{number}"} for number in range(1, 13)],
    "shop_order_line": [{"id": 7, "note": "x"}],
    "users": [{"username": "ada", "id": 1}],
    "empty": [],
}


def asked(*endpoints: tuple[str, str]) -> list[str]:
    made = propose_workload([Served(*endpoint) for endpoint in endpoints], ROWS)
    return [request.path for request in made.requests]


def test_keys_are_those_of_the_first_a_middle_and_the_last_row_and_one_that_is_not_there() -> None:
    assert asked(("GET", "/spaces/{id}")) == ["/spaces/1", "/spaces/7", "/spaces/12", "/spaces/999999999"]
    assert asked(("GET", "/a/{space_id}")) == asked(("GET", "/a/{space_id}"))
    assert asked(("GET", "/x/{space_id}"))[0] == "/x/1"


def test_a_column_is_taken_by_its_name() -> None:
    assert asked(("GET", "/spaces/{slug}"))[0] == "/spaces/s1"
    assert asked(("GET", "/users/{username}")) == ["/users/ada", "/users/ada-999999999", "/users/ADA"]


def test_what_no_path_may_hold_is_quoted() -> None:
    rows = {"tags": [{"name": "a b"}, {"name": "c#?%"}, {"name": "d+e:f"}]}
    made = propose_workload([Served("GET", "/tags/{name}")], rows).requests
    assert [request.path for request in made][:3] == ["/tags/a%20b", "/tags/c%23%3F%25", "/tags/d+e:f"]


def test_a_column_that_one_table_alone_has_tells_the_table() -> None:
    assert asked(("GET", "/me/missing/{slug}"))[0] == "/me/missing/s1"
    assert asked(("GET", "/me/missing/{id}")) == []


def test_tables_behind_a_prefix_and_in_the_singular_are_found() -> None:
    assert asked(("GET", "/order-lines/{pk}"))[0] == "/order-lines/7"


def test_a_table_of_two_words_is_found_by_the_last_where_no_other_ends_so() -> None:
    rows = {"shop_workorder": [{"id": 3}], "shop_note": [{"id": 9}]}
    made = propose_workload([Served("GET", "/orders/{pk}")], rows)
    assert made.requests[0].path == "/orders/3"
    both = propose_workload([Served("GET", "/orders/{pk}")], {**rows, "shop_preorder": [{"id": 4}]})
    assert both.requests == ()


def test_what_cannot_be_asked_is_said() -> None:
    made = propose_workload(
        [Served("POST", "/spaces"), Served("GET", "/empty/{id}"), Served("GET", "/z/{q}")], ROWS
    )
    assert made.requests == ()
    assert [name for name, _ in made.left_out] == ["GET /empty/{id}", "POST /spaces", "GET /z/{q}"]


def test_files_of_a_folder_are_not_guessed() -> None:
    made = propose_workload([Served("GET", "/static/*"), Served("GET", "/")], ROWS)
    assert [request.path for request in made.requests] == ["/"]
    assert [name for name, _ in made.left_out] == ["GET /static/*"]


@pytest.mark.parametrize("path", ["/{?}", "/{?}/spaces", "/spaces/{id}/{?}", "/a#b", "/^x{2}$"])
def test_a_path_that_is_not_known_is_not_asked(path: str) -> None:
    made = propose_workload([Served("GET", path), Served("GET", "/")], ROWS)
    assert [request.path for request in made.requests] == ["/"]
    assert [name for name, _ in made.left_out] == [f"GET {path}"]


def test_everybody_asks_and_so_does_nobody() -> None:
    made = propose_workload([Served("ANY", "/ready")], ROWS, identities=["admin", "member"])
    assert [(request.identity, request.method) for request in made.requests] == [
        ("admin", "GET"),
        ("member", "GET"),
        (None, "GET"),
    ]
    assert len({request.id for request in made.requests}) == 3


def test_where_no_name_tells_the_table_what_the_code_compares_with_does() -> None:
    rows = {"articles": [{"id": 3, "legacy_code": "L3", "kind": "a"}], "notes": [{"id": 1, "kind": "b"}]}

    def paths(*columns: str) -> list[str]:
        served = Served("GET", "/legacy/{code}", (("code", columns),))
        return [one.path for one in propose_workload([served], rows).requests]

    assert paths() == paths("kind") == paths("unknown") == []
    assert paths("kind", "legacy_code") == ["/legacy/L3", "/legacy/L3-999999999", "/legacy/l3"]


def members(*rows: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    return {"spaces": [{"id": n, "slug": f"s{n}"} for n in range(1, 13)], "bookings": list(rows)}


def paths(path: str, rows: dict[str, list[dict[str, object]]]) -> list[str]:
    return [request.path for request in propose_workload([Served("GET", path)], rows).requests]


def test_a_column_that_names_another_table_counts_no_members() -> None:
    rows = members({"id": 1, "owner_id": 5, "space": 5})
    assert paths("/spaces/{id}", rows)[0] == "/spaces/1"
    assert paths("/spaces/{id}", members({"id": 1, "space_id": None}))[0] == "/spaces/1"


def test_keys_of_a_path_with_two_stay_as_they_are() -> None:
    rows = members({"id": 1, "space_id": 5}, {"id": 2, "space_id": 5})
    assert paths("/spaces/{space_id}/bookings/{id}", rows)[0] == "/spaces/1/bookings/1"


def test_the_row_with_the_most_members_is_asked_first() -> None:
    rows = members({"id": 1, "space_id": 1}, {"id": 2, "space_id": 5}, {"id": 3, "space_id": 5})
    wanted = ["/spaces/5", "/spaces/1", "/spaces/12", "/spaces/999999999"]
    assert paths("/spaces/{id}", rows) == wanted
    assert paths("/spaces/{slug}", rows)[0] == "/spaces/s5"


def test_members_of_members_count() -> None:
    rows = members({"id": 1, "space_id": 1}, {"id": 2, "space_id": 5})
    rows["guests"] = [{"id": n, "booking_id": 2} for n in range(3)]
    assert paths("/spaces/{id}", rows)[0] == "/spaces/5"
