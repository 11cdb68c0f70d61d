"""Falcon: resources, suffixes, sinks, middleware."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks import falcon
from auditor.index.lower import lower
from auditor.index.project import Project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return {e.id: e.name for e in falcon.entry_points(Project(parts))}


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    entries = [e for e in falcon.entry_points(Project(parts)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


LOOK_ALIKES = {
    "a resource that nobody routes to": """
        import falcon

        class Things:
            def on_get(self, req, resp): ...

        app = falcon.App()
        """,
    "another add_route": """
        import falcon

        class Table:
            def add_route(self, path, resource): ...

        class Things:
            def on_get(self, req, resp): ...

        Table().add_route("/no", Things())
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "resources, suffixes and a sink": (
        """
        import falcon
        import falcon.asgi

        class Thing:
            def on_get(self, req, resp, id): ...
            def on_get_items(self, req, resp, id): ...
            def on_post_items(self, req, resp, id): ...

        def rest(req, resp): ...

        thing = Thing()
        app = falcon.App()
        app.add_route("/things/{id:int}", thing)
        app.add_route("/things/{id:int}/items", thing, suffix="items")
        app.add_sink(rest, "/rest")
        """,
        {
            "GET /things/{id}": "app.Thing.on_get",
            "GET /things/{id}/items": "app.Thing.on_get_items",
            "POST /things/{id}/items": "app.Thing.on_post_items",
            "ANY /rest{?}": "app.rest",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(source: str, expected: dict[str, str]) -> None:
    assert found({"app.py": source}) == expected


def test_what_runs_around() -> None:
    source = """
        import falcon

        class Sessions:
            def process_request(self, req, resp): ...
            def process_response(self, req, resp, resource, ok): ...

        class Thing:
            def on_get(self, req, resp): ...

        app = falcon.App(middleware=[Sessions()])
        app.add_route("/", Thing())
    """
    expected = [
        ("middleware", "app.Sessions.process_request"),
        ("middleware", "app.Sessions.process_response"),
    ]
    assert around({"app.py": source}, "GET /") == expected
