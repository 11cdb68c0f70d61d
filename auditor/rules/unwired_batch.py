"""A batch variant that the loop does not use

## What it finds
A loop that asks for one item's rows on each turn, where the project has a function that asks the same of the same
table for many items at once: the same conditions, with `IN` in place of one equality.

## Why it is slow
Every turn pays a round trip to the database that the function next to it would save: the batch was written,
reviewed and tested, and nobody called it here.

## When it does not matter
The loop runs over a handful of items, or the batch gives something else: another order, a limit for all items
together, rows without those that the single variant adds.

## Example
```py
def for_space(session, space_id, day):
    return session.query(Booking).filter(Booking.space_id == space_id, Booking.day == day).all()

def for_spaces(session, space_ids, day):
    found = {space_id: [] for space_id in space_ids}
    for booking in session.query(Booking).filter(Booking.space_id.in_(space_ids), Booking.day == day):
        found[booking.space_id].append(booking)
    return found

for space in spaces:
    bookings[space.id] = for_space(session, space.id, day)
```

## Instead
```py
bookings = for_spaces(session, [space.id for space in spaces], day)
```

## How to verify
Count the statements of one request with one item and with twenty: the number must be the same. Compare the rows of
each item, their order, and an item that has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import FieldPath, ModelValue
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.claim import Claim, place
from auditor.rules.columns_tested import columns_tested
from auditor.rules.loop_names import its_items, per_item, the_loop
from auditor.rules.query_in_loop import readings
from auditor.rules.scene import Spot, spot_of
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.index.symbols import Function
    from auditor.index.values import Query
    from auditor.rules.columns_tested import Tested
    from auditor.rules.query_in_loop import Reading
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="unwired-batch",
    group="queries",
    phase=2,
    severity=Severity.HIGH,
    title="batch variant not used",
    playbook="batch-n-plus-one",
    docs=__doc__,
)

_LEAST: Final = 0.7
"""A loop of whose turns the queries are less sure has other reasons for asking one by one."""
_HEAD: Final = 4
"""Lines of a batch function that are shown: its head, not all of it."""
_LONG: Final = 12
"""Statements beyond which a function does more than fetch and group."""
_GIVEN: Final = frozenset("self cls session db conn connection info context using".split())
"""Parameters that say where rows come from, not which."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A function that selects rows for many keys at once."""

    function: Function
    query: Query
    column: str
    """The column that is tested with `IN`."""
    others: tuple[Tested, ...]


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a place in a loop, for the nearest batch function that asks the same."""
    known: dict[str, list[Batch]] = {}
    for batch in batches(scene):
        known.setdefault(batch.query.model.key, []).append(batch)
    best: dict[tuple[str, int], Claim] = {}
    for reading in readings(scene):
        query = reading.effect.query
        if query is None or reading.confidence < _LEAST or reading.away > 1 or not depends_on_turn(reading):
            continue
        fitting = [b for b in known.get(query.model.key, ()) if answers(b, reading, query)]
        if fitting:
            made = claim(scene, reading, min(fitting, key=lambda b: b.function.line))
            rival = best.get(reading.looped.spot.key)
            if rival is None or made.confidence > rival.confidence:
                best[reading.looped.spot.key] = made
    yield from best.values()


def batches(scene: Scene) -> Iterator[Batch]:
    """Functions of the target that do nothing but give rows for the many keys that a parameter holds."""
    handlers = {id(root.function) for root in scene.trace.entries}
    for function, effects in own_effects(scene):
        if id(function) in handlers or function.parent is not None or function.module.role != "app":
            continue
        read = only_read(effects)
        if read is None or not only_fetches(function):
            continue
        tested = columns_tested(read)
        for column, lookup in tested:
            others = tuple(t for t in tested if t[0] != column)
            if lookup == "in" and takes_keys(function, column, len(others)):
                yield Batch(function, read, column, others)


def own_effects(scene: Scene) -> Iterable[tuple[Function, list[Effect]]]:
    """What each function's own code does, whoever passed it the session to do it with."""
    found: dict[int, tuple[Function, list[Effect]]] = {}
    for _, effect in scene.effects():
        function = effect.site.function
        if function is not None and effect.kind not in {"log", "session"} and "(prefetch" not in effect.label:
            found.setdefault(id(function), (function, []))[1].append(effect)
    return found.values()


def only_read(effects: list[Effect]) -> Query | None:
    """The query of a function whose only effect it is; None where it does more."""
    if len({(e.kind, e.label, e.site.line) for e in effects}) != 1:
        return None
    effect = effects[0]
    if effect.operation == "write" or effect.cause != "query" or effect.query is None:
        return None
    return effect.query if is_whole(effect.query) else None


def only_fetches(function: Function) -> bool:
    """Whether it is short and gives something back, and is not called by a loader's own protocol."""
    statements = [n for n in turns.nodes(function.body) if n[0] >= ir.ASSIGN]
    gives = any(n[0] == ir.RETURN and n[3] is not None for n in statements)
    bases = () if function.owner is None else function.owner.bases
    loader = any("loader" in turns.name_of(b[2] if b[0] == ir.SUB else b).lower() for b in bases)
    return gives and len(statements) <= _LONG and not loader and function.static != "cached_property"


def is_whole(query: Query) -> bool:
    """Whether every row of every key comes, as it is stored."""
    return not (query.limited or query.bound or query.grouped or query.locked or query.distinct)


