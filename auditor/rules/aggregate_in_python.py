"""Rows added up in Python

## What it finds
Rows that are fetched for nothing but a sum, an average, a smallest or greatest value, or how many there are of each
kind.

## Why it is slow
Every row travels from the database and becomes an object, so that one number is left of it. The database adds up where
the rows are, often from an index alone.

## When it does not matter
The rows are few by nature (the lines of one order), or they are needed for something else as well.

## Example
```py
stars = [review.stars for review in session.query(Review).filter(Review.space_id == space_id)]
score = sum(stars) / len(stars) if stars else None
```

## Instead
```py
score = session.scalar(select(func.avg(Review.stars)).where(Review.space_id == space_id))
```

## How to verify
Compare the result for no rows (SQL gives NULL), for NULLs in the column, and for many rows: rounding and the type of
the number (Decimal, float) may differ. Measure rows fetched before and after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import FieldPath, ModelValue
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
    is_looped,
    is_per_row,
    query_places,
    rows_at_stake,
    rows_named,
    serves_many,
)
from auditor.rules.row_paths import column_path, mentions, tested_columns
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.values import Query
    from auditor.rules.collection import Collection
    from auditor.rules.names import Flow, Reads
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Use

RULE = RuleInfo(
    id="aggregate-in-python",
    group="in-python",
    phase=3,
    severity=Severity.MEDIUM,
    title="rows added up in Python",
    playbook="aggregate-in-sql",
    docs=__doc__,
)

_FOLDS: Final = frozenset({"sum", "min", "max", "mean", "fmean", "Counter", "fsum"})
_LIST: Final = "list"
_ARITHMETIC: Final = frozenset({"+", "-", "*", "/"})


def find(scene: Scene) -> Iterator[Claim]:
    """Loops over fetched rows that leave numbers behind and nothing else."""
    for _, use in scene.uses():
        node = use.node
        if use.how != "iterate" or node is None or node[0] not in {ir.FOR, ir.COMP}:
            continue
        iterable = node[4] if node[0] == ir.FOR else node[4][0][1]
        found = collected(scene, use, iterable)
        if found is not None and is_folded(scene, found, node):
            made = claim(scene, found, use)
            if believable(scene, made):
                yield made
    yield from of_remade(scene)


def is_folded(scene: Scene, found: Collection, node: Node) -> bool:
    """Whether all that ever happens to the rows is that they are added up."""
    if found.query.grouped or found.query.annotated or is_computed(found.query):
        return False
    if (
        found.by_default
        or serves_many(scene, found)
        or in_own_loop(found)
        or is_per_row(found)
        or is_looped(found)
    ):
        return False
    return all(
        flow.role in {"len", "truth", "none-test"} or (flow.role == "iterate" and folds(scene, found, flow))
        for flow in found.flows
    ) and any(found.reads.parent(f.node) is node for f in found.flows)


def is_computed(query: Query) -> bool:
    """Whether the database adds up already."""
    plain = all(isinstance(c, (ModelValue, FieldPath)) for c in query.columns)
    return not plain or "annotate(" in query.text or "group_by(" in query.text


def folds(scene: Scene, found: Collection, flow: Flow) -> bool:
    """Whether the loop at a flow only adds up."""
    loop = found.reads.parent(flow.node)
    if loop is None:
        return False
    if loop[0] == ir.FOR:
        return loop[3][0] == ir.NAME and is_tally(scene, found.query, loop[3][2], loop[5])
    if loop[0] != ir.COMP or len(loop[4]) != 1 or loop[2] == "dict" or len(loop[3]) != 1:
        return False
    target, _, conditions, _ = loop[4][0]
    if target[0] != ir.NAME or not all(tested_columns(scene, found.query, target[2], c) for c in conditions):
        return False
    if conditions and is_only_counted(found.reads, loop):
        return True
    return is_number(scene, found.query, target[2], loop[3][0]) and is_only_folded(found.reads, loop)


def is_only_counted(reads: Reads, kept: Node) -> bool:
    """Whether of the rows that a comprehension keeps only their number is asked: `len([...])`, `sum(1 for ...)`."""
    ones = kept[3][0]
    if ones[0] == ir.CONST:
        return ones[2] == 1 and is_fold_of(reads.parent(kept), kept)
    if kept[2] != _LIST:
        return False
    flows = reads.flows(kept)
    return bool(flows) and all(f.role == "len" for f in flows)


def is_only_folded(reads: Reads, values: Node) -> bool:
    """Whether a list of numbers goes into folds, and its length and truth into anything."""
    flows = reads.flows(values)
    folded = [f for f in flows if is_fold_of(reads.parent(f.node), f.node)]
    return bool(folded) and all(f in folded or f.role in {"len", "truth"} for f in flows)


def is_fold_of(call: Node | None, argument: Node) -> bool:
    if call is None or call[0] != ir.CALL or not call[3] or call[3][0] is not argument:
        return False
    return turns.name_of(call[2]) in _FOLDS


def is_number(scene: Scene, query: Query, variable: str, node: Node) -> bool:
    """Whether SQL could compute it of each row: a column, or arithmetic over columns and constants."""
    if node[0] == ir.BIN and node[2] in _ARITHMETIC:
        return all(
            not mentions(p, variable) or is_number(scene, query, variable, p) for p in node[3:5]
        ) and mentions(node, variable)
    if node[0] == ir.BOOL and node[2] == "or" and len(node[3]) > 1 and node[3][1][0] == ir.CONST:
        return is_number(scene, query, variable, node[3][0])
    return column_path(scene, query, variable, node) is not None


def is_tally(scene: Scene, query: Query, variable: str, body: tuple[Node, ...]) -> bool:
    """Whether each statement adds a column of the row to something: `total += row.price`, `found[row.kind] += 1`."""
    added = [s for s in body if s[0] in {ir.AUG, ir.ASSIGN}]
    if not added or any(s[0] not in {ir.AUG, ir.ASSIGN, ir.IF} for s in body):
        return False
    for s in body:
        if s[0] == ir.IF:
            plain = tested_columns(scene, query, variable, s[3]) and not s[5]
            if not plain or not is_tally(scene, query, variable, s[4]):
                return False
        elif s[0] == ir.ASSIGN:
            if not is_added_to_what_was(scene, query, variable, s):
                return False
        elif s[4] not in {"+", "+="} or not is_added(scene, query, variable, s):
            return False
    return True


def is_added_to_what_was(scene: Scene, query: Query, variable: str, s: Node) -> bool:
    """Whether a statement is `found[row.kind] = found.get(row.kind, 0) + row.amount`."""
    target, value = s[3][0], s[4]
    if len(s[3]) != 1 or target[0] != ir.SUB or value[0] != ir.BIN or value[2] != "+":
        return False
    before, more = value[3:5]
    if column_path(scene, query, variable, target[3]) is None or names.method_of(before) != "get":
        return False
    same = strip(before[2][2]) == strip(target[2]) and before[3] and strip(before[3][0]) == strip(target[3])
    is_one = more[0] == ir.CONST and isinstance(more[2], int)
    return bool(same) and (is_one or is_number(scene, query, variable, more))


def is_added(scene: Scene, query: Query, variable: str, s: Node) -> bool:
    target, value = s[3], s[5]
    if target[0] == ir.SUB and column_path(scene, query, variable, target[3]) is None:
        return False
    if target[0] not in {ir.SUB, ir.NAME}:
        return False
    constant = bool(value[0] == ir.CONST and isinstance(value[2], int))
    return (constant and target[0] == ir.SUB) or is_number(scene, query, variable, value)


def of_remade(scene: Scene) -> Iterator[Claim]:
    """Numbers of each kind, counted over what all rows were made into."""
    for own in scene.once(remade_rows.remade):
        reads = scene.texts.of(own.function)
        for load in reads.loads.get(own.name, []):
            loop = reads.parent(load)
            if (
                loop is not None
                and loop[0] == ir.FOR
                and loop[4] is load
                and not reads.loops(loop)
                and counts(loop)
            ):
                yield remade_rows.told(
                    scene,
                    own,
                    loop[1],
                    title=f"{own.query.model.name} rows are counted by kind in Python, after all were fetched",
                    note="the loop keeps a number for each kind and nothing of the rows",
                    fix="Count in SQL, grouped by the column, where the conditions are in the query too.",
                )


def counts(loop: Node) -> bool:
    """Whether a loop's body does nothing but count: `found[kind] = found.get(kind, 0) + 1`."""
    counting = [s for s in loop[5] if is_count(s)]
    rest = [s for s in loop[5] if s not in counting]
    return bool(counting) and all(
        s[0] == ir.ASSIGN and all(t[0] == ir.NAME for t in s[3]) and not calls_much(s[4]) for s in rest
    )


