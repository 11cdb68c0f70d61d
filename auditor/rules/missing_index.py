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
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.model.text import listed
from auditor.rules.claim import Claim, endpoints_of, is_worth_saying, place
from auditor.rules.declared import definition, schema_of
from auditor.rules.foreign_key_index import foreign_key_claim, foreign_keys, parent_table
from auditor.rules.growth import growth
from auditor.rules.index_demand import effects_by_table
from auditor.rules.mysql_spoken import mysql_spoken
from auditor.rules.searched_index import fed_tables, searched, searched_claim
from auditor.rules.uncached_config import is_configuration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.index_demand import Demand
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="missing-index",
    group="fetching",
    phase=1,
    severity=Severity.MEDIUM,
    title="column without an index",
    playbook="add-index",
    docs=__doc__,
)
_STILL: Final = 0.2
"""What it loses where no request adds rows to the table, and nothing says when a row was made: it may be small."""
_UNASKED: Final = ("missing-index", "asked by nothing known")
"""What tables have in common that no known endpoint searches: their indexes are added in one go, or never."""
_HANDFUL: Final = 0.45
"""What it loses between two tables that configure the application: there is a row for each thing that can be set."""
_SETTING: Final = re.compile(r"setting|config|preference|parameter", re.IGNORECASE)
_IMPLIED: Final = 0.35
"""What a foreign key's claim loses where the database may have made the index by itself."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per table, for all of its columns that lack an index: they are added in one migration."""
    by_class: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for made in by_column(scene):
        if is_worth_saying(scene, made):
            by_class[made.spot.module.path, made.subject.rpartition(".")[0]].append(made)
    for claims in by_class.values():
        told = merged(claims)
        yield told if endpoints_of(scene, told) else replace(told, cause=_UNASKED)


def is_of_configuration(demand: Demand) -> bool:
    """Whether the rows are settings, and belong to other settings; those of a user or a shop grow with these."""
    return is_configuration(demand.model.name) and _SETTING.search(parent_table(demand)) is not None


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
        scopes=tuple({id(s): s for c in together for s in c.scopes}.values()),
        could_be_wrong=f"`{table}` is small, or written far more than read; each index makes its writes dearer.",
        fix="Add an index for each: " + "; ".join(f"`{s}`" for s in statements) + "."
        if statements
        else f"Give each of {listed([f'`{c}`' for c in columns], 9)} an index.",
    )


def by_column(scene: Scene) -> Iterator[Claim]:
    """Foreign keys first, then columns that queries of requests search by."""
    schema = schema_of(scene)
    told: set[tuple[str, int]] = set()
    spoken = mysql_spoken(scene)
    by_table = effects_by_table(scene)
    for demand in foreign_keys(scene, schema, by_table) if spoken != "only" else ():
        spot = definition(scene, demand.model, demand.column)
        if spot is not None and spot.key not in told:
            told.add(spot.key)
            made = foreign_key_claim(scene, schema, demand, spot)
            if demand.model.table not in scene.once(fed_tables) and not growth(demand.model):
                made.confidence -= _STILL
            made.confidence -= _IMPLIED if spoken == "too" else 0
            made.confidence -= _HANDFUL if is_of_configuration(demand) else 0
            yield made
    for demand, proposal in searched(scene, schema, by_table):
        if spoken == "only" and demand.column.foreign_key is not None:
            continue
        spot = definition(scene, demand.model, demand.column)
        if spot is not None and spot.key not in told:
            told.add(spot.key)
            yield searched_claim(scene, demand, proposal, spot)