def takes_keys(function: Function, column: str, others: int) -> bool:
    """Whether what the column has to be in is made from a parameter, and no more is asked of the caller than needed."""
    required = [p for p in function.params if p[3] is None and p[1] in {"pos", "kw"} and p[0] not in _GIVEN]
    if len(required) > 1 + others:
        return False
    given = {p[0] for p in function.params} - _GIVEN
    for node in turns.nodes(function.body):
        if node[0] == ir.ASSIGN and turns.free_names(node[4]) & given:
            given = given | turns.bound_by(node)
    keywords = {f"{column}__in", f"{column.removesuffix('_id')}__in", "pk__in"}
    for node in turns.nodes(function.body):
        if node[0] != ir.CALL:
            continue
        within = [value for key, value in node[4] if key in keywords]
        owner = node[2][2] if node[2][0] == ir.ATTR and node[2][3] in {"in_", "any_"} else None
        if owner is not None and turns.name_of(owner) == column:
            within += node[3]
        if any(turns.free_names(value) & given for value in within):
            return True
    return False


def depends_on_turn(reading: Reading) -> bool:
    """Whether the statement hands on something that every turn has another of."""
    loop = reading.looped.loop
    if loop.node is None or loop.kind not in {"for", "comprehension"} or reading.looped.spot.function is None:
        return False
    changing = turns.bound_names(loop.node)
    line = reading.looped.spot.line
    return any(
        node[0] == ir.CALL and node[1] == line and turns.free_names(node) & changing
        for node in turns.nodes(loop.node)
    )


def answers(batch: Batch, reading: Reading, query: Query) -> bool:
    """Whether the batch, in the same module, asks what the turn asks, of many keys in place of one."""
    call = reading.looped.call
    way = [
        reading.effect.site.function,
        *(f for f, _ in reading.effect.frames),
        call.callee if call else None,
    ]
    if any(f is batch.function for f in way) or not is_selection(reading.effect):
        return False
    beside = {id(reading.effect.site.module), id(query.site.module), id(reading.looped.spot.module)}
    if id(batch.function.module) not in beside:
        return False
    tested = columns_tested(query)
    if (batch.column, "exact") not in tested or batch.others != tuple(
        t for t in tested if t[0] != batch.column
    ):
        return False
    single = query.bound == 1 and is_unique(query, batch.column)
    return (single or is_whole(query)) and selected(query) <= selected(batch.query)


def is_selection(effect: Effect) -> bool:
    """A SELECT of the table's own rows, not of those that a table between leads to, nor of one that is known already."""
    refreshes = effect.node is not None and "refresh" in turns.name_of(
        effect.node[2] if effect.node[0] == ir.CALL else effect.node
    )
    return effect.label.startswith("SELECT ") and " via " not in effect.label and not refreshes


def is_unique(query: Query, column: str) -> bool:
    """Whether there is at most one row for each value."""
    found = query.model.columns.get(column)
    return column == query.model.primary_key or (found is not None and found.unique)


def selected(query: Query) -> frozenset[str]:
    """What comes of each row: `*`, or paths of columns; what is computed is equal to nothing."""
    if not query.columns:
        fields = query.only if query.shape != "rows" and query.only else None
        return frozenset(fields or {"*" if query.shape == "rows" else f"?{id(query)}"})
    return frozenset(
        "*" if isinstance(c, ModelValue) else ".".join(c.path) if isinstance(c, FieldPath) else f"?{id(c)}"
        for c in query.columns
    )


def claim(scene: Scene, reading: Reading, batch: Batch) -> Claim:
    """What is told of it."""
    looped, effect = reading.looped, reading.effect
    function = batch.function
    summary = scene.trace.machine.summaries.get(id(function))
    unused = summary is not None and summary.callers == 0 and not function.decorators
    home = effect.site.function
    single = "this statement" if home is None or home is looped.spot.function else f"`{home.name}`"
    where = f"`{function.module.path}:{function.line}`"
    head = Spot(
        function.module,
        function,
        function.line,
        function.line,
        min(function.end_line, function.line + _HEAD - 1),
    )
    return Claim(
        spot=looped.spot,
        title=f"`{effect.label}` runs once {per_item(looped.loop)}, though `{function.name}` asks for all at once",
        evidence=[
            Evidence(kind="loop", text=f"{the_loop(looped.loop)} starts at line {looped.loop.site.start}"),
            Evidence(
                kind="query", text=f"{single} runs it at `{effect.site.module.path}:{effect.site.line}`"
            ),
            Evidence(
                kind="code",
                text=f"`{function.name}` at {where} tests the same columns, `{batch.column}` with IN"
                + (", and nobody calls it" if unused else ""),
            ),
        ],
        confidence=reading.confidence,
        related=[
            place(spot_of(effect.site if effect.query is None else effect.query.site), "query"),
            place(head, "definition"),
            place(spot_of(looped.loop.site), "loop"),
        ],
        subject=function.name,
        cost_term=TermAtStake(
            kind="sql", sizes=sizes(looped.loops), after=CostTerm(sizes=sizes(looped.loops[:-1]))
        ),
        could_be_wrong=f"`{function.name}` orders or completes its rows in another way than the loop needs.",
        fix=f"Call `{function.name}` once for {its_items(looped.loop)} before the loop, and look each up in what it gives.",
        indirect=not reading.direct,
        guessed=effect.guessed,
    )
