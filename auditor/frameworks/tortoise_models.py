"""Tortoise's models: fields, relations with the names by which the other side reads them back, tables and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.orm_by_class import ModelRegistry
from auditor.frameworks.orm_class_body import constant, fields_of, meta_option, written
from auditor.index import ir
from auditor.index.symbols import Class, External
from auditor.index.values import Column, Model, Relation

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

ORM: Final = "tortoise"
_PACKAGES: Final = ("tortoise",)
_BASES: Final = frozenset({"tortoise.models.Model", "tortoise.Model"})
_KINDS: Final = {"ForeignKeyField": "fk", "OneToOneField": "o2o", "ManyToManyField": "m2m"}


class Registry(ModelRegistry):
    """Every Tortoise model of a project."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        for module in project.modules:
            for cls in module.classes if module.role != "library" else ():
                if is_model(project, cls):
                    model = Model(ORM, cls.qualname, cls, cls.name, table(cls), abstract=is_abstract(cls))
                    self.by_class[id(cls)] = self.by_key.setdefault(cls.qualname, model)
        for model in self.by_class.values():
            self._fill(model)
        for model in self.by_class.values():
            for owner, name, kind, call in fields_of(project, model.cls, _PACKAGES):
                if kind in _KINDS:
                    self._add_relation(model, owner, name, kind, call)
        for model in list(self.by_class.values()):
            if not model.abstract:
                self._add_back(model)

    def _fill(self, model: Model) -> None:
        key = None
        for _, name, kind, call in fields_of(self.project, model.cls, _PACKAGES):
            if kind in _KINDS:
                continue
            given = dict(call[4])
            primary = constant(given.get("pk") or given.get("primary_key")) is True
            unique = primary or constant(given.get("unique")) is True
            stored = constant(given.get("source_field") or given.get("db_column"))
            model.columns[name] = Column(
                name,
                call[1],
                stored if isinstance(stored, str) else name,
                kind,
                indexed=unique or constant(given.get("index") or given.get("db_index")) is True,
                unique=unique,
                nullable=constant(given.get("null")) is True,
            )
            key = name if primary else key
        if key is None:
            model.columns.setdefault(
                "id", Column("id", model.cls.line, "id", "IntField", indexed=True, unique=True)
            )
        model.primary_key = key or "id"
        ordering = written(meta_option(model.cls, "ordering"))
        if isinstance(ordering, tuple):
            model.ordering = tuple(str(name) for name in ordering)
        model.indexes += [*declared(model.cls, "indexes"), *declared(model.cls, "unique_together")]

    def _add_relation(self, model: Model, owner: Class, name: str, kind: str, call: Node) -> None:
        given = dict(call[4])
        target = self._target(owner, call)
        stored = constant(given.get("source_field") or given.get("db_column"))
        many = kind == "ManyToManyField"
        back = constant(given.get("related_name"))
        plain = model.name.lower() if kind == "OneToOneField" else f"{model.name.lower()}s"
        if not many:
            unique = kind == "OneToOneField" or constant(given.get("unique")) is True
            model.columns[name] = Column(
                name,
                call[1],
                stored if isinstance(stored, str) else f"{name}_id",
                kind,
                indexed=unique or constant(given.get("index") or given.get("db_index")) is True,
                unique=unique,
                nullable=constant(given.get("null")) is True,
                foreign_key=None if target is None else f"{target.table}.{target.primary_key}",
            )
        model.relations[name] = Relation(
            name,
            "" if target is None else target.key,
            many=many,
            kind=_KINDS[kind],
            line=call[1],
            column=None if many else f"{name}_id",
            file=owner.module.path,
            back="" if back is False else back if isinstance(back, str) and back else plain,
        )

    def _target(self, owner: Class, call: Node) -> Model | None:
        """`"models.Author"` names a class of any module that was handed to Tortoise as `models`."""
        node = call[3][0] if call[3] else dict(call[4]).get("model_name") or dict(call[4]).get("to")
        if node is None:
            return None
        if node[0] == ir.CONST and isinstance(node[2], str):
            name = node[2].rpartition(".")[2]
            named = [m for m in self.by_class.values() if m.name == name and not m.abstract]
            near = [m for m in named if m.cls.module is owner.module] if len(named) > 1 else named
            return near[0] if len(near) == 1 else None
        symbol = self.project.resolve_expression(owner.module, node)
        return self.by_class.get(id(symbol)) if isinstance(symbol, Class) else None

    def _add_back(self, model: Model) -> None:
        for relation in [r for r in model.relations.values() if r.kind in _KINDS.values()]:
            target = self.target_of(relation)
            if target is None or not relation.back or relation.back in target.relations:
                continue
            kind = {"fk": "reverse-fk", "o2o": "reverse-o2o", "m2m": "reverse-m2m"}[relation.kind]
            target.relations[relation.back] = Relation(
                relation.back,
                model.key,
                many=kind != "reverse-o2o",
                kind="m2m" if kind == "reverse-m2m" else kind,
                line=relation.line,
                file=relation.file,
                back=relation.name,
            )


def is_model(project: Project, cls: Class) -> bool:
    """Whether Tortoise's `Model` is above a class."""
    return any(isinstance(b, External) and b.name in _BASES for b in project.mro(cls))


def is_abstract(cls: Class) -> bool:
    """Whether its own `Meta` says that it has no table."""
    return written(meta_option(cls, "abstract")) is True


def table(cls: Class) -> str:
    """`Meta.table`, else the class's name in lower case."""
    told = written(meta_option(cls, "table"))
    return told if isinstance(told, str) else cls.name.lower()


def declared(cls: Class, option: str) -> list[tuple[str, ...]]:
    """The groups of fields that `Meta.indexes` or `Meta.unique_together` lists: tuples, or `Index(fields=...)`."""
    node = meta_option(cls, option)
    if node is None or node[0] != ir.SEQ:
        return []
    groups = [dict(item[4]).get("fields") if item[0] == ir.CALL else item for item in node[3]]
    if groups and all(isinstance(constant(g), str) for g in groups):
        groups = [node]
    found = [written(group) for group in groups]
    return [tuple(str(name) for name in g) for g in found if isinstance(g, tuple) and g]