def is_count(s: Node) -> bool:
    if s[0] == ir.AUG:
        return bool(s[3][0] == ir.SUB and s[5][0] == ir.CONST and s[5][2] == 1)
    if s[0] != ir.ASSIGN or len(s[3]) != 1 or s[3][0][0] != ir.SUB or s[4][0] != ir.BIN or s[4][2] != "+":
        return False
    left, right = s[4][3:5]
    holder = s[3][0][2]
    one = right[0] == ir.CONST and right[2] == 1
    return bool(one and names.method_of(left) == "get" and turns.root_name(left) == turns.root_name(holder))


def calls_much(node: Node) -> bool:
    """Whether an expression calls more than `get`."""
    return any(n[0] == ir.CALL and turns.name_of(n[2]) != "get" for n in turns.nodes(node))


def claim(scene: Scene, found: Collection, use: Use) -> Claim:
    """What is told of it."""
    rows = rows_named(found.query)
    return Claim(
        spot=spot_of(use.site),
        title=f"{rows} are fetched to be added up in Python",
        evidence=[
            fetched_evidence(found),
            Evidence(kind="note", text="numbers are made of them here, and nothing else reads them"),
        ],
        confidence=(0.55 if found.is_relation else 0.8) - found.doubt,
        severity=Severity.LOW if found.is_relation else None,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="There are never more than a few rows.",
        fix="Let the database add up: `SUM`, `AVG`, `MIN`, `MAX`, or `COUNT` with `GROUP BY`.",
    )
