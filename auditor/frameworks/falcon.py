"""Falcon: resources at URI templates, responders by name and suffix, middleware components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import own_answers, url_path
from auditor.frameworks.callbacks import hooked, method_value, unique, wrappers
from auditor.frameworks.entry import Around, EntryPoint, http_entry
from auditor.frameworks.handlers import view_class
from auditor.frameworks.verb_methods import VERBS
from auditor.frameworks.wiring import Call, Instance, Value, Wiring, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project

_APPLICATIONS: Final = (
    "falcon.App", "falcon.API", "falcon.app.App", "falcon.asgi.App", "falcon.asgi.app.App",
)  # fmt: skip
_COMPONENT: Final = ("process_request", "process_resource", "process_response")


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per responder of every resource that an application routes to."""
    wiring = wire(project)
    for app in wiring.made_from(*_APPLICATIONS):
        around = unique(components(project, app))
        for call in app.calls:
            if call.method == "add_route":
                yield from responders(project, wiring, call, around)
            elif call.method == "add_sink":
                yield from sinks(call, around)
            elif call.method == "add_static_route":
                yield from own_answers.files(project, "falcon", call.argument(0, "prefix"), call, around)


def responders(
    project: Project, wiring: Wiring, call: Call, around: tuple[Around, ...]
) -> Iterator[EntryPoint]:
    """`on_get`, `on_post_item` and so on of one route's resource."""
    cls = view_class(call.argument(1, "resource"))
    if cls is None:
        return
    path = url_path.rooted(url_path.from_braces(url_path.text(call.argument(0, "uri_template"))))
    suffix = call.kwargs.get("suffix")
    ending = f"_{suffix}" if isinstance(suffix, str) and suffix else ""
    for verb in VERBS:
        function = project.method(cls, f"on_{verb.lower()}{ending}")
        if function is not None:
            wrapped = wrappers(method_value(wiring, cls, function))
            yield http_entry("falcon", verb, path, function, cls, unique((*around, *wrapped)))
    socket = project.method(cls, f"on_websocket{ending}")
    if socket is not None:
        yield http_entry("falcon", "CONSUMER", path, socket, cls, around)


def sinks(call: Call, around: tuple[Around, ...]) -> Iterator[EntryPoint]:
    """A sink takes every method below a prefix."""
    prefix = call.argument(1, "prefix", default="/")
    if isinstance(prefix, str):
        for found in hooked([call.argument(0, "sink")], "before"):
            yield http_entry(
                "falcon", "ANY", url_path.rooted(prefix) + "{?}", found.function, found.receiver, around
            )


def components(project: Project, app: Instance) -> Iterator[Around]:
    """What the middleware components of an application do around each request."""
    given: list[Value] = [app.kwargs.get("middleware")]
    given += [call.argument(0, "middleware") for call in app.calls if call.method == "add_middleware"]
    for listing in given:
        for component in listing if isinstance(listing, list | tuple) else (listing,):
            cls = component.cls if isinstance(component, Instance) else component
            if isinstance(cls, Class):
                for name in _COMPONENT:
                    function = project.method(cls, name) or project.method(cls, f"{name}_async")
                    if function is not None:
                        yield Around(function, cls, "middleware")
