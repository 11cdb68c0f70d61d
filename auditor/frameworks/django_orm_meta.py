"""What is said about a Django model as a whole: `class Meta`, the app that it belongs to, its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.constants import fold
from auditor.frameworks.literals import UNKNOWN
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External

if TYPE_CHECKING:
    from auditor.index.project import Project
    from auditor.index.symbols import Module

_MODEL_BASES: Final = frozenset({
    "django.db.models.Model",
    "django.db.models.base.Model",
    "django.contrib.gis.db.models.Model",
    "django.contrib.auth.models.AbstractUser",
    "django.contrib.auth.models.AbstractBaseUser",
    "django.contrib.auth.models.PermissionsMixin",
    "django.contrib.auth.base_user.AbstractBaseUser",
    "mptt.models.MPTTModel",
    "treebeard.mp_tree.MP_Node",
    "treebeard.ns_tree.NS_Node",
    "treebeard.al_tree.AL_Node",
    "polymorphic.models.PolymorphicModel",
    "parler.models.TranslatableModel",
})  # fmt: skip
_COLUMNS: Final = ("Field", "ForeignKey")
_OTHER_LIBRARIES: Final = frozenset({
    "sqlalchemy", "sqlmodel", "pydantic", "tortoise", "mongoengine", "peewee", "rest_framework",
    "django_filters", "modeltranslation",
})  # fmt: skip


def is_model(project: Project, cls: Class) -> bool:
    """Whether `cls` is a Django model, abstract ones included.

    Where a base is computed (`import_from_setting(...)`), columns declared in the body tell.
    """
    outside = project.external_bases(cls)
    if any(is_model_base(name) for name in outside):
        return True
    computed = len(project.bases(cls)) < len(cls.bases) or any("()" in name for name in outside)
    return computed and any(_is_column(project, cls, bindings[-1]) for bindings in cls.scope.values())


def _is_column(project: Project, cls: Class, binding: object) -> bool:
    if not isinstance(binding, Assigned) or binding.value is None or binding.value[0] != ir.CALL:
        return False
    symbol = project.resolve_expression(cls.module, binding.value[2])
    return (
        isinstance(symbol, External)
        and symbol.name.startswith("django.db.models.")
        and symbol.name.endswith(_COLUMNS)
    )


def is_model_base(name: str) -> bool:
    """Whether a library class of that dotted name is a model: Django's own, or one of a `models` module."""
    if name in _MODEL_BASES:
        return True
    parts = name.split(".")
    if parts[0] in _OTHER_LIBRARIES or "()" in name or "models" not in parts[1:-1]:
        return False
    if parts[0] == "django":
        return (
            parts[1] == "contrib"
            and parts[-1][:1].isupper()
            and not parts[-1].endswith(("Manager", "QuerySet", "Mixin"))
        )
    return parts[-1][:1].isupper() and not parts[-1].endswith(
        ("Manager", "QuerySet", "Field", "ForeignKey", "Choices")
    )


class Meta:
    """The options of one model: its own `class Meta`, else that of the nearest abstract base."""

    def __init__(self, project: Project, cls: Class) -> None:
        self._project = project
        own = _meta_class(cls)
        self.abstract = own is not None and self._constant(own, "abstract", inherited=False) is True
        self._cls = own or self._inherited(cls)

    def _inherited(self, cls: Class) -> Class | None:
        for base in self._project.mro(cls)[1:]:
            if isinstance(base, Class):
                found = _meta_class(base)
                if found is not None:
                    return found if self._constant(found, "abstract", inherited=False) is True else None
        return None

    def _constant(self, meta: Class, name: str, *, inherited: bool = True) -> object:
        bindings = meta.scope.get(name)
        owner = meta
        if bindings is None and inherited:
            found = self._project.member(meta, name)
            if found is not None:
                owner, bindings = found
        if not bindings or not isinstance(bindings[-1], Assigned):
            return None
        value = fold(self._project, owner.module, bindings[-1].value)
        return None if value is UNKNOWN else value

    def constant(self, name: str) -> object:
        """The constant value of an option; None where it is not set or not known."""
        return None if self._cls is None else self._constant(self._cls, name)

    def text(self, name: str) -> str:
        """An option that is a text; "" where it is not set."""
        value = self.constant(name)
        return value if isinstance(value, str) else ""

    def assigned(self, name: str) -> tuple[Class, Assigned] | None:
        """The assignment of an option with the class whose names it uses."""
        found = None if self._cls is None else self._project.member(self._cls, name)
        if found is None or not isinstance(found[1][-1], Assigned):
            return None
        return found[0], found[1][-1]


def _meta_class(cls: Class) -> Class | None:
    bindings = cls.scope.get("Meta", ())
    return next((b for b in reversed(bindings) if isinstance(b, Class)), None)


class AppLabels:
    """Labels of Django apps: as their `AppConfig` says, else the package that holds `models`."""

    def __init__(self, project: Project) -> None:
        self._labels: dict[str, str] = {}
        for module in project.modules:
            if module.name.rpartition(".")[2] in {"apps", "app_config"} or module.is_package:
                for cls in module.classes:
                    self._read(project, cls)

    def _read(self, project: Project, cls: Class) -> None:
        bases = project.bases(cls)
        if not any(isinstance(b, External) and b.name.endswith("AppConfig") for b in bases):
            return
        values = {}
        for key in ("name", "label"):
            binding = cls.scope.get(key, [None])[-1]
            if isinstance(binding, Assigned):
                values[key] = fold(project, cls.module, binding.value)
        name, label = values.get("name"), values.get("label")
        if isinstance(name, str) and name:
            self._labels[name] = label if isinstance(label, str) and label else name.rpartition(".")[2]

    def of(self, module: Module) -> str:
        """The label of the app that a module is part of."""
        name = module.name
        while name:
            if name in self._labels:
                return self._labels[name]
            name = name.rpartition(".")[0]
        folders = module.path.removesuffix(".py").removesuffix("/__init__").split("/")
        if "models" in folders[1:]:
            folder = folders[folders.index("models", 1) - 1]
        else:
            folder = folders[-1] if module.is_package or len(folders) == 1 else folders[-2]
        return self._labels.get(folder, folder)

    def of_migration(self, module: Module) -> str:
        """The label of the app that a migration belongs to."""
        folder = module.path.rpartition("/")[0].rpartition("/")[2]
        name = folder if folder.endswith("_migrations") else "migrations"
        package = module.name.rpartition(f".{name}.")[0] or module.path.partition(f"/{name}/")[0]
        dotted = package.replace("/", ".")
        while dotted not in self._labels and "." in dotted:
            dotted = dotted.partition(".")[2]
        return self._labels.get(dotted, package.replace("/", ".").rpartition(".")[2])
