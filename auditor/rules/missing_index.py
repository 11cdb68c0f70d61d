"""Rows searched by a column without an index

## What it finds
A foreign key without an index by which children are found (PostgreSQL and SQLite give foreign keys none,
nor does SQLAlchemy; Django does), and a column that queries on requests compare for equality, where no
index narrows the search.

## Why it is slow
The database reads the whole table to find a few rows, on every such query, and once per deleted parent for
a foreign key.

## When it does not matter
The table is small; another condition of the query has an index that leaves few rows; nearly all rows have
the same value; the table is written far more than it is read, since every index is one more entry per
insert.

## Example
```py
class Booking(Base):
    space_id = mapped_column(ForeignKey("spaces.id"))
```

## Instead
```py
class Booking(Base):
    space_id = mapped_column(ForeignKey("spaces.id"), index=True)
```
with a migration; on PostgreSQL `CREATE INDEX CONCURRENTLY`, which does not lock writers out.

## How to verify
`EXPLAIN` the query before and after: a sequential scan becomes an index scan, and rows read fall from the
table's size to the answer's. Time an insert of many rows on both sides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.model.text import listed
from auditor.rules import names, turns
from auditor.rules.audience import audience
from auditor.rules.claim import Claim, is_worth_saying, place
from auditor.rules.declared import definition, models, schema_of
from auditor.rules.growth import growth
from auditor.rules.scene import spot_of, statement_of
from auditor.rules.uncached_config import is_configuration
from auditor.sql.advice import IndexProposal, OrderColumn, advise_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.index.values import Column, Model, Query
    from auditor.rules.scene import Scene, Spot
    from auditor.sql.schema import Schema
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="missing-index",
    group="fetching",
    phase=1,
    severity=Severity.MEDIUM,
    title="column without an index",
    playbook="add-index",
    docs=__doc__,
)
_CONNECTING: Final = re.compile(r"config|settings|database|engine|session|(^|[/_])db([/_.]|$)", re.IGNORECASE)
"""Parts of the paths of files that say to which database an application connects."""
_MYSQL: Final = ("mysql+", "mysql:", "mariadb+", "mariadb:")
_IMPLIED: Final = 0.35
"""What a foreign key's claim loses where the database may have made the index by itself."""
_ADDED_TO: Final = 0.15
"""What a claim loses where the only sign that a table grows is that requests add to it."""
_EQUAL: Final = frozenset({"exact", "in"})
_FEW_VALUES: Final = frozenset(
    "status state type kind role level category privacy visibility reason mode gender language by".split()
)
_PLAIN_TYPES: Final = ("bool",)
_UNUSUAL: Final = ("json", "array", "text[]", "tsvector", "geometry", "vector", "hstore")


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


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per table, for all of its columns that lack an index: they are added in one migration."""
    by_class: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for made in by_column(scene):
        if is_worth_saying(scene, made):
            by_class[made.spot.module.path, made.subject.rpartition(".")[0]].append(made)
    for claims in by_class.values():
        yield merged(claims)


def merged(claims: list[Claim]) -> Claim:
    """What is told of a table with several such columns, the surest first."""
    first, *others = sorted(claims, key=lambda c: (-c.confidence, c.spot.start))
    if not others:
        return first
    table, _, _ = first.subject.rpartition(".")
    together = [first, *others]
    columns = [c.subject.rpartition(".")[2] for c in together]
    statements = [s for c in together for s in re.findall("`(CREATE [^`]+)`", c.fix)]
    return replace(
        first,
        title=f"no index of `{table}` begins with {listed([f'`{c}`' for c in columns], 9)}",
        subject=", ".join(c.subject for c in together),
        evidence=[*first.evidence, *(e for c in others for e in c.evidence[:2])],
        related=[*first.related[:1], *(place(c.spot, "definition") for c in others), *first.related[1:]],
        payers=tuple(f for c in together for f in c.payers),
        could_be_wrong=f"`{table}` is small, or written far more than read; each index makes its writes dearer.",
        fix="Add an index for each: " + "; ".join(f"`{s}`" for s in statements) + "."
        if statements
        else f"Give each of {listed([f'`{c}`' for c in columns], 9)} an index.",
    )


def by_column(scene: Scene) -> Iterator[Claim]:
    """Foreign keys first, then columns that queries of requests search by."""
    schema = schema_of(scene)
    told: set[tuple[str, int]] = set()
    implied = speaks_mysql(scene)
    by_table = effects_by_table(scene)
    for demand in foreign_keys(scene, schema, by_table):
        spot = definition(scene, demand.model, demand.column)
        if spot is not None and spot.key not in told:
            told.add(spot.key)
            made = foreign_key_claim(scene, schema, demand, spot)
            made.confidence -= _IMPLIED if implied else 0
            yield made
    for demand, proposal in searched(scene, schema, by_table):
        spot = definition(scene, demand.model, demand.column)
        if spot is not None and spot.key not in told:
            told.add(spot.key)
            yield searched_claim(scene, demand, proposal, spot)


def effects_by_table(scene: Scene) -> dict[str, list[Effect]]:
    """Operations by the table whose rows they look for."""
    found: dict[str, list[Effect]] = defaultdict(list)
    seen: set[tuple[int, int, str, tuple[tuple[str, str], ...]]] = set()
    for _, effect in scene.effects():
        query = effect.query
        if effect.kind == "sql" and query is not None and query.filters:
            spot = asked_at(effect)
            key = (id(spot.function), spot.line, effect.label, query.filters)
            if spot.module.role != "library" and key not in seen:
                seen.add(key)
                found[query.model.table].append(effect)
    return found


def asked_at(effect: Effect) -> Spot:
    """The statement of the project that runs it: of what a library's helper asks for, the call of that helper."""
    if effect.site.module.role == "library":
        for function, line in reversed(effect.frames):
            if function.module.role != "library":
                return statement_of(function, line)
    return spot_of(effect.site)


