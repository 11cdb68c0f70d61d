"""Peewee's models: fields, foreign keys with the names by which the other side reads them back, tables and indexes."""

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

ORM: Final = "peewee"
_PACKAGES: Final = ("peewee", "playhouse", "flask_peewee", "peewee_async", "peeweext")
_FOREIGN: Final = ("ForeignKeyField", "DeferredForeignKey")


class Registry(ModelRegistry):
    """Every peewee model of a project."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        for module in project.modules:
            for cls in module.classes if module.role != "library" else ():
                if is_model(project, cls):
                    model = Model(ORM, cls.qualname, cls, cls.name, self.table(cls), plural="")
                    self.by_class[id(cls)] = self.by_key.setdefault(cls.qualname, model)
        for model in self.by_class.values():
            self._fill(model)
        for model in list(self.by_class.values()):
            self._add_back(model)

    def is_a(self, model: Model, other: Model) -> bool:
        """Whether rows of `model` are rows of `other`."""
        return model is other or other.cls in self.project.mro(model.cls)

    def table(self, cls: Class) -> str:
        """`Meta.table_name`, else the class's name in lower case."""
        told = written(meta_option(cls, "table_name", "db_table"))
        return told if isinstance(told, str) else cls.name.lower()

    def _fill(self, model: Model) -> None:
        key = None
        for owner, name, kind, call in fields_of(self.project, model.cls, _PACKAGES):
            given = dict(call[4])
            stored = constant(given.get("column_name") or given.get("db_column"))
            primary = constant(given.get("primary_key")) is True or kind.endswith("AutoField")
            unique = primary or constant(given.get("unique")) is True
            is_key = kind in _FOREIGN
            own = constant(given.get("object_id_name"))
            attribute = str(own or stored or f"{name}_id") if is_key else name
            key = name if primary else key
            column = Column(
                name,
                call[1],
                str(stored or (f"{name}_id" if is_key else name)),
                kind,
                indexed=unique or is_key or constant(given.get("index")) is True,
                unique=unique,
                nullable=constant(given.get("null")) is True,
            )
            if is_key:
                target = self._target(owner, call)
                column.foreign_key = None if target is None else target.key
                back = constant(given.get("backref") or given.get("related_name"))
                model.relations[name] = Relation(
                    name,
                    "" if target is None else target.key,
                    many=False,
                    kind="fk",
                    line=call[1],
                    column=attribute,
                    lazy="never" if constant(given.get("lazy_load")) is False else "select",
                    file=owner.module.path,
                    back=back if isinstance(back, str) else f"{model.name.lower()}_set",
                )
            model.columns[name] = column
        if key is None and not isinstance(written(meta_option(model.cls, "primary_key")), tuple):
            model.columns.setdefault(
                "id", Column("id", model.cls.line, "id", "AutoField", indexed=True, unique=True)
            )
        model.primary_key = key or "id"
        declared = written(meta_option(model.cls, "indexes"))
        for entry in declared if isinstance(declared, list | tuple) else ():
            if isinstance(entry, list | tuple) and entry and isinstance(entry[0], list | tuple):
                model.indexes.append(tuple(str(name) for name in entry[0]))

    def _target(self, owner: Class, call: Node) -> Model | None:
        given = call[3][0] if call[3] else next((v for k, v in call[4] if k in {"model", "rel_model"}), None)
        if given is None:
            return None
        if given[0] == ir.CONST:
            if given[2] == "self":
                return self.by_class.get(id(owner))
            named = [m for m in self.by_class.values() if m.name == given[2]]
            return named[0] if len(named) == 1 else None
        symbol = self.project.resolve_expression(owner.module, given)
        return self.by_class.get(id(symbol)) if isinstance(symbol, Class) else None

    def _add_back(self, model: Model) -> None:
        for relation in [r for r in model.relations.values() if r.kind == "fk" and r.line]:
            target = self.target_of(relation)
            if target is not None and relation.back not in target.relations and relation.back != "+":
                target.relations[relation.back] = Relation(
                    relation.back,
                    model.key,
                    many=True,
                    kind="reverse-fk",
                    line=relation.line,
                    file=relation.file,
                    back=relation.name,
                )


def is_model(project: Project, cls: Class) -> bool:
    """Whether a class is mapped: `peewee.Model`, or the `Model` that an extension of peewee's has, is above it."""
    return any(
        isinstance(b, External)
        and b.name.partition(".")[0] in _PACKAGES
        and b.name.rpartition(".")[2] in {"Model", "AioModel"}
        for b in project.mro(cls)
    )
