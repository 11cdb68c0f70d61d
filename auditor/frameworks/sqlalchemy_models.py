"""The mapped classes of a project, with their tables, columns and relations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from auditor.frameworks import sqlalchemy_columns as columns
from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks import sqlalchemy_relations as relations
from auditor.frameworks.orm_naming import plural, snake
from auditor.frameworks.sqlalchemy_declared import Declared, declared_in, declared_later
from auditor.frameworks.sqlalchemy_events import Events
from auditor.frameworks.sqlalchemy_imperative import imperative
from auditor.frameworks.sqlalchemy_text import constant
from auditor.frameworks.sqlalchemy_values import table_model
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, tail_name
from auditor.index.values import Model, Value

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

Way: TypeAlias = tuple[tuple[object, ...], tuple[object, ...]]
"""The branches and loops around a place."""


@dataclass(slots=True)
class Mapped:
    """A model with what the protocol's `Model` has no room for."""

    model: Model
    declared: dict[str, Declared]
    """Every mapped attribute, inherited ones included."""
    proxies: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Association proxies: name → (relation, attribute at the other end)."""
    synonyms: dict[str, str] = field(default_factory=dict)
    reverse: dict[str, str] = field(default_factory=dict)
    """Relation → the relation of its target that is its other end."""
    base: str = ""
    """Dotted name of the declarative base, so that equal class names on two bases are kept apart."""


class Registry:
    """Every mapped class of a project. Built once; read-only afterwards."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.mapped: dict[str, Mapped] = {}
        self.by_class: dict[int, Mapped] = {}
        self.by_name: dict[str, list[Mapped]] = {}
        self.by_table: dict[str, Mapped] = {}
        self._tables: dict[str, Model] = {}
        self.unresolved: list[tuple[str, str]] = []
        """(model, relation) whose target is no known model."""
        self.got: dict[object, list[tuple[Way, Value]]] = {}
        """What `sqlalchemy_identity` remembers of rows got by key."""
        self.events = Events(self)
        """What listens to rows and sessions."""
        self.held: dict[tuple[object, str], list[Way]] = {}
        """What `sqlalchemy_held` remembers of lists of rows."""
        self._own: dict[int, dict[str, Declared]] = {}
        self._later: dict[int, dict[str, Declared]] = {}
        self.imperative = imperative(project)
        self._collect_later()
        for module in project.modules:
            for cls in module.classes:
                self._add(cls)
        self.core_tables = columns.core_tables(project)
        for mapped in self.mapped.values():
            columns.fill(self, mapped)
        relations.link(self)

    # -- classes ---------------------------------------------------------------------------------------------

    def _collect_later(self) -> None:
        for module in self.project.modules:
            for cls, made in declared_later(self.project, module):
                self._later.setdefault(id(cls), {})[made.name] = made

    def own(self, cls: Class) -> dict[str, Declared]:
        """The mapped attributes that a class declares itself."""
        if id(cls) not in self._own:
            mapped = self.imperative.get(id(cls))
            # What the body of a class annotates that a call maps is for type checkers: the table has the columns.
            declared = declared_in(self.project, cls) if mapped is None else mapped.properties
            self._own[id(cls)] = {**declared, **self._later.get(id(cls), {})}
        return self._own[id(cls)]

    def _add(self, cls: Class) -> None:
        base = self.declarative_base(cls)
        if base is None:
            return
        declared: dict[str, Declared] = {}
        for above in reversed(self.project.mro(cls)):
            if isinstance(above, Class):
                declared.update(self.own(above))
        table = self.table_name(cls)
        abstract = table is None or constant(_assigned(cls, "__abstract__")) is True
        key = cls.qualname if cls.qualname not in self.mapped else f"{cls.module.path}:{cls.qualname}"
        model = Model(
            "sqlalchemy", key, cls, cls.name, table or "", abstract=abstract, plural=plural(snake(cls.name))
        )
        mapped = Mapped(model, declared, base=base)
        self.mapped[key] = self.by_class[id(cls)] = mapped
        if not abstract:
            self.by_name.setdefault(cls.name, []).append(mapped)
            self.by_table.setdefault(model.table, mapped)

    def declarative_base(self, cls: Class) -> str | None:
        """What makes a class mapped, or a base of mapped ones: a library base, a decorator, a metaclass."""
        if id(cls) in self.imperative:
            return "imperative"
        mro = self.project.mro(cls)
        for above in mro:
            if isinstance(above, External) and names.is_declarative_base(above.name):
                below = [c for c in mro[: mro.index(above)] if isinstance(c, Class)]
                return below[-1].qualname if below and len(below) > 1 else above.name
        for above in mro:
            if isinstance(above, Class) and (made := self._marked(above)) is not None:
                return made
        if self._looks_mapped(cls):
            return "?"
        return None

    def _marked(self, cls: Class) -> str | None:
        for decorator in cls.decorators:
            last = tail_name(decorator)
            if last in {"as_declarative", "as_declarative_base"}:
                return cls.qualname
            if last in {"mapped", "mapped_as_dataclass"} and decorator[0] in {ir.ATTR, ir.CALL}:
                return "mapped"
        for name, value in cls.keywords:
            if name == "metaclass" and tail_name(value) in {
                "DeclarativeMeta",
                "DeclarativeAttributeIntercept",
            }:
                return cls.qualname
        return None

    def _looks_mapped(self, cls: Class) -> bool:
        """A class of an unknown base that names its table and declares columns can be nothing else."""
        own = cls.scope
        if "__tablename__" not in own and "__table__" not in own:
            return False
        return any(d.kind in {"column", "relation"} for d in self.own(cls).values())

    # -- tables ----------------------------------------------------------------------------------------------

    def table_name(self, cls: Class) -> str | None:
        """The table of a class; None for a class without one (a base, or abstract)."""
        if id(cls) in self.imperative:
            return self.imperative[id(cls)].table.name
        project = self.project
        for above in project.mro(cls):
            if not isinstance(above, Class):
                continue
            for binding in reversed(above.scope.get("__tablename__", [])):
                name = self._tablename(cls, above, binding)
                if name is not None:
                    return name
            table = _assigned(above, "__table__")
            if table is not None:
                made = columns.table_made(project, above.module, table)
                return snake(cls.name) if made is None else made.name
        if _assigned(cls, "__abstract__") is not None:
            return None
        if any(k == "table" and constant(v) is True for k, v in cls.keywords):
            return cls.name.lower()
        automatic = any(
            isinstance(b, External)
            and (names.is_extension(b.name.rpartition(".")[0]) or names.is_appbuilder(b.name))
            for b in project.mro(cls)
        )
        return snake(cls.name) if automatic and self._has_key(cls) else None

    def _tablename(self, cls: Class, above: Class, binding: object) -> str | None:
        if isinstance(binding, Assigned):
            value = constant(binding.value)
            computed = binding.value is not None and binding.value[0] != ir.CONST
            return value if isinstance(value, str) else snake(cls.name) if computed else None
        if not isinstance(binding, Function) or above is cls or not self._has_key(cls):
            return None
        text = next((s[3] for s in binding.body if s[0] == ir.RETURN and s[3] is not None), None)
        value = constant(text)
        if isinstance(value, str):
            return value
        lowered = text is not None and text[0] == ir.CALL and tail_name(text[2]) == "lower"
        return cls.name.lower() if lowered else snake(cls.name)

    def _has_key(self, cls: Class) -> bool:
        return any(
            d.kind == "column" and d.flag("primary_key")
            for above in self.project.mro(cls)
            if isinstance(above, Class)
            for d in self.own(above).values()
        )

    # -- lookups ---------------------------------------------------------------------------------------------

    def of(self, model: Model) -> Mapped | None:
        """Everything known of a model; None for a table without a class."""
        return self.mapped.get(model.key)

    def model(self, cls: Class) -> Model | None:
        """The model that a class is mapped to."""
        found = self.by_class.get(id(cls))
        return None if found is None else found.model

    def named(self, name: str, near: Mapped) -> Mapped | None:
        """The model that a string in a declaration means: a class name or the tail of a dotted one."""
        last = name.rpartition(".")[2]
        found = self.by_name.get(last, [])
        if "." in name:
            found = [f for f in found if f.model.cls.qualname.endswith(name)] or found
        if len(found) <= 1:
            return found[0] if found else None
        same_base = [f for f in found if f.base == near.base] or found
        home = near.model.cls.module
        symbol = self.project.resolve(home, last)
        if isinstance(symbol, Class) and id(symbol) in self.by_class:
            return self.by_class[id(symbol)]
        same_root = [f for f in same_base if f.model.cls.module.root == home.root] or same_base
        return min(same_root, key=lambda f: (-_shared(f.model.cls.module.path, home.path), f.model.key))

    def table(self, name: str) -> Model:
        """What stands for a table without a class; one value for each name."""
        if name not in self._tables:
            self._tables[name] = table_model(name)
        return self._tables[name]

    def query_class(self, model: Model) -> Class | None:
        """The project's subclass of `Query` that `Model.query` is, where the class or a base names one."""
        for above in self.project.mro(model.cls):
            value = _assigned(above, "query_class") if isinstance(above, Class) else None
            if value is not None and isinstance(above, Class):
                symbol = self.project.resolve_expression(above.module, value)
                return symbol if isinstance(symbol, Class) else None
        return None

    def is_a(self, model: Model, other: Model) -> bool:
        """True if one of the two classes is the other or inherits from it."""
        return (
            model is other
            or other.cls in self.project.mro(model.cls)
            or model.cls in self.project.mro(other.cls)
        )


def _assigned(cls: Class, name: str) -> Node | None:
    for binding in reversed(cls.scope.get(name, [])):
        if isinstance(binding, Assigned):
            return binding.value
    return None


def _shared(one: str, other: str) -> int:
    """How many leading folders two paths have in common."""
    count = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count
