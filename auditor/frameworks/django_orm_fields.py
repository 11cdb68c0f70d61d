"""What the body of a Django model declares: columns, relations and managers, read from the assignments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.frameworks.constants import fold
from auditor.frameworks.literals import UNKNOWN
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.project import Project

FieldKind: TypeAlias = Literal["column", "fk", "o2o", "m2m", "generic-fk", "generic", "manager"]

_BY_SUFFIX: Final[tuple[tuple[str, FieldKind], ...]] = (
    ("GenericRelation", "generic"),
    ("TaggableManager", "m2m"),
    ("ForeignKey", "fk"),
    ("ParentalKey", "fk"),
    ("OneToOneField", "o2o"),
    ("OneToOne", "o2o"),
    ("ManyToManyField", "m2m"),
    ("Field", "column"),
    ("Manager", "manager"),
)
"""Third-party classes keep the ending of the Django class they stand for: `TreeForeignKey`, `ParentalKey`."""
_FORM_FIELDS: Final = (
    "django.forms",
    "rest_framework",
    "wtforms",
    "marshmallow",
    "graphene",
    "django_filters",
)


@dataclass(frozen=True, slots=True)
class Declared:
    """One assignment in a model's body."""

    name: str
    kind: FieldKind
    type: str
    """Name of the field's class: `CharField`."""
    owner: Class
    """The class whose body it stands in; names are resolved there."""
    node: Node
    line: int

    def argument(self, keyword: str, position: int | None = None) -> Node | None:
        """The expression given for a parameter of the field."""
        if self.node[0] != ir.CALL:
            return None
        for key, value in self.node[4]:
            if key == keyword:
                return value  # type: ignore[no-any-return]  # shape of ir.CALL
        given = self.node[3]
        return given[position] if position is not None and position < len(given) else None

    def constant(self, project: Project, keyword: str, position: int | None = None) -> object:
        """The constant given for a parameter, None where it is not given or not known."""
        node = self.argument(keyword, position)
        if node is None:
            return None
        value = fold(project, self.owner.module, node)
        return None if value is UNKNOWN else value

    def flag(self, project: Project, keyword: str) -> bool:
        """Whether an option is given as True."""
        return self.constant(project, keyword) is True


def declared(project: Project, cls: Class) -> Iterator[Declared]:
    """Fields and managers that the body of `cls` itself assigns, in order of their lines."""
    for name, bindings in cls.scope.items():
        for binding in reversed(bindings):
            if isinstance(binding, Assigned) and binding.value is not None:
                found = _declared(project, cls, name, binding.value, binding.line)
                if found is not None:
                    yield found
                break


def _declared(project: Project, cls: Class, name: str, node: Node, line: int) -> Declared | None:
    if node[0] != ir.CALL:
        return None
    function = node[2]
    if function[0] == ir.ATTR and function[3] == "as_manager":
        return Declared(name, "manager", "as_manager", cls, node, line)
    symbol: object = held_class(cls, function) or project.resolve_expression(cls.module, function)
    if (
        symbol is None
        and function[0] == ir.CALL
        and function[2][0] == ir.ATTR
        and function[2][3] == "from_queryset"
    ):
        return Declared(name, "manager", "from_queryset", cls, node, line)
    for class_name in class_names(project, symbol):
        kind = kind_of(class_name)
        if kind is not None:
            return Declared(name, kind, class_name.rpartition(".")[2].removesuffix("()"), cls, node, line)
    return None


def held_class(cls: Class, node: Node) -> Class | None:
    """The class of that name that stands in the body of another: `class Manager(…)` inside of the model."""
    found = cls.scope.get(node[2], [None])[-1] if node[0] == ir.NAME else None
    return found if isinstance(found, Class) else None


def class_names(project: Project, symbol: object) -> Iterator[str]:
    """Names that say what a called class is: its own, then those of the library classes below it."""
    if isinstance(symbol, External):
        name = symbol.name
        yield name.replace("()", "").removesuffix(".from_queryset")
    elif isinstance(symbol, Class):
        outside = project.external_bases(symbol)
        if outside:
            yield symbol.name
        yield from outside


def kind_of(dotted: str) -> FieldKind | None:
    """What a class of that name declares in a model's body; None for anything that is no field."""
    if dotted.startswith(_FORM_FIELDS):
        return None
    tail = dotted.rpartition(".")[2]
    if "Generic" in tail and tail.endswith("ForeignKey"):
        return "generic-fk"
    return next((kind for suffix, kind in _BY_SUFFIX if tail.endswith(suffix)), None)
