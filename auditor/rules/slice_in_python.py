"""All rows fetched, then cut in Python

## What it finds
A list of fetched rows of which only a slice or one element is used: pagination in Python,
`list(rows)[:10]`, `.all()[0]`.

## Why it is slow
The page that is shown costs as much as the whole table: every row is read, sent and made into an object,
and all but a few are dropped. It gets slower with every row that anybody adds.

## When it does not matter
The other rows are used too, the rows are cut into several pieces in memory, a limit keeps them few, or Python computes the
order that they are cut in.

## Example
```py
rows = Event.query.order_by(Event.starts_at).all()
return jsonify(total=len(rows), items=[r.as_dict() for r in rows[start:end]])
```

## Instead
```py
query = Event.query.order_by(Event.starts_at, Event.id)
return jsonify(total=query.count(), items=[r.as_dict() for r in query.offset(start).limit(end - start)])
```

## How to verify
Compare the first, a middle, the last and a page past the end. The order must be total (end it with the
primary key), or pages overlap. An index error where there was no row becomes None with `first()`.
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
from auditor.rules.paged_in_python import paged_in_python
from auditor.rules.row_paths import gives_rows
from auditor.rules.row_steps import stepped
from auditor.rules.scene import spot_of, statement_of
from auditor.rules.sort_in_python import is_ranked, key_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.rules.collection import Collection
    from auditor.rules.remade_rows import Remade
    from auditor.rules.row_steps import RowStep
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Use

RULE = RuleInfo(
    id="slice-in-python",
    group="in-python",
    phase=3,
    severity=Severity.MEDIUM,
    title="rows cut in Python",
    playbook="push-filters-into-sql",
    docs=__doc__,
)

_FREE: Final = frozenset({"len", "truth", "none-test"})


def find(scene: Scene) -> Iterator[Claim]:
    """Fetched lists of which only a part is read."""
    for _, use in scene.uses():
        if use.how not in {"slice", "index"} or use.node is None or use.node[0] != ir.SUB:
            continue
        found = collected(scene, use, use.node[2])
        if (
            found is None
            or found.by_default
            or serves_many(scene, found)
            or in_own_loop(found)
            or is_per_row(found)
            or not is_cut_only(found, use)
            or is_ranked(scene, found)
        ):
            continue
        made = claim(scene, found, use)
        if believable(scene, made):
            yield made
    yield from of_extremes(scene)
    yield from of_steps(scene)
    yield from of_remade(scene)
    yield from paged_in_python(scene)


def of_extremes(scene: Scene) -> Iterator[Claim]:
    """The one row with the least or greatest value of a column, looked for among all of them."""
    for _, use in scene.uses():
        node = use.node
        if node is None or node[0] != ir.CALL or len(node[3]) != 1:
            continue
        if not (names.is_call_of(node, "min") or names.is_call_of(node, "max")):
            continue
        found = collected(scene, use, node[3][0])
        if (
            found is None
            or found.is_relation
            or serves_many(scene, found)
            or in_own_loop(found)
            or not gives_rows(found.query)
        ):
            continue
        key = key_column(scene, found.query, node)
        here = names.unwrapped(node[3][0])
        elsewhere = [f for f in found.flows if names.unwrapped(f.node) is not here and f.role not in _FREE]
        if key and not elsewhere and not found.reads.loops(node):
            made = extreme_claim(scene, found, node, key)
            if believable(scene, made):
                yield made


def extreme_claim(scene: Scene, found: Collection, node: Node, key: str) -> Claim:
    """What is told of it."""
    which = "least" if names.is_call_of(node, "min") else "greatest"
    return Claim(
        spot=statement_of(found.function, node[1]),
        title=f"{rows_named(found.query)} are all fetched, and the one with the {which} `{key}` is used",
        evidence=[
            fetched_evidence(found),
            Evidence(
                kind="note",
                text=f"`{names.called_name(node)}` goes through them here; the others are not read",
            ),
        ],
        confidence=0.65 - found.doubt,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="There are only a few rows, or some have no value, which Python would not compare.",
        fix=f"Order by `{key}`{'' if which == 'least' else ' descending'} and fetch the first.",
    )


def of_steps(scene: Scene) -> Iterator[Claim]:
    """Pages of rows that were left out and sorted before by what the database could do as well."""
    for one in scene.once(stepped):
        found, steps = one.found, one.steps
        cut = steps.cut
        if cut is None or not steps.serves_all(cut) or not gives_rows(found.query):
            continue
        sorts = [key_column(scene, found.query, s.node) for s in steps.before(cut, "sort")]
        if all(sorts) and one.is_sieved_by_columns(scene):
            sieved = bool(steps.before(cut, "sieve"))
            made = cut_claim(scene, found, cut, sorted_too=bool(sorts), sieved_too=sieved)
            if believable(scene, made):
                yield made


def cut_claim(scene: Scene, found: Collection, cut: RowStep, *, sorted_too: bool, sieved_too: bool) -> Claim:
    """What is told of a cut behind other steps."""
    steps = [word for word, there in (("left out", sieved_too), ("sorted", sorted_too)) if there]
    parts = [word for word, there in (("conditions", sieved_too), ("order", sorted_too)) if there]
    return Claim(
        spot=statement_of(found.function, cut.line),
        title=f"{rows_named(found.query)} are all fetched, and a slice is used",
        evidence=[
            fetched_evidence(found),
            Evidence(
                kind="note",
                text=f"rows are {' and '.join(steps)} in Python, and then cut; the other rows are not read",
            ),
        ],
        confidence=0.75 - found.doubt,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="There are never more than a few rows.",
        fix=f"Put {' and '.join(parts)} into the query, then limit it to that slice.",
    )


def of_remade(scene: Scene) -> Iterator[Claim]:
    """Pages cut out of what all rows were made into."""
    for own, cut in cuts_of_remade(scene):
        yield remade_rows.told(
            scene,
            own,
            cut[1],
            title=f"every {own.query.model.name} is fetched and worked on, and a slice is used",
            note="the cut is made here, after all of them were made",
            fix="Cut in the query where its conditions and order are in it too; else find the keys of the "
            "page first and do the work for those alone.",
        )


def cuts_of_remade(scene: Scene) -> Iterator[tuple[Remade, Node]]:
    """What all rows were made into, with the slice that one page is cut out of it by."""
    for own in scene.once(remade_rows.remade):
        reads = scene.texts.of(own.function)
        for load in reads.loads.get(own.name, []):
            cut = reads.parent(load)
            if cut is None or cut[0] != ir.SUB or cut[2] is not load or cut[3][0] != ir.SLICE:
                continue
            if cut[3][3] is not None and cut[3][4] is None and not reads.loops(cut):
                yield own, cut


def is_cut_only(found: Collection, use: Use) -> bool:
    """Fetched in full (a list, or a query that something else evaluates first), and cut once."""
    if not found.only("slice", "index", "len", "truth"):
        return False
    cuts = [f for f in found.flows if f.role in {"slice", "index"}]
    if not all(is_plain_cut(found, f.node) for f in cuts) or not is_once(found, cuts):
        return False
    if use.how == "index" and any(f.role == "len" and is_told_apart(found, f.node) for f in found.flows):
        return False
    return evaluated(found, use)


def is_told_apart(found: Collection, node: Node) -> bool:
    """Whether one row is told from several: `len(rows) == 1`. Where that matters, the first alone is not enough."""
    call = found.reads.parent(node)
    compared = None if call is None else found.reads.parent(call)
    return (
        compared is not None
        and compared[0] == ir.CMP
        and any(n[0] == ir.CONST and n[2] not in {0, None} for n in compared[3])
    )


def is_plain_cut(found: Collection, node: Node) -> bool:
    """`[0]`, `[-1]` or a slice from the front; other positions walk over the rows."""
    parent = found.reads.parent(node)
    if parent is None:
        return False
    index = parent[3]
    if index[0] == ir.SLICE:
        return index[3] is not None and index[4] is None and not is_part_of_all(found, index)
    return bool(index[0] == ir.CONST and index[2] in {0, -1})


def is_part_of_all(found: Collection, cut: Node) -> bool:
    """Whether it is a share of all there are (`rows[:len(rows) // 2]`): how many has to be known first."""
    calls = [c for f in found.flows if f.role == "len" and (c := found.reads.parent(f.node)) is not None]
    counts = {name for call in calls for name in stored_in(found, call)}
    return any(n in calls or (n[0] == ir.NAME and n[2] in counts) for n in turns.nodes(cut))


def stored_in(found: Collection, node: Node) -> frozenset[str]:
    """The names that what an expression gives is assigned to, as it is or in another one."""
    above: Node | None = node
    while above is not None and above[0] != ir.ASSIGN:
        above = found.reads.parent(above)
    return frozenset() if above is None else frozenset(turns.bound_by(above))


def is_once(found: Collection, cuts: list[names.Flow]) -> bool:
    """Cuts that are all the same one; a head and a tail together are the whole."""
    texts = {strip(found.reads.parent(f.node)) for f in cuts}
    return len(texts) == 1


def evaluated(found: Collection, use: Use) -> bool:
    """Whether all rows are in memory by the time of the cut."""
    if use.value is not found.query:
        return True
    if names.unwrapped(found.root) is not found.root:
        return True
    return any(f.role in {"len", "truth"} and f.node[1] <= found.expression[1] for f in found.flows)


def claim(scene: Scene, found: Collection, use: Use) -> Claim:
    rows = rows_named(found.query)
    one = use.how == "index"
    part = "one is used" if one else "a slice is used"
    return Claim(
        spot=spot_of(use.site),
        title=f"{rows} are all fetched, and {part}",
        evidence=[
            fetched_evidence(found),
            Evidence(kind="note", text="the cut is made here, in Python; the other rows are not read"),
        ],
        confidence=(0.55 if found.is_relation else 0.7 if one else 0.85) - found.doubt,
        severity=Severity.LOW if one else None,
        related=query_places(found),
        cost_term=rows_at_stake(scene, found.query),
        could_be_wrong="The query never gives more than a few rows.",
        fix="Use `.first()` on an ordered query." if one else "Put the limit and the offset into the query.",
    )
