import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.measure.importing.openapi import import_openapi
from auditor.measure.importing.schema_values import Schemas, value_for
from auditor.measure.workload import workload_of
from auditor.model.fault import Fault


def document(paths: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"openapi": "3.1.0", "paths": paths, **more}).encode()


def test_what_it_must_have_and_all_it_may_have() -> None:
    listed = {
        "parameters": [
            {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}},
            {"name": "q", "in": "query", "required": True, "example": "chair ${x}"},
            {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"enum": ["new", "old"]}}},
            {"name": "Authorization", "in": "header", "required": True, "schema": {"type": "string"}},
        ]
    }
    imported = import_openapi(
        document({"/items": {"get": listed}}, servers=[{"url": "https://a.test/v1/"}]), name="o"
    )
    least, most = imported.requests
    assert (least.id, least.path, least.query) == ("GET /v1/items", "/v1/items", (("q", "chair $${x}"),))
    assert most.query == (("page", "1"), ("q", "chair $${x}"), ("tags", "new"))
    assert least.headers == most.headers == ()
    workload_of(imported.requests)


def test_bodies_references_and_identities() -> None:
    schemas = {
        "Item": {
            "type": "object",
            "required": ["name", "owner"],
            "properties": {
                "id": {"type": "integer", "readOnly": True},
                "name": {"type": "string", "minLength": 3},
                "price": {"type": "number", "exclusiveMinimum": 0},
                "owner": {"$ref": "#/components/schemas/User"},
                "parent": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Item"}]},
            },
        },
        "User": {"allOf": [{"properties": {"mail": {"format": "email"}}, "required": ["mail"]}]},
    }
    put = {
        "security": [{"bearer": []}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}},
    }
    shared = [{"name": "item_id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    content = document(
        {"/items/{item_id}": {"put": put, "parameters": shared}}, components={"schemas": schemas}
    )
    least, most = import_openapi(content, name="o", known={"item_id": "4/1"}, identity="ann").requests
    assert (least.method, least.path, least.identity) == ("PUT", "/items/4%2F1", "ann")
    assert least.body == {"name": "aaa", "owner": {"mail": "someone@example.com"}}
    assert isinstance(most.body, dict)
    assert (most.body["price"], "id" in most.body) == (1, False)
    assert isinstance(most.body["parent"], dict)
    assert import_openapi(content, name="o").requests[0].path == "/items/1"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"swagger": "2.0", "paths": {}}', b'{"openapi": "3.0.0"}', b"\xff"]
)
def test_what_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Fault, match="is no"):
        import_openapi(content, name="o")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=4)
    | st.sampled_from(["object", "array", "#/a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "$ref", "allOf", "anyOf", "enum", "required", "a", "minimum"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(schema=JSON, every=st.booleans())
def test_any_schema_gives_a_value_or_nothing(schema: Any, *, every: bool) -> None:
    json.dumps(value_for(schema, Schemas({"a": schema}), every=every))


@given(st.dictionaries(st.sampled_from(["/a", "/{b}", "x"]), JSON, max_size=2), JSON)
def test_any_document_gives_a_workload_or_nothing(paths: dict[str, Any], operation: Any) -> None:
    content = document(
        {**paths, "/c": {"get": operation, "post": {"requestBody": operation, "parameters": [operation]}}}
    )
    imported = import_openapi(content, name="o")
    assert len({request.id for request in imported.requests}) == len(imported.requests)
