"""Registrations before the first request: decorators that fill registries, routers, `ready()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_admin
from auditor.frameworks.django_values import Instance
from auditor.frameworks.rest_framework_routers import is_router, is_router_name
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, Module, function_scope, inner_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.index.ir import Node
    from auditor.index.project import Project

_APP_CONFIGS: Final = frozenset({"django.apps.AppConfig", "django.apps.config.AppConfig"})
_MODELS: Final = frozenset({"django.db.models.Model", "django.db.models.base.Model"})
_WRITES: Final = frozenset({"append", "setdefault", "update", "add", "extend", "insert"})


def run_registrations(evaluation: Evaluation) -> None:
    """Runs what fills registries before the first request, in order of path and line; URL configurations come last.

    Django reads these after every `ready()`: a router's routes are those that somebody has registered by then.
    """
    known: dict[int, bool] = {}
    modules = [module for module in evaluation.project.modules if module.role == "app"]
    for module in modules:
        if "urlpatterns" not in module.scope:
            _run_module(evaluation, module, known)
    for config in app_configs(evaluation.project):
        ready = evaluation.project.method(config, "ready")
        if ready is not None and ready.module.role != "library":
            evaluation.function(ready, [], {}, Instance(config))
    for module in modules:
        if "urlpatterns" in module.scope:
            _run_module(evaluation, module, known)


def _run_module(evaluation: Evaluation, module: Module, known: dict[int, bool]) -> None:
    if registers_on_router(evaluation.project, module):
        evaluation.names.frame(module)
    if django_admin.registers(module):
        evaluation.names.frame(module)
        django_admin.run_decorators(evaluation, module)
    items: list[Class | Function] = [*module.classes, *module.functions]
    for item in sorted(items, key=lambda found: found.line):
        for decorator in reversed(item.decorators if item.parent is None else ()):
            if writes_registry(evaluation.project, module, decorator, known):
                frame = evaluation.names.frame(module)
                evaluation.call(evaluation.value(decorator, frame), [item], {}, frame, item.line)


def app_configs(project: Project) -> Iterator[Class]:
    """The project's own application configurations."""
    for module in project.modules:
        for cls in module.classes if module.role == "app" else ():
            if any(isinstance(b, External) and b.name in _APP_CONFIGS for b in project.mro(cls)):
                yield cls


def models_of(project: Project, config: Class) -> list[Class]:
    """What `AppConfig.get_models()` gives: the concrete models of the configuration's package, by place."""
    package = config.module.name.rpartition(".")[0]
    return [
        cls
        for module in project.modules
        if module.role == "app" and f"{module.name}.".startswith(f"{package}.models.")
        for cls in module.classes
        if cls.parent is None and is_model(project, cls)
    ]


def is_model(project: Project, cls: Class) -> bool:
    """Whether a class is a model with a table of its own."""
    meta = cls.scope.get("Meta", [None])[-1]
    for binding in meta.scope.get("abstract", ()) if isinstance(meta, Class) else ():
        if isinstance(binding, Assigned) and binding.value is not None and binding.value[2] is True:
            return False
    return any(isinstance(base, External) and base.name in _MODELS for base in project.mro(cls))


def registers_on_router(project: Project, module: Module) -> bool:
    """Whether the module calls `router.register(...)` at top level."""
    for s in module.body:
        if s[0] != ir.EXPR or s[3][0] != ir.CALL or s[3][2][0] != ir.ATTR or s[3][2][3] != "register":
            continue
        symbol = project.resolve_expression(module, s[3][2][2])
        if isinstance(symbol, External) and is_router_name(symbol.name.removesuffix("()")):
            return True
        if isinstance(symbol, Class) and is_router(symbol, project):
            return True
    return False


def writes_registry(project: Project, module: Module, decorator: Node, known: dict[int, bool]) -> bool:
    """Whether a decorator is a project function that changes something at the top level of a module."""
    callee = decorator[2] if decorator[0] == ir.CALL else decorator
    if callee[0] not in {ir.NAME, ir.ATTR}:
        return False
    symbol = project.resolve_expression(module, callee)
    if not isinstance(symbol, Function) or symbol.module.role == "library":
        return False
    if id(symbol) not in known:
        known[id(symbol)] = _changes_outside(project, symbol)
    return known[id(symbol)]


def _changes_outside(project: Project, function: Function) -> bool:
    local = {name for name, *_ in function.params} | set(function_scope(function))
    for nested in function.module.functions:
        if _within(nested, function):
            local |= {name for name, *_ in nested.params} | set(function_scope(nested))
    return any(
        root not in local and isinstance(project.resolve(function.module, root), Assigned | Class | External)
        for statement in every_statement(function.body)
        for root in written(statement)
    )


def _within(inner: Function, outer: Function) -> bool:
    scope = inner.parent
    while scope is not None:
        if scope is outer:
            return True
        scope = scope.parent
    return False


def every_statement(statements: Iterable[Node]) -> Iterator[Node]:
    """Statements at any depth, those of nested functions included."""
    for s in statements:
        yield s
        for block in inner_blocks(s):
            yield from every_statement(block)
        if s[0] == ir.DEF:
            yield from every_statement(s[6])


def written(s: Node) -> Iterator[str]:
    """The names at the root of what a statement changes in place."""
    targets: tuple[Node, ...] = ()
    if s[0] == ir.ASSIGN:
        targets = tuple(target for target in s[3] if target[0] == ir.SUB)
    elif s[0] == ir.AUG and s[3][0] in {ir.SUB, ir.ATTR}:
        targets = (s[3],)
    elif s[0] == ir.EXPR and s[3][0] == ir.CALL and s[3][2][0] == ir.ATTR and s[3][2][3] in _WRITES:
        targets = (s[3][2][2],)
    for target in targets:
        node = target
        while node[0] in {ir.SUB, ir.ATTR, ir.CALL}:
            node = node[2]
        if node[0] == ir.NAME:
            yield node[2]
