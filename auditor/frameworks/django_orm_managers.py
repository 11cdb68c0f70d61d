"""Managers: which ones a model has, with the project's classes whose methods they and their queries have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_orm_fields import declared, held_class
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, inner_blocks
from auditor.index.values import ManagerValue, Model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.frameworks.django_orm_fields import Declared
    from auditor.frameworks.django_orm_models import Registry
    from auditor.index.ir import Node
    from auditor.index.symbols import Module

_IMPLICIT: Final = frozenset({"objects", "_default_manager"})


@dataclass(frozen=True, slots=True)
class Manager:
    """A manager of a model."""

    name: str
    cls: Class | None
    queryset_cls: Class | None
    creates_users: bool = False
    """It is, or derives from, the manager of Django's users."""


class Managers:
    """Managers of every model of a registry, computed on first use."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._project = registry.project
        self._of: dict[int, dict[str, Manager]] = {}
        self._served: dict[int, list[tuple[Class, Model]]] | None = None

    def of(self, model: Model) -> dict[str, Manager]:
        """By name, the default one first; a model without any has `objects`."""
        key = id(model.cls)
        if key not in self._of:
            found: dict[str, Manager] = {}
            for base in self._project.mro(model.cls):
                if isinstance(base, Class):
                    for field in sorted(declared(self._project, base), key=lambda d: d.line):
                        if field.kind == "manager" and field.name not in found:
                            found[field.name] = self._manager(field)
            self._of[key] = found or {"objects": Manager("objects", None, None)}
        return self._of[key]

    def default(self, model: Model) -> Manager:
        """The manager that related rows are found through."""
        managers = self.of(model)
        meta = self._registry.meta.get(id(model.cls))
        named = "" if meta is None else meta.text("default_manager_name")
        return managers.get(named) or next(iter(managers.values()))

    def value(self, model: Model, name: str) -> ManagerValue | None:
        """`Model.name`, where that is a manager."""
        found = self.of(model).get(name)
        if found is None and name in {"_default_manager", "_base_manager"}:
            found = self.default(model) if name == "_default_manager" else Manager(name, None, None)
        return None if found is None else ManagerValue(model, found.cls, found.queryset_cls)

    def served_by(self, cls: Class) -> tuple[Model, bool] | None:
        """The only model that a manager or queryset class serves, and whether the class is its manager's."""
        if self._served is None:
            self._served = self._collect()
        models = {id(model): model for _, model in self._served.get(id(cls), ())}
        concrete = [m for m in models.values() if not m.abstract] or list(models.values())
        if len(concrete) != 1:
            return None
        return concrete[0], is_manager_class(self._registry, cls)

    def _collect(self) -> dict[int, list[tuple[Class, Model]]]:
        served: dict[int, list[tuple[Class, Model]]] = {}
        for model in self._registry.by_class.values():
            for manager in self.of(model).values():
                for cls in (manager.cls, manager.queryset_cls):
                    for base in () if cls is None else self._project.mro(cls):
                        if isinstance(base, Class):
                            served.setdefault(id(base), []).append((cls or base, model))
        return served

    # -- declarations --------------------------------------------------------------------------------------

    def _manager(self, field: Declared) -> Manager:
        return self._of_call(field.name, field.owner.module, field.node, 0, field.owner)

    def _of_call(
        self, name: str, module: Module, node: Node, depth: int, owner: Class | None = None
    ) -> Manager:
        """`Q.as_manager()`, `M.from_queryset(Q)()`, `M()`; a name bound to such a class is followed."""
        function = node[2]
        if function[0] == ir.ATTR and function[3] == "as_manager":
            return Manager(name, None, self._class(module, function[2], owner))
        if (
            function[0] == ir.CALL
            and function[2][0] == ir.ATTR
            and function[2][3] == "from_queryset"
            and function[3]
        ):
            cls = self._class(module, function[2][2], owner)
            return Manager(name, cls, self._class(module, function[3][0], owner), self._creates_users(cls))
        symbol = self._project.resolve(module, function[2]) if function[0] == ir.NAME else None
        if (
            isinstance(symbol, Assigned)
            and symbol.value is not None
            and symbol.value[0] == ir.CALL
            and depth < 4
        ):
            made = (ir.CALL, node[1], symbol.value, (), ())
            return self._of_call(name, self._project.home(module, symbol), made, depth + 1)
        cls = self._class(module, function, owner)
        outside = self._project.resolve_expression(module, function)
        users = isinstance(outside, External) and outside.name.endswith("UserManager")
        return Manager(
            name, cls, None if cls is None else self.queryset_class(cls), users or self._creates_users(cls)
        )

    def _class(self, module: Module, node: Node, owner: Class | None = None) -> Class | None:
        """The class that an expression names, in the body of `owner` where one is given: it may hold the class itself."""
        inside = None if owner is None else held_class(owner, node)
        if inside is not None:
            return inside
        symbol = self._project.resolve_expression(module, node)
        return symbol if isinstance(symbol, Class) else None

    def _creates_users(self, cls: Class | None) -> bool:
        return cls is not None and any(b.endswith(".UserManager") for b in self._project.external_bases(cls))

    def queryset_class(self, cls: Class) -> Class | None:
        """The project's queryset class whose methods the queries of a manager class have."""
        for base in self._project.mro(cls):
            if not isinstance(base, Class):
                continue
            for node in base.bases:
                if node[0] == ir.CALL and node[2][0] == ir.ATTR and node[2][3] == "from_queryset" and node[3]:
                    return self._class(base.module, node[3][0])
            method = base.scope.get("get_queryset", [None])[-1]
            if isinstance(method, Function):
                for called in _returned_calls(method.body):
                    found = self._class(base.module, called[2])
                    if found is not None and is_queryset_class(self._registry, found):
                        return found
        return None


def is_queryset_class(registry: Registry, cls: Class) -> bool:
    """Whether a project class is a queryset."""
    return any(name.endswith("QuerySet") for name in registry.project.external_bases(cls))


def is_manager_class(registry: Registry, cls: Class) -> bool:
    """Whether a project class is a manager; one made of both (`from_queryset`) is."""
    return any(name.endswith("Manager") for name in registry.project.external_bases(cls))


def _returned_calls(statements: Sequence[Node]) -> Iterator[Node]:
    """Every call along the chains that are returned: `Q(...)` in `return Q(self.model).filter(...)`."""
    for s in statements:
        if s[0] == ir.RETURN and s[3] is not None:
            node = s[3]
            while node[0] in {ir.CALL, ir.ATTR}:
                if node[0] == ir.CALL:
                    yield node
                node = node[2]
        for block in inner_blocks(s):
            yield from _returned_calls(block)
