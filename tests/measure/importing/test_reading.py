"""Files of requests are told by their content."""

import json
from pathlib import Path

import pytest

from auditor.measure.importing.reading import Format, format_of, read_requests
from auditor.model.fault import Fault

REQUESTS = '{"id": "a", "path": "/a"}\n{"id": "b", "path": "/b"}\n'
HAR = {"log": {"entries": [{"request": {"method": "GET", "url": "https://shop.test/a?x=1", "headers": []}}]}}
LOG = '10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 12\n'
OPENAPI = {
    "openapi": "3.0.2",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/people/{person_id}": {
            "parameters": [
                {"name": "person_id", "in": "path", "required": True, "schema": {"type": "integer"}}
            ],
            "get": {
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 5}}],
                "responses": {"200": {"description": "one"}},
            },
            "put": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "age": {"type": "integer", "minimum": 0},
                                },
                            }
                        }
                    }
                },
                "responses": {"200": {"description": "one"}},
            },
        }
    },
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (REQUESTS, "requests"),
        (REQUESTS.splitlines()[0], "requests"),
        ("\n\n" + REQUESTS, "requests"),
        ('{"id": "log", "path": "/log"}', "requests"),
        ("", "requests"),
        ("{", "requests"),
        ("[" * 100_000, "requests"),
        ('{"a":' * 100_000, "requests"),
        (json.dumps(HAR), "har"),
        (json.dumps(HAR, indent=1), "har"),
        ("\ufeff" + json.dumps(HAR), "har"),
        (json.dumps(OPENAPI), "openapi"),
        (json.dumps(OPENAPI, indent=2), "openapi"),
        (LOG, "access-log"),
        ("started\n" + LOG, "access-log"),
        ('{"id": "a", "path": "/a", "body": "\\"GET /b HTTP/1.1\\" 200"}', "requests"),
    ],
)
def test_the_content_tells(text: str, expected: Format) -> None:
    assert format_of(text.encode()) == expected


def test_each_gives_requests(tmp_path: Path) -> None:
    for name, text in {
        "r": REQUESTS,
        "h": json.dumps(HAR),
        "l": LOG,
        "o": json.dumps(OPENAPI),
    }.items():
        (tmp_path / name).write_text(text)
    paths = {
        name: [(one.method, one.path) for one in read_requests(tmp_path / name).requests] for name in "rhlo"
    }
    assert paths == {
        "r": [("GET", "/a"), ("GET", "/b")],
        "h": [("GET", "/a")],
        "l": [("GET", "/a")],
        "o": [("GET", "/people/1")] * 2 + [("PUT", "/people/1")] * 2,
    }
    assert read_requests(tmp_path / "o", known=lambda: {"person_id": "7"}).requests[0].path == "/people/7"
    with pytest.raises(Fault, match=r"missing: can't be read"):
        read_requests(tmp_path / "missing")
    with pytest.raises(Fault, match="is no HAR"):
        read_requests(tmp_path / "o", form="har")


def test_unusual_values_are_the_same_each_time_and_keep_the_key(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(OPENAPI))
    made = read_requests(file, known=lambda: {"person_id": "7"}, generated=8).requests
    assert made == read_requests(file, known=lambda: {"person_id": "7"}, generated=8).requests
    assert {one.path for one in made} == {"/people/7"}
    unusual = [one for one in made if one.roles == ("contract",)]
    bodies = [one.body for one in unusual if one.method == "PUT"]
    assert any(isinstance(body, dict) and isinstance(body.get("name"), str) for body in bodies)
    assert any(not isinstance(body, dict) or not isinstance(body.get("name"), str) for body in bodies)
    assert any(dict(one.query).get("q") is not None for one in unusual if one.method == "GET")
    assert len(unusual) <= 2 * 8
    assert not any(one.roles == ("contract",) for one in read_requests(file).requests)


def test_a_document_that_no_values_can_be_made_for_is_said(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps({"openapi": "3.0.2", "paths": {"/a": {"get": {"parameters": 3}}}}))
    assert len(read_requests(file, generated=4).requests) == 1
