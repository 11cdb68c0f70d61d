"""Requests that write, guessed."""

import json
from typing import Any

import pytest

from auditor.measure.edges.parameters import Parameter
from auditor.measure.edges.writing import Heard, Place, bare_request, guesses
from auditor.measure.request import Request

ROWS = {
    "books": [
        {"id": 1, "title": "Dune", "shelf": "A", "isbn": "X-1", "due": "2026-02-01"},
        {"id": 2, "title": "Emma", "shelf": "A", "isbn": "X-2", "due": "2026-03-01"},
    ],
    "readers": [{"id": 7, "email": "ada@x.test"}],
}


def place(method: str = "POST", path: str = "/books", *parameters: Parameter) -> Place:
    return Place(method=method, endpoint=f"{method} {path}", path=path, parameters=parameters)


def asked(one: Place, said: Any = None, shown: Any = None) -> tuple[Request, ...]:
    body = b"<p>no</p>" if said is None else json.dumps(said).encode()
    return guesses(one, Heard(status=422, body=body), shown, ROWS, identity="ada")


@pytest.mark.parametrize(
    "path", ["/logout", "/auth/token", "/users/1/password", "/sign-out", "/admin/shutdown"]
)
def test_nobody_is_signed_out(path: str) -> None:
    assert not place("POST", path).may_be_asked


def test_what_reads_is_not_asked_to_write() -> None:
    assert not place("GET").may_be_asked
    assert place("POST").may_be_asked


def test_nothing_is_guessed_where_nothing_is_known() -> None:
    assert asked(place()) == ()
    assert asked(place(), {"detail": "no such book"}) == ()
    assert asked(place(), [1, 2]) == ()
    assert asked(place("DELETE", "/books/1"), {"title": ["This field is required."]}) == ()
    assert bare_request(place("DELETE", "/books/1"), identity=None).body is None


def test_fields_that_a_refusal_names_get_values_of_their_columns() -> None:
    rest = asked(place(), {"title": ["This field is required."], "shelf": ["This field is required."]})
    assert rest[0].body == {"title": "new-Dune", "shelf": "A"}
    assert rest[1].body == {"title": "Dune", "shelf": "A"}
    fast = asked(
        place(), {"detail": [{"loc": ["body", "isbn"], "type": "missing"}, {"loc": ["body", "reader_ids"]}]}
    )
    assert fast[0].body == {"isbn": "new-X-1", "reader_ids": [1, 2]}
    assert all(one.identity == "ada" for one in (*rest, *fast))


def test_parameters_of_the_query_and_lists_that_a_refusal_names() -> None:
    late = asked(place(), {"detail": [{"loc": ["query", "due"], "type": "missing"}]})
    assert late[0].query == (("due", "2026-02-01"),)
    many = asked(place(), {"detail": [{"loc": ["body"], "type": "list_type"}]})
    assert many[0].body == [1, 2]


def test_what_is_shown_is_sent_back_with_something_new() -> None:
    shown = {
        "count": 2,
        "results": [{"id": 1, "title": "Dune", "shelf": "A", "lent": False, "reader": {"id": 7}}],
    }
    made = asked(place(), {}, shown)
    assert made[0].body == {"title": "new-Dune", "shelf": "A", "lent": True}
    one_by_one = asked(place("PATCH", "/books/1"), {}, shown["results"])
    assert {"title": "new-Dune"} in [one.body for one in one_by_one]


def test_what_the_code_reads_of_a_form_is_sent_as_one_too() -> None:
    made = asked(place("POST", "/subscribe", Parameter("email", "body", columns=("email",))))
    assert made[0].body == {"email": "new-ada@x.test"}
    assert "email=new-ada%40x.test" in [one.body for one in made]


def test_ids_are_told_apart() -> None:
    made = asked(place(), {"title": ["required"]}, {"title": "Dune", "shelf": "A"})
    assert len({one.id for one in made}) == len(made)
