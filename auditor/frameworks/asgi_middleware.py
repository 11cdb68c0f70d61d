"""Middleware of Starlette's and FastAPI's applications, as code around every request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.frameworks.callbacks import hooked
from auditor.frameworks.entry import Around
from auditor.frameworks.wiring import Instance, Value
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project


def middleware_of(project: Project, instance: Instance) -> Iterator[Around]:
    """The project's middleware on an application, router or mount, outermost (added last) first."""
    added = [c for c in instance.calls if c.method in {"middleware", "add_middleware"}]
    for call in reversed(added):
        if call.method == "middleware":
            yield from hooked(call.targets, "middleware")
        else:
            yield from around_of(project, call.argument(0, "middleware_class"), call.kwargs)
    listing = instance.kwargs.get("middleware")
    for item in listing if isinstance(listing, list | tuple) else ():
        if isinstance(item, Instance):
            yield from around_of(project, item.argument(0, "cls"), item.kwargs)


def around_of(project: Project, middleware: Value, options: dict[str, Value]) -> Iterator[Around]:
    """What runs per request: `dispatch` of a base HTTP middleware, `__call__` of a plain one."""
    if not isinstance(middleware, Class):
        yield from hooked([options.get("dispatch")], "middleware")
        return
    function = project.method(middleware, "dispatch") or project.method(middleware, "__call__")
    if function is not None:
        yield Around(function, middleware, "middleware")
