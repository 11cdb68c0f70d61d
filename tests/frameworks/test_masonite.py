"""Masonite: routes, groups, resources, controllers by name."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import masonite
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a controller that does not exist": """
        from masonite.routes import Route

        ROUTES = [Route.get("/no", "Missing@no"), Route.view("/about", "about")]
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(masonite, source) == []


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
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(masonite, source)} == expected
