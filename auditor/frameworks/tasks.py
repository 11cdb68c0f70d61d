"""Functions that a queue's workers run: Celery, RQ, dramatiq, huey and what is built on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.entry import EntryPoint
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, Module

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

_ROLES: Final = frozenset({"app", "config"})
_DECORATORS: Final = frozenset({
    "celery.shared_task", "celery.task", "celery.decorators.task", "celery.task.task",
    "celery.task.periodic_task", "celery.app.shared_task", "dramatiq.actor", "rq.decorators.job", "rq.job",
    "django_rq.job", "huey.contrib.djhuey.task", "huey.contrib.djhuey.db_task",
    "huey.contrib.djhuey.periodic_task", "huey.contrib.djhuey.db_periodic_task",
    "procrastinate.task", "django.tasks.task", "taskiq.task", "django_tasks.task",
})  # fmt: skip
"""Decorators that a library offers as functions."""
_METHODS: Final[dict[str, frozenset[str]]] = {
    "task": frozenset(
        {
            "Celery",
            "Huey",
            "RedisHuey",
            "SqliteHuey",
            "MemoryHuey",
            "HUEY",
            "App",
            "Blueprint",
            "TaskiqBroker",
        }
    ),
    "periodic_task": frozenset({"Celery", "Huey", "RedisHuey", "SqliteHuey", "MemoryHuey", "HUEY"}),
    "job": frozenset({"RQ", "FlaskRQ", "RQ2"}),
    "scheduled_job": frozenset(
        {
            "BackgroundScheduler",
            "BlockingScheduler",
            "AsyncIOScheduler",
            "GeventScheduler",
            "TornadoScheduler",
        }
    ),
    "actor": frozenset({"Dramatiq", "Broker"}),
}
"""Decorators that are methods of an application object → the last names of its class."""
_PACKAGES: Final = frozenset({
    "celery", "huey", "rq", "flask_rq2", "flask_rq", "dramatiq", "procrastinate", "taskiq", "flask_dramatiq",
    "apscheduler",
})  # fmt: skip
_TASK_CLASSES: Final = frozenset({"celery.Task", "celery.app.task.Task", "celery.task.Task"})


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """`TASK dotted.name` for every task of the project."""
    tasks = _Tasks(project)
    for module in project.modules:
        if module.role not in _ROLES:
            continue
        for function in module.functions:
            if any(tasks.marks(function, d) for d in function.decorators):
                yield entry(function, None)
        for cls in module.classes:
            if cls.bases and not _TASK_CLASSES.isdisjoint(project.external_bases(cls)):
                run = project.method(cls, "run")
                if run is not None and not project.subclasses(cls):
                    yield entry(run, cls)


def entry(function: Function, cls: Class | None) -> EntryPoint:
    """The entry point of a task function, or of the `run` of a task class."""
    name = function.qualname if cls is None else f"{cls.qualname}.{function.name}"
    receiver = cls or function.owner
    return EntryPoint(
        "task", "TASK", name, "tasks", function, receiver, name, function.module.path, function.line
    )


class _Tasks:
    """Answers which decorators make tasks; what is found out about the project's own is kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._makers: dict[int, bool] = {}

    def marks(self, function: Function, decorator: Node) -> bool:
        """Whether a decorator makes a function a task, directly or through a decorator of the project."""
        called = decorator[2] if decorator[0] == ir.CALL else decorator
        return self.makes(function.module, called, function.parent)

    def makes(self, module: Module, called: Node, function: Function | None) -> bool:
        """Whether calling an expression declares a task."""
        symbol = self.project.resolve_expression(module, called, function)
        if isinstance(symbol, External):
            if symbol.name == "functools.partial()":
                return self.partial(module, called, function)
            return is_task_name(symbol.name)
        if isinstance(symbol, Class):
            return not _DECORATORS.isdisjoint(self.project.external_bases(symbol))
        if isinstance(symbol, Function):
            return self.hands_over(symbol)
        return (
            called[0] == ir.ATTR and called[3] in _METHODS and self.is_application(module, called, function)
        )

    def partial(self, module: Module, called: Node, function: Function | None) -> bool:
        """Whether a name is bound to `partial(...)` of a decorator that declares tasks."""
        symbol = self.project.lookup(function, module, called[2]) if called[0] == ir.NAME else None
        if not isinstance(symbol, Assigned) or symbol.value is None or symbol.value[0] != ir.CALL:
            return False
        home = self.project.home(module, symbol)
        return bool(symbol.value[3]) and self.makes(home, symbol.value[3][0], None)

    def hands_over(self, decorator: Function) -> bool:
        """Whether a decorator of the project hands what it decorates to a library's."""
        key = id(decorator)
        if key not in self._makers:
            self._makers[key] = False  # a decorator that calls itself proves nothing
            self._makers[key] = self._hands_over(decorator)
        return self._makers[key]

    def _hands_over(self, decorator: Function) -> bool:
        module = decorator.module
        for call in calls_of(decorator):
            symbol = self.project.resolve_expression(module, call[2], decorator)
            if isinstance(symbol, External) and is_task_name(symbol.name):
                return True
        inner = [f for f in module.functions if f.parent is decorator]
        return any(self.makes(module, d[2] if d[0] == ir.CALL else d, f) for f in inner for d in f.decorators)

    def is_application(self, module: Module, called: Node, function: Function | None) -> bool:
        """Whether the object of a `.task` comes from the project's own class or function."""
        base = self.project.resolve_expression(module, called[2], function)
        if isinstance(base, Class):
            return any(is_application_class(b, called[3]) for b in self.project.external_bases(base))
        if isinstance(base, Function) or called[2][0] != ir.NAME:
            return False
        symbol = self.project.lookup(function, module, called[2][2])
        if not isinstance(symbol, Assigned) or symbol.value is None or symbol.value[0] != ir.CALL:
            return False
        factory = self.project.resolve_expression(self.project.home(module, symbol), symbol.value[2])
        return isinstance(factory, Function) and any(
            self.constructs(factory, call, called[3]) for call in calls_of(factory)
        )

    def constructs(self, factory: Function, call: Node, method: str) -> bool:
        symbol = self.project.resolve_expression(factory.module, call[2], factory)
        names = self.project.external_bases(symbol) if isinstance(symbol, Class) else ()
        if isinstance(symbol, External):
            names = (symbol.name,)
        return any(is_application_class(name, method) for name in names)


def is_task_name(name: str) -> bool:
    """True for `celery.shared_task` and for `celery.Celery().task`."""
    if name in _DECORATORS:
        return True
    base, _, method = name.rpartition(".")
    return method in _METHODS and is_application_class(base.removesuffix("()"), method)


def is_application_class(name: str, method: str) -> bool:
    """Whether the objects of a library's class have `method` as their task decorator."""
    last = name.rpartition(".")[2]
    if method == "task" and name.startswith("taskiq") and last.endswith("Broker"):
        return True  # each transport has a broker of its own, in packages beside taskiq
    return name.partition(".")[0] in _PACKAGES and last in _METHODS[method]


def calls_of(function: Function) -> Iterator[Node]:
    """Every call in a function's body, nested functions included."""
    stack: list[object] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            if node and node[0] == ir.CALL and len(node) == 5 and isinstance(node[2], tuple):
                yield node
            stack.extend(node)
