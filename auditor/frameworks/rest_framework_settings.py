"""What the project's `REST_FRAMEWORK` says, for the model of DRF's own settings object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks.django_evaluate import Evaluation
from auditor.frameworks.django_settings import setting
from auditor.index.symbols import Class
from auditor.index.values import UNKNOWN, ClassValue, Const, Items, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.frameworks import django_values
    from auditor.index.project import Project

NAME: Final = "REST_FRAMEWORK"
_NONE_BY_DEFAULT: Final = frozenset({"DEFAULT_PAGINATION_CLASS", "DEFAULT_VERSIONING_CLASS", "PAGE_SIZE"})
_EMPTY_BY_DEFAULT: Final = frozenset({"DEFAULT_FILTER_BACKENDS", "DEFAULT_THROTTLE_CLASSES"})


class RestSettings:
    """The settings of a tree, read when the first view asks for one."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.told: django_values.Value | None = None

    def intrinsics(self) -> dict[str, Callable[..., Value]]:
        """What the machine calls by name."""
        return {"rest_setting": self.read}

    def read(self, m: Any, args: Sequence[Value], kwargs: dict[str, Value], node: object) -> Value:
        """`rest_setting(name)`: UNKNOWN where nobody can say which value holds."""
        del m, kwargs, node
        name = args[0].value if args and isinstance(args[0], Const) else None
        if self.told is None:
            self.told = told(self.project)
        if not isinstance(self.told, dict) or not isinstance(name, str):
            return UNKNOWN
        if name in self.told:
            return self.value(self.told[name])
        return Const(None) if name in _NONE_BY_DEFAULT else self.default(name)

    def default(self, name: str) -> Value:
        """DRF's own default, where it is nothing at all."""
        return Items("tuple", [], 0) if name in _EMPTY_BY_DEFAULT else UNKNOWN

    def value(self, told: django_values.Value) -> Value:
        """A class by its dotted name, several of them, a number or None."""
        if isinstance(told, list | tuple):
            items = [self.value(item) for item in told]
            return Items("tuple", items, len(items))
        if isinstance(told, str):
            module, _, tail = told.rpartition(".")
            told = self.project.attribute(self.project.module(module), tail) or UNKNOWN
        if isinstance(told, Class):
            return ClassValue(told)
        return Const(told) if told is None or isinstance(told, int) else UNKNOWN


def told(project: Project) -> django_values.Value:
    """`REST_FRAMEWORK` as the settings say; empty where they don't name it, not a dict where they disagree."""
    evaluation = Evaluation(project)
    modules = evaluation.names.settings_modules
    values = [setting(evaluation, module, NAME) for module in modules if NAME in module.scope]
    if not values:
        return {} if modules else UNKNOWN
    return values[0] if all(value == values[0] for value in values) else UNKNOWN
