"""Litestar: handlers, controllers, routers, guards and dependencies."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import litestar
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a handler that nobody lists": """
        from litestar import get, Litestar

        @get("/no")
        async def no() -> None: ...

        app = Litestar(route_handlers=[])
        """,
    "a get that is not Litestar's": """
        import litestar

        def get(path):
            return lambda f: f

        @get("/no")
        async def no(): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(litestar, source) == []


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "routers, controllers, several paths, an empty path": (
        """
        from litestar import Controller, Litestar, Router, get, post, route, websocket

        @get(["/", "/index"])
        async def index() -> dict: ...

        @route("/multi", http_method=["GET", "PUT"])
        async def multi() -> None: ...

        @websocket("/ws/{room:str}")
        async def room(socket, room: str) -> None: ...

        class Items(Controller):
            path = "/items"

            @get()
            async def all(self) -> list: ...

            @post("/{id:int}")
            async def change(self, id: int) -> None: ...

        api = Router(path="/api", route_handlers=[Items])
        app = Litestar([index, multi, room, api])
        """,
        {
            "GET /": "app.index",
            "GET /index": "app.index",
            "GET /multi": "app.multi",
            "PUT /multi": "app.multi",
            "CONSUMER /ws/{room}": "app.room",
            "GET /api/items": "app.Items.all",
            "POST /api/items/{id}": "app.Items.change",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(litestar, source)} == expected


def test_what_runs_around(entries: Entries) -> None:
    source = """
        from litestar import Litestar, get
        from litestar.di import Provide

        def allowed(connection, handler): ...

        async def session(): ...

        @get("/", guards=[allowed], dependencies={"session": Provide(session)})
        async def home(session) -> None: ...

        app = Litestar(route_handlers=[home])
    """
    expected = [("permission", "app.allowed"), ("dependency", "app.session")]
    (found,) = (one for one in entries(litestar, source) if one.id == "GET /")
    assert [(a.role, a.function.qualname) for a in found.around] == expected
