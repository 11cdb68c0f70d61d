"""A pytest plugin that records which SQL ran under which endpoint, with the lines of the target that led there.

Run in the target's own environment: `REACH_TREE=TREE REACH_OUT=FILE python -m pytest -p reach_recorder ...` with this
folder on PYTHONPATH. Knows Django's cursors and SQLAlchemy's engines, and Flask's, Django's and Starlette's (FastAPI's)
requests; standard library only. FILE holds one JSON line for each `[method, route, kind of route, stack, verb and text]` that differs; the
stack is `[[file, line], ...]`, innermost first, without tests and libraries; it is
empty where a library's code ran the statement for a handler without a line of the application in between.
"""

import contextvars
import importlib.util
import json
import os
import sys
import threading

TREE = os.path.realpath(os.environ["REACH_TREE"]) + os.sep
OUT = os.environ["REACH_OUT"]
TEXT = 400
INNER = ("full_dispatch_request", "_get_response")
HANDLERS = (*INNER, "get_response")
"""What Flask and Django answer a request in; Django's middleware runs between its two."""
_SEEN = {}
_NOW = threading.local()
_INSIDE = {}
_ASGI = contextvars.ContextVar("reach_asgi", default=None)
"""The route and rows of the request that Starlette is answering: threads and tasks it starts inherit it."""


def inside(filename):
    """The file below the tree, as the report names it; empty for tests, libraries and what is made at run time."""
    known = _INSIDE.get(filename)
    if known is None:
        path = os.path.realpath(filename)
        name = path[len(TREE) :] if path.startswith(TREE) and not filename.startswith("<") else ""
        parts = name.split(os.sep)
        is_test = any(
            part in ("tests", "test", "testing") or part.startswith(("test_", "conftest")) for part in parts
        )
        known = _INSIDE[filename] = "" if is_test or "site-packages" in parts else name
    return known


def noted(statement):
    """Takes down one statement, where a request is under way."""
    stack, where = [], ""
    for frame in frames(sys._getframe(2)):
        name = inside(frame.f_code.co_filename)
        function = frame.f_code.co_name
        if name:
            stack.append([name, frame.f_lineno])
        elif function in HANDLERS:
            where = function
            if function in INNER:
                break  # what lies further out is around the handler and only passes the request on
    answering = _ASGI.get()
    if answering is not None:
        answering["rows"].append([stack, statement.strip()[:TEXT]])
        return
    if not where or (not stack and where not in INNER):
        return
    row = [stack, statement.strip()[:TEXT]]
    pending = getattr(_NOW, "pending", None)
    if pending is not None:
        pending.append(row)
        return
    flask = sys.modules.get("flask")
    if flask is not None and flask.has_request_context():
        rule = flask.request.url_rule
        keep(flask.request.method, rule.rule if rule is not None else "", "flask", row)


def frames(frame):
    """From the innermost out, through the greenlets in which SQLAlchemy's asynchronous sessions run."""
    greenlets = sys.modules.get("greenlet")
    running = greenlets.getcurrent() if greenlets is not None else None
    while frame is not None:
        yield frame
        frame = frame.f_back
        while frame is None and running is not None:
            running = running.parent
            frame = running.gr_frame if running is not None else None


def keep(method, route, kind, row):
    """Each difference once, however often it ran."""
    key = json.dumps([method, route, kind, *row])
    _SEEN[key] = _SEEN.get(key, 0) + 1


def watch_sqlalchemy():
    """Every engine."""
    try:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
    except ImportError:
        return

    @event.listens_for(Engine, "before_cursor_execute")
    def before(conn, cursor, statement, parameters, context, executemany):
        noted(statement)


def watch_django():
    """Every cursor, and which request is being answered: its route is known once it was resolved."""
    try:
        from django.core.handlers.base import BaseHandler
        from django.db.backends.utils import CursorWrapper
    except ImportError:
        return

    def wrapped(name):
        real = getattr(CursorWrapper, name)

        def run(self, sql, *args, **kwargs):
            noted(str(sql))
            return real(self, sql, *args, **kwargs)

        setattr(CursorWrapper, name, run)

    wrapped("execute")
    wrapped("executemany")
    answer = BaseHandler.get_response

    def get_response(self, request):
        before = getattr(_NOW, "pending", None)
        _NOW.pending = rows = []
        try:
            return answer(self, request)
        finally:
            _NOW.pending = before
            match = getattr(request, "resolver_match", None)
            for row in rows:
                keep(request.method, getattr(match, "route", "") or "", "django", row)

    BaseHandler.get_response = get_response


def watch_starlette():
    """Which request is being answered, from the outermost application in; its route is the innermost that handles it."""
    try:
        from starlette.applications import Starlette
        from starlette.routing import Route
    except ImportError:
        return
    fastapi = importlib.util.find_spec("fastapi") and importlib.import_module("fastapi.routing")
    call = Starlette.__call__

    async def answered(self, scope, receive, send):
        if scope["type"] != "http" or _ASGI.get() is not None:
            return await call(self, scope, receive, send)
        answering = {"rows": [], "route": ""}
        token = _ASGI.set(answering)
        try:
            await call(self, scope, receive, send)
        finally:
            _ASGI.reset(token)
            for row in answering["rows"]:
                keep(scope["method"], answering["route"], "starlette", row)

    def handling(kind):
        handle = kind.handle

        async def handled(self, scope, receive, send):
            answering = _ASGI.get()
            if answering is not None:
                included = scope.get("fastapi", {}).get("effective_route_context") or self
                answering["route"] = scope.get("root_path", "") + included.path
            await handle(self, scope, receive, send)

        kind.handle = handled

    Starlette.__call__ = answered
    handling(Route)
    if fastapi and "handle" in vars(fastapi.APIRoute):
        handling(fastapi.APIRoute)


def pytest_configure(config):
    """Before anything of the target is imported by a test."""
    watch_sqlalchemy()
    watch_django()
    watch_starlette()


def pytest_sessionfinish(session, exitstatus):
    """Writes what was seen."""
    with open(OUT, "a", encoding="utf-8") as file:
        for key, times in _SEEN.items():
            method, route, kind, stack, text = json.loads(key)
            line = {
                "method": method,
                "route": route,
                "kind": kind,
                "stack": stack,
                "text": text,
                "times": times,
            }
            file.write(json.dumps(line) + "\n")
