"""Running a query: what it costs, and what its result gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_prefetching as prefetching
from auditor.frameworks.sqlalchemy_held import hold
from auditor.frameworks.sqlalchemy_rows import row_of
from auditor.frameworks.sqlalchemy_sizes import size_of
from auditor.frameworks.sqlalchemy_values import ANYTHING, Expression
from auditor.index.values import (
    UNKNOWN,
    Dictionary,
    Items,
    Many,
    Model,
    ModelValue,
    Query,
    Size,
    Sym,
    Value,
    altered,
)

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node

WRITES: Final = {"insert": "INSERT", "update": "UPDATE", "delete": "DELETE"}
_VERBS: Final = {"count": "COUNT", "exists": "EXISTS"}
_SINGLE: Final = frozenset(
    {
        "first",
        "one",
        "one_or_none",
        "fetchone",
        "scalar",
        "scalar_one",
        "scalar_one_or_none",
        "one_or_404",
        "first_or_404",
    }
)
_LISTS: Final = frozenset({"all", "fetchall", "fetchmany"})
_SAME: Final = frozenset(
    {"unique", "yield_per", "tuples", "columns", "freeze", "execution_options", "__enter__"}
)


def label(query: Query, verb: str | None = None) -> str:
    """`SELECT Book`, `COUNT Book`, `UPDATE Book`; ` via books` where it starts at a relation of a row."""
    first = query.columns[0] if len(query.columns) == 1 else None
    function = first.function if isinstance(first, Expression) else ""
    word = verb or WRITES.get(query.kind) or _VERBS.get(function, "SELECT")
    via = f" via {query.relation}" if query.relation and query.owner is not None else ""
    return f"{word} {query.model.name or '(unknown)'}{via}"


def run(m: Recorder, registry: Registry, query: Query, node: Node | None, *, verb: str | None = None) -> None:
    """Records the statement, and one more for each relation that is loaded by a query of its own."""
    write = query.kind in WRITES or verb in set(WRITES.values())
    cause = "write" if write else "query"
    m.effect("sql", label(query, verb), "write" if write else "read", cause=cause, query=query, node=node)
    if write or verb is not None or not selects_entity(query):
        return
    for entity in dict.fromkeys(c.model for c in query.columns if isinstance(c, ModelValue)) or [query.model]:
        of_it = query if entity is query.model else prefetching.of_entity(registry, query, entity)
        prefetching.prefetch(m, registry, of_it, node)
    if registry.events.listeners().get("load"):
        registry.events.loaded(m, entity_row(m, registry, query), size_of(query), node)


def selects_entity(query: Query) -> bool:
    """Whether whole rows of the query's model are among what it selects."""
    return not query.columns or any(
        isinstance(c, ModelValue) and c.model is query.model for c in query.columns
    )


def executed(query: Query, shape: str) -> Query:
    """The result of a query that has run: consuming it costs nothing."""
    return altered(query, kind="result", in_memory=True, fetched=[True], shape=shape)


def element(m: Recorder, registry: Registry, query: Query) -> Value:
    """One of the results, born in the current loops."""
    cells = [_cell(m, registry, query, c) for c in query.columns]
    single = len(cells) <= 1
    first = cells[0] if cells else entity_row(m, registry, query)
    if query.shape == "flat":
        return first
    if query.shape == "dicts":
        named = {_name(c): cell for c, cell in zip(query.columns, cells, strict=True)}
        return Dictionary({k: v for k, v in named.items() if k})
    if query.shape == "rows" and single and (not query.columns or isinstance(query.columns[0], ModelValue)):
        return first
    return Items("tuple", cells or [first], max(len(cells), 1))


def entity_row(m: Recorder, registry: Registry, query: Query, model: Model | None = None) -> Value:
    """A row of one of the entities; UNKNOWN for a table without a class."""
    entity = model or query.model
    return (
        UNKNOWN
        if entity is ANYTHING or entity.key.startswith("table:")
        else row_of(m, registry, query, model)
    )


def _cell(m: Recorder, registry: Registry, query: Query, column: Value) -> Value:
    if isinstance(column, ModelValue):
        return entity_row(m, registry, query, column.model)
    if isinstance(column, Sym) and isinstance(column.hint, ModelValue):
        return entity_row(m, registry, query, column.hint.model)
    return UNKNOWN


def _name(column: Value) -> str:
    if isinstance(column, ModelValue):
        return column.model.name
    return (column.name or ".".join(column.path[-1:])) if isinstance(column, Expression) else ""


def listed(m: Recorder, registry: Registry, query: Query) -> Many:
    """The fetched rows as a list that knows where it came from."""
    if selects_entity(query):
        hold(m, registry, query)
    return Many(element(m, registry, query), size_of(query), "list", source=query)


def result_method(m: Recorder, registry: Registry, query: Query, name: str) -> Value | None:
    """A method of `session.execute(...)`'s result, which holds its rows; None where it has no such method."""
    if name in _SINGLE:
        one = altered(query, bound=1, shape="flat" if name.startswith("scalar") else query.shape)
        return element(m, registry, one)
    if name in _LISTS:
        return listed(m, registry, query)
    if name in {"scalars", "stream_scalars"}:
        return altered(query, shape="flat", columns=query.columns[:1])
    if name == "mappings":
        return altered(query, shape="dicts")
    if name == "partitions":
        inner = Many(element(m, registry, query), None, "list")
        return Many(inner, Size(f"batches of {size_of(query).name}"), "batches")
    if name in _SAME:
        return query
    if name in {"__getitem__", "__slice__"}:
        return listed(m, registry, query) if name == "__slice__" else element(m, registry, query)
    if name in {"keys", "close", "close_all", "rowcount"}:
        return UNKNOWN
    return None


def result_attribute(m: Recorder, registry: Registry, query: Query, name: str) -> Value | None:
    """`query.name` without a call: pages have items, results have counts, subqueries have columns."""
    if query.kind == "page" and name == "items":
        return listed(m, registry, altered(query, kind="result", in_memory=True))
    if query.kind == "page":
        return UNKNOWN
    if name in {
        "rowcount",
        "lastrowid",
        "inserted_primary_key",
        "inserted_primary_key_rows",
        "column_descriptions",
    }:
        return UNKNOWN
    return None
