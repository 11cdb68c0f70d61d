"""aiohttp: routes, tables, sub-applications, views, middlewares."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import aiohttp
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a client session": """
        import aiohttp

        async def no(url):
            async with aiohttp.ClientSession() as session:
                return await session.get("/no")
        """,
    "another add_get": """
        import aiohttp

        class Cache:
            def add_get(self, path, f): ...

        def no(): ...
        Cache().add_get("/no", no)
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(aiohttp, source) == []


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "calls, tables, a view and a sub-application": (
        """
        from aiohttp import web

        routes = web.RouteTableDef()

        @routes.get("/items/{id:[0-9]+}")
        async def item(request): ...

        @routes.view("/things")
        class Things(web.View):
            async def get(self): ...
            async def delete(self): ...

        async def home(request): ...
        async def stats(request): ...

        def make():
            app = web.Application()
            app.add_routes(routes)
            app.add_routes([web.post("/home", home)])
            app.router.add_get("/", home)
            app.router.add_route("*", "/any", home)
            admin = web.Application()
            admin.router.add_get("/stats", stats)
            app.add_subapp("/admin/", admin)
            return app
        """,
        {
            "GET /items/{id}": "app.item",
            "GET /things": "app.Things.get",
            "DELETE /things": "app.Things.delete",
            "POST /home": "app.home",
            "GET /": "app.home",
            "ANY /any": "app.home",
            "GET /admin/stats": "app.stats",
        },
    ),
    "set up when it is run as a program": (
        """
        from aiohttp import web

        async def home(request): ...

        if __name__ == "__main__":
            app = web.Application()
            app.router.add_get("/", home)
            web.run_app(app)
        """,
        {
            "GET /": "app.home",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(aiohttp, source)} == expected


def test_what_runs_around(entries: Entries) -> None:
    source = """
        from aiohttp import web

        @web.middleware
        async def timed(request, handler):
            return await handler(request)

        async def home(request): ...

        app = web.Application(middlewares=[timed])
        app.router.add_get("/", home)
    """
    expected = [("middleware", "app.timed")]
    (found,) = (one for one in entries(aiohttp, source) if one.id == "GET /")
    assert [(a.role, a.function.qualname) for a in found.around] == expected
