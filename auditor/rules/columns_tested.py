"""The columns that a query's conditions test, whichever way the model's attributes name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from auditor.index.values import Model, Query

Tested: TypeAlias = tuple[str, str]
"""(column, lookup), as in ("space_id", "exact")."""


def columns_tested(query: Query) -> tuple[Tested, ...]:
    """Each condition once, sorted: `pk`, `author` and `author.id` are the columns that they stand for."""
    return tuple(
        sorted({(column_of(query.model, path), lookup or "exact") for path, lookup in query.filters})
    )


def column_of(model: Model, path: str) -> str:
    """`author_id` for `author`, `author.pk` and `author_id`; other paths through relations stay as they are."""
    first, _, rest = path.partition(".")
    relation = model.relations.get(first)
    if relation is not None and not relation.many and relation.column and rest in {"", "id", "pk"}:
        return relation.column
    return model.primary_key if path == "pk" else path
