"""Pyramid: routes by name, and the views that `@view_config` or `config.add_view` ties to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks import own_answers, url_path
from auditor.frameworks.callbacks import hooked, unique, wrappers
from auditor.frameworks.entry import Around, EntryPoint, http_entry
from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.verb_methods import listed
from auditor.frameworks.wiring import Instance, Value, Wiring, as_function, unwrapped, wire
from auditor.frameworks.wiring.configurator import CONFIGURATORS, dotted
from auditor.index.symbols import Class, Function, Module

if TYPE_CHECKING:
    from auditor.index.project import Project

_VIEW_CONFIG: Final = "pyramid.view.view_config"
_VIEW_DEFAULTS: Final = "pyramid.view.view_defaults"


@dataclass(frozen=True, slots=True)
class Route:
    """A named pattern; `methods` is its own restriction, None where it has none."""

    path: str
    methods: Value
    around: tuple[Around, ...]
    resource: Class | Around | None = None
    """The context that its factory gives."""


@dataclass(frozen=True, slots=True)
class View:
    """A view with its options, defaults of its class not yet among them."""

    target: Value
    options: dict[str, Value]


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """One endpoint per view of a route and request method; `ANY` where neither names one."""
    wiring = wire(project)
    configs = wiring.made_from(*CONFIGURATORS)
    if not configs:
        return
    routes = named_routes(project, wiring, configs)
    defaults = class_defaults(wiring)
    around = unique(tweens(project, wiring, configs))
    policy = unique(security(project, configs))
    root = root_factory(wiring, configs)
    for view in (*decorated_views(wiring), *added_views(project, wiring, configs)):
        yield from view_entries(project, wiring, view, routes, defaults, shared=(around, policy), root=root)
    for config in configs:
        prefix = url_path.text(config.kwargs.get("route_prefix"))
        for call in config.calls:
            name = call.argument(0, "name") if call.method == "add_static_view" else None
            if isinstance(name, str) and "//" not in name:
                yield from own_answers.files(project, "pyramid", f"{prefix}/{name}", call, around)


def named_routes(project: Project, wiring: Wiring, configs: list[Instance]) -> dict[str, list[Route]]:
    """Route name → its patterns; static routes only make URLs and are left out."""
    routes: dict[str, list[Route]] = {}
    for config in configs:
        prefix = url_path.text(config.kwargs.get("route_prefix"))
        for call in config.calls:
            name, pattern = call.argument(0, "name"), call.argument(1, "pattern", "path")
            if call.method != "add_route" or not isinstance(name, str) or call.kwargs.get("static") is True:
                continue
            path = url_path.rooted(url_path.from_braces(f"{prefix}/{url_path.text(pattern).lstrip('/')}"))
            factory = call.argument(2, "factory")
            made = tuple(
                factory_around(project, wiring, factory, call.module, traverses="traverse" in call.kwargs)
            )
            resource = resource_of(resolved(wiring, factory, call.module), made)
            route = Route(path, call.kwargs.get("request_method"), made, resource)
            if route not in routes.setdefault(name, []):
                routes[name].append(route)
    return routes


def factory_around(
    project: Project, wiring: Wiring, factory: Value, module: Module, *, traverses: bool
) -> Iterator[Around]:
    """What makes a request's context: the root factory, and its `__getitem__` where the route traverses."""
    found = resolved(wiring, factory, module)
    if not isinstance(found, Class):
        yield from hooked([found], "dependency")
        return
    for name in ("__init__", "__getitem__") if traverses else ("__init__",):
        function = project.method(found, name)
        if function is not None:
            yield Around(function, found, "dependency")


def resource_of(factory: Value, around: tuple[Around, ...]) -> Class | Around | None:
    """What gives a route's context: its factory's class, or the function of it that ran last."""
    last = around[-1] if around else None
    is_made = last is None or last.function.name == "__init__"
    return factory if isinstance(factory, Class) and is_made else last


def resolved(wiring: Wiring, value: Value, module: Module) -> Value:
    """A value, dotted names followed."""
    if isinstance(value, str) and wiring.interpreter is not None:
        return dotted(wiring.interpreter, value, module)
    return value


def class_defaults(wiring: Wiring) -> dict[int, dict[str, Value]]:
    """Class (by id) → the options of its `@view_defaults`."""
    found: dict[int, dict[str, Value]] = {}
    for instance in wiring.made_from(_VIEW_DEFAULTS):
        for call in instance.calls:
            for target in call.targets:
                if isinstance(target, Class):
                    found.setdefault(id(target), {}).update(instance.kwargs)
    return found


def decorated_views(wiring: Wiring) -> Iterator[View]:
    """Views of `@view_config`."""
    for instance in wiring.made_from(_VIEW_CONFIG):
        for call in instance.calls:
            for target in call.targets:
                yield View(target, instance.kwargs)


def added_views(project: Project, wiring: Wiring, configs: list[Instance]) -> Iterator[View]:
    """Views of `config.add_view`."""
    del project
    for config in configs:
        for call in config.calls:
            if call.method == "add_view":
                target = resolved(wiring, call.argument(0, "view"), call.module)
                yield View(target, call.kwargs)


