import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from auditor.measure.edges.parameters import Parameter
from auditor.measure.edges.requests import edge_requests, typed_body_edges
from auditor.measure.edges.values import WINDOW, edges_of
from auditor.measure.request import Request
from auditor.measure.workload import parse_workload, workload_of

SORT = Parameter("sort", "query", literals=("price", "10"))
USUAL = Request(id="r1", path="/spaces", query=(("city", "berlin"), ("sort", "price")), take={"x": "$.a"})


def test_the_edges_that_tell_falsy_values_apart_are_there() -> None:
    values = [values for _, values in edges_of(SORT, usual="price")]
    for needed in [(), ("",), ("0",), ("-1",), ("price", "0"), ("PRICE",), ("10",), ("9",), ("11",)]:
        assert needed in values
    assert ("price",) not in values
    assert len(values) == len(set(values))


def test_one_thing_changes_at_a_time() -> None:
    for request in edge_requests(USUAL, [SORT]):
        assert [pair for pair in request.query if pair[0] != "sort"] == [("city", "berlin")]
        assert request.roles == ("contract",)
        assert request.take == {}
        assert request.id.startswith("r1~sort-")


def test_a_body_that_is_no_object_has_no_fields_to_change() -> None:
    body = Parameter("name", "body")
    assert edge_requests(Request(id="r", method="POST", path="/", body=[1]), [body]) == ()
    assert typed_body_edges(Request(id="r", path="/")) == ()


def test_headers_that_cannot_be_sent_are_left_out() -> None:
    made = edge_requests(
        Request(id="r", path="/", headers=(("X-Tenant", "a"),)), [Parameter("x-tenant", "header")]
    )
    assert made
    assert all(value.isascii() and value.strip() == value for one in made for _, value in one.headers)
    assert any(one.headers == () for one in made)


def test_each_field_of_a_body_is_tried_with_every_type_but_its_own_value() -> None:
    usual = Request(id="r", method="POST", path="/", body={"name": "a", "n": 0})
    bodies = [request.body for request in typed_body_edges(usual) if isinstance(request.body, dict)]
    assert {"n": 0} in bodies
    assert {"name": None, "n": 0} in bodies
    assert any(body["n"] is False for body in bodies if "n" in body)
    assert {"name": "a", "n": 0, "unknown_field": 1} in bodies
    assert json.dumps(usual.body) not in [json.dumps(body) for body in bodies]


@given(
    st.builds(
        Parameter,
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
        st.sampled_from(["query", "body"]),
        literals=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        separators=st.lists(st.sampled_from([",", "-", ":"]), max_size=2, unique=True).map(tuple),
    )
)
def test_whatever_the_code_compares_with_the_requests_are_a_workload(parameter: Parameter) -> None:
    usual = Request(id="r", method="POST", path="/", body={"a": 1})
    workload = workload_of([usual, *edge_requests(usual, [parameter])])
    assert parse_workload(workload.render().encode(), name="w").digest == workload.digest


def test_what_only_the_framework_reads_is_asked_little_but_what_the_data_holds() -> None:
    own = Parameter("page", "query", converts=("int",))
    known = replace(own, by_framework=True)
    values = {values for _, values in edges_of(known, stored=("7",))}
    assert values == {(), ("",), ("not-a-number",), ("7",), *((number,) for number in WINDOW)}
    assert values < {values for _, values in edges_of(own, stored=("7",))}
