"""Starlette: functions, endpoint classes and plain ASGI applications behind routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.frameworks.asgi_routes import AsgiRoute, asgi_routes
from auditor.frameworks.callbacks import method_value, unique, wrappers
from auditor.frameworks.entry import EntryPoint, http_entry
from auditor.frameworks.fastapi_background import background_tasks
from auditor.frameworks.own_answers import STATIC_FILES, own_answer
from auditor.frameworks.verb_methods import verbs_of
from auditor.frameworks.wiring import Instance, Wiring, as_function, unwrapped, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every route that Starlette itself serves; FastAPI's own are that module's."""
    wiring = wire(project)
    for route in asgi_routes(project, wiring):
        if route.framework == "starlette":
            yield from route_entries(project, wiring, route)


def route_entries(project: Project, wiring: Wiring, route: AsgiRoute) -> Iterator[EntryPoint]:
    """The endpoints of one route: a function answers GET unless told otherwise, a class what it defines."""
    target = unwrapped(route.endpoint)
    if isinstance(target, Instance):
        if target.cls is None and not set(target.libraries).isdisjoint(STATIC_FILES):
            yield from own_answer(project, "starlette", route.path, "file", target, route.around)
        target = target.cls
    if isinstance(target, Class):
        yield from class_entries(project, wiring, target, route)
        return
    found = as_function(route.endpoint)
    if found is None:
        return
    around = unique((*route.around, *wrappers(route.endpoint), *background_tasks(project, found[0])))
    for verb in ("CONSUMER",) if route.socket else route.methods or ("GET",):
        yield http_entry(route.framework, verb, route.path, found[0], found[1], around)


def class_entries(project: Project, wiring: Wiring, cls: Class, route: AsgiRoute) -> Iterator[EntryPoint]:
    """The endpoints of an endpoint class or of a plain ASGI application."""
    verbs = {} if route.socket else dict(verbs_of(project, cls))
    if not verbs:
        names = (
            ("on_receive", "on_connect", "dispatch", "__call__") if route.socket else ("__call__", "dispatch")
        )
        function = next((f for n in names if (f := project.method(cls, n)) is not None), None)
        if function is not None:
            verb = "CONSUMER" if route.socket else (route.methods or ("ANY",))[0]
            yield http_entry(route.framework, verb, route.path, function, cls, route.around)
        return
    for verb, function in verbs.items():
        if not route.methods or verb in route.methods or "ANY" in route.methods:
            wrapped = wrappers(method_value(wiring, cls, function))
            around = unique((*route.around, *wrapped, *background_tasks(project, function)))
            yield http_entry(route.framework, verb, route.path, function, cls, around)
