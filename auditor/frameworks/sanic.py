"""Sanic: routes of applications, blueprints and groups, versions, class-based views, middleware."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks import own_answers, url_path
from auditor.frameworks.callbacks import hooked, unique
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.handlers import Route, answered
from auditor.frameworks.wiring import Call, Instance, Value, Wiring, wire

if TYPE_CHECKING:
    from auditor.index.project import Project

_APPLICATION: Final = ("sanic.Sanic", "sanic.app.Sanic")
_BLUEPRINT: Final = ("sanic.Blueprint", "sanic.blueprints.Blueprint")
_GROUPS: Final = (
    "sanic.Blueprint.group", "sanic.blueprints.Blueprint.group",
    "sanic.BlueprintGroup", "sanic.blueprint_group.BlueprintGroup",
)  # fmt: skip
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_HOOKS: Final[dict[str, Literal["before", "after"]]] = {
    "middleware": "before",
    "register_middleware": "before",
    "on_request": "before",
    "on_response": "after",
}
_MAX_DEPTH: Final = 12


@dataclass(frozen=True, slots=True)
class _Place:
    prefix: str = ""
    version: Value = None
    around: tuple[Around, ...] = ()
    depth: int = 0


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every route of every application; a blueprint that nobody in sight registers stands at its own prefix."""
    wiring = wire(project)
    apps = wiring.made_from(*_APPLICATION)
    blueprints = wiring.made_from(*_BLUEPRINT)
    groups = wiring.made_from(*_GROUPS)
    for app in apps:
        yield from served(project, wiring, app, _Place(around=unique(hooks(app))))
    registered = {id(child) for part in (*apps, *blueprints, *groups) for child, _ in children(part)}
    for part in (*groups, *blueprints):
        if id(part) not in registered:
            yield from served(project, wiring, part, inside(part, _Place(), {}))


def served(project: Project, wiring: Wiring, part: Instance, place: _Place) -> Iterator[EntryPoint]:
    """What an application, a blueprint or a group serves at a place."""
    for call in part.calls:
        for target, path, methods in registrations(call):
            version = call.kwargs.get("version", place.version)
            full = url_path.rooted(numbered(version) + url_path.under(place.prefix, url_path.text(path)))
            route = Route("sanic", url_path.from_angles_name_first(full), methods, place.around)
            yield from answered(project, wiring, target, route)
        if call.method == "static":
            uri = call.argument(0, "uri")
            where = numbered(call.kwargs.get("version", place.version)) + url_path.under(
                place.prefix, url_path.text(uri)
            )
            yield from own_answers.files(project, "sanic", where, call, place.around)
    if place.depth < _MAX_DEPTH:
        for child, options in children(part):
            yield from served(project, wiring, child, inside(child, place, options))


def inside(part: Instance, place: _Place, options: dict[str, Value]) -> _Place:
    """Where a blueprint or group stands.

    A prefix given on registering replaces a blueprint's own, and goes before a group's.
    """
    given = options.get("url_prefix")
    own_prefix = part.kwargs.get("url_prefix") if is_group(part) else part.argument(1, "url_prefix")
    prefixes = (given, own_prefix) if is_group(part) or given is None else (given,)
    prefix = place.prefix
    for one in prefixes:
        prefix = url_path.under(prefix, url_path.text(one)) if one else prefix
    own = part.kwargs.get("version")
    version = options.get("version", place.version) if own is None else own
    return _Place(prefix, version, unique((*place.around, *hooks(part))), place.depth + 1)


def is_group(part: Instance) -> bool:
    """Whether an object is a group of blueprints."""
    return not set(part.libraries).isdisjoint(_GROUPS)


def children(part: Instance) -> Iterator[tuple[Instance, dict[str, Value]]]:
    """Blueprints and groups registered on an application or in a group, with the options given there."""
    if is_group(part):
        for member in (
            *part.args,
            *(a for c in part.calls if c.method in {"append", "extend"} for a in c.args),
        ):
            yield from ((one, {}) for one in flat(member))
        return
    for call in part.calls:
        if call.method in {"blueprint", "register_blueprint"}:
            for one in flat(call.argument(0, "blueprint")):
                yield one, call.kwargs


def flat(value: Value) -> Iterator[Instance]:
    """The objects in a value, lists of lists taken apart."""
    if isinstance(value, Instance):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from flat(one)


def registrations(call: Call) -> Iterator[tuple[Value, Value, Value]]:
    """`(handler, path, methods)` of what a call registers."""
    name = call.method
    if name in {"add_route", "add_websocket_route"}:
        methods: Value = ["CONSUMER"] if "websocket" in name else call.argument(2, "methods")
        yield call.argument(0, "handler"), call.argument(1, "uri"), methods
        return
    if name not in _VERBS and name not in {"route", "websocket"}:
        return
    methods = [name.upper()] if name in _VERBS else call.argument(1, "methods")
    for target in call.targets:
        yield target, call.argument(0, "uri"), ["CONSUMER"] if name == "websocket" else methods


def numbered(version: Value) -> str:
    """The path that a version puts in front."""
    if version is None or not isinstance(version, str | int | float):
        return ""
    return "/v" + str(version).removeprefix("v")


def hooks(part: Instance) -> Iterator[Around]:
    """The middleware of an application or blueprint."""
    for call in part.calls:
        role = _HOOKS.get(call.method)
        if role is not None:
            response = "response" in (*call.args, *call.kwargs.values())
            yield from hooked((*call.args, *call.targets), "after" if response else role)
