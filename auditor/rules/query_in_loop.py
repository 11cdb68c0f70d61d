"""A query inside a loop

## What it finds
A statement inside a loop that runs a query each time round, itself or somewhere down the functions it calls.

## Why it is slow
Every turn pays a round trip to the database, and the planner, and the rows' way through the ORM. Ten items cost ten
round trips; a thousand cost a thousand. Nothing in the code changes, only the data grows.

## When it does not matter
The loop runs over a handful of constants, walks in batches, or sits in a script nobody waits for. A helper that
remembers its answers pays once per distinct argument and is not reported.

## Example
```py
for space in spaces:
    bookings[space.id] = session.query(Booking).filter_by(space_id=space.id).all()
```

## Instead
One query for all of them before the loop, and a dictionary inside it:
```py
rows = session.query(Booking).filter(Booking.space_id.in_([s.id for s in spaces]))
by_space = group_by(rows, "space_id")
```

## How to verify
Count the statements of one request with one item and with twenty: the number must be the same. Check the answer for an
item that has no rows, and the order of rows within an item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Many, Query, Row
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import mostly_one, turns, witnesses
from auditor.rules.claim import LEAST_CONFIDENCE, Claim, place
from auditor.rules.collection import narrowed
from auditor.rules.counted_kinds import counted_kinds
from auditor.rules.filled_in import filled_in
from auditor.rules.kept_rows import is_kept_beside
from auditor.rules.last_resort import failing, is_built_unprepared, is_unlikely, is_unprepared
from auditor.rules.locking_turns import locks_a_turn
from auditor.rules.loop_invariant_call import hoisted_statements
from auditor.rules.loop_names import iterable_of, its_items, loop_name, per_item, sentence, turning
from auditor.rules.orm_words import fetching
from auditor.rules.query_places import homes
from auditor.rules.scene import spot_of, statement_of
from auditor.rules.single_writes import receivers
from auditor.rules.surroundings import is_fallback, is_looked_up_first
from auditor.rules.tried_until import is_tried_until
from auditor.rules.unbatchable import is_unbatchable
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Looped, Scene, Spot
    from auditor.trace.summary import Effect, Loop

RULE = RuleInfo(
    id="query-in-loop",
    group="queries",
    phase=2,
    severity=Severity.HIGH,
    title="query in a loop",
    playbook="batch-n-plus-one",
    docs=__doc__,
)


_SAVING = frozenset({"save", "delete", "create", "bulk_create", "full_clean", "clean", "asave", "adelete"})
"""Methods of a model whose own queries belong to the write: `write-per-row` speaks of them."""
_SETTING = frozenset({"SET", "SAVEPOINT", "RELEASE", "BEGIN", "PRAGMA", "LOCK", "ANALYZE", "VACUUM"})
_FIXED: Final = (
    "fields",
    "columns",
    "choices",
    "types",
    "backends",
    "languages",
    "attributes",
    "extensions",
    "handlers",
)
"""Ends of names of collections that the source fixes, not the data."""
BATCHED: Final = ("windows", "chunks", "batches", "slices")
"""Likewise of parts into which somebody has cut the rows: one query for each part is the batching."""
_CUTTING: Final = re.compile(r"(^|_)(batch(ed|es)?|chunk(s|ed)?|grouper|partition_all)$")
"""Likewise of functions that cut rows into parts."""
MENTIONED = LEAST_CONFIDENCE
"""Other statements of the same loop are named from this confidence on: what would be told of them alone."""


def find(scene: Scene) -> Iterator[Claim]:
    """Reads inside loops; writes are `write-per-row`'s, lazy loads `lazy-load-in-loop`'s.

    Of loops inside loops, where the inner one stands in a function that is called, the inner one is told.
    At most two claims a loop: one for its statements that query themselves, one for those that call what does.
    """
    by_loop: dict[tuple[str, int, int], dict[bool, list[Reading]]] = {}
    for reading in readings(scene):
        site, spot = reading.looped.loop.site, reading.looped.spot
        if spot.function is not site.function:  # a pager's or a library's loop, one for every serializer
            loop = by_loop.setdefault((spot.module.path, spot.start, 0), {})
        else:
            loop = by_loop.setdefault((site.module.path, site.start, site.line), {})
        loop.setdefault(reading.direct, []).append(reading)
    for groups in by_loop.values():
        for direct in sorted(groups, reverse=True):
            yield claim(scene, groups[direct])
    yield from counted_kinds(scene)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A statement inside a loop with a query it runs."""

    looped: Looped
    effect: Effect
    direct: bool
    """The statement runs the query itself."""
    confidence: float
    away: int = 0
    """Calls between the statement and the query."""


