"""Rows fetched only to be counted

## What it finds
`len(rows)` (or `sum(1 for _ in rows)`, or a template's `length`) where nothing else is done with the rows:
they are read from the database, sent over the wire and made into objects, and then their number is all that
is kept.

## Why it is slow
The database knows how to count without sending anything. Fetching costs time and memory for every row and
every column; a COUNT answers with one number.

## When it does not matter
The same rows are used afterwards: then `len` is free and a COUNT would be one query more. So it is where
they were loaded with their parent in one go, or where a limit keeps them few.

## Example
```py
seats = session.query(Booking).filter_by(space_id=space.id).all()
if len(seats) >= space.capacity:
    raise Full
```

## Instead
```py
taken = session.query(Booking).filter_by(space_id=space.id).count()
```

## How to verify
The number must be the same with none, one and many rows; in the statement log the SELECT of all columns
becomes a `SELECT count(*)`. Watch out for rows that are pending in the session and for a DISTINCT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim
from auditor.rules.collection import (
    collected,
    fetched_evidence,
    in_own_loop,
    is_per_row,
    query_places,
    rows_at_stake,
    rows_named,
)
from auditor.rules.emptiness import is_length_tested
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.rules.collection import Collection
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Use

RULE = RuleInfo(
    id="count-by-len",
    group="in-python",
    phase=3,
    severity=Severity.MEDIUM,
    title="rows fetched to be counted",
    playbook="aggregate-in-sql",
    docs=__doc__,
)


def find(scene: Scene) -> Iterator[Claim]:
    """Collections whose length is all that is wanted of them."""
    told: set[int] = set()
    for _, use in scene.uses():
        counted = counted_expression(use)
        found = None if counted is None else collected(scene, use, counted)
        if (
            found is not None
            and is_counted_only(found, use)
            and not in_own_loop(found)
            and not is_per_row(found)
            and not (found.by_default and is_read_elsewhere(scene, found))
            and not is_held_for_later(found)
        ):
            made = claim(scene, found, use)
            if believable(scene, made) and id(found.root) not in told:
                told.add(id(found.root))
                yield made


def counted_expression(use: Use) -> Node | None:
    """What is counted: of `len(x)`, or of `sum(1 for _ in x)`."""
    node = use.node
    if node is None:
        return None
    if use.how == "len" and names.is_call_of(node, "len") and node[3]:
        return node[3][0]  # type: ignore[no-any-return]  # an expression
    if use.how == "iterate" and node[0] == ir.COMP and is_ones(node):
        return node[4][0][1]  # type: ignore[no-any-return]  # likewise
    return None


def is_ones(comprehension: Node) -> bool:
    """`1 for _ in x`, without a condition."""
    element = comprehension[3][0]
    clauses = comprehension[4]
    return bool(element[0] == ir.CONST and element[2] == 1 and len(clauses) == 1 and not clauses[0][2])


def is_counted_only(found: Collection, use: Use) -> bool:
    """A length that is wanted as a number; whether there is anything at all is another rule's question."""
    if use.how == "iterate":
        return all(f.role == "iterate" and f.node is found.expression for f in found.flows)
    if not found.only("len", "truth"):
        return False
    return not is_length_tested(found.reads, found.expression)


def is_read_elsewhere(scene: Scene, found: Collection) -> bool:
    """Whether other code reads the relation, for which the model loads it with every row."""
    name = (found.query.relation or "").rpartition(".")[2]
    return any(
        node[0] == ir.ATTR and node[3] == name
        for module in scene.project.modules
        if module.role == "app"
        for function in module.functions
        if function is not found.function
        for node in turns.nodes(function.body)
    )


def is_held_for_later(found: Collection) -> bool:
    """Whether a session that has seen the rows answers `session.get(Model, …)` from them, close by."""
    if found.query.orm != "sqlalchemy":
        return False
    name = found.query.model.cls.name
    return any(
        node[0] == ir.CALL
        and names.method_of(node) == "get"
        and node[3]
        and turns.name_of(node[3][0]) == name
        for function in found.function.module.functions
        for node in turns.nodes(function.body)
    )


def claim(scene: Scene, found: Collection, use: Use) -> Claim:
    rows = rows_named(found.query)
    confidence = 0.6 if found.by_default else 0.7 if found.is_relation else 0.85
    evidence = [
        fetched_evidence(found),
        Evidence(kind="note", text="only their number is used; the rows themselves are not read afterwards"),
    ]
    if found.by_default:
        evidence.append(Evidence(kind="note", text="the model loads this relation with every row it fetches"))
    return Claim(
        spot=spot_of(use.site),
        title=f"{rows} are {'loaded with their parent' if found.by_default else 'fetched'} only to be counted",
        evidence=evidence,
        confidence=confidence - found.doubt,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="The rows are few, or something that is not visible here reads them later.",
        fix="Ask the database for the number: `.count()`, or a SELECT of `func.count()`.",
    )
