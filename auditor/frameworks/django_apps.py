"""Applications: the configuration that a label names, and classes that are looked up by the name of their module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_registry import app_configs
from auditor.frameworks.django_settings import setting, strings
from auditor.frameworks.django_values import UNKNOWN, Called, Instance, Value
from auditor.index.symbols import Class, External, Function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.django_evaluate import Evaluation

_LOADERS: Final = frozenset({"get_class", "get_classes", "load_class", "load_classes"})
"""What projects, and django-oscar, call functions that import classes by the tail of a module's name."""


def config_object(evaluation: Evaluation, label: str) -> Value:
    """The object of an application's configuration after `ready()`; UNKNOWN where the label names none of the project's.

    Of several classes the one that `INSTALLED_APPS` names, else the one that builds on the others.
    """
    known = evaluation.app_objects
    if label not in known:
        found = [c for c in app_configs(evaluation.project) if label in labels(evaluation, c)]
        listed = [c for c in found if c.qualname in installed(evaluation)]
        chosen = listed or [
            c for c in found if not any(c in below(evaluation, o) for o in found if o is not c)
        ]
        if not chosen:
            return UNKNOWN
        made = known[label] = Instance(chosen[0])
        ready = evaluation.project.method(chosen[0], "ready")
        if ready is not None and ready.module.role != "library" and has_urls(evaluation, chosen[0]):
            evaluation.function(ready, [], {}, made)
    return known[label]


def labels(evaluation: Evaluation, cls: Class) -> tuple[str, ...]:
    """The label that a configuration tells, else the last part of its name."""
    told = evaluation.names.class_attribute(cls, "label")
    if isinstance(told, str):
        return (told,)
    name = evaluation.names.class_attribute(cls, "name")
    return (name.rpartition(".")[2],) if isinstance(name, str) else ()


def below(evaluation: Evaluation, cls: Class) -> tuple[object, ...]:
    """The classes that a class builds on."""
    return tuple(evaluation.project.mro(cls)[1:])


def has_urls(evaluation: Evaluation, cls: Class) -> bool:
    """Whether a configuration gives routes, its own or those of a class of the project's that it builds on."""
    found = evaluation.project.method(cls, "get_urls")
    return found is not None and found.module.role != "library"


def installed(evaluation: Evaluation) -> frozenset[str]:
    """What `INSTALLED_APPS` lists, of every settings module."""
    if evaluation.installed is None:
        evaluation.installed = frozenset(
            name
            for module in evaluation.names.settings_modules
            for name in strings(setting(evaluation, module, "INSTALLED_APPS"))
        )
    return evaluation.installed


# -- classes by name ---------------------------------------------------------------------------------------


def loads_classes(callee: Function | External) -> bool:
    """Whether a function goes by a name that says that it looks up classes."""
    name = callee.name if isinstance(callee, Function) else callee.name.rpartition(".")[2]
    return name in _LOADERS


def loaded(evaluation: Evaluation, args: list[Value], result: Value) -> Value:
    """The classes that `get_class("catalogue.forms", "ProductForm")` finds; `result` where it finds none."""
    if (
        len(args) < 2
        or not isinstance(args[0], str)
        or (result is not UNKNOWN and not isinstance(result, Called))
    ):
        return result
    if isinstance(args[1], str):
        return class_named(evaluation, args[0], args[1]) or result
    if isinstance(args[1], list | tuple):
        found = [class_named(evaluation, args[0], n) if isinstance(n, str) else None for n in args[1]]
        return [UNKNOWN if c is None else c for c in found]
    return result


def class_named(evaluation: Evaluation, label: str, name: str) -> Class | None:
    """The class that a module ending in this name has, of the module that is the least deep."""
    by_depth: dict[int, list[Class]] = {}
    for module, cls in _classes(evaluation, label, name):
        by_depth.setdefault(module.count("."), []).append(cls)
    nearest = by_depth[min(by_depth)] if by_depth else []
    return nearest[0] if nearest and all(cls is nearest[0] for cls in nearest) else None


def _classes(evaluation: Evaluation, label: str, name: str) -> Iterator[tuple[str, Class]]:
    for module in evaluation.project.modules:
        if module.role in {"app", "script"} and f".{module.name}".endswith(f".{label}"):
            found = evaluation.names.exported(module, name) if name in module.scope else UNKNOWN
            if isinstance(found, Class):
                yield module.name, found
