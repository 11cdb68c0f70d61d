"""Bottle: the default application, objects, mounts, hooks."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import bottle
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a decorator of its own": """
        import bottle

        def route(path):
            return lambda f: f

        @route("/no")
        def no(): ...
        """,
    "a request's get": """
        from bottle import request

        def no():
            return request.query.get("/no")
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(bottle, source) == []


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "default application, an object, mounts, several paths": (
        """
        from bottle import Bottle, get, route

        app = Bottle()
        inner = Bottle()

        @get("/ping/<n:int>")
        def ping(n): ...

        @route(["/a", "/b"], method=["PUT", "PATCH"])
        def both(): ...

        @inner.post("/<name:path>")
        def named(name): ...

        def health(): ...

        app.route("/health", callback=health)
        app.mount("/api/", inner)
        """,
        {
            "GET /ping/{n}": "app.ping",
            "PUT /a": "app.both",
            "PATCH /a": "app.both",
            "PUT /b": "app.both",
            "PATCH /b": "app.both",
            "POST /api/{name}": "app.named",
            "GET /health": "app.health",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(bottle, source)} == expected


def test_what_runs_around(entries: Entries) -> None:
    source = """
        from bottle import Bottle

        app = Bottle()

        @app.hook("before_request")
        def load(): ...

        @app.get("/")
        def home(): ...
    """
    expected = [("before", "app.load")]
    (found,) = (one for one in entries(bottle, source) if one.id == "GET /")
    assert [(a.role, a.function.qualname) for a in found.around] == expected
