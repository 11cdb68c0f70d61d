"""Masonite: routes in lists, controllers by class or by name, groups, resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks import own_answers, url_path
from auditor.frameworks.entry import EntryPoint
from auditor.frameworks.handlers import Route, answered
from auditor.frameworks.wiring import Instance, Value, Wiring, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project

_ROUTE: Final = (
    "masonite.routes.Route",
    "masonite.routes.Route.Route",
    "masonite.routes.HTTPRoute.HTTPRoute",
)
_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "options", "head"})
_ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_RESOURCE: Final = (
    ("index", "GET", ""),
    ("create", "GET", "/create"),
    ("store", "POST", ""),
    ("show", "GET", "/@id"),
    ("edit", "GET", "/@id/edit"),
    ("update", "PUT", "/@id"),
    ("update", "PATCH", "/@id"),
    ("destroy", "DELETE", "/@id"),
)
"""Action, HTTP method and path of what a resource stands for; an API has no forms to create and edit."""
_OWN: Final[dict[str, Literal["page", "redirection"]]] = {
    "view": "page",
    "redirect": "redirection",
    "permanent_redirect": "redirection",
}
"""What the framework answers by itself."""
_FORMS: Final = frozenset({"create", "edit"})
_PARAMETER: Final = re.compile(r"[@?](\w+)(?::\w+)?")
_MAX_DEPTH: Final = 12


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every route that names a controller of the project, below the prefixes of the groups it stands in."""
    wiring = wire(project)
    made = [i for i in wiring.instances if kind(i)]
    inner = {
        id(child) for group in made if kind(group) == "group" for child in flat(group.argument(0, "routes"))
    }
    for one in made:
        if id(one) not in inner:
            yield from routes(project, wiring, one, "", 0)


def kind(instance: Instance) -> str:
    """`get` of `Route.get(...)`; empty for what is no route."""
    for library in instance.libraries:
        owner, _, name = library.rpartition(".")
        if owner in _ROUTE:
            return name
    return ""


def routes(project: Project, wiring: Wiring, one: Instance, prefix: str, depth: int) -> Iterator[EntryPoint]:
    """The endpoints of one route, or of a group's."""
    name = kind(one)
    if name == "group":
        inside = joined(prefix, one.kwargs.get("prefix"))
        for child in flat(one.argument(0, "routes")) if depth < _MAX_DEPTH else ():
            yield from routes(project, wiring, child, inside, depth + 1)
    elif name in {"resource", "api"}:
        base, controller = one.argument(0, "base_url"), one.argument(1, "controller")
        for action, verb, path in _RESOURCE:
            if name == "resource" or action not in _FORMS:
                full = joined(prefix, url_path.text(base) + path)
                yield from action_of(project, wiring, f"{url_path.text(controller)}@{action}", full, [verb])
    elif name in _OWN:
        yield from own_answers.own_answer(
            project, "masonite", joined(prefix, one.argument(0, "url")), _OWN[name], one
        )
    elif name in _VERBS or name in {"any", "match"}:
        position = 1 if name == "match" else 0
        methods: Value = (
            [name.upper()]
            if name in _VERBS
            else _ANY
            if name == "any"
            else one.argument(0, "request_methods")
        )
        full = joined(prefix, one.argument(position, "url"))
        yield from action_of(project, wiring, one.argument(position + 1, "controller"), full, methods)


def action_of(
    project: Project, wiring: Wiring, target: Value, path: str, methods: Value
) -> Iterator[EntryPoint]:
    """The endpoints of a controller's method, given as such or as `Controller@method`."""
    route = Route("masonite", path, methods)
    if isinstance(target, str):
        name, _, action = target.rpartition("@")
        cls = controller_named(project, name.rpartition(".")[2] or action)
        function = None if cls is None else project.method(cls, action if name else "__call__")
        if function is not None:
            yield from answered(project, wiring, function, route)
        return
    yield from answered(project, wiring, target, route)


def controller_named(project: Project, name: str) -> Class | None:
    """The controller class of that name: they are looked up by name alone."""
    found = [c for m in project.modules if m.role != "library" for c in m.classes if c.name == name]
    return found[0] if found else None


def flat(value: Value) -> Iterator[Instance]:
    """The routes in a list, lists in it taken apart."""
    if isinstance(value, Instance):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from flat(one)


def joined(prefix: str, path: Value) -> str:
    """A path below a prefix, parameters as `{name}`, without a slash at its end."""
    full = url_path.rooted(f"{prefix}/{url_path.text(path)}")
    return _PARAMETER.sub(r"{\1}", full).rstrip("/") or "/"
