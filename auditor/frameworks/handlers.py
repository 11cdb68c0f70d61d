"""What a route calls, whatever the framework: a function, a method, or a class with a method per HTTP method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.frameworks.callbacks import method_value, unique, wrappers
from auditor.frameworks.entry import Around, EntryPoint, http_entry
from auditor.frameworks.verb_methods import listed, verbs_of
from auditor.frameworks.wiring import Instance, Value, Wiring, as_function, unwrapped
from auditor.index.symbols import Class, Function

if TYPE_CHECKING:
    from auditor.index.project import Project


@dataclass(frozen=True, slots=True)
class Route:
    """One registration of a handler: `methods` as the option was given, None where the handler or the default decides."""

    framework: str
    path: str
    methods: Value
    around: tuple[Around, ...] = ()
    default: tuple[str, ...] = ("GET",)


def answered(
    project: Project, wiring: Wiring, target: Value, route: Route, *, receiver: Class | None = None
) -> Iterator[EntryPoint]:
    """The endpoints of one route: a function's listed methods, or what a class has methods for.

    `receiver` is the concrete class, where `target` is a method that it may have inherited.
    """
    cls = view_class(target)
    if cls is not None:
        yield from by_verb(project, wiring, cls, route)
        return
    found = as_function(target)
    if found is None:
        return
    around = unique((*route.around, *wrappers(target)))
    for verb in listed(route.methods, route.default):
        yield http_entry(route.framework, verb, route.path, found[0], receiver or found[1], around)


def by_verb(project: Project, wiring: Wiring, cls: Class, route: Route) -> Iterator[EntryPoint]:
    """One endpoint for each HTTP method that a class has a method for, as far as the route lets it through."""
    verbs = dict(verbs_of(project, cls))
    allowed = listed(route.methods, verbs)
    for verb, function in verbs.items():
        if verb in allowed or "ANY" in allowed:
            around = unique((*route.around, *wrappers(method_value(wiring, cls, function))))
            yield http_entry(route.framework, verb, route.path, function, cls, around)


def view_class(view: Value, *, objects: bool = True) -> Class | None:
    """The class that answers, whatever was put around it: itself, or what `View.as_view(...)` was called on.

    With `objects` one of its objects stands for it, too.
    """
    for _ in range(8):
        view = unwrapped(view)
        if isinstance(view, Class):
            return view
        if not isinstance(view, Instance):
            return None
        if view.cls is not None:
            return view.cls if objects else None
        first = view.args[0] if view.args else None
        if view.libraries and view.libraries[0].endswith(".as_view") and isinstance(first, Class):
            return first
        view = next((a for a in view.args if isinstance(a, Instance | Class)), None)
    return None


def class_option(project: Project, wiring: Wiring, cls: Class, name: str) -> Value:
    """A class attribute that configures a view; None where no project class sets it."""
    if wiring.interpreter is None or project.member(cls, name) is None:
        return None
    return wiring.interpreter.names.of_class(cls, name, cls)


def methods_of(project: Project, cls: Class) -> Iterator[Function]:
    """Every method of a class, inherited ones of the project's classes with it, by the order of their definition."""
    names = dict.fromkeys(n for base in project.mro(cls) if isinstance(base, Class) for n in base.scope)
    for name in names:
        function = project.method(cls, name)
        if function is not None:
            yield function


def decorated_with(wiring: Wiring, libraries: Iterable[str]) -> Iterator[tuple[Instance, Value]]:
    """`(decorator, what it was put on)` for decorators that are functions of a library: `@get("/")`."""
    for instance in wiring.made_from(*libraries):
        for call in instance.calls:
            if call.method == "()":
                for target in call.targets:
                    yield instance, target
