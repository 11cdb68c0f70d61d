"""CherryPy: object trees, index and default, dispatch by HTTP method."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import cherrypy
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a method that is not exposed, and a tree that is not mounted": """
        import cherrypy

        class Root:
            def hidden(self): ...

        class Elsewhere:
            @cherrypy.expose
            def no(self): ...

        cherrypy.quickstart(Root())
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(cherrypy, source) == []


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "a tree, mounted below a prefix": (
        """
        import cherrypy

        class Users:
            @cherrypy.expose
            def index(self): ...

            @cherrypy.expose
            def show(self, id, verbose=False): ...

            @cherrypy.expose
            def default(self, *args): ...

        class Root:
            users = Users()

            @cherrypy.expose
            def about(self): ...

        cherrypy.tree.mount(Root(), "/site")
        """,
        {
            "ANY /site/about": "app.Root.about",
            "ANY /site/users": "app.Users.index",
            "ANY /site/users/show/{id}": "app.Users.show",
            "ANY /site/users/{?}": "app.Users.default",
        },
    ),
    "a class that answers by method": (
        """
        import cherrypy

        @cherrypy.expose
        class Item:
            def GET(self, id): ...
            def POST(self): ...

        class Root:
            def __init__(self):
                self.item = Item()

        if __name__ == "__main__":
            cherrypy.quickstart(Root(), "/", {})
        """,
        {
            "GET /item/{id}": "app.Item.GET",
            "POST /item": "app.Item.POST",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(cherrypy, source)} == expected
