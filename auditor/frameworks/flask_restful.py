"""Flask-RESTful and Flask-RESTX: resources added to an `Api` or to a `Namespace` of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.flask import class_entries
from auditor.frameworks.flask_authentication import guarded, guards
from auditor.frameworks.flask_placement import Placement, placements
from auditor.frameworks.wiring import Call, Instance, Wiring, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project

_PACKAGES: Final = frozenset({"flask_restful", "flask_restx", "flask_restplus"})


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per resource, URL and HTTP method that the resource answers."""
    wiring = wire(project)
    places = placements(wiring)
    known = guards(wiring)
    for api in parts(wiring, "Api"):
        for placement in api_places(api, places):
            for found in api_entries(project, wiring, api, placement):
                yield guarded(project, wiring, found, known)


def parts(wiring: Wiring, *names: str) -> list[Instance]:
    """Objects made from the class of that name in one of the libraries."""
    return [
        i
        for i in wiring.instances
        if any(lib.partition(".")[0] in _PACKAGES and lib.rpartition(".")[2] in names for lib in i.libraries)
    ]


def api_places(api: Instance, places: dict[int, list[Placement]]) -> list[Placement]:
    """Where what an `Api` was given stands; the root where that is out of sight."""
    hosts = [api.argument(0, "app"), *(c.argument(0, "app") for c in api.calls if c.method == "init_app")]
    found = [p for h in hosts if isinstance(h, Instance) for p in places.get(id(h), ())]
    return list(dict.fromkeys(found)) or [Placement("", ())]


def api_entries(
    project: Project, wiring: Wiring, api: Instance, placement: Placement
) -> Iterator[EntryPoint]:
    """The endpoints of one `Api` at one of its places."""
    prefix = (
        url_path.text(api.argument(1, "prefix")) if restful(api) else url_path.text(api.kwargs.get("prefix"))
    )
    base = url_path.under(placement.prefix, prefix)
    for call in api.calls:
        yield from resources(project, wiring, call, base, placement.around)
    for namespace, path in namespaces(api):
        for call in namespace.calls:
            yield from resources(project, wiring, call, url_path.under(base, path), placement.around)


def restful(api: Instance) -> bool:
    """Whether an `Api` is Flask-RESTful's, whose second argument is the prefix."""
    return any(lib.startswith("flask_restful.") for lib in api.libraries)


def namespaces(api: Instance) -> Iterator[tuple[Instance, str]]:
    """Namespaces of an `Api` with their paths: what was given on adding, else their own, else their name."""
    for call in api.calls:
        if call.method == "add_namespace":
            namespace = call.argument(0, "ns")
            given = call.argument(1, "path")
            if isinstance(namespace, Instance):
                yield namespace, url_path.text(given) if given is not None else namespace_path(namespace)
        elif call.method == "namespace" and call.result is not None:
            yield call.result, namespace_path(call.result)


def namespace_path(namespace: Instance) -> str:
    """The path of a namespace: its own, else its name."""
    path = namespace.argument(2, "path")
    if path is not None:
        return url_path.text(path)
    return "/" + url_path.text(namespace.argument(0, "name")).strip("/")


def resources(
    project: Project, wiring: Wiring, call: Call, base: str, around: tuple[Around, ...]
) -> Iterator[EntryPoint]:
    """The endpoints of `add_resource(Resource, *urls)` or `@api.route(*urls)`."""
    if call.method == "add_resource":
        targets, urls = call.args[:1], call.args[1:]
    elif call.method == "route":
        targets, urls = tuple(call.targets), call.args
    else:
        return
    for cls in targets:
        if not isinstance(cls, Class):
            continue
        for url in urls:
            path = url_path.rooted(url_path.from_angles(url_path.under(base, url_path.text(url))))
            for found in class_entries(project, wiring, cls, path=path, methods=None, around=around):
                yield replace(found, framework="flask_restful")
