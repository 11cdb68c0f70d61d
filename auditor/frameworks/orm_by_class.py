"""What mappers share whose rows are saved one by one and whose classes begin the queries: Peewee and Tortoise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from auditor.frameworks.orm_naming import size
from auditor.index.values import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.index.project import Project
    from auditor.index.symbols import Class
    from auditor.index.values import Model, Query, Relation, Size, Value


class ModelRegistry:
    """Every model of a project, by its class and by its qualified name; a subclass fills it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.by_class: dict[int, Model] = {}
        self.by_key: dict[str, Model] = {}

    def model(self, cls: Class) -> Model | None:
        """The mapping of a class; None where the mapper maps nothing."""
        return self.by_class.get(id(cls))

    def target_of(self, relation: Relation) -> Model | None:
        """The model at the other end."""
        return self.by_key.get(relation.target)

    def model_at(self, model: Model, path: str) -> Model | None:
        """The model that a dotted path of relations leads to."""
        at: Model | None = model
        for part in path.split(".") if path else ():
            relation = None if at is None else at.relations.get(part)
            at = None if relation is None else self.target_of(relation)
        return at


R = TypeVar("R", bound=ModelRegistry)


class OrmByClass(Generic[R]):
    """The part of the `Orm` protocol that the registry answers, and what is alike where nothing is written before `save`."""

    registry: R

    def model(self, cls: Class) -> Model | None:
        """The mapping of a class; None where the mapper maps nothing."""
        return self.registry.model(cls)

    def by_key(self, key: str) -> Model | None:
        """A model by the key that relations name."""
        return self.registry.by_key.get(key)

    def written_names(self) -> frozenset[str]:
        """None: `save` writes."""
        return frozenset()

    def relation_names(self) -> frozenset[str]:
        """Relations, and the names by which the other side reads them back."""
        return frozenset(name for model in self.registry.by_class.values() for name in model.relations)

    def construct(self, m: Recorder, model: Model, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """`Model(...)`: nothing is executed before `save`."""
        del args
        return Row(model, None, loops=m.current_loops(), extra=dict(kwargs), fresh=True)

    def row_set(self, m: Recorder, row: Row, name: str) -> None:
        """Nothing is written before `save`."""

    def size(self, query: Query) -> Size:
        """How many rows, by the name of the relation or of the model."""
        return size(query)
