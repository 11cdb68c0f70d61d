"""Flask (and Quart, which has the same interface): rules of applications and blueprints, views and hooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks import url_path
from auditor.frameworks.callbacks import method_value, unique, wrappers
from auditor.frameworks.entry import Around, EntryPoint, http_entry
from auditor.frameworks.flask_authentication import guarded, guards
from auditor.frameworks.flask_placement import Placement, context_processors, placements
from auditor.frameworks.flask_templates import without_processors
from auditor.frameworks.handlers import class_option, view_class
from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.verb_methods import listed, verbs_of
from auditor.frameworks.wiring import Call, Value, Wiring, as_function, wire
from auditor.index.symbols import Class

if TYPE_CHECKING:
    from auditor.index.project import Project

_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete"})


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """Every rule of every application and blueprint, once per place where it is registered."""
    wiring = wire(project)
    places = placements(wiring)
    known = guards(wiring)
    processors = context_processors(wiring)
    for instance in wiring.instances:
        for placement in places.get(id(instance), ()):
            for call in instance.calls:
                for entry in rules(project, wiring, call, placement):
                    yield without_processors(project, guarded(project, wiring, entry, known), processors)


def rules(project: Project, wiring: Wiring, call: Call, placement: Placement) -> Iterator[EntryPoint]:
    """The endpoints that one call registers."""
    method = call.method
    if method not in _VERBS and method not in {"route", "add_url_rule", "websocket"}:
        return
    rule = call.argument(0, "rule")
    if not isinstance(rule, str):
        rule = url_path.text(UNKNOWN)
    path = url_path.rooted(url_path.from_angles(url_path.under(placement.prefix, rule)))
    methods = (method.upper(),) if method in _VERBS else call.kwargs.get("methods")
    if method == "websocket":
        methods = ["CONSUMER"]
    for view in views(call):
        yield from view_entries(project, wiring, view, path=path, methods=methods, around=placement.around)


def views(call: Call) -> Iterable[Value]:
    """What a rule calls: the decorated functions, `view_func`, or what `@app.endpoint(name)` was put on."""
    if call.method != "add_url_rule":
        return call.targets
    view = call.argument(2, "view_func")
    if view is not None:
        return [view]
    name = call.argument(1, "endpoint")
    named: list[Value] = []
    for other in call.instance.calls:
        if other.method == "endpoint" and name is not None and other.argument(0, "endpoint") == name:
            named.extend(other.targets)
        elif other.method == "view_functions.[]" and other.args[0] == name:
            named.append(other.args[1])
    return named


def view_entries(
    project: Project, wiring: Wiring, view: Value, *, path: str, methods: Value, around: tuple[Around, ...]
) -> Iterator[EntryPoint]:
    """The endpoints of one view, a function or a class; `methods` is the rule's option or None."""
    cls = view_class(view, objects=False)
    if cls is not None:
        yield from class_entries(
            project, wiring, cls, path=path, methods=methods, around=(*around, *wrappers(view))
        )
        return
    found = as_function(view)
    if found is None:
        return
    function, receiver = found
    before = unique((*around, *wrappers(view)))
    for verb in listed(methods, ("GET",)):
        yield http_entry("flask", verb, path, function, receiver, before)


def class_entries(
    project: Project, wiring: Wiring, cls: Class, *, path: str, methods: Value, around: tuple[Around, ...]
) -> Iterator[EntryPoint]:
    """One endpoint for each HTTP method of a class-based view."""
    around = unique((*around, *class_around(project, wiring, cls)))
    verbs = dict(verbs_of(project, cls))
    dispatch = project.method(cls, "dispatch_request")
    option = methods if methods is not None else class_option(project, wiring, cls, "methods")
    if not verbs:
        if dispatch is not None:
            for verb in listed(option, ("GET",)):
                yield http_entry("flask", verb, path, dispatch, cls, around)
        return
    if dispatch is not None:
        around = (*around, Around(dispatch, cls, "before"))
    allowed = listed(option, verbs)
    for verb, function in verbs.items():
        if verb in allowed or "ANY" in allowed:
            value = method_value(wiring, cls, function)
            yield http_entry("flask", verb, path, function, cls, unique((*around, *wrappers(value))))


def class_around(project: Project, wiring: Wiring, cls: Class) -> Iterator[Around]:
    """What runs around every method of a view class: its `__init__`, and the decorators it lists."""
    init = project.method(cls, "__init__")
    if init is not None:
        yield Around(init, cls, "before")
    for name in ("decorators", "method_decorators"):
        listing = class_option(project, wiring, cls, name)
        if isinstance(listing, dict):
            listing = [
                d for per_verb in listing.values() if isinstance(per_verb, list | tuple) for d in per_verb
            ]
        if not isinstance(listing, list | tuple) or wiring.interpreter is None:
            continue
        handler = next((f for _, f in verbs_of(project, cls)), None)
        frame = wiring.interpreter.names.frame(cls.module)
        for decorator in listing:
            if handler is not None:
                wrapped = wiring.interpreter.apply_decorator(decorator, handler, frame, cls.line)
                yield from wrappers(wrapped)