def readings(scene: Scene) -> Iterator[Reading]:
    written, heard = written_in_turns(scene), scene.once(receivers)
    hoisted = scene.once(hoisted_statements)
    for looped in scene.looped_effects():
        effect = looped.effect
        if (
            effect is None
            or effect.kind != "sql"
            or effect.operation == "write"
            or looped.spot.key in hoisted
            or effect.cause in {"lazy-load", "widget"}
            or ("(prefetch" in effect.label and effect.row is not None)  # comes with a lazy load
            or is_setting(effect)
            or locks_a_turn(looped.loop, effect)
            or is_kept_beside(looped, effect.query)
            or is_tried_until(looped)
        ):
            continue
        direct = effect.site.function is looped.spot.function
        on_the_way = [*(f for f, _ in effect.frames), effect.site.function]
        if not direct and (
            is_about(effect, written.get(looped.spot.key))
            or any(is_write(f) for f, _ in effect.frames)
            or (looped.spot.key in written and any(id(f) in heard for f in on_the_way))
        ):
            continue
        away = 0 if direct else len(effect.frames)
        told = handed_in(scene, looped, effect)
        trusted = trust(looped, effect, away) - failing(scene, looped, effect.branch, effect.frames)
        trusted -= filled_in(scene, looped, (*(f for f, _ in effect.frames), effect.site.function))
        yield Reading(told, effect, effect.site.function is told.spot.function, trusted, away)
    for looped in scene.looped_calls("sql"):
        if looped.call is None or looped.spot.key in hoisted or is_write(looped.call.callee):
            continue
        if is_tried_until(looped):
            continue
        if looped.spot.key in written and id(looped.call.callee) in heard:
            continue
        less = failing(scene, looped, looped.call.branch, looped.call.frames)
        for effect, way in scene.effects_below(looped.call.callee, "sql", 12, in_loops=False):
            if (
                effect.operation != "write"
                and effect.cause not in {"lazy-load", "widget"}
                and not is_setting(effect)
                and not locks_a_turn(looped.loop, effect)
                and not any(is_write(f) for f in way)
                and not is_about(effect, written.get(looped.spot.key))
                and not is_kept_beside(looped, effect.query)
            ):
                guards = scene.trace.machine.guards
                unprepared = any(is_unprepared(guards.get(g), arm) for g, arm in effect.branch)
                doubt = max(less, 0.45 if unprepared or is_unlikely(scene, way, effect) else 0)
                doubt += filled_in(scene, looped, (*way, effect.site.function))
                made = in_callee(scene, looped, effect, way) or Reading(
                    looped, effect, False, trust(looped, effect, len(way)), len(way)
                )
                yield replace(made, confidence=made.confidence - doubt)


def written_in_turns(scene: Scene) -> dict[tuple[str, int], set[str]]:
    """Which models the statements of loops write, by statement; `?` where nobody can tell."""
    found: dict[tuple[str, int], set[str]] = {}
    for looped in scene.looped_effects():
        effect = looped.effect
        if effect is not None and effect.kind == "sql" and effect.operation == "write":
            words = effect.label.split(" ")
            is_told = words[0] in {"INSERT", "UPDATE", "DELETE"} and len(words) == 2
            found.setdefault(looped.spot.key, set()).add(words[1] if is_told else "?")
    return found


def is_about(effect: Effect, written: set[str] | None) -> bool:
    """Whether the statement's write may be what a query is for: it looks at what is written, or nobody can tell."""
    if not written:
        return False
    return "?" in written or effect.query is None or effect.query.model.name in written


