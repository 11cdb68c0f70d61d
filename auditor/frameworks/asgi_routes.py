"""The routes of Starlette's and FastAPI's applications, through routers, includes and mounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks import url_path
from auditor.frameworks.asgi_middleware import middleware_of
from auditor.frameworks.base_path import is_served_bare_too
from auditor.frameworks.callbacks import unique
from auditor.frameworks.entry import Around
from auditor.frameworks.literals import HOLE, UNKNOWN
from auditor.frameworks.own_answers import STATIC_FILES
from auditor.frameworks.verb_methods import listed
from auditor.frameworks.wiring import Call, Instance, Value, Wiring, unwrapped
from auditor.frameworks.wiring.values import LibraryAttribute

if TYPE_CHECKING:
    from auditor.index.project import Project

_PACKAGES: Final = frozenset({"fastapi", "starlette"})
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "options", "head", "trace"})
_SOCKETS: Final = frozenset(
    {"websocket", "websocket_route", "add_websocket_route", "add_api_websocket_route"}
)
_MAX_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class AsgiRoute:
    """One registration of a handler at a path; `methods` is empty where the handler decides."""

    framework: Literal["fastapi", "starlette"]
    path: str
    methods: tuple[str, ...]
    endpoint: Value
    socket: bool
    around: tuple[Around, ...]
    dependencies: tuple[Value, ...]
    """What `dependencies=[...]` of the application, the routers and the route itself list."""


@dataclass(frozen=True, slots=True)
class _Place:
    prefix: str = ""
    around: tuple[Around, ...] = ()
    dependencies: tuple[Value, ...] = ()
    depth: int = 0


def part(instance: Instance) -> Literal["app", "router", "mount", "host", "route", "socket", ""]:
    """What a library object is to routing."""
    for library in instance.libraries:
        if library.partition(".")[0] in _PACKAGES:
            name = library.rpartition(".")[2]
            if name in _PARTS:
                return _PARTS[name]
    return ""


_PARTS: Final[dict[str, Literal["app", "router", "mount", "host", "route", "socket"]]] = {
    "FastAPI": "app",
    "Starlette": "app",
    "APIRouter": "router",
    "Router": "router",
    "Mount": "mount",
    "Host": "host",
    "Route": "route",
    "APIRoute": "route",
    "WebSocketRoute": "socket",
    "APIWebSocketRoute": "socket",
}


@lru_cache(maxsize=2)
def asgi_routes(project: Project, wiring: Wiring) -> tuple[AsgiRoute, ...]:
    """Every route of every application; routers that nobody in sight includes stand at their own prefix."""
    return tuple(_Walk(project, wiring).all())


class _Walk:
    def __init__(self, project: Project, wiring: Wiring) -> None:
        self.project = project
        self.wiring = wiring
        self.parts = [i for i in wiring.instances if part(i)]
        self.inner = {id(child) for p in self.parts for child in self.children_of(p)}
        self.visiting: set[int] = set()

    def all(self) -> Iterator[AsgiRoute]:
        for instance in self.parts:
            if id(instance) not in self.inner and part(instance) in {"app", "router"}:
                yield from self.routes(instance, _Place())

    def children_of(self, instance: Instance) -> Iterator[Instance]:
        """What is served below an object, directly."""
        for call in instance.calls:
            name = routing_method(call)
            if name in {"include_router", "mount", "host"}:
                child = served(call.argument(0 if name == "include_router" else 1, "router", "app"))
                if child is not None:
                    yield child
        yield from listed_routes(instance)
        if part(instance) in {"mount", "host"}:
            child = served(instance.argument(1, "app"))
            if child is not None:
                yield child

    def routes(self, instance: Instance, place: _Place) -> Iterator[AsgiRoute]:
        """The routes of an application or router that is reached at `place`."""
        if id(instance) in self.visiting or place.depth > _MAX_DEPTH:
            return
        self.visiting.add(id(instance))
        own = url_path.text(instance.kwargs.get("prefix"))
        here = replace(
            place,
            prefix=place.prefix + own,
            around=unique((*place.around, *middleware_of(self.project, instance))),
            dependencies=(*place.dependencies, *dependency_list(instance.kwargs.get("dependencies"))),
            depth=place.depth + 1,
        )
        for call in instance.calls:
            yield from self.call(call, instance, here)
        for route in listed_routes(instance):
            yield from self.listed(route, here)
        self.visiting.discard(id(instance))

    def call(self, call: Call, owner: Instance, place: _Place) -> Iterator[AsgiRoute]:
        name = routing_method(call)
        if name == "include_router":
            child = served(call.argument(0, "router"))
            if child is not None:
                dependencies = (*place.dependencies, *dependency_list(call.kwargs.get("dependencies")))
                prefix = place.prefix + url_path.text(call.kwargs.get("prefix"))
                yield from self.routes(child, replace(place, prefix=prefix, dependencies=dependencies))
        elif name in {"mount", "host"}:
            child = served(call.argument(1, "app"))
            if child is not None:
                path = "" if name == "host" else url_path.text(call.argument(0, "path")).rstrip("/")
                if path == HOLE and is_served_bare_too(call):
                    path = ""
                yield from self.routes(child, replace(place, prefix=place.prefix + path, dependencies=()))
            elif name == "mount":
                yield from files(call.argument(1, "app"), call.argument(0, "path"), place)
        elif name in _VERBS or name in {"api_route", "route"} or name in _SOCKETS or name in _ADDED:
            yield from registered(call, name, framework_of(owner), place)

    def listed(self, route: Instance, place: _Place) -> Iterator[AsgiRoute]:
        kind = part(route)
        if kind in {"mount", "host"}:
            path = "" if kind == "host" else url_path.text(route.argument(0, "path")).rstrip("/")
            inside = replace(
                place,
                prefix=place.prefix + path,
                around=unique((*place.around, *middleware_of(self.project, route))),
                depth=place.depth + 1,
            )
            child = served(route.argument(1, "app"))
            if child is not None:
                yield from self.routes(child, inside)
            elif kind == "mount":
                yield from files(route.argument(1, "app"), "", inside)
            if place.depth <= _MAX_DEPTH:
                for nested in listed_routes(route):
                    yield from self.listed(nested, inside)
        elif kind in {"route", "socket"}:
            methods = route.argument(2, "methods") if kind == "route" and not is_api(route) else None
            methods = route.kwargs.get("methods") if methods is None else methods
            yield AsgiRoute(
                "fastapi" if is_api(route) else "starlette",
                path_of(place, route.argument(0, "path")),
                () if methods is None else listed(methods, ()),
                route.argument(1, "endpoint"),
                kind == "socket",
                unique((*place.around, *middleware_of(self.project, route))),
                (*place.dependencies, *dependency_list(route.kwargs.get("dependencies"))),
            )


def files(app: Value, path: Value, place: _Place) -> Iterator[AsgiRoute]:
    """The one route of an application that serves the files of a folder."""
    app = unwrapped(app)
    if isinstance(app, Instance) and not set(app.libraries).isdisjoint(STATIC_FILES):
        below = path_of(place, f"{url_path.text(path).rstrip('/')}/*")
        yield AsgiRoute("starlette", below, ("GET",), app, False, place.around, ())


_ADDED: Final = frozenset({"add_api_route", "add_route"})


def registered(call: Call, name: str, framework: str, place: _Place) -> Iterator[AsgiRoute]:
    """The routes that a decorator or an `add_…` call registers."""
    path = path_of(place, call.argument(0, "path"))
    endpoints = call.targets
    methods: Value = [name.upper()] if name in _VERBS else call.kwargs.get("methods")
    if name.startswith("add_"):
        endpoints = [call.argument(1, "endpoint", "route")]
        if methods is None and name == "add_route":
            methods = call.argument(2, "methods")
    plain = name in {"route", "add_route", "websocket_route", "add_websocket_route"}
    for endpoint in endpoints:
        yield AsgiRoute(
            "starlette" if plain or framework == "starlette" else "fastapi",
            path,
            () if methods is None else listed(methods, ()),
            endpoint,
            name in _SOCKETS,
            place.around,
            (*place.dependencies, *dependency_list(call.kwargs.get("dependencies"))),
        )


def path_of(place: _Place, path: Value) -> str:
    """The full path of a route at a place."""
    return url_path.rooted(
        url_path.from_braces(place.prefix + url_path.text(UNKNOWN if path is None else path))
    )


def routing_method(call: Call) -> str:
    """`app.router.get` registers as `app.get` does."""
    return call.method.removeprefix("router.")


def framework_of(instance: Instance) -> str:
    """Which of the two frameworks an application or router belongs to."""
    return "fastapi" if any(lib.startswith("fastapi.") for lib in instance.libraries) else "starlette"


def is_api(route: Instance) -> bool:
    """Whether a route object is FastAPI's."""
    return any(lib.rpartition(".")[2].startswith("API") for lib in route.libraries)


