"""What one result of a query is where it is no row of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import UNKNOWN, Dictionary, Items, Value

if TYPE_CHECKING:
    from auditor.index.values import Query


def plain_result(query: Query) -> Value | None:
    """A dictionary, a tuple or a value of the columns that were asked for; None where the result is a row."""
    if query.shape == "dicts":
        names = (query.only or frozenset(query.model.columns)) | set(query.annotated)
        entries: dict[object, Value] = {name.replace(".", "__"): UNKNOWN for name in sorted(names)}
        return Dictionary(entries)
    if query.shape == "tuples":
        count = len(query.only) if query.only is not None else 0
        return Items("tuple", [UNKNOWN] * count, count) if count else UNKNOWN
    return UNKNOWN if query.shape == "flat" else None
