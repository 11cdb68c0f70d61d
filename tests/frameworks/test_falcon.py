"""Falcon: resources, suffixes, sinks, middleware."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import falcon
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
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
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(falcon, source) == []


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
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(falcon, source)} == expected


def test_what_runs_around(entries: Entries) -> None:
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
    (found,) = (one for one in entries(falcon, source) if one.id == "GET /")
    assert [(a.role, a.function.qualname) for a in found.around] == expected
