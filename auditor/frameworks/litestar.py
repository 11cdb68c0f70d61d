"""Litestar: handlers, controllers and routers, in the lists that applications and routers are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import hooked, unique
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.handlers import Route, answered, class_option, decorated_with, methods_of
from auditor.frameworks.wiring import Instance, Value, Wiring, as_function, wire
from auditor.index.symbols import Class, Function

if TYPE_CHECKING:
    from auditor.index.project import Project

_PACKAGES: Final = ("litestar", "litestar.handlers", "starlite", "litestar.handlers.http_handlers.decorators")
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "head"})
_SOCKETS: Final = frozenset({"websocket", "websocket_listener", "websocket_stream"})
_DECORATORS: Final = tuple(f"{p}.{n}" for p in _PACKAGES for n in sorted({*_VERBS, *_SOCKETS, "route"}))
_APPLICATION: Final = ("litestar.Litestar", "litestar.app.Litestar", "starlite.Starlite")
_ROUTER: Final = ("litestar.Router", "litestar.router.Router", "starlite.Router")
_HOOKS: Final = (("before_request", "before"), ("after_request", "after"), ("after_response", "after"))
_MAX_DEPTH: Final = 12


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every handler that an application reaches; a router that nobody in sight lists stands at its own path."""
    wiring = wire(project)
    marks: dict[int, list[Instance]] = {}
    for made, target in decorated_with(wiring, _DECORATORS):
        found = as_function(target)
        if found is not None:
            marks.setdefault(id(found[0]), []).append(made)
    if not marks:
        return
    walk = _Walk(project, wiring, marks)
    apps, routers = wiring.made_from(*_APPLICATION), wiring.made_from(*_ROUTER)
    listed = {id(child) for part in (*apps, *routers) for child in members(part)}
    for part in (*apps, *(r for r in routers if id(r) not in listed)):
        yield from walk.part(part, "", (), 0)


def members(part: Instance) -> list[Value]:
    """What an application or router was given to serve, on making it and later."""
    position = 0 if not set(part.libraries).isdisjoint(_APPLICATION) else 1
    given = part.argument(position, "route_handlers")
    found = list(given) if isinstance(given, list | tuple) else []
    return found + [call.argument(0, "value") for call in part.calls if call.method == "register"]


class _Walk:
    def __init__(self, project: Project, wiring: Wiring, marks: dict[int, list[Instance]]) -> None:
        self.project = project
        self.wiring = wiring
        self.marks = marks
        """Function (by id) → the decorators that make it a handler."""

    def part(
        self, part: Instance, prefix: str, outer: tuple[Around, ...], depth: int
    ) -> Iterator[EntryPoint]:
        """What an application or router serves below `prefix`."""
        around = unique((*outer, *hooks(part.kwargs)))
        path = joined(prefix, part.kwargs.get("path"))
        for member in members(part):
            if isinstance(member, Instance) and not set(member.libraries).isdisjoint(_ROUTER):
                if depth < _MAX_DEPTH:
                    yield from self.part(member, path, around, depth + 1)
            elif isinstance(member, Class):
                yield from self.controller(member, path, around)
            elif (found := as_function(member)) is not None:
                yield from self.handler(member, found[0], path, around)

    def controller(self, cls: Class, prefix: str, around: tuple[Around, ...]) -> Iterator[EntryPoint]:
        """The handlers among the methods of a controller class and its bases."""
        path = joined(prefix, class_option(self.project, self.wiring, cls, "path"))
        hooked_around = unique(
            (*around, *hooks({name: class_option(self.project, self.wiring, cls, name) for name in _OPTIONS}))
        )
        for function in methods_of(self.project, cls):
            yield from self.handler(function, function, path, hooked_around, cls)

    def handler(
        self,
        target: Value,
        function: Function,
        prefix: str,
        around: tuple[Around, ...],
        receiver: Class | None = None,
    ) -> Iterator[EntryPoint]:
        """The endpoints of a decorated function: one per path and method."""
        for made in self.marks.get(id(function), ()):
            name = made.libraries[0].rpartition(".")[2]
            methods: Value = made.kwargs.get("http_method")
            if name in _VERBS:
                methods = [name.upper()]
            elif name in _SOCKETS:
                methods = ["CONSUMER"]
            own = unique((*around, *hooks(made.kwargs)))
            paths = made.argument(0, "path", default="")
            for path in paths if isinstance(paths, list | tuple) else (paths,):
                route = Route("litestar", joined(prefix, path), methods, own)
                yield from answered(self.project, self.wiring, target, route, receiver=receiver)


_OPTIONS: Final = ("before_request", "after_request", "after_response", "guards", "dependencies")


def hooks(options: dict[str, Value]) -> Iterator[Around]:
    """Guards, dependencies and hooks that one layer sets."""
    for name, role in _HOOKS:
        yield from hooked([options.get(name)], role)
    guards = options.get("guards")
    if isinstance(guards, list | tuple):
        yield from hooked(guards, "permission")
    dependencies = options.get("dependencies")
    if isinstance(dependencies, dict):
        given = [v.argument(0, "dependency") if isinstance(v, Instance) else v for v in dependencies.values()]
        yield from hooked(given, "dependency")


def joined(prefix: str, path: Value) -> str:
    """A path below a prefix, parameters as `{name}`, without a slash at its end."""
    full = url_path.rooted(url_path.from_braces(f"{prefix}/{url_path.text(path)}"))
    return full.rstrip("/") or "/"
