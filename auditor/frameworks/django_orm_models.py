"""The registry of a project's Django models: columns and relations, forward and reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_targets as targets
from auditor.frameworks.django_orm_contrib import ABSTRACT_USERS, abstract_users, contrib_classes
from auditor.frameworks.django_orm_fields import Declared, declared
from auditor.frameworks.django_orm_managers import Managers
from auditor.frameworks.django_orm_meta import AppLabels, Meta, is_model
from auditor.frameworks.django_orm_reverse import add_reverse_relations
from auditor.frameworks.django_orm_signals import Signals
from auditor.frameworks.django_projects import Projects
from auditor.index.symbols import Class, External
from auditor.index.values import Column, Model, Relation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.django_orm_fields import FieldKind
    from auditor.index.project import Project
    from auditor.index.symbols import Module

ORM: Final = "django"
_READ_ROLES: Final = frozenset({"app", "script", "vendored", "generated"})
_TO_ONE: Final[tuple[FieldKind, ...]] = ("fk", "o2o")
_INDEXED_TYPES: Final = frozenset({"SlugField"})


class Registry:
    """Every model, looked up by class or by key (`app_label.Model`). Built once, then only read.

    `Model.relations` holds what a row offers by attribute: its own relations, those of its abstract bases and
    parents, and the reverse side of relations that point at it.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.projects = Projects(project)
        self.labels = AppLabels(project)
        self.by_class: dict[int, Model] = {}
        self.by_key: dict[str, Model] = {}
        self._of_project: dict[tuple[str | None, str], Model] = {}
        """By the project's folder and `app_label.model`."""
        self.by_dotted: dict[str, Model] = {}
        """Models of libraries, by the name that they are imported by."""
        self.fields: dict[int, list[Declared]] = {}
        """Fields and managers of a model, by id of its class; those of abstract bases first."""
        self.meta: dict[int, Meta] = {}
        self.unresolved: list[tuple[Model, str, str]] = []
        """(model, field, what was written) of relations whose target is in no file and no known library."""
        self._user_bases = abstract_users()
        self._build()
        self.managers = Managers(self)
        self.signals = Signals(self)

    def _build(self) -> None:
        classes = [
            cls
            for module in self.project.modules
            if module.role in _READ_ROLES
            for cls in module.classes
            if is_model(self.project, cls)
        ]
        self.is_used = bool(classes)
        if not classes:
            return
        for dotted, cls in contrib_classes():
            self.by_dotted[dotted] = self._register(cls)
        for cls in classes:
            self._register(cls)
        for model in list(self.by_class.values()):
            self._link_parents(model)
        self.user = targets.user_model(self)
        self._users: dict[str | None, Model] = {None: self.user}
        ordered = sorted(self.by_class.values(), key=lambda m: len(self.project.mro(m.cls)))
        for model in ordered:
            self._add_fields(model)
        for model in ordered:
            self._inherit(model)
        add_reverse_relations(self)
        for model in ordered:
            self._inherit(model)

    # -- classes -------------------------------------------------------------------------------------------

    def _register(self, cls: Class) -> Model:
        meta = self.meta[id(cls)] = Meta(self.project, cls)
        label = meta.text("app_label") or self.labels.of(cls.module)
        key = f"{label}.{cls.name}"
        if key.lower() in self.by_key:
            key = cls.qualname if cls.qualname.lower() not in self.by_key else f"{cls.module.path}:{cls.name}"
        table = meta.text("db_table") or f"{label}_{cls.name.lower()}"
        ordering = meta.constant("ordering")
        model = Model(
            ORM, key, cls, cls.name, table, abstract=meta.abstract, proxy=meta.constant("proxy") is True
        )
        if isinstance(ordering, (list, tuple)):
            model.ordering = tuple(o if isinstance(o, str) else "?" for o in ordering)
        elif meta.assigned("ordering") is not None:
            model.ordering = ("?",)
        self.by_class[id(cls)] = model
        self.by_key[key.lower()] = model
        self._of_project.setdefault((self.projects.of(cls.module), f"{label}.{cls.name}".lower()), model)
        return model

    def named(self, key: str, near: Module) -> Model | None:
        """The model of that key, `app_label.Model` in any case, as `near` sees it: of its own project before others."""
        own = self._of_project.get((self.projects.of(near), key.lower()))
        found = own or self.by_key.get(key.lower())
        strange = found is not None and self.projects.are_strangers(near, found.cls.module)
        return None if strange else found

    def add_library_model(self, model: Model, dotted: str) -> Model:
        """Registers a model of which only the name is known."""
        self.by_class[id(model.cls)] = model
        self.by_key.setdefault(model.key.lower(), model)
        self.by_dotted[dotted] = model
        self.fields[id(model.cls)] = []
        return model

    def _link_parents(self, model: Model) -> None:
        """Concrete bases: a proxy shares the table, anything else is joined to it."""
        parents = []
        for base in self.project.mro(model.cls)[1:]:
            found = self.of_base(base)
            if found is not None and not found.abstract:
                parents.append(found)
        if model.proxy and parents:
            model.table = parents[0].table
            model.ordering = model.ordering or parents[0].ordering
        model.parents = tuple(parents)

    def of_base(self, base: Class | External) -> Model | None:
        """The model of an entry of an MRO."""
        return self.by_class.get(id(base)) if isinstance(base, Class) else self.by_dotted.get(base.name)

    # -- fields --------------------------------------------------------------------------------------------

    def declarations(self, model: Model) -> Iterator[Declared]:
        """What the class and its abstract bases declare, theirs first; a name set to None is taken away."""
        found: dict[str, Declared] = {}
        for base in reversed(self.project.mro(model.cls)):
            cls = base if isinstance(base, Class) else self._user_base(base)
            if cls is None:
                continue
            known = self.by_class.get(id(cls))
            if known is not None and known is not model and not known.abstract:
                continue
            for name in cls.scope:
                found.pop(name, None)
            found.update((d.name, d) for d in declared(self.project, cls))
        return iter(found.values())

    def _user_base(self, base: External) -> Class | None:
        return self._user_bases.get(base.name.rpartition(".")[2]) if base.name in ABSTRACT_USERS else None

    def _add_fields(self, model: Model) -> None:
        listed = self.fields[id(model.cls)] = list(self.declarations(model))
        if not model.abstract and not model.proxy:
            self._add_primary_key(model, listed)
        for field in listed:
            if field.kind in _TO_ONE:
                self._add_to_one(model, field)
            elif field.kind in {"m2m", "generic"}:
                self._add_to_many(model, field)
            elif field.kind == "generic-fk":
                model.relations[field.name] = Relation(
                    field.name,
                    "",
                    many=False,
                    kind="generic-fk",
                    line=field.line,
                    file=field.owner.module.path,
                )
            elif field.kind == "column":
                self._add_column(model, field, field.name)

    def _add_primary_key(self, model: Model, listed: list[Declared]) -> None:
        own = next((d.name for d in listed if d.flag(self.project, "primary_key")), None)
        if own is not None:
            model.primary_key = own
        elif model.parents:
            parent = model.parents[0]
            linked = {d.argument("to", 0) is not None for d in listed if d.flag(self.project, "parent_link")}
            model.primary_key = f"{parent.name.lower()}_ptr"
            if not linked:
                self._add_parent_link(model, parent)
        else:
            model.columns["id"] = Column("id", model.cls.line, "id", "AutoField", indexed=True, unique=True)

    def _add_parent_link(self, model: Model, parent: Model) -> None:
        name = model.primary_key
        column = f"{name}_id"
        model.relations[name] = Relation(
            name, parent.key, many=False, kind="o2o", line=model.cls.line, column=column,
            file=model.cls.module.path, back=model.name.lower(),
        )  # fmt: skip
        model.columns[name] = Column(
            name, model.cls.line, column, "OneToOneField", indexed=True, unique=True, foreign_key=parent.key
        )

    def _add_to_one(self, model: Model, field: Declared) -> None:
        target = targets.resolve(self, model, field)
        attribute = f"{field.name}_id"
        model.relations[field.name] = Relation(
            field.name,
            "" if target is None else target.key,
            many=False,
            kind=field.kind,
            line=field.line,
            column=attribute,
            file=field.owner.module.path,
        )
        column = self._add_column(model, field, field.name)
        column.foreign_key = None if target is None else target.key

    def _add_to_many(self, model: Model, field: Declared) -> None:
        target = targets.resolve(self, model, field)
        through = targets.resolve_through(self, model, field)
        model.relations[field.name] = Relation(
            field.name,
            "" if target is None else target.key,
            many=True,
            kind=field.kind,
            line=field.line,
            file=field.owner.module.path,
            through="" if through is None else through.key,
        )

    def _add_column(self, model: Model, field: Declared, name: str) -> Column:
        project = self.project
        primary = field.flag(project, "primary_key")
        unique = primary or field.kind == "o2o" or field.flag(project, "unique")
        asked = field.constant(project, "db_index")
        indexed = unique or asked is True or (field.kind == "fk" and asked is not False)
        indexed = indexed or (field.type in _INDEXED_TYPES and asked is not False)
        stored = field.constant(project, "db_column")
        default = f"{name}_id" if field.kind in _TO_ONE else name
        column = Column(
            name,
            field.line,
            stored if isinstance(stored, str) and stored else default,
            field.type,
            indexed=indexed,
            unique=unique,
            nullable=field.flag(project, "null"),
        )
        model.columns[name] = column
        return column

    def _inherit(self, model: Model) -> None:
        """What rows have from their concrete parents; a reverse relation may have come to those meanwhile."""
        for parent in nearest_parents(model):
            for name, column in parent.columns.items():
                model.columns.setdefault(name, column)
            for name, relation in parent.relations.items():
                model.relations.setdefault(name, relation)
        if model.proxy and model.parents:
            model.primary_key = model.parents[-1].primary_key

    def external_model(self, dotted: str) -> Model | None:
        """The model that a library's dotted name stands for, `get_user_model()` included."""
        if not self.is_used:
            return None
        if dotted.endswith("get_user_model()") or dotted == "django.conf.settings.AUTH_USER_MODEL":
            return self.user
        return self.by_dotted.get(dotted)

    def user_of(self, module: Module) -> Model:
        """What `AUTH_USER_MODEL` names for a module; it is its own project's."""
        project = self.projects.of(module)
        if project not in self._users:
            self._users[project] = targets.user_model(self, module)
        return self._users[project]

    def target_of(self, relation: Relation) -> Model | None:
        """The model at the other end; None where it can be any, or is in no file and no known library."""
        return self.by_key.get(relation.target.lower()) if relation.target else None


def nearest_parents(model: Model) -> Iterator[Model]:
    """Concrete parents but those that a nearer one has for parents too, and hands on all they have."""
    passed_on: set[int] = set()
    for parent in model.parents:
        if id(parent) not in passed_on:
            passed_on.update(map(id, parent.parents))
            yield parent
