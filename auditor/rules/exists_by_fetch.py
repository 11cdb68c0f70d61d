"""Rows fetched or counted only to see whether there are any

## What it finds
A truth test of a queryset or collection whose rows nobody reads afterwards; a count that is only compared
with zero; a `.first()` whose row is only tested; `x in parent.children`, which loads every child to find
one.

## Why it is slow
The question has the answer yes or no, and the database can stop at the first row that matches. Fetching
reads them all and makes an object of each; counting reads them all too.

## When it does not matter
The rows are used afterwards, so the test is free; the collection was loaded with its parent; there can only
be a few.

## Example
```py
if group.members and user in group.members:
    return
```

## Instead
```py
if session.query(Membership).filter_by(group=group, user=user).first() is not None:
    return
```
In Django `.exists()`, in SQLAlchemy `select(exists().where(...))`.

## How to verify
Ask with none, one and many rows: the answers stay, and the statement log shows `LIMIT 1` or `EXISTS` in
place of all rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Const
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import (
    collected,
    fetched_evidence,
    few,
    in_own_loop,
    is_looped,
    is_per_row,
    narrowed,
    query_places,
    rows_at_stake,
    rows_named,
)
from auditor.rules.emptiness import is_length_tested, only_tested
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Query
    from auditor.rules.collection import Collection
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect, Residual, Use

RULE = RuleInfo(
    id="exists-by-fetch",
    group="in-python",
    phase=3,
    severity=Severity.MEDIUM,
    title="rows fetched to see whether there are any",
    playbook="aggregate-in-sql",
    docs=__doc__,
)
_FIRST: Final = frozenset({"first", "afirst"})
_ROW_TESTS: Final = frozenset({"none-test"})
_WIDE: Final = 8
"""Columns from which on reading a whole row for a yes or no is worth a word."""


def find(scene: Scene) -> Iterator[Claim]:
    """Truth tests, membership tests, counts compared with zero, first rows that are only tested."""
    return (c for c in claims(scene) if believable(scene, c))


def claims(scene: Scene) -> Iterator[Claim]:
    for _, use in scene.uses():
        if use.how in {"bool", "len", "member"} and use.node is not None:
            yield from of_use(scene, use)
    for _, effect in scene.effects():
        if effect.kind == "sql" and effect.operation == "read" and not effect.remembered:
            yield from of_effect(scene, effect)
    yield from of_unknown(scene)


def of_unknown(scene: Scene) -> Iterator[Claim]:
    """`if x.children.all()` and `not x.children.count()` where x is not known: only relations read so."""
    relations = scene.trace.machine.relation_names
    for scope in scene.scopes:
        for waiting in scope.residual:
            node, function = waiting.node, waiting.site.function
            if waiting.frames or node is None or function is None or not is_relation_call(node, relations):
                continue
            reads = scene.texts.of(function)
            method = names.method_of(node)
            if method == "count" and waiting.op == "call" and only_tested(reads, node):
                yield unknown_claim(waiting, "counted", node)
            elif method == "all" and waiting.op == "use" and reads.is_test(node):
                yield unknown_claim(waiting, "fetched", node)


def is_relation_call(node: Node, relations: frozenset[str]) -> bool:
    """`….children.all()`, without arguments, for the name of a relation."""
    if names.method_of(node) not in {"all", "count"} or node[3] or node[4]:
        return False
    holder = node[2][2]
    return holder[0] == ir.ATTR and holder[3] in relations


def unknown_claim(waiting: Residual, done: str, node: Node) -> Claim:
    relation = node[2][2][3]
    return Claim(
        spot=spot_of(waiting.site),
        title=f"all of `{relation}` is {done} only to see whether there is anything",
        evidence=[
            Evidence(kind="code", text=f"`{relation}.{names.method_of(node)}()` is only tested"),
            Evidence(
                kind="note", text=f"what it belongs to is not known; `{relation}` is a relation of a model"
            ),
        ],
        confidence=0.6,
        severity=Severity.LOW,
        could_be_wrong=f"`{relation}` is no relation here, or was loaded before.",
        fix="Ask for existence: `.exists()`.",
    )


def of_use(scene: Scene, use: Use) -> Iterator[Claim]:
    expression = tested_expression(use)
    found = None if expression is None else collected(scene, use, expression)
    if found is None or in_own_loop(found) or is_per_row(found):
        return
    if use.how == "member":
        if found.only("member", "truth") and not isinstance(use.detail, Const) and not is_looped(found):
            yield member_claim(scene, found, use)
    elif is_existence_only(found):
        yield truth_claim(scene, found, use)


def tested_expression(use: Use) -> Node | None:
    """The collection in `if x`, `len(x) > 0` or `y in x`."""
    node = use.node
    if node is None:
        return None
    if use.how == "len":
        return node[3][0] if names.is_call_of(node, "len") and node[3] else None
    if use.how == "member":
        operands = node[3] if len(node) == 4 and isinstance(node[2], tuple) else ()  # shape of ir.CMP
        return next((o for o in operands[1:] if names.compared_role(node, o) == "member"), None)
    return node[3][0] if names.is_call_of(node, "bool") and node[3] else node


def is_existence_only(found: Collection) -> bool:
    """Every place asks whether there is a row."""
    return found.only("truth", "len") and all(
        f.role != "len" or is_length_tested(found.reads, f.node) for f in found.flows
    )


def truth_claim(scene: Scene, found: Collection, use: Use) -> Claim:
    rows = rows_named(found.query)
    return Claim(
        spot=spot_of(use.site),
        title=f"{rows} are fetched only to see whether there are any",
        evidence=[
            fetched_evidence(found),
            Evidence(kind="note", text="they are tested here and read nowhere else"),
        ],
        confidence=(0.5 if found.by_default else 0.7 if found.is_relation else 0.85) - found.doubt,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="There are never more than a few rows.",
        fix="Ask for existence: `.exists()`, or `select(exists().where(...))`.",
    )


def member_claim(scene: Scene, found: Collection, use: Use) -> Claim:
    query = found.query
    every = rows_named(query) if narrowed(query) or query.shape != "rows" else f"every {query.model.name}"
    return Claim(
        spot=spot_of(use.site),
        title=f"{every} {'is' if every.startswith('every') else 'are'} loaded to find one among them",
        evidence=[
            fetched_evidence(found),
            Evidence(kind="note", text="the test needs one of them at most"),
        ],
        confidence=(0.5 if found.by_default else 0.75) - found.doubt,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="The collection is small, or already in memory when this runs.",
        fix="Query for the one row, by the keys of both sides.",
    )


def of_effect(scene: Scene, effect: Effect) -> Iterator[Claim]:
    node, function = effect.node, effect.site.function
    if node is None or function is None:
        return
    method = names.method_of(node)
    reads = scene.texts.of(function)
    if effect.query is not None and effect.query.locked:
        return
    if effect.label.startswith("COUNT ") and method in {"count", "acount"}:
        is_capped = effect.query is not None and few(effect.query)
        if not is_capped and only_tested(reads, outer(reads.parent(node), node)):
            yield count_claim(effect)
    elif method in _FIRST and effect.label.startswith("SELECT ") and is_wide(effect.query):
        given = outer(reads.parent(node), node)
        if only_tested(reads, given, _ROW_TESTS):
            yield first_claim(effect)


def outer(parent: Node | None, node: Node) -> Node:
    """The expression with its `await`."""
    return parent if parent is not None and names.unwrapped(parent) is node else node


def is_wide(query: Query | None) -> bool:
    return (
        query is not None
        and query.shape == "rows"
        and query.only is None
        and len(query.model.columns) >= _WIDE
    )


def count_claim(effect: Effect) -> Claim:
    query = effect.query
    return Claim(
        spot=spot_of(effect.site),
        title=f"`{effect.label}` is only compared with zero",
        evidence=[
            Evidence(
                kind="query", text=f"`{effect.label}` reads every matching row; one is enough for the answer"
            )
        ],
        confidence=0.85,
        severity=Severity.LOW,
        related=[] if query is None else [place(spot_of(query.site), "query")],
        could_be_wrong="Few rows match, so that counting them costs no more than finding one.",
        fix="Use `.exists()`, or `select(exists().where(...))`.",
    )


def first_claim(effect: Effect) -> Claim:
    query = effect.query
    return Claim(
        spot=spot_of(effect.site),
        title="a whole row is fetched only to see whether it is there",
        evidence=[
            Evidence(
                kind="query", text=f"`{effect.label}` reads all columns; only whether there is a row is used"
            )
        ],
        confidence=0.48,
        severity=Severity.LOW,
        related=[] if query is None else [place(spot_of(query.site), "query")],
        could_be_wrong="The row is found by its key, so that little is saved.",
        fix="Use `.exists()`, or select a constant.",
    )
