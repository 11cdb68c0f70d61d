"""Where Flask's applications and blueprints are put: their prefixes, and the hooks that run there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import hooked, unique
from auditor.frameworks.entry import Around
from auditor.frameworks.wiring import Instance, Value, Wiring
from auditor.frameworks.wiring.values import LibraryAttribute

_PACKAGES: Final = frozenset({"flask", "quart", "apiflask", "flask_openapi3", "flask_smorest"})
_APPS: Final = frozenset({"Flask", "Quart", "APIFlask", "OpenAPI"})
_BLUEPRINTS: Final = frozenset({"Blueprint", "APIBlueprint"})
_HOOKS: Final[dict[str, Literal["before", "after"]]] = {
    "before_request": "before",
    "url_value_preprocessor": "before",
    "after_request": "after",
    "teardown_request": "after",
    "teardown_appcontext": "after",
    "context_processor": "after",
}
_APP_HOOKS: Final[dict[str, Literal["before", "after"]]] = {
    "before_app_request": "before",
    "app_url_value_preprocessor": "before",
    "after_app_request": "after",
    "teardown_app_request": "after",
    "app_context_processor": "after",
}
_PROCESSORS: Final = ("context_processor", "app_context_processor")
_MAX_DEPTH: Final = 12


@dataclass(frozen=True, slots=True)
class Placement:
    """One place where an application or blueprint answers."""

    prefix: str
    around: tuple[Around, ...]


def kind(instance: Instance) -> Literal["app", "blueprint", "api", ""]:
    """What a library object is to routing."""
    for library in instance.libraries:
        package, _, name = library.partition(".")[0], "", library.rpartition(".")[2]
        if package in _PACKAGES:
            if name in _APPS:
                return "app"
            if name in _BLUEPRINTS:
                return "blueprint"
            if name == "Api" and package == "flask_smorest":
                return "api"
    return ""


@lru_cache(maxsize=2)
def placements(wiring: Wiring) -> dict[int, list[Placement]]:
    """Instance (by id) → its places; a blueprint that nobody in sight registers stands at its own prefix."""
    return _Placing(wiring).places


class _Placing:
    def __init__(self, wiring: Wiring) -> None:
        parts = [i for i in wiring.instances if kind(i)]
        self.places: dict[int, list[Placement]] = {}
        self.apps = [i for i in parts if kind(i) == "app"]
        self.served = served_apps(parts)
        mounted = dispatched(wiring)
        for app in self.apps:
            hooks = unique((*own_hooks(app), *self.app_hooks(app)))
            for prefix in mounted.get(id(app), [""]):
                self.place(app, prefix, hooks, 0)
        for part in parts:
            if kind(part) == "blueprint" and id(part) not in self.places and not is_registered(part, parts):
                shared = self.apps[0] if len({id(a) for a in self.apps}) == 1 else None
                hooks = () if shared is None else unique((*own_hooks(shared), *self.app_hooks(shared)))
                prefix = url_path.text(part.kwargs.get("url_prefix"))
                self.place(part, prefix, unique((*hooks, *own_hooks(part))), 0)

    def place(self, instance: Instance, prefix: str, around: tuple[Around, ...], depth: int) -> None:
        placement = Placement(prefix, around)
        known = self.places.setdefault(id(instance), [])
        if placement in known or depth > _MAX_DEPTH:
            return
        known.append(placement)
        for child, given in self.children(instance):
            own = child.kwargs.get("url_prefix") if given is None else given
            inside = url_path.under(prefix, url_path.text(own)) if own is not None else prefix
            self.place(child, inside, unique((*around, *own_hooks(child))), depth + 1)

    def children(self, instance: Instance) -> Iterator[tuple[Instance, Value]]:
        """Blueprints registered on `instance`, with the prefix given there."""
        for source in (instance, *self.served.get(id(instance), ())):
            for call in source.calls:
                if call.method in {"register_blueprint", "register_api"}:
                    child = call.argument(0, "blueprint", "api")
                    if isinstance(child, Instance):
                        yield child, call.kwargs.get("url_prefix")

    def app_hooks(self, app: Instance) -> Iterator[Around]:
        """Hooks that blueprints put on the whole application."""
        seen: list[Instance] = []
        queue = [app]
        while queue:
            instance = queue.pop(0)
            if instance in seen:
                continue
            seen.append(instance)
            yield from hooks_of(instance, _APP_HOOKS)
            queue.extend(child for child, _ in self.children(instance))


def context_processors(wiring: Wiring) -> frozenset[Around]:
    """What hands more to every template that an application or a blueprint renders."""
    roles: dict[str, Literal["before", "after"]] = dict.fromkeys(_PROCESSORS, "after")
    return frozenset(around for i in wiring.instances if kind(i) for around in hooks_of(i, roles))


def own_hooks(instance: Instance) -> Iterator[Around]:
    """Hooks around what an application or blueprint serves itself."""
    return hooks_of(instance, _HOOKS)


def hooks_of(instance: Instance, roles: dict[str, Literal["before", "after"]]) -> Iterator[Around]:
    """Functions registered on an instance through methods of these names."""
    for call in instance.calls:
        role = roles.get(call.method)
        if role is not None:
            yield from hooked((*call.args, *call.targets, *call.kwargs.values()), role)
        elif call.method in {f"{name}_funcs.setdefault().append" for name in roles}:
            yield from hooked(call.args, roles[call.method.removesuffix("_funcs.setdefault().append")])


def is_registered(part: Instance, parts: Iterable[Instance]) -> bool:
    """Whether anything registers it, an application that is never reached included."""
    return any(
        call.method == "register_blueprint" and call.argument(0, "blueprint") is part
        for other in parts
        for call in other.calls
    )


def served_apps(parts: list[Instance]) -> dict[int, list[Instance]]:
    """Application (by id) → extension objects that register blueprints for it."""
    served: dict[int, list[Instance]] = {}
    for api in (p for p in parts if kind(p) == "api"):
        hosts = [api.argument(0, "app"), *(c.argument(0, "app") for c in api.calls if c.method == "init_app")]
        for host in hosts:
            if isinstance(host, Instance):
                served.setdefault(id(host), []).append(api)
    return served


def dispatched(wiring: Wiring) -> dict[int, list[str]]:
    """Application (by id) → prefixes under which werkzeug's dispatcher serves it."""
    found: dict[int, list[str]] = {}
    for instance in wiring.instances:
        if not any(library.endswith(".DispatcherMiddleware") for library in instance.libraries):
            continue
        mounts = instance.argument(1, "mounts")
        for path, value in mounts.items() if isinstance(mounts, dict) else ():
            app = value.instance if isinstance(value, LibraryAttribute) else value
            if isinstance(app, Instance) and isinstance(path, str):
                found.setdefault(id(app), []).append(path.rstrip("/"))
    return found
