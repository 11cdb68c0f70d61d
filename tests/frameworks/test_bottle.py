"""Bottle: the default application, objects, mounts, hooks."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks import bottle
from auditor.index.lower import lower
from auditor.index.project import Project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return {e.id: e.name for e in bottle.entry_points(Project(parts))}


def around(files: dict[str, str], entry: str) -> list[tuple[str, str]]:
    """`(role, function)` of what runs around one endpoint."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    entries = [e for e in bottle.entry_points(Project(parts)) if e.id == entry]
    return [(a.role, a.function.qualname) for a in entries[0].around]


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
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


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
def test_endpoints(source: str, expected: dict[str, str]) -> None:
    assert found({"app.py": source}) == expected


def test_what_runs_around() -> None:
    source = """
        from bottle import Bottle

        app = Bottle()

        @app.hook("before_request")
        def load(): ...

        @app.get("/")
        def home(): ...
    """
    expected = [("before", "app.load")]
    assert around({"app.py": source}, "GET /") == expected
