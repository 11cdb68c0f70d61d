"""Relations loaded and never read

## What it finds
A query that loads a relation with its rows (`select_related`, `prefetch_related`, `joinedload`, `selectinload`),
where nothing that happens to the rows reads the relation.

## Why it is slow
A join makes every row wider and may multiply the rows; a prefetch is a query of its own, with an object for each
related row. All of it is thrown away.

## When it does not matter
The rows are few. Where the rows are handed on to code that nobody can follow, nothing is said.

## Example
```py
names = [book.title for book in Book.objects.select_related("publisher").prefetch_related("authors")]
```

## Instead
```py
names = [book.title for book in Book.objects.all()]
```

## How to verify
Count statements and compare the SQL before and after; then read every use of the rows again: a property or a signal
handler may read the relation, and would then query row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Many, ModelValue, Query, Row
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few
from auditor.rules.over_fetch import is_written, iterable_of
from auditor.rules.row_paths import is_stored
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Value
    from auditor.rules.names import Reads
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Use

RULE = RuleInfo(
    id="unused-eager-load",
    group="fetching",
    phase=2,
    severity=Severity.MEDIUM,
    title="relation loaded and never read",
    playbook="eager-load",
    docs=__doc__,
)

_LOADING: Final = frozenset(
    "select_related prefetch_related joinedload selectinload subqueryload immediateload prefetch_related_objects".split()
)
_PAGE: Final = 20
"""Rows from which on a limit leaves enough of them for it to matter what is loaded with each."""
_HARMLESS: Final = frozenset({"iterate", "len", "truth", "none-test"})


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per query all of whose rows are walked over in the function that builds it.

    The same reads decide what `lazy-load-in-loop` asks to be loaded, so the two never contradict each other.
    """
    lazily = {
        (e.row.origin.site, e.relation.partition(".")[0])
        for _, e in scene.effects()
        if e.cause == "lazy-load" and e.row is not None and e.row.origin is not None
    }
    seen: set[tuple[str, int]] = set()
    for _, use in scene.uses():
        if use.how != "iterate" or use.node is None or use.node[0] not in {ir.FOR, ir.COMP}:
            continue
        query, function = rows_of(use.value), use.site.function
        if query is None or function is None or query.site.function is not function or is_hardly_any(query):
            continue
        named = loaded_here(function, query)
        unread = [] if not named else unread_relations(scene, function, use, query, named)
        unread = [r for r in unread if (query.site, r) not in lazily]
        key = (query.site.module.path, query.site.line)
        if unread and key not in seen:
            seen.add(key)
            made = claim(scene, use, query, unread)
            if believable(scene, made):
                yield made


def is_hardly_any(query: Query) -> bool:
    """Whether the query's own text keeps its rows few; a limit does, but what is loaded with each row of a page is no less."""
    return few(query) and not (query.limited and (query.bound is None or query.bound > _PAGE))


def rows_of(value: Value) -> Query | None:
    """The query whose whole rows these are, where it is run for this."""
    query: Value | None = value
    if isinstance(value, Many):
        row = value.elem
        query = value.source
        if query is None and isinstance(row, Row) and not row.path:
            query = row.origin
    if not isinstance(query, Query) or query.relation is not None or query.empty or query.locked:
        return None
    whole = query.only is None and all(isinstance(c, ModelValue) for c in query.columns)
    return query if whole and (query.shape == "rows" or len(query.columns) == 1) else None


def loaded_here(function: Function, query: Query) -> frozenset[str]:
    """The relations that the function itself asks to be loaded with a query's rows: the first step of each."""
    if query.to_attr:
        return frozenset()
    asked = " ".join(
        turns_text(n)
        for n in turns.nodes(function.body)
        if n[0] == ir.CALL and turns.name_of(n[2]) in _LOADING
    ).split()
    first = {path.partition(".")[0] for path in query.loaded}
    return frozenset(r for r in first if r in asked and r in query.model.relations)


def turns_text(call: Node) -> str:
    """The names that a call mentions, whichever way: attributes, and the steps of string arguments."""
    found = [n[3] for n in turns.nodes(call[3]) if n[0] == ir.ATTR]
    found += [
        str(a[2]).partition("__")[0]
        for a in turns.nodes(call[3])
        if a[0] == ir.CONST and isinstance(a[2], str)
    ]
    return " ".join(found)


def unread_relations(
    scene: Scene, function: Function, use: Use, query: Query, named: frozenset[str]
) -> list[str]:
    """Which of them nothing reads; empty where the rows go out of sight."""
    reads = scene.texts.of(function)
    walked = None if use.node is None else iterable_of(use.node, use, reads)
    root = None if walked is None else reads.root(walked[1])
    if root is None or root[0] in {ir.ATTR, ir.SUB, ir.BIN}:
        return []
    read: set[str] = set()
    flows = reads.flows(root)
    for flow in flows:
        if flow.role not in _HARMLESS:
            return []
        loop = reads.parent(flow.node)
        if flow.role == "iterate" and loop is not None:
            target = loop[3] if loop[0] == ir.FOR else next(c[0] for c in loop[4] if c[1] is flow.node)
            found = attributes_read(scene, reads, loop, target, query)
            if found is None:
                return []
            read |= found
    return sorted(named - read) if flows else []


def attributes_read(scene: Scene, reads: Reads, loop: Node, target: Node, query: Query) -> set[str] | None:
    """Attributes that a loop reads of its rows; None where a row goes anywhere, or runs code of its own."""
    if target[0] != ir.NAME:
        return None
    found: set[str] = set()
    for load in reads.loads.get(target[2], []):
        if not any(a is loop for a in reads.ancestors(load)):
            if load[1] > loop[1] and loop[0] == ir.FOR:
                return None
            continue
        above = reads.parent(load)
        if above is None or above[0] != ir.ATTR or is_written(reads, above):
            return None
        outer = reads.parent(above)
        called = outer is not None and outer[0] == ir.CALL and outer[2] is above
        if called or not is_stored(scene, query, [above[3]]):
            return None
        found.add(above[3])
    return found


def claim(scene: Scene, use: Use, query: Query, unread: list[str]) -> Claim:
    """What is told of it."""
    named = ", ".join(f"`{r}`" for r in unread)
    size = scene.trace.machine.orm(query.orm).size(query).name
    return Claim(
        spot=spot_of(query.site),
        title=f"{named} of each {query.model.name} {'is' if len(unread) == 1 else 'are'} loaded, and nothing reads "
        f"{'it' if len(unread) == 1 else 'them'}",
        evidence=[
            Evidence(kind="query", text=f"the query loads {named} with its rows"),
            Evidence(
                kind="code", text=f"the rows are walked over at line {use.site.line} and go nowhere else"
            ),
        ],
        confidence=0.8,
        related=[place(spot_of(use.site), "read")],
        subject=", ".join(unread),
        cost_term=TermAtStake(kind="rows", sizes=(size,), after=CostTerm(low=0, high=0)),
        could_be_wrong="Code that runs for each row, such as a signal handler, reads it.",
        fix=f"Don't load {named} with this query.",
    )
