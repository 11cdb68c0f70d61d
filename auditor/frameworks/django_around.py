"""What runs around a Django view: middleware, decorators, `dispatch` and its kin, context processors."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_methods import dotted_name
from auditor.frameworks.django_settings import named, setting, strings, template_processors
from auditor.frameworks.django_values import Called, Closure, Value, Wrapped
from auditor.frameworks.entry import Around
from auditor.index import ir
from auditor.index.same import Same
from auditor.index.symbols import Class, Function, Module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.frameworks.django_views import Served
    from auditor.index.ir import Node

_HOOKS: Final = (
    "__call__",
    "__acall__",
    "process_request",
    "process_view",
    "process_template_response",
    "process_response",
)
_OVERRIDES: Final = ("setup", "dispatch", "initialize_request", "initial")
_RENDERS: Final = frozenset({"render", "render_to_response", "TemplateResponse", "render_to_string"})


def middleware(evaluation: Evaluation, settings: Module) -> tuple[Around, ...]:
    """The project's own middleware, outermost first."""
    found: list[Around] = []
    for name in ("MIDDLEWARE", "MIDDLEWARE_CLASSES"):
        for dotted in strings(setting(evaluation, settings, name)):
            item = named(evaluation, settings, dotted)
            if isinstance(item, Class):
                for hook in _HOOKS:
                    method = evaluation.project.method(item, hook)
                    if method is not None and method.module.role != "library":
                        found.append(Around(method, item, "middleware"))
            elif item is not None:
                found.append(Around(wrapper_of(item), None, "middleware"))
    return tuple(found)


def processors(evaluation: Evaluation, settings: Module) -> tuple[Around, ...]:
    """The project's own context processors."""
    names = template_processors(setting(evaluation, settings, "TEMPLATES"))
    found = [named(evaluation, settings, name) for name in names]
    return tuple(Around(item, None, "before") for item in found if isinstance(item, Function))


def around_view(served: Served, evaluation: Evaluation) -> tuple[Around, ...]:
    """Decorators and overrides of one view, outermost first."""
    found: list[Around] = []
    for item in served.wrapped:
        found.extend(_around_wrapped(item))
    cls = served.receiver
    if cls is not None:
        for base in evaluation.project.mro(cls):
            if isinstance(base, Class) and base.module.role != "library":
                found.extend(around_decorators(evaluation, base.module, base.decorators))
        found.extend(_overrides(served, cls, evaluation))
    if served.function.module.role != "library":
        found.extend(around_decorators(evaluation, served.function.module, served.function.decorators))
    return tuple(dict.fromkeys(found))


def _overrides(served: Served, cls: Class, evaluation: Evaluation) -> Iterable[Around]:
    for name in _OVERRIDES:
        method = evaluation.project.method(cls, name)
        if method is not None and method.module.role != "library" and method is not served.function:
            yield Around(method, cls, "before")


def _around_wrapped(item: Wrapped) -> Iterable[Around]:
    decorator: Value = item.decorator
    if isinstance(decorator, Function | Closure):
        function = decorator if isinstance(decorator, Function) else decorator.function
        yield Around(wrapper_of(function), None, "before")
        return
    inside = decorator.args if isinstance(decorator, Called) else item.arguments
    values = [*inside, *(decorator.kwargs.values() if isinstance(decorator, Called) else ())]
    for value in values:
        if isinstance(value, Function):
            yield Around(value, None, "before")


def around_decorators(evaluation: Evaluation, module: Module, decorators: Iterable[Node]) -> list[Around]:
    """What the project's code among some decorators runs before the view does."""
    found: list[Around] = []
    for decorator in decorators:
        found.extend(_around_decorator(evaluation, module, decorator))
    return found


def _around_decorator(evaluation: Evaluation, module: Module, decorator: Node) -> Iterable[Around]:
    project = evaluation.project
    callee = decorator[2] if decorator[0] == ir.CALL else decorator
    symbol = project.resolve_expression(module, callee)
    arguments = [*decorator[3], *(v for _, v in decorator[4])] if decorator[0] == ir.CALL else []
    if isinstance(symbol, Function) and symbol.module.role != "library":
        if any(nested.parent is symbol for nested in symbol.module.functions):
            yield Around(wrapper_of(symbol), None, "before")
        return
    if isinstance(symbol, Class) and symbol.module.role != "library":
        method = project.method(symbol, "__call__")
        if method is not None:
            yield Around(method, symbol, "before")
        return
    if dotted_name(symbol).endswith(".method_decorator"):
        items = arguments[:1]
        inner = [i for item in items for i in (item[3] if item[0] == ir.SEQ else (item,))]
        for node in inner:
            yield from _around_decorator(evaluation, module, node)
        return
    for node in arguments:
        told = project.resolve_expression(module, node) if node[0] in {ir.NAME, ir.ATTR} else None
        if isinstance(told, Function) and told.module.role != "library":
            yield Around(told, None, "before")


def wrapper_of(function: Function) -> Function:
    """The function that a decorator puts in the view's place: the innermost one that is returned."""
    returned = {
        name for s in function.body if s[0] == ir.RETURN and s[3] is not None for name in names_in(s[3])
    }
    for nested in function.module.functions:
        if nested.parent is function and nested.name in returned:
            return wrapper_of(nested)
    return function


def names_in(node: Node) -> set[str]:
    """The name an expression is, or the names given to the call that it is."""
    if node[0] == ir.NAME:
        return {node[2]}
    if node[0] == ir.CALL:
        return {name for argument in node[3] for name in names_in(argument)}
    return set()


def renders(served: Served, evaluation: Evaluation) -> bool:
    """Whether a view seems to answer with a template, so that context processors run."""
    cls = served.receiver
    functions = [served.function]
    if cls is not None:
        line = evaluation.project.mro(cls)
        if any(base.name.rpartition(".")[2] == "TemplateResponseMixin" for base in line):
            return True
        ours = [base for base in line if isinstance(base, Class) and base.module.role != "library"]
        functions += [b for base in ours for bs in base.scope.values() for b in bs if isinstance(b, Function)]
    called = {name for function in functions for name in called_names(function)}
    if called & _RENDERS:
        return True
    module = served.function.module
    helpers = [evaluation.project.resolve(module, name) for name in sorted(called)] if cls is None else []
    return any(isinstance(h, Function) and called_names(h) & _RENDERS for h in helpers)


def called_names(function: Function) -> frozenset[str]:
    """The last names of everything that a function calls."""
    return _called_names(Same(function.body))


@lru_cache(maxsize=4096)
def _called_names(body: Same) -> frozenset[str]:
    found: set[str] = set()
    stack: list[object] = [body.tree]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if len(part) == 5 and part[0] == ir.CALL and isinstance(part[2], tuple):
                callee = part[2]
                found.add(callee[2] if callee[0] == ir.NAME else callee[3] if callee[0] == ir.ATTR else "")
            stack.extend(part)
    return frozenset(found)
