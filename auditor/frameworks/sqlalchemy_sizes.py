"""What a person would call the rows of a query, and how many there can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.frameworks.orm_naming import plural, snake
from auditor.index.values import Size

if TYPE_CHECKING:
    from auditor.index.values import Model, Query


def of_model(model: Model) -> Size:
    """How many rows of a model there are."""
    name = model.plural or plural(snake(model.name)) or "rows"
    return Size(name, None, model.table or None, model.cls.module.path or None, model.cls.line or None)


def size_of(query: Query) -> Size:
    """How many rows a query gives, by the name of its relation or model; bound where the code says so."""
    model = query.model
    name = query.relation.rpartition(".")[2] if query.relation else model.plural or plural(snake(model.name))
    return Size(
        name or "rows",
        query.bound,
        model.table or None,
        model.cls.module.path or None,
        model.cls.line or None,
        unnamed=not query.relation and not model.name,
    )
