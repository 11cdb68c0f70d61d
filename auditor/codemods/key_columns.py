"""Columns whose values a dictionary compares as the database does."""

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from auditor.index.values import Column, Model
    from auditor.rules.scene import Scene

Kind = Literal["int", "date"]
_INTEGERS: Final = frozenset(
    "int Integer BigInteger SmallInteger INTEGER BIGINT SMALLINT AutoField BigAutoField SmallAutoField IntegerField "
    "BigIntegerField SmallIntegerField PositiveIntegerField PositiveBigIntegerField PositiveSmallIntegerField".split()
)
_DATES: Final = frozenset({"date", "Date", "DATE", "DateField"})
_HOPS: Final = 4


def kind_of(scene: "Scene", column: "Column", /) -> Kind | None:
    """What kind of values a column holds; None where equal is not the same to the database and to a dictionary.

    Text is compared by a collation, times by time zone and precision, numbers with fractions by rounding.
    """
    at: Column | None = column
    for _ in range(_HOPS):
        if at is None:
            return None
        if at.type in _INTEGERS:
            return "int"
        if at.type in _DATES:
            return "date"
        at = None if at.foreign_key is None else _referred(scene, at.foreign_key)
    return None


def _referred(scene: "Scene", key: str) -> "Column | None":
    """The column that a foreign key names: `table.column`, or the key of a Django model."""
    table, _, name = key.rpartition(".")
    for model in _models(scene):
        if model.orm == "django":
            if model.key == key:
                return model.columns.get(model.primary_key)
        elif model.table == table:
            return next((one for one in model.columns.values() if name in {one.name, one.column}), None)
    return None


def _models(scene: "Scene") -> "list[Model]":
    found: list[Model] = []
    for module in scene.project.modules:
        for cls in module.classes if module.role != "library" else ():
            found += [model for orm in scene.trace.machine.orms if (model := orm.model(cls)) is not None]
    return found
