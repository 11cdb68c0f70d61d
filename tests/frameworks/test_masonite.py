"""Masonite: routes, groups, resources, controllers by name."""

from __future__ import annotations

import textwrap

import pytest

from auditor.frameworks import masonite
from auditor.index.lower import lower
from auditor.index.project import Project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    parts = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    return {e.id: e.name for e in masonite.entry_points(Project(parts))}


LOOK_ALIKES = {
    "a controller that does not exist": """
        from masonite.routes import Route

        ROUTES = [Route.get("/no", "Missing@no"), Route.view("/about", "about")]
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "groups, parameters and resources": (
        """
        from masonite.controllers import Controller
        from masonite.routes import Route

        class Posts(Controller):
            def index(self): ...
            def show(self): ...
            def update(self): ...

        ROUTES = [
            Route.get("/posts/@id:integer/all", Posts.show),
            Route.group([Route.match(["put", "patch"], "/", "Posts@update")], prefix="/admin"),
            Route.api("api/posts", "Posts"),
        ]
        """,
        {
            "GET /posts/{id}/all": "app.Posts.show",
            "PUT /admin": "app.Posts.update",
            "PATCH /admin": "app.Posts.update",
            "GET /api/posts": "app.Posts.index",
            "GET /api/posts/{id}": "app.Posts.show",
            "PUT /api/posts/{id}": "app.Posts.update",
            "PATCH /api/posts/{id}": "app.Posts.update",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(source: str, expected: dict[str, str]) -> None:
    assert found({"app.py": source}) == expected