# -- foreign keys --------------------------------------------------------------------------------------


def foreign_keys(scene: Scene, schema: Schema, by_table: dict[str, list[Effect]]) -> list[Demand]:
    """Those without an index that something finds rows by."""
    candidates: list[Demand] = []
    for model in models(scene):
        if model.orm == "sqlalchemy":
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
            if e.query and searches(e.query, demand.column.name)
        ]
    find_joins(scene, candidates)
    deleted = {
        e.query.model.table
        for _, e in scene.effects()
        if e.label.startswith("DELETE ") and e.query is not None
    }
    return [
        d
        for d in candidates
        if d.effects or d.relations or d.joins or (d.on_delete and parent_table(d) in deleted)
    ]


def parent_table(demand: Demand) -> str:
    return (demand.column.foreign_key or "").rpartition(".")[0]


def is_led(schema: Schema, table: str, column: str) -> bool:
    """Whether some index begins with the column; a partial one counts: whoever made it thought of it."""
    found = schema.table(table)
    return found is None or any(i.columns and i.columns[0].lower() == column.lower() for i in found.indexes)


def searches(query: Query, column: str) -> bool:
    return any(path == column and lookup in _EQUAL for path, lookup in query.filters)


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
    for above in (demand.model.cls,):
        for s in above.body:
            if s[1] <= demand.column.line <= s[2]:
                return option(s)
    return ""


def option(statement: ir.Node) -> str:
    stack: list[object] = [statement]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if names.is_node(part) and part[0] == ir.CALL:
                for key, value in part[4]:
                    if key == "ondelete" and value[0] == ir.CONST:
                        return str(value[2]).upper()
            stack.extend(part)
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
    del scene
    return Claim(
        spot=spot,
        title=f"foreign key `{model.table}.{column}` has no index",
        subject=f"{model.table}.{column}",
        evidence=evidence,
        payers=payers(demand),
        confidence=0.9 if demand.effects else 0.85 if demand.joins or demand.relations else 0.7,
        related=[place(asked_at(e), "query") for e in demand.effects[:3]],
        could_be_wrong=f"`{model.table}` is small, or written far more than read" + cost_of(advice),
        fix=f"Give `{column}` an index"
        + (f": `{advice.statement()}`." if isinstance(advice, IndexProposal) else "."),
    )


def payers(demand: Demand) -> tuple[Function, ...]:
    found = [f for e in demand.effects if (f := asked_at(e).function) is not None]
    return (*found, *(f for f, _ in demand.joins))


def cost_of(advice: object) -> str:
    return f"; the price is {advice.write_cost}." if isinstance(advice, IndexProposal) else "."


# -- searched columns --------------------------------------------------------------------------------------


def searched(
    scene: Scene, schema: Schema, by_table: dict[str, list[Effect]]
) -> Iterator[tuple[Demand, IndexProposal]]:
    """Columns that queries of requests and jobs compare for equality, and nothing else narrows the search."""
    demands: dict[tuple[str, str], tuple[Demand, IndexProposal]] = {}
    fed = fed_tables(scene)
    for _, effects in sorted(by_table.items()):
        for effect in effects:
            query = effect.query
            if query is None or (query.in_memory and query.owner):
                continue
            grows = query.model.table in fed or bool(growth(query.model))
            found = unserved(schema, query, counts=effect.label.startswith("COUNT")) if grows else None
            if found is not None and audience(scene, asked_at(effect)) in {"request", "task"}:
                column, proposal = found
                key = (query.model.table, column.name)
                demands.setdefault(key, (Demand(query.model, column), proposal))[0].effects.append(effect)
    yield from demands.values()


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
        if lookup in _EQUAL and is_selective(column):
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


def speaks_mysql(scene: Scene) -> bool:
    """Whether the project connects to MySQL or MariaDB as well: there each foreign key brings an index along.

    Told by texts like `mysql+pymysql` where an application says to which database it connects.
    """
    for module in scene.project.modules:
        if module.role in {"app", "config"} and _CONNECTING.search(module.path):
            bodies = (module.body, *(f.body for f in module.functions))
            if any(is_mysql(node) for body in bodies for node in turns.nodes(body)):
                return True
    return False


def is_mysql(node: ir.Node) -> bool:
    return node[0] == ir.CONST and isinstance(node[2], str) and node[2].startswith(_MYSQL)


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
        confidence=(0.75 if waiting else 0.6)
        - (0.3 if has_few_values(demand.column) else 0)
        - (0 if growth(demand.model) else _ADDED_TO),
        related=[place(asked_at(e), "query") for e in demand.effects[:3]],
        could_be_wrong=f"The table is small, or one value fills it; the price is {proposal.write_cost}.",
        fix=f"Add an index: `{proposal.statement()}`.",
    )
