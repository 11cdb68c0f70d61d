"""Django Ninja: operations of an API and its routers, below where the project's URLs put the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import hooked, unique
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.handlers import Route, answered
from auditor.frameworks.wiring import Call, Instance, Value, Wiring, wire
from auditor.frameworks.wiring.configurator import dotted

if TYPE_CHECKING:
    from auditor.index.project import Project

_API: Final = ("ninja.NinjaAPI", "ninja.main.NinjaAPI", "ninja_extra.NinjaExtraAPI")
_ROUTER: Final = ("ninja.Router", "ninja.router.Router")
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_CONVERTED: Final = re.compile(r"\{(?:\w+:)?(\w+)\}")
_MAX_DEPTH: Final = 12


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every operation; an API that no URL pattern in sight serves stands at the root."""
    wiring = wire(project)
    for api in wiring.made_from(*_API):
        for prefix in served_at(wiring, api) or ("",):
            yield from operations(project, wiring, api, prefix, (), 0)


def served_at(wiring: Wiring, api: Instance) -> tuple[str, ...]:
    """Prefixes of `path("api/", api.urls)`, where the pattern is made by a call that setup code was seen to make."""
    return tuple(
        url_path.rooted(url_path.text(made.argument(0, "route")))
        for made in wiring.made_from("django.urls.path", "django.urls.conf.path")
        if getattr(made.argument(1, "view"), "instance", None) is api
    )


def operations(
    project: Project, wiring: Wiring, part: Instance, prefix: str, outer: tuple[Around, ...], depth: int
) -> Iterator[EntryPoint]:
    """The operations of an API or router below `prefix`, its routers' with them."""
    around = unique((*outer, *authentications(project, part.kwargs.get("auth"))))
    for call in part.calls:
        for target, path, methods in registered(call):
            full = _CONVERTED.sub(r"{\1}", url_path.rooted(prefix + "/" + url_path.text(path).lstrip("/")))
            own = unique((*around, *authentications(project, call.kwargs.get("auth"))))
            yield from answered(project, wiring, target, Route("django_ninja", full, methods, own))
    if depth < _MAX_DEPTH:
        for child, path in routers(wiring, part):
            yield from operations(
                project, wiring, child, f"{prefix.rstrip('/')}/{path.strip('/')}", around, depth + 1
            )


def registered(call: Call) -> Iterator[tuple[Value, Value, Value]]:
    """`(function, path, methods)` of what a decorator registers."""
    if call.method in _VERBS:
        path, methods = call.argument(0, "path"), [call.method.upper()]
    elif call.method == "api_operation":
        path, methods = call.argument(1, "path"), call.argument(0, "methods")
    else:
        return
    for target in call.targets:
        yield target, path, methods


def routers(wiring: Wiring, part: Instance) -> Iterator[tuple[Instance, str]]:
    """Routers added to an API or router, as such or by their dotted names, with their prefixes."""
    for call in part.calls:
        if call.method != "add_router":
            continue
        child = call.argument(1, "router")
        if isinstance(child, str) and wiring.interpreter is not None:
            child = dotted(wiring.interpreter, child, call.module)
        if isinstance(child, Instance) and not set(child.libraries).isdisjoint(_ROUTER):
            yield child, url_path.text(call.argument(0, "prefix"))


def authentications(project: Project, value: Value) -> Iterator[Around]:
    """What decides who may call: functions, and `authenticate` of objects made from the project's classes."""
    for auth in auths(value):
        cls = auth.cls if isinstance(auth, Instance) else None
        method = None if cls is None else project.method(cls, "authenticate")
        if method is not None:
            yield Around(method, cls, "authentication")
        else:
            yield from hooked([auth], "authentication")


def auths(value: Value) -> list[Value]:
    """What decides who may call: one callable or several."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
