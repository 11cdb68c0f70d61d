"""Robyn: routes of applications and sub-routers, whose prefixes are joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import hooked, unique
from auditor.frameworks.entry import Around, EntryPoint
from auditor.frameworks.handlers import Route, answered
from auditor.frameworks.wiring import Call, Instance, Value, Wiring, wire

if TYPE_CHECKING:
    from auditor.index.project import Project

_APPLICATION: Final = ("robyn.Robyn",)
_ROUTER: Final = ("robyn.SubRouter", "robyn.router.SubRouter")
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace", "connect"})
_HOOKS: Final[dict[str, Literal["before", "after"]]] = {"before_request": "before", "after_request": "after"}
_PARAMETER: Final = re.compile(r":(\w+)|\*(\w+)")
_MAX_DEPTH: Final = 12


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every route; a sub-router that nobody in sight includes stands at its own prefix."""
    wiring = wire(project)
    apps, routers = wiring.made_from(*_APPLICATION), wiring.made_from(*_ROUTER)
    included = {id(child) for part in (*apps, *routers) for child in children(part)}
    for part in (*apps, *(r for r in routers if id(r) not in included)):
        yield from served(project, wiring, part, "", (), 0)


def children(part: Instance) -> Iterator[Instance]:
    """Routers that an application or router includes."""
    for call in part.calls:
        child = call.argument(0, "router")
        if call.method == "include_router" and isinstance(child, Instance):
            yield child


def served(
    project: Project, wiring: Wiring, part: Instance, prefix: str, outer: tuple[Around, ...], depth: int
) -> Iterator[EntryPoint]:
    """What an application or router serves below `prefix`."""
    around = unique((*outer, *hooks(part)))
    if not set(part.libraries).isdisjoint(_ROUTER):
        prefix += url_path.text(part.argument(1, "prefix"))
    for call in part.calls:
        for target, path, methods in registrations(call):
            full = url_path.rooted(_PARAMETER.sub(r"{\1\2}", prefix + url_path.text(path)))
            yield from answered(project, wiring, target, Route("robyn", full, methods, around))
    if depth < _MAX_DEPTH:
        for child in children(part):
            yield from served(project, wiring, child, prefix, around, depth + 1)


def registrations(call: Call) -> Iterator[tuple[Value, Value, Value]]:
    """`(handler, path, methods)` of what a call registers."""
    if call.method == "add_route":
        yield call.argument(2, "handler"), call.argument(1, "endpoint"), ["ANY"]
    elif call.method in _VERBS or call.method == "websocket":
        methods = ["CONSUMER" if call.method == "websocket" else call.method.upper()]
        for target in call.targets:
            yield target, call.argument(0, "endpoint"), methods


def hooks(part: Instance) -> Iterator[Around]:
    """What runs before and after the routes of a part."""
    for call in part.calls:
        role = _HOOKS.get(call.method)
        if role is not None:
            yield from hooked(call.targets, role)