def served(value: Value) -> Instance | None:
    """The application or router behind a value, wrapped by library middleware or not."""
    for _ in range(8):
        if isinstance(value, LibraryAttribute) and value.name == "router":
            value = value.instance
        if not isinstance(value, Instance) or part(value):
            break
        value = next((a for a in (*value.args, *value.kwargs.values()) if isinstance(a, Instance)), None)
    return value if isinstance(value, Instance) and part(value) else None


def listed_routes(instance: Instance) -> Iterator[Instance]:
    """Route objects in `routes=[...]` and those appended to `app.routes` later."""
    values: list[Value] = []
    given = instance.kwargs.get("routes")
    if given is None and part(instance) == "app":
        given = instance.argument(1, "routes")
    elif given is None and part(instance) == "router" and framework_of(instance) == "starlette":
        given = instance.argument(0, "routes")
    values.extend(flattened(given))
    for call in instance.calls:
        name = routing_method(call)
        if name in {"routes.append", "routes.extend", "routes.insert"}:
            values.extend(flattened(call.args))
    yield from (
        v for v in values if isinstance(v, Instance) and part(v) in {"mount", "host", "route", "socket"}
    )


def flattened(value: Value) -> Iterable[Value]:
    """The items of nested lists, in order."""
    if isinstance(value, list | tuple):
        for v in value:
            yield from flattened(v)
    else:
        yield value


def dependency_list(value: Value) -> tuple[Value, ...]:
    """The items of a `dependencies=` option."""
    return tuple(value) if isinstance(value, list | tuple) else ()
