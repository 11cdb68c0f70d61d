"""FastAPI: path operations with their dependencies, background tasks, middleware and response models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.frameworks.asgi_routes import AsgiRoute, asgi_routes
from auditor.frameworks.callbacks import unique, wrappers
from auditor.frameworks.entry import EntryPoint, http_entry
from auditor.frameworks.fastapi_background import background_tasks
from auditor.frameworks.fastapi_dependencies import around_dependency, dependency_of, unused_dependencies
from auditor.frameworks.wiring import Wiring, as_function, wire
from auditor.index import ir

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

__all__ = ["dependency_of", "entry_points", "response_model_of"]


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every path operation and web socket, once per place where its router is included."""
    wiring = wire(project)
    for route in asgi_routes(project, wiring):
        if route.framework == "fastapi":
            yield from route_entries(project, wiring, route)


def route_entries(project: Project, wiring: Wiring, route: AsgiRoute) -> Iterator[EntryPoint]:
    found = as_function(route.endpoint)
    if found is None:
        return
    function, receiver = found
    around = list(route.around)
    for value in route.dependencies:
        around += around_dependency(project, wiring, value)
    around += unused_dependencies(project, function)
    around += wrappers(route.endpoint)
    around += background_tasks(project, function)
    for verb in ("CONSUMER",) if route.socket else route.methods or ("GET",):
        yield http_entry("fastapi", verb, route.path, function, receiver, unique(around))


def response_model_of(project: Project, found: EntryPoint) -> Node | None:
    """The expression of an entry's response model, in `found.handler.module`; None where it has none.

    The decorator's `response_model`, else the return annotation; `response_model=None` means none.
    """
    del project
    if found.framework != "fastapi":
        return None
    for decorator in found.handler.decorators:
        if decorator[0] != ir.CALL:
            continue
        for name, node in decorator[4]:
            if name == "response_model":
                return None if node[0] == ir.CONST and node[2] is None else node
    return found.handler.returns
