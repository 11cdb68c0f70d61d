"""Rows fetched and then left out in Python

## What it finds
Rows of a query that a comprehension's condition, a loop's `continue` or `filter()` leaves out by looking at
their columns, while the rows left out are not used for anything else.

## Why it is slow
Every row that is left out was read from disk, sent, and made into an object for nothing. A condition in SQL
can use an index; one in Python can't, and its cost grows with the whole table instead of with the answer.

## When it does not matter
The unfiltered rows are needed as well; the rows were loaded together with their parents, so that filtering
them in SQL would cost a query per parent; the rows are few by construction; or the condition is one that
SQL can't express.

## Example
```py
mine = [m for m in group.memberships if m.user_id == user.id]
```

## Instead
```py
mine = session.query(Membership).filter_by(group_id=group.id, user_id=user.id).all()
```

## How to verify
Compare the answers on rows whose column is NULL, empty, zero and False: Python's truth leaves all of them
out, SQL's conditions only what they say. Compare upper and lower case where the database's collation
ignores it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, remade_rows, turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, strip
from auditor.rules.collection import (
    collected,
    fetched_evidence,
    in_own_loop,
    is_per_row,
    query_places,
    rows_at_stake,
    rows_named,
    serves_many,
)
from auditor.rules.mostly_kept import Sieve, leaves_out_named, passes_most
from auditor.rules.row_paths import conjuncts, disjuncts, tested_columns
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.rules.collection import Collection
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Use

RULE = RuleInfo(
    id="filter-in-python",
    group="in-python",
    phase=3,
    severity=Severity.MEDIUM,
    title="rows left out in Python",
    playbook="push-filters-into-sql",
    docs=__doc__,
)
_CHANGES = frozenset({".remove()", ".append()", ".add()", "delete"})
"""What is done to a collection without reading its rows."""


_MOST_PASS: Final = 0.25
"""What a claim loses where only what a list names is left out."""


def find(scene: Scene) -> Iterator[Claim]:
    """Sieves over fetched rows whose conditions SQL could check."""
    for _, use in scene.uses():
        sieve = sieve_of(use)
        found = None if sieve is None else collected(scene, use, sieve.rows, sieved=True)
        if (
            sieve is None
            or found is None
            or found.by_default
            or serves_many(scene, found)
            or in_own_loop(found)
            or is_per_row(found)
            or not is_only_sieved(found)
        ):
            continue
        columns = sieved_columns(scene, found, sieve)
        if any(columns):
            made = claim(scene, found, use, columns, keeps_most=leaves_out_named(sieve))
            if believable(scene, made):
                yield made
    yield from of_remade(scene)


def of_remade(scene: Scene) -> Iterator[Claim]:
    """Sieves over what rows were made into, by what are columns of the rows."""
    for own in scene.once(remade_rows.remade):
        for node in turns.nodes(own.function.body) if own.columns else ():
            if node[0] != ir.COMP or len(node[4]) != 1:
                continue
            target, rows, conditions, _ = node[4][0]
            if rows[0] != ir.NAME or rows[2] != own.name or target[0] != ir.NAME:
                continue
            keys = {k for c in conditions for k in remade_rows.keys_read(scene, own.function, c, target[2])}
            tested = sorted({own.columns[k] for k in keys if k in own.columns})
            if tested:
                named = ", ".join(f"`{c}`" for c in tested[:4])
                yield remade_rows.told(
                    scene,
                    own,
                    node[1],
                    title=f"{own.query.model.name} rows are left out in Python by {named}, after work on each",
                    note=f"the condition on {named} is checked here, once all of them are made",
                    fix=f"Put the condition on {named} into the query; what Python computes can stay.",
                )


def is_asked_already(found: Collection, condition: Node) -> bool:
    """Whether it is `row.x in those` of rows that were asked for with an IN on the same column."""
    return (
        condition[0] == ir.CMP
        and condition[2] == ("in",)
        and condition[3][0][0] == ir.ATTR
        and (condition[3][0][3], "in")
        in {(path.rpartition(".")[2], how) for path, how in found.query.filters}
    )


def sieved_columns(scene: Scene, found: Collection, sieve: Sieve) -> list[tuple[str, ...]]:
    """The columns of each condition; none for a bare `row.x` that only guards another condition on `x`."""
    tested = [
        ()
        if is_asked_already(found, c)
        or turns.free_names(c) & sieve.moving
        or passes_most(scene, found, sieve, c)
        else tested_columns(scene, found.query, sieve.variable, c)
        for c in sieve.conditions
    ]
    for n, condition in enumerate(sieve.conditions):
        others = [c for c in sieve.conditions if c is not condition]
        if condition[0] == ir.ATTR and any(strip(condition) in strip(o) for o in others):
            tested[n] = ()
    return tested


def sieve_of(use: Use) -> Sieve | None:
    """What a use leaves out: `[x for x in rows if …]`, `filter(…, rows)`, a loop that skips."""
    node = use.node
    if node is None:
        return None
    if use.how == "filter" and node[0] == ir.COMP:
        return of_comprehension(node, use.detail[1])
    if use.how == "iterate" and node[0] == ir.FOR:
        return of_loop(node)
    if use.how == "iterate" and names.is_call_of(node, "filter") and len(node[3]) == 2:  # filter(f, rows)
        return of_call(node)
    return None


def of_comprehension(node: Node, target: Node) -> Sieve | None:
    clause = next((c for c in node[4] if c[0] is target), None)
    if clause is None or target[0] != ir.NAME:
        return None
    return Sieve(clause[1], target[2], tuple(part for c in clause[2] for part in conjuncts(c)))


def of_call(node: Node) -> Sieve | None:
    test, rows = node[3]
    if test[0] != ir.LAMBDA or len(test[2]) != 1:
        return None
    return Sieve(rows, test[2][0][0], tuple(conjuncts(test[3])))


def of_loop(node: Node) -> Sieve | None:
    """`if …: continue` in front, or a body that is one `if`."""
    target, body = node[3], node[5]
    if target[0] != ir.NAME or not body or body[0][0] != ir.IF or body[0][5]:
        return None
    condition, inner = body[0][3], body[0][4]
    moving = turns.bound_names(node) - {target[2]}
    if len(inner) == 1 and inner[0][0] == ir.CONTINUE:
        return Sieve(node[4], target[2], tuple(disjuncts(condition)), moving, skips=True)
    return Sieve(node[4], target[2], tuple(conjuncts(condition)), moving) if len(body) == 1 else None


def is_only_sieved(found: Collection) -> bool:
    """Whether the rows go nowhere else; what their name means once it was bound to those that are left is no use of them."""
    here = names.unwrapped(found.expression)
    elsewhere = [f for f in found.flows if f.role not in _CHANGES and names.unwrapped(f.node) is not here]
    if here[0] == ir.NAME and (again := found.reads.own_sieves(here[2])):
        first = min(statement[1] for statement in again)
        elsewhere = [f for f in elsewhere if f.node[1] < first]
    return not any(not found.derives(f) for f in elsewhere)


def claim(
    scene: Scene, found: Collection, use: Use, columns: list[tuple[str, ...]], *, keeps_most: bool
) -> Claim:
    tested = list(dict.fromkeys(c for group in columns for c in group))
    named = ", ".join(f"`{c}`" for c in tested[:4])
    rows = rows_named(found.query)
    confidence = 0.7 if all(columns) else 0.6
    if found.is_relation or any(lookup == "in" for _, lookup in found.query.filters):
        confidence -= 0.1
    if keeps_most:
        confidence -= _MOST_PASS
    return Claim(
        spot=spot_of(use.site),
        title=f"{rows} are fetched and left out in Python by {named}",
        evidence=[
            fetched_evidence(found),
            Evidence(kind="note", text=f"the condition on {named} is checked here, row by row"),
            *(
                [Evidence(kind="note", text="the other conditions can stay in Python")]
                if not all(columns)
                else []
            ),
        ],
        confidence=confidence - found.doubt,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="Nearly all rows pass, or there are few; a truth test also leaves out NULL and zero.",
        fix=f"Put the condition on {named} into the query.",
    )
