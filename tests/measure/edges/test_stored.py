"""Values of parameters out of the data."""

from auditor.measure.edges.parameters import Parameter
from auditor.measure.edges.requests import edge_requests
from auditor.measure.edges.stored import stored_values
from auditor.measure.request import Request

ROWS = {
    "shop_book": [
        {
            "id": number,
            "title": f"Title {number}",
            "genre": "crime" if number < 8 else "art",
            "text": "x" * 200,
        }
        for number in range(1, 10)
    ],
    "shop_author": [{"id": 1, "title": "Dr", "name": "Ada"}],
    "empty": [],
}


def query(name: str, *columns: str, converts: tuple[str, ...] = ()) -> Parameter:
    return Parameter(name, "query", columns=columns, converts=converts)


def test_what_no_column_is_called_has_no_stored_value() -> None:
    assert stored_values(query("q"), "/books", ROWS) == ()
    assert stored_values(query("q", "casefold"), "/books", ROWS) == ()
    assert stored_values(query("genre"), "/books", {}) == ()


def test_a_body_of_text_is_no_filter() -> None:
    assert stored_values(query("text"), "/books", ROWS) == ()


def test_least_most_frequent_greatest_and_one_in_other_case() -> None:
    assert stored_values(query("genre"), "/books", ROWS) == ("art", "crime", "ART")
    assert stored_values(query("id"), "/books", ROWS) == ("1", "9")


def test_the_column_that_the_code_compares_with_counts_in_the_table_that_the_path_names() -> None:
    assert stored_values(query("q", "title"), "/books", ROWS)[0] == "Title 1"
    assert stored_values(query("q", "title"), "/authors", ROWS)[0] == "Dr"
    assert stored_values(query("q", "id", "name"), "/search", ROWS) == ("Ada", "aDA")


def test_filters_and_pages_are_asked_for_together() -> None:
    usual = Request(id="r", path="/books")
    made = edge_requests(usual, [query("genre"), query("page", converts=("int",))], ROWS)
    asked = {request.query for request in made}
    assert (("genre", "art"),) in asked
    assert (("page", "2"),) in asked
    assert (("page", "1000000"),) in asked
    assert (("genre", "art"), ("page", "2")) in asked


def test_headers_and_bodies_are_asked_for_nothing_out_of_the_data() -> None:
    usual = Request(id="r", path="/books")
    made = edge_requests(usual, [Parameter("genre", "header", columns=("genre",))], ROWS)
    assert all("art" not in dict(request.headers).values() for request in made)


def test_one_filter_alone_is_nothing_together() -> None:
    made = edge_requests(Request(id="r", path="/books"), [query("genre")], ROWS)
    assert not [request for request in made if "together" in request.id]


def test_a_relation_names_its_table_and_a_reference_its_column() -> None:
    rows = {
        "car_make": [{"id": 1, "name": "Audi"}],
        "car_model": [{"id": 4, "name": "A4", "make_id": 1}],
        "shop_order": [{"id": 9, "shop_id": 2}],
    }
    assert stored_values(query("make", "make.name"), "/orders", rows)[0] == "Audi"
    assert stored_values(query("shop", "shop"), "/orders", rows) == ("2",)
