"""From what a route points at to the functions that answer it, one per HTTP method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_methods import listed, methods_of
from auditor.frameworks.django_values import (
    UNKNOWN,
    AsView,
    Bound,
    Called,
    Closure,
    Instance,
    Route,
    Value,
    Wrapped,
)
from auditor.index.symbols import Class, External, Function

if TYPE_CHECKING:
    from auditor.frameworks.django_evaluate import Evaluation

_VERBS: Final = ("get", "post", "put", "patch", "delete")
_EXPLICIT: Final = ("head", "options", "trace")
_SUPPLIED: Final = "django.views.supplied"


@dataclass(frozen=True, slots=True)
class Served:
    """One method of one route, with the decorators that were called on the view in the URL configuration."""

    method: str
    function: Function
    receiver: Class | None
    name: str
    file: str
    line: int
    wrapped: tuple[Wrapped, ...]
    arguments: dict[str, Value]


def served(route: Route, evaluation: Evaluation) -> list[Served]:
    """What answers a route that is no include; empty, with a note, where that can't be told."""
    wrapped: list[Wrapped] = []
    view = route.target
    while isinstance(view, Wrapped | str):
        if isinstance(view, Wrapped):
            wrapped.append(view)
            view = view.view
        else:
            view = _named_view(view, route, evaluation)
    found = _by_kind(view, route, evaluation, tuple(wrapped))
    limit = decorated_methods(wrapped)
    return (
        found if limit is None else [_limited(s, m) for s in found for m in limit if s.method in {m, "ANY"}]
    )


def _named_view(dotted: str, route: Route, evaluation: Evaluation) -> Value:
    found = evaluation.imported(dotted, route.module)
    return External(dotted) if found is UNKNOWN else found


def _by_kind(view: Value, route: Route, evaluation: Evaluation, wrapped: tuple[Wrapped, ...]) -> list[Served]:
    if isinstance(view, Function | Closure):
        function = view if isinstance(view, Function) else view.function
        return _from_function(function, None, evaluation, wrapped)
    if isinstance(view, AsView) and isinstance(view.cls, Class):
        return _from_class(view.cls, view, route, evaluation, wrapped)
    if isinstance(view, Bound) and view.function is not None:
        owner = view.receiver.cls if isinstance(view.receiver, Instance) else None
        return _from_function(view.function, owner if isinstance(owner, Class) else None, evaluation, wrapped)
    if isinstance(view, Instance) and isinstance(view.cls, Class):
        called = evaluation.project.method(view.cls, "__call__")
        if called is not None:
            where = place(called, view.cls, route)
            return [Served("ANY", called, view.cls, f"{view.cls.qualname}.__call__", *where, wrapped, {})]
        return supplied(view.cls.qualname, view.cls, route, evaluation, wrapped)
    name = _library_name(view)
    if name and not name.endswith((".site.urls", "().urls")):
        return supplied(name, None, route, evaluation, wrapped)
    evaluation.note(
        route.module, route.line, f"{name or 'the view of this route'} can't be read without running it"
    )
    return []


def _library_name(view: Value) -> str:
    if isinstance(view, AsView):
        return view.cls.name if isinstance(view.cls, External) else view.cls.qualname
    return view.name if isinstance(view, External | Called) else ""


def _from_function(
    function: Function, receiver: Class | None, evaluation: Evaluation, wrapped: tuple[Wrapped, ...]
) -> list[Served]:
    name = function.qualname if receiver is None else f"{receiver.qualname}.{function.name}"
    return [
        Served(method, function, receiver, name, function.module.path, function.line, wrapped, {})
        for method in methods_of(evaluation, function)
    ]


def _from_class(
    cls: Class, view: AsView, route: Route, evaluation: Evaluation, wrapped: tuple[Wrapped, ...]
) -> list[Served]:
    project = evaluation.project
    pairs = [(v, v) for v in (*_VERBS, *_EXPLICIT)] if view.actions is None else list(view.actions.items())
    allowed = allowed_methods(cls, view, evaluation)
    found: list[Served] = []
    for verb, name in pairs:
        function = project.method(cls, name)
        if function is None or (allowed is not None and verb.upper() not in allowed):
            continue
        if name in _EXPLICIT and function.module.role == "library":
            continue
        where = place(function, cls, route)
        found.append(
            Served(verb.upper(), function, cls, f"{cls.qualname}.{name}", *where, wrapped, view.arguments)
        )
    if found or view.actions is not None:
        return found
    dispatch = project.method(cls, "dispatch")
    if dispatch is not None and dispatch.module.role != "library":
        where = place(dispatch, cls, route)
        return [Served("ANY", dispatch, cls, f"{cls.qualname}.dispatch", *where, wrapped, view.arguments)]
    if any(isinstance(base, External) for base in project.mro(cls)):
        return supplied(cls.qualname, cls, route, evaluation, wrapped)
    return []


def allowed_methods(cls: Class, view: AsView, evaluation: Evaluation) -> frozenset[str] | None:
    """`http_method_names`, in upper case, where the project sets them."""
    told = view.arguments.get("http_method_names", evaluation.class_value(cls, "http_method_names"))
    verbs = [item for item in told if isinstance(item, str)] if isinstance(told, list | tuple | set) else []
    return frozenset(verb.upper() for verb in verbs) if verbs else None


def supplied(
    name: str, cls: Class | None, route: Route, evaluation: Evaluation, wrapped: tuple[Wrapped, ...]
) -> list[Served]:
    """A view whose code is a library's: it is listed, and its one call stays unresolved."""
    module = evaluation.project.module(_SUPPLIED)
    function = next((f for f in module.functions if f.name == "view"), None) if module is not None else None
    if function is None:
        evaluation.note(route.module, route.line, f"{name} is supplied by a library")
        return []
    file, line = (route.module.path, route.line) if cls is None else (cls.module.path, cls.line)
    return [Served("ANY", function, cls, name, file, line, wrapped, {})]


def place(function: Function, cls: Class, route: Route) -> tuple[str, int]:
    """Where a reader finds the code: the method, else the class that inherits it, else the route."""
    if function.module.role != "library":
        return function.module.path, function.line
    return (cls.module.path, cls.line) if cls.module.role != "library" else (route.module.path, route.line)


def decorated_methods(wrapped: list[Wrapped]) -> tuple[str, ...] | None:
    """The methods that `require_POST(view)` and the like leave."""
    for item in wrapped:
        decorator = item.decorator
        name = decorator.name.rpartition(".")[2] if isinstance(decorator, External | Called) else ""
        if name in {"require_POST", "require_GET", "require_safe"}:
            return ("POST",) if name == "require_POST" else ("GET",)
        if name == "require_http_methods" and isinstance(decorator, Called) and decorator.args:
            return listed(decorator.args[0])
    return None


def _limited(item: Served, method: str) -> Served:
    return Served(
        method, item.function, item.receiver, item.name, item.file, item.line, item.wrapped, item.arguments
    )
