"""Bottle: routes of applications and of the default one, mounted applications, hooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import hooked, unique
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.handlers import Route, answered, decorated_with
from auditor.frameworks.wiring import Call, Instance, Value, Wiring, wire

if TYPE_CHECKING:
    from auditor.index.project import Project

_APPLICATION: Final = ("bottle.Bottle", "bottle.default_app", "bottle.app")
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_DECORATORS: Final = tuple(f"bottle.{name}" for name in sorted({*_VERBS, "route"}))
_HOOKS: Final[dict[str, Literal["before", "after"]]] = {"before_request": "before", "after_request": "after"}
_MAX_DEPTH: Final = 12


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every route of every application below where it is mounted, and of the default application."""
    wiring = wire(project)
    apps = wiring.made_from(*_APPLICATION)
    inner = {id(child) for app in apps for child, _ in mounted(app)}
    for app in apps:
        if id(app) not in inner:
            yield from served(project, wiring, app, "", (), 0)
    shared = unique(
        found
        for made, target in decorated_with(wiring, ("bottle.hook",))
        if (role := _HOOKS.get(str(made.argument(0, "name")))) is not None
        for found in hooked([target], role)
    )
    for made, target in decorated_with(wiring, _DECORATORS):
        name = made.libraries[0].rpartition(".")[2]
        given = [name.upper()] if name in _VERBS else made.argument(1, "method")
        yield from routes(project, wiring, target, "", made.argument(0, "path"), given, shared)
    for made in wiring.made_from("bottle.route"):
        if made.kwargs.get("callback") is not None:
            target, given = made.kwargs["callback"], made.argument(1, "method")
            yield from routes(project, wiring, target, "", made.argument(0, "path"), given, shared)


def served(
    project: Project, wiring: Wiring, app: Instance, prefix: str, outer: tuple[Around, ...], depth: int
) -> Iterator[EntryPoint]:
    """What one application serves below `prefix`."""
    around = unique((*outer, *hooks(app)))
    for call in app.calls:
        for target, path, methods in registrations(call):
            yield from routes(project, wiring, target, prefix, path, methods, around)
    if depth < _MAX_DEPTH:
        for child, path in mounted(app):
            yield from served(project, wiring, child, prefix + path, around, depth + 1)


def routes(
    project: Project,
    wiring: Wiring,
    target: Value,
    prefix: str,
    path: Value,
    methods: Value,
    around: tuple[Around, ...],
) -> Iterator[EntryPoint]:
    """The endpoints of one callback; a route may have several paths."""
    for one in path if isinstance(path, list | tuple) else (path,):
        full = url_path.from_angles_name_first(url_path.rooted(url_path.under(prefix, url_path.text(one))))
        yield from answered(project, wiring, target, Route("bottle", full, methods, around))


def registrations(call: Call) -> Iterator[tuple[Value, Value, Value]]:
    """`(callback, path, methods)` of what a call on an application registers."""
    name = call.method
    if name not in _VERBS and name != "route":
        return
    methods = [name.upper()] if name in _VERBS else call.argument(1, "method")
    callback = call.argument(2, "callback")
    for target in call.targets if callback is None else [callback]:
        yield target, call.argument(0, "path"), methods


def mounted(app: Instance) -> Iterator[tuple[Instance, str]]:
    """Applications mounted or merged into one, with their prefixes."""
    for call in app.calls:
        if call.method == "mount":
            child = call.argument(1, "app")
            if isinstance(child, Instance):
                yield child, "/" + url_path.text(call.argument(0, "prefix")).strip("/")
        elif call.method == "merge":
            child = call.argument(0, "routes")
            if isinstance(child, Instance):
                yield child, ""


def hooks(app: Instance) -> Iterator[Around]:
    """Functions hooked on an application."""
    for call in app.calls:
        if call.method in {"hook", "add_hook"}:
            role = _HOOKS.get(str(call.argument(0, "name")))
            if role is not None:
                yield from hooked((*call.args[1:], *call.targets), role)