def handed_in(scene: Scene, looped: Looped, effect: Effect) -> Looped:
    """Of a loop that calls what it was handed for each row, the first statement in that function which leads on."""
    home, frames = looped.loop.site.function, effect.frames
    at = next((n for n in range(len(frames) - 1, -1, -1) if frames[n][0] is home), None)
    if home is None or at is None or frames[at][1] not in scene.handed_calls(home):
        return looped
    further = frames[at + 1 :]
    return replace(looped, spot=statement_of(*further[0]) if further else spot_of(effect.site))


def in_callee(scene: Scene, looped: Looped, effect: Effect, way: list[Function]) -> Reading | None:
    """What a library, or a loop that was handed it, calls for each row: told on the called function's statement.

    After a way back into the library (`super().to_representation(…)`) that is the last function which it calls then.
    """
    back = max((n + 1 for n, f in enumerate(way[:-1]) if f.module.role == "library"), default=0)
    way = way[back:]
    call, home = looped.call, None if looped.call is None else looped.call.site.function
    if call is None or way[0].module.role == "library":
        return None
    if "library" in {looped.spot.module.role, call.site.module.role}:
        if not isinstance(looped.loop.over, (Query, Many)):
            return None
    elif home is None or call.site.line not in scene.handed_calls(home):
        return None
    away = len(way) - 1
    if not away:
        spot = spot_of(effect.site) if not effect.frames else statement_of(way[0], effect.frames[0][1])
    else:
        summary = scene.trace.machine.summaries.get(id(way[0]))
        onward = next((c for c in (() if summary is None else summary.calls) if c.callee is way[1]), None)
        if onward is None:
            return None
        spot = spot_of(onward.site) if not onward.frames else statement_of(way[0], onward.frames[0][1])
    return Reading(replace(looped, spot=spot), effect, not away, trust(looped, effect, away), away)


def is_setting(effect: Effect) -> bool:
    """A statement that only sets something for those that follow."""
    return effect.label.split(" ", 1)[0].upper() in _SETTING


def trust(looped: Looped, effect: Effect, away: int) -> float:
    """How sure it is that each turn pays: less with every call on the way, and where the query has conditions."""
    confidence = 0.9 - 0.05 * max(away - 1, 0)
    if is_built_unprepared(effect):
        confidence -= 0.45
    if away and turns.conditions_inside(looped.loop, effect.branch):
        confidence -= 0.15
    if looped.loop.kind == "while":
        paged = effect.query is not None and effect.query.limited
        confidence -= 0.9 if paged else 0.45  # a page, or a chunk, each time round
    if is_fallback(effect):
        confidence -= 0.35
    if is_looked_up_first(effect):
        confidence -= 0.5
    if is_all_of_strangers(effect):
        confidence -= 0.2
    if effect.label.endswith("(refresh)") or is_refresh(effect):  # it comes with the write before it
        confidence -= 0.45
    if effect.label == "(statement)":  # which may write as well
        confidence -= 0.35
    if is_fixed(looped.loop) or turns.is_retry(looped.loop):
        confidence -= 0.45
    if is_unbatchable(looped, effect):
        confidence -= 0.45
    confidence -= mostly_one.doubt(looped.loops)
    if looped.call is not None and looped.call.guessed:
        confidence -= 0.2
    return confidence


def is_fixed(loop: Loop) -> bool:
    """Whether the source, not the data, says how many turns there are, or each is a batch, going by the names."""
    known = "" if loop.size is None else loop.size.name
    name = loop_name(loop)
    walked = iterable_of(loop)
    cut = (
        walked is not None and walked[0] == ir.CALL and _CUTTING.search(turns.name_of(walked[2])) is not None
    )
    ends = (*_FIXED, *BATCHED)
    return cut or known.endswith(ends) or name.endswith(ends) or name.isupper()


def is_refresh(effect: Effect) -> bool:
    """`row.refresh_from_db()`."""
    return effect.query is not None and effect.query.text.endswith(".refresh_from_db()")


def is_all_of_strangers(effect: Effect) -> bool:
    """Whether it lists a whole relation of rows of which only the class is declared: who fetched them may have loaded it."""
    query = effect.query
    owner = None if query is None else query.owner
    if query is None or query.relation is None or not isinstance(owner, Row):
        return False
    return owner.origin is None and not owner.fresh and query.shape == "rows" and not narrowed(query)


