"""Plain functions that are handed to a queue or a scheduler: RQ, APScheduler, schedule, arq."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.tasks import entry
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, Function, ImportedName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.entry import EntryPoint
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

_ROLES: Final = frozenset({"app", "config", "script"})
_HANDING: Final[dict[str, tuple[int, str, frozenset[str]]]] = {
    "enqueue": (0, "f", frozenset({"rq", "django_rq", "flask_rq2", "rq_scheduler"})),
    "enqueue_call": (0, "func", frozenset({"rq", "django_rq", "flask_rq2"})),
    "enqueue_in": (1, "func", frozenset({"rq", "django_rq", "flask_rq2", "rq_scheduler"})),
    "enqueue_at": (1, "func", frozenset({"rq", "django_rq", "flask_rq2", "rq_scheduler"})),
    "cron": (1, "func", frozenset({"rq_scheduler"})),
    "add_job": (0, "func", frozenset({"apscheduler", "flask_apscheduler"})),
    "do": (0, "job_func", frozenset({"schedule"})),
}
"""By name of the method: which argument is the function, by position and by name, and whose method it is."""
_LISTS: Final = ("functions", "cron_jobs", "on_startup", "on_shutdown")
"""What an arq worker's settings name."""


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """`TASK dotted.name` for every function of the project that is handed over, once."""
    libraries = imported(project)
    known = {name for name, (_, _, packages) in _HANDING.items() if packages & libraries}
    found: dict[int, Function] = {}
    for module in project.modules if known or "arq" in libraries else ():
        if module.role in _ROLES:
            for function in (*handed(project, module, known), *listed(project, module, "arq" in libraries)):
                if function.module.role != "library" and function.parent is None:
                    found.setdefault(id(function), function)
    for function in found.values():
        yield entry(function, None)


def imported(project: Project) -> frozenset[str]:
    """The first names of all that the project imports."""
    return frozenset(
        binding.module.partition(".")[0]
        for module in project.modules
        if module.role != "library"
        for bindings in module.scope.values()
        for binding in bindings
        if isinstance(binding, ImportedName)
    )


def handed(project: Project, module: Module, known: set[str]) -> Iterator[Function]:
    """The functions that calls in a module hand over, in its functions and at its top level."""
    if not known:
        return
    for function in module.functions:
        yield from in_calls(project, module, function.body, known, function)
    yield from in_calls(project, module, module.body, known, None)


def in_calls(
    project: Project, module: Module, tree: object, known: set[str], function: Function | None
) -> Iterator[Function]:
    if not isinstance(tree, tuple) or (tree and tree[0] == ir.DEF and len(tree) > 8):
        return
    if len(tree) == 5 and tree[0] == ir.CALL and tree[2][0] == ir.ATTR and tree[2][3] in known:
        position, name, _ = _HANDING[tree[2][3]]
        given = (
            tree[3][position] if len(tree[3]) > position else next((v for k, v in tree[4] if k == name), None)
        )
        target = None if given is None else named(project, module, given, function)
        if target is not None:
            yield target
    for part in tree:
        yield from in_calls(project, module, part, known, function)


def named(project: Project, module: Module, node: Node, function: Function | None) -> Function | None:
    """The function that an argument names, by itself or as a dotted text."""
    if node[0] == ir.CONST and isinstance(node[2], str) and "." in node[2]:
        owner, _, name = node[2].replace(":", ".").rpartition(".")
        home = project.module(owner, module)
        found = None if home is None else project.exported(home, name)
        return found if isinstance(found, Function) else None
    if node[0] not in {ir.NAME, ir.ATTR}:
        return None
    symbol = project.resolve_expression(module, node, function)
    return symbol if isinstance(symbol, Function) and symbol.owner is None else None


def listed(project: Project, module: Module, is_arq: bool) -> Iterator[Function]:  # noqa: FBT001  # whether to look at all
    """What the settings of an arq worker name: `functions = [work, func(other)]`, `cron_jobs = [cron(nightly, hour=3)]`."""
    for cls in module.classes if is_arq else ():
        if "functions" in cls.scope or "cron_jobs" in cls.scope:
            yield from in_settings(project, module, cls)


def in_settings(project: Project, module: Module, cls: Class) -> Iterator[Function]:
    for name in _LISTS:
        last = cls.scope.get(name, [None])[-1]
        value = last.value if isinstance(last, Assigned) else None
        if value is None:
            continue
        for item in value[3] if value[0] == ir.SEQ else (value,):
            inner = item[3][0] if item[0] == ir.CALL and item[3] else item
            target = named(project, module, inner, None)
            if target is not None:
                yield target
