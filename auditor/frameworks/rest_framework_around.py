"""What DRF asks before a view: authentication, permissions and throttles, its own or the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from auditor.frameworks.django_methods import decorator_name
from auditor.frameworks.django_settings import named, setting
from auditor.frameworks.django_values import Frame, Value
from auditor.frameworks.entry import Around
from auditor.index import ir
from auditor.index.symbols import Class, External, Function, Module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.frameworks.django_views import Served

_POLICIES: Final[tuple[tuple[str, str, str, Literal["authentication", "permission", "before"]], ...]] = (
    ("authentication_classes", "get_authenticators", "authenticate", "authentication"),
    ("permission_classes", "get_permissions", "has_permission", "permission"),
    ("throttle_classes", "get_throttles", "allow_request", "before"),
)


def is_rest(served: Served, evaluation: Evaluation) -> bool:
    """Whether DRF dispatches the view: an APIView, or a function under `@api_view`."""
    if served.receiver is not None:
        line = evaluation.project.mro(served.receiver)
        names = [base.name if isinstance(base, External) else base.qualname for base in line]
        return any(name.startswith("rest_framework") for name in names)
    return any(
        decorator_name(evaluation, served.function, d) == "rest_framework.decorators.api_view"
        for d in served.function.decorators
    )


def defaults(evaluation: Evaluation, settings: Module) -> dict[str, list[Value]]:
    """REST_FRAMEWORK's classes by key (`DEFAULT_PAGINATION_CLASS`, ...): the project's, else dotted names."""
    told = setting(evaluation, settings, "REST_FRAMEWORK")
    found: dict[str, list[Value]] = {}
    for key, value in told.items() if isinstance(told, dict) else ():
        if isinstance(key, str) and isinstance(value, str | list | tuple):
            items = [value] if isinstance(value, str) else value
            found[key] = [
                named(evaluation, settings, item) or item for item in items if isinstance(item, str)
            ]
    return found


def policies(served: Served, evaluation: Evaluation, default: dict[str, list[Value]]) -> list[Around]:
    """The project's authentication, permission and throttle classes of a view, in the order DRF asks them."""
    found: list[Around] = []
    for attribute, getter, method, role in _POLICIES:
        classes, override = declared(served, evaluation, attribute, getter)
        if override is not None:
            found.append(Around(override, served.receiver, role))
            classes = [*(classes or []), *made_in(override, evaluation)]
        if classes is None:
            classes = default.get(f"DEFAULT_{attribute.upper()}", [])
        for cls in _flattened(classes):
            function = evaluation.project.method(cls, method)
            if function is not None and cls.module.role != "library":
                found.append(Around(function, cls, role))
    return list(dict.fromkeys(found))


def declared(
    served: Served, evaluation: Evaluation, attribute: str, getter: str
) -> tuple[list[Value] | None, Function | None]:
    """The classes a view declares, None where the defaults hold, and its own getter."""
    if served.receiver is None:
        return _from_decorator(served.function, evaluation, attribute), None
    override = evaluation.project.method(served.receiver, getter)
    if override is not None and override.module.role == "library":
        override = None
    value = served.arguments.get(attribute, action_option(served, evaluation, attribute))
    if value is None:
        owner = evaluation.project.member(served.receiver, attribute)
        if owner is not None and owner[0].module.role != "library":
            value = evaluation.class_value(served.receiver, attribute)
    return (list(value) if isinstance(value, list | tuple) else None), override


def action_option(served: Served, evaluation: Evaluation, attribute: str) -> Value:
    """`@action(permission_classes=[...])` on the handler itself."""
    frame = Frame(served.function.module, None, {})
    for decorator in served.function.decorators:
        if decorator[0] == ir.CALL:
            for name, node in decorator[4]:
                if name == attribute:
                    return evaluation.evaluate(node, frame)
    return None


def _from_decorator(function: Function, evaluation: Evaluation, attribute: str) -> list[Value] | None:
    for decorator in function.decorators:
        if decorator_name(evaluation, function, decorator) == f"rest_framework.decorators.{attribute}":
            node = decorator[3][0] if decorator[0] == ir.CALL and decorator[3] else None
            value = None if node is None else evaluation.evaluate(node, Frame(function.module, None, {}))
            return list(value) if isinstance(value, list | tuple) else []
    return None


def made_in(getter: Function, evaluation: Evaluation) -> Iterator[Class]:
    """Project classes that a `get_permissions` or the like names, in order of line."""
    stack: list[object] = [getter.body]
    seen: list[tuple[int, Class]] = []
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if len(part) >= 3 and part[0] in {ir.NAME, ir.ATTR} and isinstance(part[-1], str):
                symbol = evaluation.project.resolve_expression(getter.module, part, getter)
                if isinstance(symbol, Class):
                    seen.append((part[1], symbol))
            stack.extend(part)
    for _, cls in sorted(seen, key=lambda pair: (pair[0], pair[1].qualname)):
        yield cls


def _flattened(values: list[Value]) -> Iterator[Class]:
    for value in values:
        if isinstance(value, tuple):
            yield from _flattened(list(value))
        elif isinstance(value, Class):
            yield value
