"""Columns that queries compare for equality while nothing narrows the search: the other half of `missing-index`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.model.report import Evidence
from auditor.rules.audience import audience
from auditor.rules.claim import Claim, place
from auditor.rules.growth import growth
from auditor.rules.index_demand import EQUAL, Demand, asked_at, asking, is_led, payers
from auditor.rules.uncached_config import is_configuration
from auditor.sql.advice import IndexProposal, OrderColumn, advise_index
from auditor.trace.turns import strictest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.values import Column, Model, Query
    from auditor.rules.scene import Scene, Spot
    from auditor.sql.schema import Schema
    from auditor.trace.summary import Effect

_ADDED_TO: Final = 0.15
"""What a claim loses where the only sign that a table grows is that requests add to it."""
_FEW_VALUES: Final = frozenset(
    "status state type kind role level category privacy visibility reason mode gender language by".split()
)
_LITERAL: Final = r"""(?:['"\d-]|True\b|False\b|None\b)"""
_PLAIN_TYPES: Final = ("bool",)
_UNUSUAL: Final = ("json", "array", "text[]", "tsvector", "geometry", "vector", "hstore")


def searched(
    scene: Scene, schema: Schema, by_table: dict[str, list[Effect]]
) -> Iterator[tuple[Demand, IndexProposal]]:
    """Columns that queries of requests and jobs compare for equality, and nothing else narrows the search."""
    demands: dict[tuple[str, str], tuple[Demand, IndexProposal]] = {}
    fed = scene.once(fed_tables)
    for _, effects in sorted(by_table.items()):
        for effect in effects:
            query = effect.query
            if query is None or (query.in_memory and query.owner):
                continue
            grows = query.model.table in fed or bool(growth(query.model))
            grows = grows and not is_configuration(query.model.name)
            found = unserved(schema, query, counts=effect.label.startswith("COUNT")) if grows else None
            if found is not None and audience(scene, asked_at(effect)) in {"request", "task"}:
                column, proposal = found
                key = (query.model.table, column.name)
                demands.setdefault(key, (Demand(query.model, column), proposal))[0].effects.append(effect)
    for demand, proposal in demands.values():
        rare = all(is_on_failure(scene, e) for e in demand.effects)
        if not rare and not all(names_its_value(e, demand) for e in demand.effects):
            yield demand, proposal


def is_on_failure(scene: Scene, effect: Effect) -> bool:
    """Whether it is asked only after something went wrong: in an `except`, or on the way to an error."""
    return strictest(scene.trace.machine, effect.branch).turns == "failing"


def names_its_value(effect: Effect, demand: Demand) -> bool:
    """Whether the source says which value is looked for: `.get(name="owner")`, `.filter(links=0).count()`.

    Such a column tells a handful of kinds apart, or is counted for a page of statistics.
    """
    text = "" if effect.query is None else effect.query.text
    return re.search(rf"\b{re.escape(demand.column.name)}\s*==?\s*{_LITERAL}", text) is not None


def fed_tables(scene: Scene) -> frozenset[str]:
    """Tables that requests add rows to, settings left out: there is one for each name."""
    return frozenset(
        effect.query.model.table
        for _, effect in scene.effects()
        if effect.query is not None and effect.label.startswith("INSERT ") and effect.query.model.table
        if not is_configuration(effect.query.model.name)
        if audience(scene, asked_at(effect)) == "request"
    )


def unserved(schema: Schema, query: Query, *, counts: bool) -> tuple[Column, IndexProposal] | None:
    """The column of a table that grows to begin an index with, if the query has to read the whole of it."""
    model = query.model
    if schema.table(model.table) is None or model.parents:
        return None
    equal: list[Column] = []
    for path, lookup in query.filters:
        column = model.columns.get(path) or model.columns.get(model.primary_key if path == "pk" else "")
        if column is None or is_of_parent_table(model, column):
            return None
        if (
            is_led(schema, model.table, column.column or column.name)
            or column.unique
            or column.name == model.primary_key
        ):
            return None
        if lookup in EQUAL and is_selective(column):
            equal.append(column)
    equal.sort(key=has_few_values)
    if not equal or (has_few_values(equal[0]) and (counts or len(query.filters) > 1)):
        return None
    named = [c.column or c.name for c in equal]
    advice = advise_index(schema, model.table, equality=named, order=order_of(query), has_limit=query.limited)
    return (equal[0], advice) if isinstance(advice, IndexProposal) else None


def is_of_parent_table(model: Model, column: Column) -> bool:
    """Whether a model with a table of its own inherits the column from a model that has one too: it is kept there."""
    own = model.cls.scope
    return "__tablename__" in own and column.name not in own and is_joined(model)


def is_joined(model: Model) -> bool:
    """Whether the key of a model's table refers to the key of another table: joined-table inheritance."""
    key = model.columns.get(model.primary_key)
    return key is not None and key.foreign_key is not None


def is_selective(column: Column) -> bool:
    """Not a truth value, nor a type that needs an index of another kind."""
    kind = column.type.lower()
    return not any(t in kind for t in (*_PLAIN_TYPES, *_UNUSUAL))


def has_few_values(column: Column) -> bool:
    """A column with a handful of values, of which each has many rows."""
    return "enum" in column.type.lower() or column.name.lower().rpartition("_")[2] in _FEW_VALUES


def order_of(query: Query) -> list[OrderColumn]:
    steps = [(o.lstrip("-"), o.startswith("-")) for o in query.ordered]
    if not all(name in query.model.columns for name, _ in steps):
        return []
    return [OrderColumn(query.model.columns[name].column or name, descending=down) for name, down in steps]


def searched_claim(scene: Scene, demand: Demand, proposal: IndexProposal, spot: Spot) -> Claim:
    column = demand.column.column or demand.column.name
    waiting = any(audience(scene, asked_at(e)) == "request" for e in demand.effects)
    return Claim(
        spot=spot,
        title=f"`{demand.model.table}.{column}` is searched without an index",
        subject=f"{demand.model.table}.{column}",
        evidence=[
            Evidence(kind="schema", text=f"no index of `{demand.model.table}` begins with `{column}`"),
            *(
                Evidence(kind="query", text=f"`{e.label}` searches by it at `{at.module.path}:{at.line}`")
                for e, at in ((e, asked_at(e)) for e in demand.effects[:3])
            ),
            *(Evidence(kind="note", text=reason) for reason in proposal.reasons[:1]),
        ],
        payers=payers(demand),
        scopes=asking(scene, demand),
        confidence=(0.7 if waiting else 0.55)
        - (0.3 if has_few_values(demand.column) else 0)
        - (0 if growth(demand.model) else _ADDED_TO),
        related=[place(asked_at(e), "query") for e in demand.effects[:3]],
        could_be_wrong=f"The table is small, or one value fills it; the price is {proposal.write_cost}.",
        fix=f"Add an index: `{proposal.statement()}`.",
    )
