"""Evaluates the part of Python that URL configurations and settings are written in, without running anything.

Lists, strings, dicts, loops over known sequences, helper functions, closures and methods are followed;
everything else is `UNKNOWN`. A condition that reads the settings, the environment or something unknown is
open: both branches are taken, so that what exists in some deployment is found. Work is bounded by a budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_admin, django_apps
from auditor.frameworks.django_builtins import builtin, method
from auditor.frameworks.django_expressions import Exhausted, bounded, innermost
from auditor.frameworks.django_library import Library
from auditor.frameworks.django_names import Names
from auditor.frameworks.django_projects import Projects
from auditor.frameworks.django_registry import models_of, run_registrations
from auditor.frameworks.django_settings import settings_modules
from auditor.frameworks.django_statements import Statements
from auditor.frameworks.django_values import (
    UNKNOWN,
    AsView,
    Bound,
    Called,
    Closure,
    Frame,
    Instance,
    Router,
    Value,
    Wrapped,
    is_routes,
    is_view,
)
from auditor.index.symbols import Class, External, Function, Module

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

MAX_DEPTH: Final = 14
"""Nested calls of project functions."""


class Evaluation(Statements):
    """One evaluation of a project; modules are evaluated once. What is beyond the budget is UNKNOWN."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.depth = 0
        self.registered = False
        self.names = Names(self)
        self.library = Library(self)
        self.names.settings_modules = settings_modules(project)
        self.names.projects = Projects(project)
        self.admin = django_admin.Registry()
        self.app_objects: dict[str, Value] = {}
        """By label: the configuration of an application, as far as somebody asked for it."""
        self.installed: frozenset[str] | None = None

    # -- entry -----------------------------------------------------------------------------------------------

    def module_value(self, module: Module, name: str) -> Value:
        """What `name` holds once `module` has been imported; UNKNOWN where it is bound nowhere."""
        try:
            return self.names.exported(module, name)
        except Exhausted:
            return self.names.frame(module).names.get(name, UNKNOWN)

    def class_value(self, cls: Class, name: str) -> Value:
        """What a class holds under `name`, inherited or its own."""
        try:
            return self.names.class_attribute(cls, name)
        except Exhausted:
            return UNKNOWN

    def imported(self, dotted: str, near: Module | None) -> Value:
        """What a dotted string in the settings or in a route names."""
        try:
            return self.names.dotted(dotted, near)
        except Exhausted:
            return UNKNOWN

    def evaluate(self, node: Node, frame: Frame) -> Value:
        """The value of an expression."""
        try:
            return self.value(node, frame)
        except Exhausted:
            return UNKNOWN

    def register_all(self) -> None:
        """Runs what fills registries and routers before the first request; once."""
        if self.registered:
            return
        self.registered = True
        try:
            run_registrations(self)
        except Exhausted:
            return

    # -- calls -----------------------------------------------------------------------------------------------

    def call(
        self, callee: Value, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        """What a call gives: a followed function, a library call of the tables, or something opaque."""
        if isinstance(callee, External):
            if callee.name.startswith("builtins."):
                return builtin(callee.name.removeprefix("builtins."), args, kwargs, self.project)
            given = self.library.call(callee.name, args, kwargs, frame, line)
            return django_apps.loaded(self, args, given) if django_apps.loads_classes(callee) else given
        if isinstance(callee, Function) and django_apps.loads_classes(callee):
            return django_apps.loaded(self, args, self.function(callee, args, kwargs))
        if isinstance(callee, Function | Closure):
            return self.function(callee, args, kwargs)
        if isinstance(callee, Bound):
            return self._bound(callee, args, kwargs, frame, line)
        if isinstance(callee, Class):
            return self.names.instance(callee, args, kwargs)
        if isinstance(callee, Called):
            return Wrapped(args[0], callee) if args and is_view(args[0]) else Called(callee.name, (), {})
        if args and is_view(args[0]):
            return Wrapped(args[0], callee)
        return args[0] if args and is_routes(args[0]) else UNKNOWN

    def function(
        self, callee: Function | Closure, args: list[Value], kwargs: dict[str, Value], receiver: Value = None
    ) -> Value:
        """Calls a project function; a decorator that wraps its argument gives it back `Wrapped`."""
        function = callee.function if isinstance(callee, Closure) else callee
        outer = callee.frame if isinstance(callee, Closure) else None
        result: Value = UNKNOWN
        if self.depth < MAX_DEPTH:
            self.depth += 1
            try:
                result = self._invoke(
                    function, outer, args if receiver is None else [receiver, *args], kwargs
                )
            finally:
                self.depth -= 1
        if args and is_view(args[0]) and (result is UNKNOWN or isinstance(innermost(result), Closure)):
            return Wrapped(args[0], function)
        return result

    def _invoke(
        self, function: Function, outer: Frame | None, args: list[Value], kwargs: dict[str, Value]
    ) -> Value:
        frame = Frame(function.module, function, {}, outer)
        left = list(args)
        named = dict(kwargs)
        for name, kind, _, default in function.params:
            if kind == "*":
                frame.names[name], left = list(left), []
            elif kind == "**":
                frame.names[name], named = named, {}
            elif kind == "pos" and left:
                frame.names[name] = left.pop(0)
            elif name in named:
                frame.names[name] = named.pop(name)
            else:
                top = self.names.frame(function.module)
                frame.names[name] = UNKNOWN if default is None else self.value(default, top)
        ended = self.run(function.body, frame)
        if function.is_generator:
            return frame.yielded
        if ended == "return" and not (frame.maybe and frame.result in (UNKNOWN, None)):
            return frame.result
        return next(
            (value for value in frame.maybe if value is not UNKNOWN), UNKNOWN if frame.maybe else None
        )

    def _bound(
        self, callee: Bound, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        receiver = callee.receiver
        if callee.function is not None:
            return self.function(callee.function, args, kwargs, receiver)
        if isinstance(receiver, Class | External) and callee.name == "as_view":
            actions = args[0] if args and isinstance(args[0], dict) else None
            told = None if actions is None else {k: v for k, v in actions.items() if isinstance(v, str)}
            return AsView(receiver, kwargs, told)
        if isinstance(receiver, Router):
            return self.library.router_call(receiver, callee.name, args, kwargs, where=(frame.module, line))
        if isinstance(receiver, Instance) and callee.name in django_admin.METHODS:
            return django_admin.call(self, receiver, callee.name, args, kwargs, where=(frame.module, line))
        if isinstance(receiver, Instance) and callee.name == "get_models" and isinstance(receiver.cls, Class):
            return models_of(self.project, receiver.cls)
        if isinstance(receiver, str | list | dict | tuple | set):
            return bounded(method(receiver, callee.name, args, kwargs))
        return args[0] if args and is_routes(args[0]) else UNKNOWN
