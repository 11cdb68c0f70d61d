"""What asks for an index of a column: operations, joins and collections that find rows by it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.rules.scene import spot_of, statement_of
from auditor.sql.advice import IndexProposal

if TYPE_CHECKING:
    from auditor.index.symbols import Function
    from auditor.index.values import Column, Model, Query
    from auditor.rules.scene import Scene, Spot
    from auditor.sql.schema import Schema
    from auditor.trace.summary import Effect, Summary

EQUAL: Final = frozenset({"exact", "in"})
"""Lookups that find rows by a value."""
_Key: TypeAlias = "tuple[int, int, str, tuple[tuple[str, str], ...]]"


@dataclass(slots=True)
class Demand:
    """What asks for one column."""

    model: Model
    column: Column
    effects: list[Effect] = field(default_factory=list)
    joins: list[tuple[Function, int]] = field(default_factory=list)
    """Functions that name the column in an expression, with the line."""
    relations: list[str] = field(default_factory=list)
    """Collections of the parent that are found by it."""
    on_delete: str = ""


def payers(demand: Demand) -> tuple[Function, ...]:
    """The functions that name the column."""
    return tuple(f for f, _ in demand.joins)


def asking(scene: Scene, demand: Demand) -> tuple[Summary, ...]:
    """The evaluations that ask: of a helper that is handed the model, those of the callers that hand in this one."""
    asked = scene.once(_askings)
    found = {id(s): s for e in demand.effects for s in asked.get(_key(e), ())}
    return tuple(found.values())


def effects_by_table(scene: Scene) -> dict[str, list[Effect]]:
    """Operations by the table whose rows they look for."""
    found: dict[str, list[Effect]] = defaultdict(list)
    seen: set[_Key] = set()
    for _, effect in scene.effects():
        query = effect.query
        if effect.kind == "sql" and query is not None and query.filters:
            key = _key(effect)
            if asked_at(effect).module.role != "library" and key not in seen:
                seen.add(key)
                found[query.model.table].append(effect)
    return found


def _key(effect: Effect) -> _Key:
    """What is equal for one query that is asked at one place, whoever it is asked for."""
    spot = asked_at(effect)
    return id(spot.function), spot.line, effect.label, () if effect.query is None else effect.query.filters


def _askings(scene: Scene) -> dict[_Key, list[Summary]]:
    found: dict[_Key, list[Summary]] = defaultdict(list)
    for scope, effect in scene.effects():
        if effect.kind == "sql" and effect.query is not None and effect.query.filters:
            found[_key(effect)].append(scope)
    return found


def asked_at(effect: Effect) -> Spot:
    """The statement of the project that asks for it.

    Of what a library's helper asks for that is the call of the helper; of a query that another function was handed, to
    run it for everybody, the place that built it.
    """
    built = effect.site if effect.query is None else effect.query.site
    is_elsewhere = built.function is not None and built.function is not effect.site.function
    if is_elsewhere and built.module.role == "app":
        return spot_of(built)
    if effect.site.module.role == "library":
        for function, line in reversed(effect.frames):
            if function.module.role != "library":
                return statement_of(function, line)
    return spot_of(effect.site)


def is_led(schema: Schema, table: str, column: str) -> bool:
    """Whether some index begins with the column; a partial one counts: whoever made it thought of it."""
    found = schema.table(table)
    return found is None or any(i.columns and i.columns[0].lower() == column.lower() for i in found.indexes)


def searches(query: Query, column: str) -> bool:
    return any(path == column and lookup in EQUAL for path, lookup in query.filters)


def is_served(schema: Schema, query: Query, column: str) -> bool:
    """Whether an index begins with another column that the query compares: it narrows the search already."""
    compared = (query.model.columns.get(path) for path, lookup in query.filters if lookup in EQUAL)
    return any(
        c is not None
        and c.name != column
        and (c.unique or is_led(schema, query.model.table, c.column or c.name))
        for c in compared
    )


def cost_of(advice: object) -> str:
    return f"; the price is {advice.write_cost}." if isinstance(advice, IndexProposal) else "."
