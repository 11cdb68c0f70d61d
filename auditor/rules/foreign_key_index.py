"""Foreign keys that something finds rows by and that no index begins with: one half of `missing-index`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.rules import names, turns
from auditor.rules.claim import Claim, place
from auditor.rules.declared import models
from auditor.rules.index_demand import Demand, asked_at, asking, cost_of, is_led, is_served, payers, searches
from auditor.rules.names_read import names_read
from auditor.sql.advice import IndexProposal, advise_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene, Spot
    from auditor.sql.schema import Schema
    from auditor.trace.summary import Effect


_WITHOUT_INDEX: Final = frozenset({"sqlalchemy", "tortoise"})
"""Mappers whose foreign keys have no index unless somebody asks for one."""


def foreign_keys(scene: Scene, schema: Schema, by_table: dict[str, list[Effect]]) -> list[Demand]:
    """Those without an index that something finds rows by."""
    candidates: list[Demand] = []
    for model in models(scene):
        if model.orm in _WITHOUT_INDEX:
            candidates += [
                Demand(model, c)
                for c in model.columns.values()
                if c.foreign_key is not None
                and not c.indexed
                and not is_led(schema, model.table, c.column or c.name)
            ]
    parents = collections_of(scene)
    for demand in candidates:
        demand.relations = parents.get((demand.model.key, demand.column.foreign_key or ""), [])
        demand.on_delete = on_delete(demand)
        demand.effects = [
            e
            for e in by_table.get(demand.model.table, [])
            if e.query
            and searches(e.query, demand.column.name)
            and not is_served(schema, e.query, demand.column.name)
        ]
    find_joins(scene, candidates)
    deleted = {
        e.query.model.table
        for _, e in scene.effects()
        if e.label.startswith("DELETE ") and e.query is not None
    }
    for demand in candidates:
        if (
            demand.relations
            and not demand.effects
            and not demand.joins
            and parent_table(demand) not in deleted
        ):
            demand.relations = [r for r in demand.relations if r.rpartition(".")[2] in scene.once(names_read)]
    return [
        d
        for d in candidates
        if d.effects or d.relations or d.joins or (d.on_delete and parent_table(d) in deleted)
    ]


def parent_table(demand: Demand) -> str:
    return (demand.column.foreign_key or "").rpartition(".")[0]


def collections_of(scene: Scene) -> dict[tuple[str, str], list[str]]:
    """(child model, `table.column` of the parent's key) → the parent's collections of such children."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for model in models(scene):
        for relation in model.relations.values():
            if (
                relation.many
                and relation.kind == "reverse-fk"
                and relation.lazy not in {"noload", "raise", "raise_on_sql"}
            ):
                found[relation.target, f"{model.table}.{model.primary_key}"].append(
                    f"{model.name}.{relation.name}"
                )
    return found


def on_delete(demand: Demand) -> str:
    """What the foreign key asks the database to do when the parent is deleted."""
    line = demand.column.line
    statement = next((s for s in demand.model.cls.body if s[1] <= line <= s[2]), None)
    for call in turns.nodes(statement):
        for key, value in call[4] if call[0] == ir.CALL else ():
            if key == "ondelete" and value[0] == ir.CONST:
                return str(value[2]).upper()
    return ""


def find_joins(scene: Scene, candidates: list[Demand]) -> None:
    """Adds the places that name a column as `Model.column`, in modules that know the class by name."""
    wanted = {(d.model.cls.name, d.column.name): d for d in candidates}
    classes = {d.model.cls.name for d in candidates}
    for module in scene.project.modules:
        if module.role != "app" or not classes & module.scope.keys():
            continue
        for function in module.functions:
            for name, line in named_columns(function):
                demand = wanted.get(name)
                if demand is not None and module is not demand.model.cls.module:
                    demand.joins.append((function, line))


def named_columns(function: Function) -> Iterator[tuple[tuple[str, str], int]]:
    """((class, column), line) of each `Model.column` that is compared with something."""
    stack: list[object] = list(function.body)
    while stack:
        part = stack.pop()
        if not isinstance(part, tuple):
            continue
        if names.is_node(part):
            compared: tuple[object, ...] = ()
            if part[0] == ir.CMP:
                compared = part[3]
            elif part[0] == ir.CALL and part[2][0] == ir.ATTR and part[2][3] == "in_":
                compared = (part[2][2],)
            for operand in compared:
                if isinstance(operand, tuple) and operand[0] == ir.ATTR and operand[2][0] == ir.NAME:
                    yield (operand[2][2], operand[3]), operand[1]
        stack.extend(part)


def foreign_key_claim(scene: Scene, schema: Schema, demand: Demand, spot: Spot) -> Claim:
    model, column = demand.model, demand.column.column or demand.column.name
    advice = advise_index(schema, model.table, equality=[column])
    evidence = [
        Evidence(
            kind="schema",
            text=f"`{model.table}.{column}` refers to `{demand.column.foreign_key}`, no index begins with it",
        )
    ]
    evidence += [
        Evidence(kind="query", text=f"`{e.label}` finds rows by it at `{at.module.path}:{at.line}`")
        for e, at in ((e, asked_at(e)) for e in demand.effects[:2])
    ]
    evidence += [
        Evidence(kind="query", text=f"it is compared at `{f.module.path}:{line}`")
        for f, line in demand.joins[: 2 - len(demand.effects[:2])]
    ]
    evidence += [Evidence(kind="note", text=f"`{r}` is found by it") for r in demand.relations[:1]]
    if demand.on_delete:
        evidence.append(
            Evidence(
                kind="schema", text=f"deleting a parent searches its children (ON DELETE {demand.on_delete})"
            )
        )
    return Claim(
        spot=spot,
        title=f"foreign key `{model.table}.{column}` has no index",
        subject=f"{model.table}.{column}",
        evidence=evidence,
        payers=payers(demand),
        scopes=asking(scene, demand),
        confidence=0.9 if demand.effects else 0.85 if demand.joins or demand.relations else 0.7,
        related=[place(asked_at(e), "query") for e in demand.effects[:3]],
        could_be_wrong=f"`{model.table}` is small, or written far more than read" + cost_of(advice),
        fix=f"Give `{column}` an index"
        + (f": `{advice.statement()}`." if isinstance(advice, IndexProposal) else "."),
    )