def tweens(project: Project, wiring: Wiring, configs: list[Instance]) -> Iterator[Around]:
    """The functions that the project's tween factories return."""
    for config in configs:
        for call in config.calls:
            if call.method != "add_tween" or wiring.interpreter is None:
                continue
            factory = resolved(wiring, call.argument(0, "tween_factory"), call.module)
            if isinstance(factory, Class):
                function = project.method(factory, "__call__")
                if function is not None:
                    yield Around(function, factory, "middleware")
            elif as_function(factory) is not None:
                frame = wiring.interpreter.names.frame(call.module)
                made = wiring.interpreter.call(factory, (UNKNOWN, UNKNOWN), {}, frame, call.line)
                yield from hooked([made], "middleware")


def security(project: Project, configs: list[Instance]) -> Iterator[Around]:
    """How the project's security policy decides whether a view may run."""
    for config in configs:
        for call in config.calls:
            if call.method not in {"set_security_policy", "set_authorization_policy"}:
                continue
            policy = call.argument(0, "policy")
            cls = policy.cls if isinstance(policy, Instance) else policy
            function = project.method(cls, "permits") if isinstance(cls, Class) else None
            if function is not None and isinstance(cls, Class):
                yield Around(function, cls, "permission")


def view_entries(
    project: Project,
    wiring: Wiring,
    view: View,
    routes: dict[str, list[Route]],
    defaults: dict[int, dict[str, Value]],
    *,
    shared: tuple[tuple[Around, ...], tuple[Around, ...]],
    root: Value = None,
) -> Iterator[EntryPoint]:
    """The endpoints of one view: one per route of its name and request method."""
    cls = owner_of(view.target)
    options = {**inherited(project, cls, defaults), **view.options}
    callee = handler_of(project, view.target, cls, options)
    name = options.get("route_name")
    if callee is None or ("route_name" in options and not isinstance(name, str)):
        return
    function, wrapped = callee
    own: list[Around] = []
    init = None if cls is None else project.method(cls, "__init__")
    if init is not None:
        own.append(Around(init, cls, "before"))
    own += decorators(wiring, options.get("decorator"), function)
    permission = shared[1] if "permission" in options else ()
    for route in (
        routes.get(name, ())
        if isinstance(name, str)
        else traversed(project, wiring, options, root, callee[0])
    ):
        around = unique((*shared[0], *route.around, *permission, *own, *wrappers(wrapped)))
        methods = options.get("request_method")
        asked = resolved(wiring, options.get("context"), function.module)
        renderer = options.get("renderer")
        for verb in listed(route.methods if methods is None else methods, ("ANY",)):
            yield replace(
                http_entry("pyramid", verb, route.path, function, cls, around),
                renderer=renderer if isinstance(renderer, str) else "",
                resource=asked if isinstance(asked, Class) else route.resource,
            )


def root_factory(wiring: Wiring, configs: list[Instance]) -> Value:
    """What makes the root of the tree of resources, where the application has one."""
    for config in configs:
        given = [config.kwargs.get("root_factory")]
        given += [call.argument(0, "factory") for call in config.calls if call.method == "set_root_factory"]
        given += [call.kwargs.get("root_factory") for call in config.calls if call.method == "setup_registry"]
        found = next((resolved(wiring, value, config.module) for value in given if value is not None), None)
        if isinstance(found, Class) or as_function(found) is not None:
            return found
    return None


def traversed(
    project: Project, wiring: Wiring, options: dict[str, Value], root: Value, function: Function
) -> Iterator[Route]:
    """Where a view without a route is found: below the resources of its context, which the path walks through."""
    context = resolved(wiring, options.get("context"), function.module)
    name = options.get("name", "")
    is_resource = isinstance(context, Class) and not is_error(project, context)
    if root is None or not isinstance(name, str) or not (is_resource or ("context" not in options and name)):
        return
    around = tuple(factory_around(project, wiring, root, function.module, traverses=context is not root))
    path = f"/{name}" if context is root else f"/{{traverse}}/{name}".rstrip("/")
    yield Route(path, None, around)


def is_error(project: Project, cls: Class) -> bool:
    """Whether a view of such a context shows an error."""
    return any(
        name.endswith(("Exception", "Error")) or "httpexceptions" in name
        for name in project.external_bases(cls)
    )


def owner_of(target: Value) -> Class | None:
    """The class that a view is, or is a method of."""
    inner = unwrapped(target)
    if isinstance(inner, Class):
        return inner
    found = as_function(target)
    return None if found is None else found[1]


def inherited(project: Project, cls: Class | None, defaults: dict[int, dict[str, Value]]) -> dict[str, Value]:
    """The options that the nearest class of the MRO declares."""
    for base in () if cls is None else project.mro(cls):
        if id(base) in defaults:
            return defaults[id(base)]
    return {}


def handler_of(
    project: Project, target: Value, cls: Class | None, options: dict[str, Value]
) -> tuple[Function, Value] | None:
    """The function of a view: the target itself, or the method of a class that `attr` names."""
    if isinstance(unwrapped(target), Class) and cls is not None:
        attr = options.get("attr")
        method = project.method(cls, attr if isinstance(attr, str) else "__call__")
        return None if method is None else (method, method)
    found = as_function(target)
    return None if found is None else (found[0], target)


def decorators(wiring: Wiring, option: Value, function: Function) -> Iterator[Around]:
    """What `decorator=` puts around a view: one decorator, or several with the outermost first."""
    interpreter = wiring.interpreter
    if option is None or interpreter is None:
        return
    frame = interpreter.names.frame(function.module)
    for decorator in option if isinstance(option, list | tuple) else (option,):
        yield from wrappers(interpreter.apply_decorator(decorator, function, frame, function.line))
