"""Which model a relation points at: a class, "app.Model", "Model", "self", a setting, `get_user_model()`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from auditor.frameworks.constants import fold
from auditor.frameworks.django_orm_contrib import bare_class
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External
from auditor.index.values import Column, Model

if TYPE_CHECKING:
    from auditor.frameworks.django_orm_fields import Declared
    from auditor.frameworks.django_orm_models import Registry
    from auditor.index.ir import Node
    from auditor.index.symbols import Module

_USER_SETTING: Final = "AUTH_USER_MODEL"
_SETTINGS: Final = ("django.conf.settings.", "settings.")


def resolve(registry: Registry, model: Model, field: Declared) -> Model | None:
    """The model at the other end of a relation; a bare one for a model of a library."""
    node = field.argument("to", 0)
    if field.type.endswith("TaggableManager"):
        return _tags(registry, model, field)
    if node is None:
        node = _default_target(registry, field)
    found = None if node is None else _of_expression(registry, model, field.owner.module, node)
    if found is None:
        registry.unresolved.append((model, field.name, "" if node is None else repr(node)[:120]))
    return found


def resolve_through(registry: Registry, model: Model, field: Declared) -> Model | None:
    """The model of the rows between, where a many-to-many relation names one."""
    node = field.argument("through", 2 if field.kind == "m2m" else None)
    return None if node is None else _of_expression(registry, model, field.owner.module, node)


def user_model(registry: Registry, near: Module | None = None) -> Model:
    """What `settings.AUTH_USER_MODEL` names; Django's own user where no setting says otherwise.

    Those of `near`'s project, if it is given.
    """
    found = _of_setting(registry, _USER_SETTING, near)
    return found or registry.by_dotted["django.contrib.auth.models.User"]


def _default_target(registry: Registry, field: Declared) -> Node | None:
    """A project's field class may set `to` itself, in its constructor."""
    symbol = registry.project.resolve_expression(field.owner.module, field.node[2])
    init = registry.project.method(symbol, "__init__") if isinstance(symbol, Class) else None
    for name, kind, _, default in () if init is None else init.params:
        if kind in {"pos", "kw"} and default is not None and name == "to":
            return default
    return None


def _of_expression(registry: Registry, model: Model, module: Module, node: Node) -> Model | None:
    if node[0] == ir.CONST:
        return _of_text(registry, model, node[2]) if isinstance(node[2], str) else None
    symbol = registry.project.resolve_expression(module, node)
    if isinstance(symbol, Class):
        return registry.by_class.get(id(symbol))
    if isinstance(symbol, External):
        return _of_external(registry, symbol.name, node, module)
    value = fold(registry.project, module, node)
    if isinstance(value, str):
        return _of_text(registry, model, value)
    if isinstance(symbol, Assigned) and symbol.value is not None and symbol.value is not node:
        return _of_expression(registry, model, registry.project.home(module, symbol), symbol.value)
    if node[0] == ir.CALL and node[3] and any(_USER_SETTING in repr(a) for a in node[3]):
        return registry.user_of(module)
    if node[0] == ir.ATTR and node[3] == _USER_SETTING:
        return registry.user_of(module)
    return None


def _of_text(registry: Registry, model: Model, text: str) -> Model | None:
    if text == "self":
        return model
    home = model.cls.module
    if text.rpartition(".")[2] == _USER_SETTING:
        return registry.user_of(home)
    if "." not in text:
        label = model.key.rpartition(".")[0]
        found = registry.named(f"{label}.{text}", home)
        return found or _only_named(registry, model, text)
    found = registry.named(text, home)
    if found is None:
        found = _only_named(registry, model, text.rpartition(".")[2], label=text.partition(".")[0])
    return found or _library(registry, text)


def _only_named(registry: Registry, model: Model, name: str, *, label: str = "") -> Model | None:
    """A model found by its bare name, where the label of the app is not what the folders suggest."""
    named = [m for m in registry.by_class.values() if m.name.lower() == name.lower() and not m.abstract]
    if label:
        named = [m for m in named if label in m.cls.module.path.split("/")]
    named = [m for m in named if not registry.projects.are_strangers(m.cls.module, model.cls.module)]
    near = [m for m in named if m.cls.module is model.cls.module]
    return near[0] if near else named[0] if len(named) == 1 else None


def _of_external(registry: Registry, name: str, node: Node, module: Module) -> Model | None:
    for prefix in _SETTINGS:
        if name == f"{prefix}{_USER_SETTING}":
            return registry.user_of(module)
        if name.startswith(prefix):
            return _of_setting(registry, name.removeprefix(prefix), module)
    if name.endswith("get_user_model()"):
        return registry.user_of(module)
    if name == "builtins.getattr()" or "()" in name:
        return registry.user_of(module) if _USER_SETTING in repr(node) else None
    return registry.by_dotted.get(name) or _library(registry, name)


def _of_setting(registry: Registry, name: str, near: Module | None) -> Model | None:
    """The model that a setting names, from any settings module of the project."""
    for module in registry.project.modules:
        if near is not None and registry.projects.are_strangers(near, module):
            continue
        if module.role == "test" or not any(
            "settings" in part or part == "conf" for part in module.name.split(".")
        ):
            continue
        for binding in reversed(module.scope.get(name, ())):
            value = fold(registry.project, module, binding.value) if isinstance(binding, Assigned) else None
            if isinstance(value, str) and "." in value:
                label, _, model = value.rpartition(".")
                found = registry.named(value, module)
                return found or _named(registry, label, model) or _library(registry, value)
    return None


def _named(registry: Registry, label: str, name: str) -> Model | None:
    for model in registry.by_class.values():
        if model.name == name and label in model.cls.module.path.split("/"):
            return model
    return None


def _tags(registry: Registry, model: Model, field: Declared) -> Model | None:
    """A tag manager's rows are those that the model in between points at; the library's own by default."""
    through = field.argument("through")
    between = None if through is None else _of_expression(registry, model, field.owner.module, through)
    if between is not None and between.cls.module.path:
        for declared in registry.declarations(between):
            if declared.kind == "fk" and declared.name == "tag":
                return resolve(registry, between, declared)
    return _library(registry, "taggit.models.Tag")


def model_of_library(registry: Registry, dotted: str) -> Model | None:
    """The model of that dotted name, which something did with it that is only done with models; None for no class.

    A bare one where the library is not read: what it is asked for costs a query, of its columns nothing is known.
    """
    known = registry.by_dotted.get(dotted)
    if known is not None:
        return known
    parts = dotted.split(".")
    is_class = "models" in parts[1:-1] and parts[-1][:1].isupper() and not parts[-1].isupper()
    return _library(registry, dotted) if is_class and all(p.isidentifier() for p in parts) else None


def _library(registry: Registry, dotted: str) -> Model | None:
    """A bare model for a class of a library: reading a relation to it is known to cost a query."""
    known = registry.by_dotted.get(dotted)
    if known is not None:
        return known
    parts = dotted.split(".")
    label = next((p for p, following in pairwise(parts) if following == "models"), parts[0])
    if not parts[-1][:1].isalpha() or len(parts) < 2:
        return None
    name = parts[-1]
    key = f"{label}.{name}"
    found = registry.by_key.get(key.lower())
    if found is not None:
        return found
    made = Model("django", key, bare_class(dotted), name, f"{label}_{name.lower()}")
    made.columns["id"] = Column("id", 0, "id", "AutoField", indexed=True, unique=True)
    return registry.add_library_model(made, dotted)
