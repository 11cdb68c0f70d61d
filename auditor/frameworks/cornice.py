"""Cornice, on Pyramid: services that functions are tied to by HTTP method, and resources, classes with a method each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import hooked, method_value, unique, wrappers
from auditor.frameworks.entry import Around, EntryPoint, http_entry
from auditor.frameworks.verb_methods import VERBS
from auditor.frameworks.wiring import Instance, Value, Wiring, as_function, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project

_SERVICES: Final = ("cornice.Service", "cornice.service.Service")
_RESOURCES: Final = ("cornice.resource.resource", "cornice.resource.add_resource")


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per service and method that a function answers, and per method of a resource."""
    wiring = wire(project)
    for service in wiring.made_from(*_SERVICES):
        yield from of_service(project, service)
    for resource in wiring.made_from(*_RESOURCES):
        for call in resource.calls:
            for target in call.targets:
                if isinstance(target, Class):
                    yield from of_resource(project, wiring, resource, target)


def of_service(project: Project, service: Instance) -> Iterator[EntryPoint]:
    """What `@service.get(…)` and `service.add_view("GET", …)` tie to a service's path."""
    path = path_of(service.argument(1, "path"))
    if not path:
        return
    shared = tuple(made_by(project, service.kwargs.get("factory")))
    for call in service.calls:
        verb = call.method.upper()
        targets: tuple[Value, ...] = tuple(call.targets)
        if call.method == "add_view":
            named = call.argument(0, "method")
            verb = named.upper() if isinstance(named, str) else ""
            targets = (call.argument(1, "view"),)
        if verb not in VERBS:
            continue
        validators = call.kwargs.get("validators", service.kwargs.get("validators"))
        for target in targets:
            found = as_function(target)
            if found is not None:
                around = unique((*shared, *checks(validators), *wrappers(target)))
                yield http_entry("cornice", verb, path, found[0], found[1], around)


def of_resource(project: Project, wiring: Wiring, resource: Instance, cls: Class) -> Iterator[EntryPoint]:
    """`get`, `collection_post` and so on of a class, at the paths of its decorator."""
    init = project.method(cls, "__init__")
    shared = [*made_by(project, resource.kwargs.get("factory"))]
    shared += [] if init is None else [Around(init, cls, "before")]
    for prefix, option in (("", "path"), ("collection_", "collection_path")):
        path = path_of(resource.kwargs.get(option))
        for verb in VERBS if path else ():
            function = project.method(cls, f"{prefix}{verb.lower()}")
            if function is not None:
                around = unique((*shared, *wrappers(method_value(wiring, cls, function))))
                yield http_entry("cornice", verb, path, function, cls, around)


def path_of(value: Value) -> str:
    """The path as endpoints are named by it; "" where it is not known."""
    text = url_path.text(value) if value is not None else ""
    return url_path.rooted(url_path.from_braces(text)) if text else ""


def made_by(project: Project, factory: Value) -> Iterator[Around]:
    """What makes the context of a request."""
    if isinstance(factory, Class):
        init = project.method(factory, "__init__")
        if init is not None:
            yield Around(init, factory, "dependency")
    else:
        yield from hooked([factory], "dependency")


def checks(validators: Value) -> Iterator[Around]:
    """The functions that look at a request before its view does."""
    yield from hooked(validators if isinstance(validators, list | tuple) else [validators], "before")
