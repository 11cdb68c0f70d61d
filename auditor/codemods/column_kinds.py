"""Which columns hold what Python and every database compare alike."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from auditor.rules.declared import models

if TYPE_CHECKING:
    from auditor.index.values import Column, Model
    from auditor.rules.scene import Scene

Kind = Literal["int", "bool", "date", "other"]
"""Of `other` only NULL is the same for all: text is compared by a collation, fractions are rounded, times have a zone or not."""

_INTEGERS: Final = frozenset(
    "Integer SmallInteger BigInteger int INTEGER SMALLINT BIGINT AutoField BigAutoField SmallAutoField IntegerField "
    "BigIntegerField SmallIntegerField PositiveIntegerField PositiveSmallIntegerField PositiveBigIntegerField".split()
)
_BOOLEANS: Final = frozenset("Boolean BOOLEAN bool BooleanField NullBooleanField".split())
_DATES: Final = frozenset("Date DATE date DateField".split())
_OTHERS: Final = frozenset(
    "String Text Unicode UnicodeText VARCHAR TEXT str Numeric Float Double float Decimal DateTime TIMESTAMP datetime Time "
    "Interval Uuid UUID CharField TextField SlugField EmailField URLField DecimalField FloatField DateTimeField TimeField "
    "DurationField UUIDField".split()
)
_DEEP: Final = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """A column as an attribute of a row gives it."""

    name: str
    kind: Kind
    nullable: bool
    unique: bool


def column_of(model: "Model", name: str, /) -> "Column | None":
    """The column that an attribute of a row reads; Django gives a foreign key's value by `<name>_id`."""
    if name == "pk":
        return model.columns.get(model.primary_key)
    django = model.orm == "django"
    for column in model.columns.values():
        attribute = f"{column.name}_id" if django and column.foreign_key is not None else column.name
        if attribute == name:
            return column
    return None


def stored(model: "Model", name: str, scene: "Scene", /) -> Stored | None:
    """The column that an attribute of a row reads, where the attribute is what is stored."""
    column = column_of(model, name)
    if column is None:
        return None
    kind = kind_of(column, scene)
    unique = column.unique or column.name == model.primary_key
    return None if kind is None else Stored(name, kind, column.nullable, unique)


def kind_of(column: "Column", scene: "Scene", depth: int = 0, /) -> Kind | None:
    """What a column holds; of a foreign key, what the key it names holds."""
    name = column.type.rpartition(".")[2]
    if column.foreign_key is not None and name in {"", "ForeignKey", "OneToOneField"}:
        return _kind_of_key(column.foreign_key, scene, depth)
    if name in _INTEGERS:
        return "int"
    if name in _BOOLEANS:
        return "bool"
    if name in _DATES:
        return "date"
    return "other" if name in _OTHERS else None


def _kind_of_key(key: str, scene: "Scene", depth: int) -> Kind | None:
    """By `table.column` in SQLAlchemy, by the model's key in Django."""
    for model in models(scene) if depth < _DEEP else ():
        named = [
            column
            for column in model.columns.values()
            if (model.orm == "django" and model.key == key and column.name == model.primary_key)
            or (model.orm == "sqlalchemy" and f"{model.table}.{column.column or column.name}" == key)
        ]
        if named:
            return kind_of(named[0], scene, depth + 1)
    return None
