"""Sanic: applications, blueprints, groups, versions, views, middleware."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import sanic
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a client that is named alike": """
        import sanic

        class App:
            def get(self, path):
                return lambda f: f

        app = App()

        @app.get("/no")
        async def no(request): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(sanic, source) == []


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "a prefix given on registering replaces the blueprint's own, a group's goes before it": (
        """
        from sanic import Blueprint, Sanic
        from sanic.views import HTTPMethodView

        app = Sanic("shop")
        own = Blueprint("own", url_prefix="/own")
        moved = Blueprint("moved", url_prefix="/gone")
        one = Blueprint("one", url_prefix="/one")

        @own.get("/<id:int>")
        async def get_own(request, id): ...

        @moved.post("/here")
        async def here(request): ...

        @one.get("/")
        async def in_group(request): ...

        @one.get("/new", version=3)
        async def newer(request): ...

        class View(HTTPMethodView):
            async def get(self, request): ...
            async def put(self, request): ...

        @app.websocket("/feed/<name>")
        async def feed(request, ws, name): ...

        app.add_route(View.as_view(), "/view")
        app.blueprint(own)
        app.blueprint(moved, url_prefix="/there")
        app.blueprint(Blueprint.group(one, url_prefix="/group", version=2))
        """,
        {
            "GET /own/{id}": "app.get_own",
            "POST /there/here": "app.here",
            "GET /v2/group/one/": "app.in_group",
            "GET /v3/group/one/new": "app.newer",
            "GET /view": "app.View.get",
            "PUT /view": "app.View.put",
            "CONSUMER /feed/{name}": "app.feed",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(sanic, source)} == expected


def test_what_runs_around(entries: Entries) -> None:
    source = """
        from sanic import Sanic

        app = Sanic("shop")

        @app.middleware("request")
        async def load(request): ...

        @app.on_response
        async def stamp(request, response): ...

        @app.get("/")
        async def home(request): ...
    """
    expected = [("before", "app.load"), ("after", "app.stamp")]
    (found,) = (one for one in entries(sanic, source) if one.id == "GET /")
    assert [(a.role, a.function.qualname) for a in found.around] == expected
