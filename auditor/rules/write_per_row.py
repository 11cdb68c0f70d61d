"""One write per row

## What it finds
A loop that inserts, updates or deletes one row per turn, or flushes or commits per turn, although the rows
could be written together.

## Why it is slow
Every statement is a round trip, every commit waits for the disk. A thousand rows written one by one take
seconds, written together a few milliseconds.

## When it does not matter
The loop is short by construction or walks in batches, each row must stand or fall on its own (a commit per
item in a job that resumes), or the model's `save()` and its signals do work that a bulk statement would
leave out.

## Example
```py
for sku, amount in amounts.items():
    stock = Stock.objects.create(sku=sku, amount=amount)
```

## Instead
```py
Stock.objects.bulk_create([Stock(sku=sku, amount=amount) for sku, amount in amounts.items()])
```
`bulk_update` or one `update()` for changes, `filter(...).delete()` for deletions; with SQLAlchemy `add_all`
and one flush after the loop, or one `execute` with a list of parameters.

## How to verify
Count the statements of one request with one row and with twenty. Compare the tables afterwards, the columns
that `save()` fills included, and check that signal handlers were not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.values import Query
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import mostly_one, turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.given_alike import given_alike
from auditor.rules.loop_names import its_items, loop_name, per_item, sentence, the_loop
from auditor.rules.orm_words import writing
from auditor.rules.query_in_loop import is_fixed
from auditor.rules.scene import spot_of
from auditor.rules.single_writes import obstacle, receivers
from auditor.rules.surroundings import (
    is_either_way,
    is_every_nth,
    is_made_in_turn,
    is_netted,
    is_used_in_turn,
    needs_flush,
    stands_alone,
)
from auditor.rules.turns import name_of
from auditor.trace.cost import sizes
from auditor.trace.flow import GUARDED as AFTER_GUARD
from auditor.trace.turns import strictest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect, Loop

RULE = RuleInfo(
    id="write-per-row",
    group="writing",
    phase=2,
    severity=Severity.MEDIUM,
    title="one write per row",
    playbook="bulk-write",
    docs=__doc__,
)

_CONDITIONAL = 0.35
"""What a condition on the way costs: few rows may ever be written."""
_RARELY = 0.45
"""The same in a loop over what was not fetched: most that come from outside are there already, or are no good."""
_GUARDED = 0.2
"""What a guard in a function that is called costs."""
_NEAR = 2
"""Functions between loop and write beyond which a turn is a job of its own, which no bulk statement replaces."""
_JOB = 3
"""Statements of a called function from which on it is a job of its own too."""
_FEW = (
    "admins",
    "administrators",
    "moderators",
    "managers",
    "superusers",
    "staff",
    "owners",
    "roles",
)
"""Ends of names of collections that are short wherever there are any."""
_OUTSIDE = frozenset({"http", "llm", "mail"})
"""What makes a called function a job of its own, whose state is kept row by row."""
_WAITED = frozenset({"http", "llm"})
"""Kinds that a turn waits for so long that its write is nothing beside them."""
_OWN_KEYS = frozenset(
    {"get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create", "set", "aset"}
)
"""Methods that look before they write, each row on its own: no bulk method does the same."""
_EMPTYING = frozenset({"clear", "aclear"})
"""Methods that empty the relation of one row: another row's is emptied by another call, whatever is handed in."""
_SINGLE = frozenset(
    {"SAVEPOINT", "RELEASE", "BEGIN", "SET", "LOCK", "VACUUM", "ANALYZE", "CREATE", "DROP", "ALTER"}
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per loop, at the write that is nearest to it and most surely written together."""
    heard = receivers(scene)
    found = [c for c in candidates(scene) if is_candidate(scene, *c, heard)]
    lines: dict[tuple[str, int], set[int]] = {}
    for looped, _, _ in found:
        lines.setdefault((looped.spot.module.path, looped.loop.site.start), set()).add(looped.spot.line)
    best: dict[tuple[str, int], tuple[tuple[float, int, int], Claim]] = {}
    for looped, effect, path in found:
        key = (looped.spot.module.path, looped.loop.site.start)
        made = claim(scene, looped, effect, path, frozenset(lines[key]))
        rank = (-made.confidence, len(path), made.spot.start)
        if believable(scene, made) and (key not in best or rank < best[key][0]):
            best[key] = (rank, made)
    yield from (made for _, made in best.values())
    yield from given_alike(scene)


def is_candidate(
    scene: Scene, looped: Looped, effect: Effect, path: list[Function], heard: frozenset[int]
) -> bool:
    """Whether the write is the loop's own doing, close enough to be taken out of it."""
    if not is_repeated_write(looped, effect) or len(path) > _NEAR:
        return False
    on_the_way = [*path, *(f for f, _ in effect.frames), effect.site.function]
    if any(id(f) in heard for f in on_the_way if f is not looped.loop.site.function):
        return False
    if is_every_nth(looped.loop, looped.spot.line):
        return False
    if not path:
        return True
    costs = scene.costs.function(path[0])
    return not costs.keys() & _OUTSIDE and sum(high for _, high in costs.get("sql", {}).values()) <= _JOB


def candidates(scene: Scene) -> Iterator[tuple[Looped, Effect, list[Function]]]:
    """Writes inside loops, each with the functions between the loop's own code and the write."""
    for looped in scene.looped_effects():
        if looped.effect is not None and looped.effect.kind in {"sql", "transaction"}:
            yield looped, looped.effect, between(looped, looped.effect)
    for kind in ("sql", "transaction"):
        for looped in scene.looped_calls(kind):
            if looped.call is None or looped.call.deferred or looped.call.offloaded:
                continue
            for effect, path in scene.effects_below(looped.call.callee, kind, limit=12, aside=False):
                if not effect.loops:
                    yield looped, effect, path


def between(looped: Looped, effect: Effect) -> list[Function]:
    """The functions that the write goes through; overriding `save` is not a step of its own."""
    home = looped.loop.site.function
    chain = [f for f, _ in effect.frames] + (
        [effect.site.function] if effect.site.function is not None else []
    )
    below = chain[chain.index(home) + 1 :] if home in chain else chain
    return [f for f in below if f.name not in {"save", "delete"}]


def is_repeated_write(looped: Looped, effect: Effect) -> bool:
    """A write, or what ends a transaction, that every turn of a loop over data waits for."""
    if not writes(effect) or looped.loop.kind == "while" or effect.offloaded:
        return False
    return not turns.is_retry(looped.loop) and not turns.is_last(looped)


def writes(effect: Effect) -> bool:
    """A statement that changes rows one by one, or the end of a transaction."""
    if effect.kind == "transaction":
        return effect.operation == "write" and effect.cause == "commit"
    if effect.fact is not None:
        words = effect.label.split()
        verb = words[0].upper() if len(words) > 1 else ""
        return verb in {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "UPSERT"}
    bulk = effect.label.split(" ", 1)[0] in _SINGLE or "bulk" in effect.label
    return effect.operation == "write" and effect.cause != "flush" and not bulk


def trust(scene: Scene, looped: Looped, effect: Effect, path: list[Function], lines: frozenset[int]) -> float:
    """How sure it is that each turn writes, and that the writes can wait for each other."""
    confidence = 0.85 if not path else 0.65 if len(path) == 1 else 0.5
    if effect.kind == "transaction":
        confidence = 0.7 if audience(scene, looped.spot) == "request" else 0.45
        confidence -= 0.35 if id(looped.loop.node) in scene.once(turning_over_batches) else 0
    if called(effect) in _OWN_KEYS:
        confidence -= 0.45
    if " via " in effect.label and effect.row is not None and looped.loop in effect.row.loops:
        confidence -= 0.4 if called(effect) in _EMPTYING else 0.2
    here = effect.branch if looped.call is None else looped.call.branch
    conditions = turns.conditions_inside(looped.loop, here)
    if any(arm != AFTER_GUARD for _, arm in conditions):
        rows = isinstance(looped.loop.over, Query)
        either = is_either_way(looped.loop, looped.spot.line, lines)
        confidence -= 0 if either else _CONDITIONAL if rows else _RARELY
        if effect.site.function is not looped.loop.site.function:
            confidence -= _CONDITIONAL
    if looped.call is not None and effect.branch:
        confidence -= _GUARDED if all(arm == AFTER_GUARD for _, arm in effect.branch) else _CONDITIONAL
    if stands_alone(looped.loop, looped.spot.line) or (path and is_netted(effect)):
        confidence -= 0.25
    if loop_name(looped.loop).endswith(_FEW) or is_fixed(looped.loop) or is_keywords(looped.loop):
        confidence -= 0.4
    if (is_used_in_turn(looped, effect) and "INSERT" in effect.label) or is_made_in_turn(looped, effect.node):
        confidence -= 0.4
    confidence -= mostly_one.doubt(looped.loops)
    if effect.label == "FLUSH":
        confidence -= 0.2 if path else 0.4 if needs_flush(looped) else 0
    if effect.label.endswith(("(unknown)", " {}")):  # a table of its own each time
        confidence -= 0.4
    if is_of_many(effect):
        confidence -= 0.45
    if id(looped.loop.node) in scene.once(asking_outside):
        confidence -= 0.35
    if strictest(scene.trace.machine, looped.loop.branch).turns == "failing":
        confidence -= _CONDITIONAL
    if audience(scene, looped.spot) == "command":
        confidence -= 0.15
    return confidence


def called(effect: Effect) -> str:
    """The name of the method that writes, or nothing."""
    return name_of(effect.node[2]) if effect.node is not None and effect.node[0] == ir.CALL else ""


def is_of_many(effect: Effect) -> bool:
    """Whether one statement writes many rows already: those whose keys stand in a list of the turn's own."""
    query = effect.query
    return query is not None and (".in_(" in query.text or any(lookup == "in" for _, lookup in query.filters))


def is_keywords(loop: Loop) -> bool:
    """Whether it walks over the `**keywords` that its function was called with."""
    function = loop.site.function
    return function is not None and any(p[1] == "**" and p[0] == loop_name(loop) for p in function.params)


def asking_outside(scene: Scene) -> frozenset[int]:
    """Identities of the loops whose turns wait for a request or a language model, beside which a write is nothing."""
    calls = (x for kind in _WAITED for x in scene.looped_calls(kind))
    effects = (x for x in scene.looped_effects() if x.effect is not None and x.effect.kind in _WAITED)
    return frozenset(id(x.loop.node) for x in (*calls, *effects))


def turning_over_batches(scene: Scene) -> frozenset[int]:
    """Identities of the loops whose turns have a loop of queries or writes of their own: one COMMIT a turn ends a batch."""
    found = {
        id(outer.node)
        for looped in scene.looped_effects()
        if looped.effect is not None and looped.effect.kind == "sql"
        for outer in looped.loops[:-1]
    }
    for looped in scene.looped_calls("sql"):
        if looped.call is not None and any(scene.costs.function(looped.call.callee).get("sql", {})):
            found.add(id(looped.loop.node))
        found.update(id(outer.node) for outer in looped.loops[:-1])
    return frozenset(found)


def claim(scene: Scene, looped: Looped, effect: Effect, path: list[Function], lines: frozenset[int]) -> Claim:
    """What is told of it."""
    harder = obstacle(scene, looped, effect)
    items = its_items(looped.loop)
    evidence = [
        Evidence(kind="loop", text=f"{the_loop(looped.loop)} starts at line {looped.loop.site.start}"),
        Evidence(
            kind="query",
            text=f"every turn runs `{effect.label}` at `{effect.site.module.path}:{effect.site.line}`",
        ),
    ]
    if harder.text:
        evidence.append(Evidence(kind="note", text=f"{harder.text}, which a bulk statement would not run"))
    return Claim(
        spot=looped.spot,
        title=f"`{effect.label}` is run once {per_item(looped.loop)}",
        evidence=evidence,
        confidence=trust(scene, looped, effect, path, lines) - harder.weight,
        related=[place(spot_of(effect.site), "write"), place(spot_of(looped.loop.site), "loop")],
        cost_term=TermAtStake(kind=effect.kind, sizes=sizes(looped.loops)),
        could_be_wrong=(harder.text and f"{sentence(harder.text)}, and it is needed.")
        or f"{sentence(items)} are never more than a few, or each row must be written on its own.",
        fix=writing(effect) or remedy(looped, effect),
        indirect=bool(path),
        guessed=effect.guessed or (looped.call is not None and looped.call.guessed),
    )


def remedy(looped: Looped, effect: Effect) -> str:
    """What to write instead, in the words of the statement."""
    items, verb = its_items(looped.loop), effect.label.split(" ", 1)[0]
    if effect.kind == "transaction" or verb == "FLUSH":
        return f"Take it out of {the_loop(looped.loop)}: once after it is enough."
    if " via " in effect.label:
        return f"Pass all of {items} to one call: `.add(*…)` and `.remove(*…)` take any number."
    if verb == "DELETE":
        return f"Delete the rows for all of {items} with one statement: `filter(…__in=…).delete()`."
    return f"Collect what {the_loop(looped.loop)} writes, and write it with one bulk statement after it."
