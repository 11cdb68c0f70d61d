"""Tornado: rules of applications, nested lists, sockets, hooks of handlers."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import tornado
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "pairs that are no rules": """
        import tornado.web

        class Handler(tornado.web.RequestHandler):
            def get(self): ...

        messages = [("processed %d", 3), ("/no", str)]
        """,
    "a client": """
        import tornado.httpclient

        class Client:
            def get(self): ...

        rules = [("/no", Client)]
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(tornado, source) == []


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "rules, named groups, URLSpec, added handlers, sockets": (
        """
        import tornado.web
        import tornado.websocket
        from tornado.web import URLSpec

        class Item(tornado.web.RequestHandler):
            def get(self, id): ...
            def delete(self, id): ...
            def query(self): ...

        class Feed(tornado.websocket.WebSocketHandler):
            def on_message(self, message): ...

        app = tornado.web.Application([
            (r"/items/(?P<id>[0-9]+)", Item),
            URLSpec(r"/named/([^/]+)/?", Item, name="x"),
        ])
        app.add_handlers(r".*", [(r"/feed", Feed)])
        """,
        {
            "GET /items/{id}": "app.Item.get",
            "DELETE /items/{id}": "app.Item.delete",
            "GET /named/{arg}": "app.Item.get",
            "DELETE /named/{arg}": "app.Item.delete",
            "CONSUMER /feed": "app.Feed.on_message",
        },
    ),
    "a list that an application elsewhere takes by name": (
        """
        import tornado.web

        class Item(tornado.web.RequestHandler):
            def get(self): ...

        handlers = [(r"/items", Item)]
        """,
        {
            "GET /items": "app.Item.get",
        },
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_endpoints(entries: Entries, source: str, expected: dict[str, str]) -> None:
    assert {one.id: one.name for one in entries(tornado, source)} == expected


def test_what_runs_around(entries: Entries) -> None:
    source = """
        import tornado.web

        class Base(tornado.web.RequestHandler):
            def prepare(self): ...
            def get_current_user(self): ...

        class Home(Base):
            def get(self): ...

        app = tornado.web.Application([(r"/", Home)])
    """
    expected = [("before", "app.Base.prepare"), ("authentication", "app.Base.get_current_user")]
    (found,) = (one for one in entries(tornado, source) if one.id == "GET /")
    assert [(a.role, a.function.qualname) for a in found.around] == expected


@pytest.mark.parametrize(
    "init", ["super().__init__(", "super(App, self).__init__(", "tornado.web.Application.__init__(self, "]
)
def test_an_application_of_its_own_class_hands_its_rules_up(entries: Entries, init: str) -> None:
    source = f"""
        import tornado.web

        class Home(tornado.web.RequestHandler):
            def get(self): ...

        class App(tornado.web.Application):
            def __init__(self):
                {init}[(r"/home", Home)], debug=False)

        def main():
            App().listen(8888)
    """
    assert [one.id for one in entries(tornado, source)] == ["GET /home"]
