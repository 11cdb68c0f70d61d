"""aiohttp.web: routes of applications and route tables, sub-applications, views, middlewares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import own_answers, url_path
from auditor.frameworks.callbacks import hooked, unique
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.handlers import Route, answered
from auditor.frameworks.wiring import Call, Instance, Value, Wiring, wire

if TYPE_CHECKING:
    from auditor.index.project import Project

_APPLICATION: Final = ("aiohttp.web.Application", "aiohttp.web_app.Application")
_TABLE: Final = ("aiohttp.web.RouteTableDef", "aiohttp.web_routedef.RouteTableDef")
_STATIC: Final = ("aiohttp.web.static", "aiohttp.web_routedef.static")
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_SIGNALS: Final = frozenset({"on_response_prepare.append"})
_MAX_DEPTH: Final = 12


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every route of every application, under the prefixes of the applications it is a part of.

    A table that nobody in sight adds to an application stands at the root.
    """
    wiring = wire(project)
    apps = wiring.made_from(*_APPLICATION)
    inner = {id(child) for app in apps for child, _ in parts(app)}
    for app in apps:
        if id(app) not in inner:
            yield from served(project, wiring, app, "", (), 0)
    added = {id(v) for app in apps for call in app.calls for given in call.args for v in flat(given)}
    for table in wiring.made_from(*_TABLE):
        if id(table) not in added:
            for method, path, handler in defined(table):
                yield from answered(project, wiring, handler, Route("aiohttp", full("", path), method))


def served(
    project: Project, wiring: Wiring, app: Instance, prefix: str, outer: tuple[Around, ...], depth: int
) -> Iterator[EntryPoint]:
    """What one application serves below `prefix`."""
    around = unique((*outer, *own_around(app)))
    for call in app.calls:
        for method, path, handler in registered(call):
            route = Route("aiohttp", full(prefix, path), method, around, default=("ANY",))
            yield from answered(project, wiring, handler, route)
        for path, said in folders(call):
            yield from own_answers.files(project, "aiohttp", full(prefix, path), said, around)
    if depth < _MAX_DEPTH:
        for child, path in parts(app):
            yield from served(project, wiring, child, prefix + path.rstrip("/"), around, depth + 1)


def parts(app: Instance) -> Iterator[tuple[Instance, str]]:
    """Sub-applications with their prefixes; one that is chosen by the host's name stands at the root."""
    for call in app.calls:
        child = call.argument(1, "subapp")
        if call.method in {"add_subapp", "add_domain"} and isinstance(child, Instance):
            yield child, url_path.text(call.argument(0, "prefix")) if call.method == "add_subapp" else ""


def registered(call: Call) -> Iterator[tuple[Value, Value, Value]]:
    """`(methods, path, handler)` of what one call on an application registers; methods None for a view."""
    name = call.method.removeprefix("router.")
    if name == "add_routes":
        for item in flat(call.argument(0, "routes")):
            yield from defined(item)
    elif name == "add_route":
        yield verb(call.argument(0, "method")), call.argument(1, "path"), call.argument(2, "handler")
    elif name == "add_view":
        yield None, call.argument(0, "path"), call.argument(1, "handler")
    elif name.removeprefix("add_") in _VERBS and name.startswith("add_"):
        yield verb(name.removeprefix("add_")), call.argument(0, "path"), call.argument(1, "handler")


def folders(call: Call) -> Iterator[tuple[Value, Call | Instance]]:
    """The prefixes below which an application serves files."""
    name = call.method.removeprefix("router.")
    if name == "add_static":
        yield call.argument(0, "prefix"), call
    elif name == "add_routes":
        for item in flat(call.argument(0, "routes")):
            if not set(item.libraries).isdisjoint(_STATIC):
                yield item.argument(0, "prefix"), item
            elif not set(item.libraries).isdisjoint(_TABLE):
                yield from ((c.argument(0, "prefix"), c) for c in item.calls if c.method == "static")


def defined(item: Value) -> Iterator[tuple[Value, Value, Value]]:
    """The routes of `web.get(...)`, `web.view(...)` and alike, or of a whole route table."""
    if not isinstance(item, Instance):
        return
    if not set(item.libraries).isdisjoint(_TABLE):
        for call in item.calls:
            for target in call.targets:
                if call.method == "route":
                    yield verb(call.argument(0, "method")), call.argument(1, "path"), target
                elif call.method == "view":
                    yield None, call.argument(0, "path"), target
                elif call.method in _VERBS:
                    yield verb(call.method), call.argument(0, "path"), target
        return
    library, _, name = item.libraries[0].rpartition(".") if item.libraries else ("", "", "")
    if library not in {"aiohttp.web", "aiohttp.web_routedef"}:
        return
    if name == "route":
        yield verb(item.argument(0, "method")), item.argument(1, "path"), item.argument(2, "handler")
    elif name == "view":
        yield None, item.argument(0, "path"), item.argument(1, "handler")
    elif name in _VERBS:
        yield verb(name), item.argument(0, "path"), item.argument(1, "handler")


def verb(method: Value) -> Value:
    """`*` is any method."""
    return ["ANY"] if method == "*" else [method.upper()] if isinstance(method, str) else ["ANY"]


def own_around(app: Instance) -> Iterator[Around]:
    """The middlewares of an application, given on making it or appended."""
    given = [*flat(app.argument(-1, "middlewares"))]
    for call in app.calls:
        if call.method in {"middlewares.append", "middlewares.insert", "middlewares.extend"}:
            given += [value for argument in call.args for value in flat(argument)]
    yield from hooked(given, "middleware")
    for call in app.calls:
        if call.method in _SIGNALS:
            yield from hooked(call.args, "after")


def flat(value: Value) -> list[Value]:
    """The items of a list, or the one value."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def full(prefix: str, path: Value) -> str:
    """A path below a prefix, parameters as `{name}`."""
    return url_path.rooted(url_path.from_braces(prefix + url_path.text(path)))
