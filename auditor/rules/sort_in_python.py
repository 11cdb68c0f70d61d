"""Fetched rows sorted in Python

## What it finds
`sorted(rows, key=…)` or `rows.sort(…)` where the rows come straight from a query and the key is one of
their columns.

## Why it is slow
All rows have to be fetched before the first can be shown, so no limit can be pushed down and nothing can be
streamed. The database can return them in order, from an index without sorting at all.

## When it does not matter
The same rows are needed in two orders; the key is computed by Python code; the rows were loaded together
with their parents; the order is one the database's collation can't give; there are only a few.

## Example
```py
events = sorted(Event.objects.filter(space=space), key=lambda e: e.starts_at)[:5]
```

## Instead
```py
events = Event.objects.filter(space=space).order_by("starts_at")[:5]
```

## How to verify
Compare the order of rows with equal keys (add the primary key as a tie-breaker), of NULLs (first or last
differs between databases), and of text with accents and capitals (collation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, remade_rows, turns
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
    serves_many,
)
from auditor.rules.row_paths import column_path, gives_rows
from auditor.rules.row_steps import stepped
from auditor.rules.scene import spot_of, statement_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Query
    from auditor.rules.collection import Collection
    from auditor.rules.row_steps import RowStep
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Use

RULE = RuleInfo(
    id="sort-in-python",
    group="in-python",
    phase=3,
    severity=Severity.LOW,
    title="rows sorted in Python",
    playbook="push-filters-into-sql",
    docs=__doc__,
)
_FREE: Final = frozenset({"len", "truth", "none-test"})


def find(scene: Scene) -> Iterator[Claim]:
    """Sorts of whole fetched collections by a column, where no other order of them is wanted."""
    told: set[int] = set()
    for _, use in scene.uses():
        if use.how != "sort" or use.node is None:
            continue
        rows = sorted_expression(use.node)
        found = None if rows is None else collected(scene, use, rows)
        if (
            found is None
            or found.by_default
            or serves_many(scene, found)
            or in_own_loop(found)
            or is_per_row(found)
            or found.query.ordered
        ):
            continue
        key = key_column(scene, found.query, use.node)
        if not gives_rows(found.query) and not is_cut(found, use):
            continue
        if key and is_one_order(found, use.node):
            made = claim(scene, found, use, key)
            if believable(scene, made):
                told.add(id(use.node))
                yield made
    yield from of_steps(scene, told)
    yield from of_remade(scene)


def of_steps(scene: Scene, told: set[int]) -> Iterator[Claim]:
    """Sorts of rows of which others were left out before, or a page is cut out afterwards."""
    for one in scene.once(stepped):
        found, steps = one.found, one.steps
        sort = next((s for s in steps.steps if s.kind == "sort"), None)
        if sort is None or id(sort.node) in told or found.query.ordered or not gives_rows(found.query):
            continue
        key = key_column(scene, found.query, sort.node)
        if not key or steps.before(sort, "cut") or not steps.serves_all(sort):
            continue
        is_page = steps.cut is not None and steps.serves_all(steps.cut) and one.is_sieved_by_columns(scene)
        made = step_claim(scene, found, sort, key, is_page=is_page)
        if believable(scene, made):
            yield made


def step_claim(scene: Scene, found: Collection, sort: RowStep, key: str, *, is_page: bool) -> Claim:
    """What is told of a sort among other steps."""
    return Claim(
        spot=statement_of(found.function, sort.line),
        title=f"{rows_named(found.query)} are sorted in Python by `{key}`",
        evidence=[
            fetched_evidence(found),
            Evidence(kind="note", text=f"they are sorted by `{key}` here and read in no other order"),
        ],
        confidence=(0.75 if is_page else 0.6) - found.doubt,
        severity=Severity.MEDIUM if is_page else None,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="There are only a few rows, or the database's collation orders them differently.",
        fix=f"Let the query order by `{key}`.",
    )


def of_remade(scene: Scene) -> Iterator[Claim]:
    """Sorts of what rows were made into, by what are columns of the rows."""
    for own in scene.once(remade_rows.remade):
        for node in turns.nodes(own.function.body) if own.columns else ():
            rows = sorted_expression(node) if node[0] == ir.CALL else None
            if rows is None or rows[0] != ir.NAME or rows[2] != own.name:
                continue
            key = next((v for k, v in node[4] if k == "key"), None)
            keys = {
                k
                for f, item, body in lambdas(scene, own.function, key)
                for k in keys_of(scene, f, item, body)
            }
            ordering = sorted({own.columns[k] for k in keys if k in own.columns})
            if ordering:
                named = ", ".join(f"`{c}`" for c in ordering[:4])
                yield remade_rows.told(
                    scene,
                    own,
                    node[1],
                    title=f"{own.query.model.name} rows are sorted in Python by {named}, after work on each",
                    note=f"{named} holds what the database could order by",
                    fix=f"Let the query order by {named} where that is asked for.",
                )


def lambdas(scene: Scene, function: Function, key: Node | None) -> Iterator[tuple[Function, str, Node]]:
    """(function, parameter, body) of a key: the lambda itself, or those that a project function returns."""
    if key is None:
        return
    if key[0] == ir.LAMBDA and len(key[2]) == 1:
        yield function, key[2][0][0], key[3]
    elif key[0] == ir.CALL and (maker := remade_rows.callee(scene, function, key)) is not None:
        for node in turns.nodes(maker.body):
            if (
                node[0] == ir.RETURN
                and node[3] is not None
                and node[3][0] == ir.LAMBDA
                and len(node[3][2]) == 1
            ):
                yield maker, node[3][2][0][0], node[3][3]


def keys_of(scene: Scene, function: Function, item: str, body: Node) -> set[str]:
    """Keys that stand in a sort key as they are, not computed with."""
    parts = body[3] if body[0] == ir.SEQ else (body,)
    return {k for p in parts if p[0] == ir.SUB for k in remade_rows.keys_read(scene, function, p, item)}


def sorted_expression(node: Node) -> Node | None:
    """The rows of `sorted(rows)` or `rows.sort()`."""
    if names.is_call_of(node, "sorted") and node[3]:
        return node[3][0]  # type: ignore[no-any-return]  # an expression
    return node[2][2] if names.method_of(node) == "sort" else None


def key_column(scene: Scene, query: Query, node: Node) -> str:
    """The column that a sort orders by; "" for a key that Python computes."""
    given = next((v for k, v in node[4] if k == "key"), None)
    if given is None:
        return "the value" if query.shape == "flat" else ""
    if given[0] == ir.LAMBDA and len(given[2]) == 1:
        return named_by_lambda(scene, query, given)
    if given[0] == ir.CALL and names.called_name(given) in {"attrgetter", "itemgetter"}:
        return named_by_getter(query, given)
    return ""


def named_by_lambda(scene: Scene, query: Query, key: Node) -> str:
    variable, body = key[2][0][0], key[3]
    parts = body[3] if body[0] == ir.SEQ else (body,)
    plain = [part[2] if part[0] == ir.UNARY else part for part in parts]
    paths = [column_path(scene, query, variable, part) for part in plain]
    return ", ".join(p for p in paths if p) if all(paths) else ""


def named_by_getter(query: Query, getter: Node) -> str:
    wanted = [a[2] if a[0] == ir.CONST and isinstance(a[2], str) else "" for a in getter[3]]
    known = {*query.model.columns, *query.annotated, "pk"}
    return ", ".join(wanted) if wanted and all(w in known for w in wanted) else ""


def is_ranked(scene: Scene, found: Collection) -> bool:
    """Whether the rows were sorted by something that no column holds, here or by the function that gave them."""
    root = found.root
    if names.is_call_of(root, "sorted"):
        return not key_column(scene, found.query, root)
    giver = remade_rows.callee(scene, found.function, root) if root[0] == ir.CALL else None
    return giver is not None and any(
        sorted_expression(node) is not None and not key_column(scene, found.query, node)
        for node in turns.nodes(giver.body)
        if node[0] == ir.CALL
    )


def is_one_order(found: Collection, node: Node) -> bool:
    """Whether the rows are wanted in no other order: read only sorted, or only after an in-place sort."""
    in_place = names.method_of(node) == "sort"
    for flow in found.flows:
        if flow.role in _FREE or found.derives(flow) or flow.node is found.expression:
            continue
        if not in_place or flow.role == ".sort()" or flow.node[1] < node[1]:
            return False
    return True


def is_cut(found: Collection, use: Use) -> bool:
    """Whether only a part of what was sorted is used."""
    parent = None if use.node is None else found.reads.parent(use.node)
    return parent is not None and parent[0] == ir.SUB


def claim(scene: Scene, found: Collection, use: Use, key: str) -> Claim:
    rows = rows_named(found.query)
    named = key if key == "the value" else f"`{key}`"
    return Claim(
        spot=spot_of(use.site),
        title=f"{rows} are sorted in Python" + (f" by {named}" if found.query.shape == "rows" else ""),
        evidence=[
            fetched_evidence(found),
            Evidence(kind="note", text=f"they are sorted by {named} here and read in no other order"),
            *(
                [Evidence(kind="note", text="only a part of them is used after the sort")]
                if is_cut(found, use)
                else []
            ),
        ],
        confidence=(
            0.85 if is_cut(found, use) else 0.65 if not found.is_relation and key != "the value" else 0.5
        )
        - found.doubt,
        severity=Severity.MEDIUM if is_cut(found, use) else None,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="There are only a few rows, or the database's collation orders them differently.",
        fix=f"Let the query order by {named}.",
    )