def is_write(function: Function) -> bool:
    """A method of a class that is about storing the object it is called on."""
    return function.owner is not None and function.name in _SAVING


def built_at(effect: Effect) -> Spot:
    """Where the query is written down, which is not always where it runs."""
    return spot_of(effect.site if effect.query is None else effect.query.site)


def fetched_at(scene: Scene, effect: Effect) -> list[Spot]:
    """Where the rows were fetched of which a whole relation is listed: loading it there spares the queries."""
    query = effect.query
    owner = None if query is None else query.owner
    if query is None or not query.relation or not isinstance(owner, Row) or owner.origin is None:
        return []
    return [] if query.shape != "rows" or narrowed(query) else homes(scene, owner.origin)[:1]


def shown_from(loop: Loop) -> list[Spot]:
    """Where the rows were asked for that a template walks over: what is loaded or counted with them is loaded there."""
    rows = loop.over.source if isinstance(loop.over, Many) else loop.over
    if loop.site.module.role != "template" or not isinstance(rows, Query) or rows.relation:
        return []
    return [] if rows.site.module.role in {"library", "template"} else [spot_of(rows.site)]


def called(function: Function) -> str:
    """A method's name with its class: `get` alone says nothing to who reads a plan."""
    return function.name if function.owner is None else f"{function.owner.name}.{function.name}"


def claim(scene: Scene, group: list[Reading]) -> Claim:
    group = sorted(
        group, key=lambda r: (-round(r.confidence, 2), r.away, r.looped.spot.key, r.effect.site.line)
    )
    best = group[0]
    looped, effect = best.looped, best.effect
    what, loop = effect.label, looped.loop.site
    within = "" if effect.site.function is None else called(effect.site.function)
    places = {(r.effect.site.module.path, r.effect.site.start): r for r in reversed(group)}
    sites = [r for r in places.values() if round(r.confidence, 2) >= MENTIONED or r is best]
    sites.sort(key=lambda r: (r is not best, r.effect.site.module.path, r.effect.site.line))
    calls = {r.looped.spot.key: r for r in reversed(group) if r.looped.spot.key != looped.spot.key}
    seen = [(r.looped.scope, r.effect) for r in group]
    how = f"`{what}` runs in it" if best.direct else f"`{within}` runs `{what}` on each turn"
    return Claim(
        spot=looped.spot,
        title=f"`{what}` runs once {per_item(looped.loop)}"
        + (f", with {len(sites) - 1} more" if len(sites) > 1 else ""),
        evidence=[
            turning(looped.loop),
            Evidence(kind="query", text=f"{how}, at `{effect.site.module.path}:{effect.site.line}`"),
            *(
                Evidence(
                    kind="query",
                    text=f"so does `{r.effect.label}`, at `{r.effect.site.module.path}:{r.effect.site.line}`",
                )
                for r in sites[1:6]
            ),
        ],
        confidence=best.confidence - witnesses.doubt(scene, seen, looped.spot.function),
        related=[
            *(place(s, "definition") for s in shown_from(looped.loop)),
            *(place(built_at(r.effect), "query") for r in sites[:3]),
            *(place(r.looped.spot, "call") for r in calls.values()),
            *(place(s, "query") for s in fetched_at(scene, effect)),
            *([] if loop.module.role == "library" else [place(spot_of(loop), "loop")]),
        ],
        subject="" if best.direct else within,
        cost_term=TermAtStake(kind="sql", low=len(sites), high=len(sites), sizes=sizes(looped.loops)),
        could_be_wrong=f"{sentence(its_items(looped.loop))} are never more than a few, or nobody waits for this code.",
        fix=fetching(best.effect)
        or f"Fetch for all of {its_items(looped.loop)} in one query before the loop and look the rows up in a dictionary.",
        cause=() if best.direct else tuple(sorted(places)),
        indirect=not best.direct,
        guessed=all(r.effect.guessed for r in group),
        scopes=witnesses.seen_in(scene, seen),
    )
