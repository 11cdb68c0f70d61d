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
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import spot_of
from auditor.rules.turns import name_of
from auditor.trace.cost import sizes
from auditor.trace.flow import GUARDED as AFTER_GUARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="write-per-row",
    group="writing",
    phase=2,
    severity=Severity.MEDIUM,
    title="one write per row",
    playbook="bulk-write",
    docs=__doc__,
)

_CONDITIONAL = 0.25
"""What a condition on the way costs: few rows may ever be written."""
_NEAR = 2
"""Functions between loop and write beyond which a turn is a job of its own, which no bulk statement replaces."""
_OWN_KEYS = frozenset(
    {"get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create", "set", "aset"}
)
"""Methods that look before they write, each row on its own: no bulk method does the same."""
_SINGLE = frozenset(
    {"SAVEPOINT", "RELEASE", "BEGIN", "SET", "LOCK", "VACUUM", "ANALYZE", "CREATE", "DROP", "ALTER"}
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per loop, at the write that is nearest to it and most surely written together."""
    best: dict[tuple[str, int], tuple[tuple[float, int, int], Claim]] = {}
    for looped, effect, path in candidates(scene):
        if not is_repeated_write(looped, effect) or len(path) > _NEAR:
            continue
        made = claim(scene, looped, effect, path)
        key = (looped.spot.module.path, looped.loop.site.start)
        rank = (-made.confidence, len(path), made.spot.start)
        if believable(scene, made) and (key not in best or rank < best[key][0]):
            best[key] = (rank, made)
    yield from (made for _, made in best.values())


def candidates(scene: Scene) -> Iterator[tuple[Looped, Effect, list[Function]]]:
    """Writes inside loops, each with the functions between the loop's own code and the write."""
    for looped in scene.looped_effects():
        if looped.effect is not None and looped.effect.kind in {"sql", "transaction"}:
            yield looped, looped.effect, between(looped, looped.effect)
    for kind in ("sql", "transaction"):
        for looped in scene.looped_calls(kind):
            if looped.call is None or looped.call.deferred or looped.call.offloaded:
                continue
            for effect, path in scene.effects_below(looped.call.callee, kind, limit=12):
                if not effect.loops and not effect.offloaded:
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
    return effect.operation == "write" and not bulk


def claim(scene: Scene, looped: Looped, effect: Effect, path: list[Function]) -> Claim:
    """What is told of it."""
    over = looped.loop.size.name if looped.loop.size is not None else "items"
    harder = hooks(scene, effect)
    confidence = 0.85 if not path else 0.65 if len(path) == 1 else 0.5
    if effect.kind == "transaction":
        confidence = 0.7 if audience(scene, looped.spot) == "request" else 0.45
    if harder:
        confidence -= 0.2
    if effect.node is not None and effect.node[0] == ir.CALL and name_of(effect.node[2]) in _OWN_KEYS:
        confidence -= 0.25
    if " via " in effect.label and effect.row is not None and looped.loop in effect.row.loops:
        confidence -= 0.2
    if any(arm != AFTER_GUARD for _, arm in turns.conditions_inside(looped.loop, effect.branch)):
        confidence -= _CONDITIONAL
    if audience(scene, looped.spot) == "command":
        confidence -= 0.15
    evidence = [
        Evidence(kind="loop", text=f"the loop over `{over}` starts at line {looped.loop.site.start}"),
        Evidence(
            kind="query",
            text=f"every turn runs `{effect.label}` at `{effect.site.module.path}:{effect.site.line}`",
        ),
    ]
    if harder:
        evidence.append(Evidence(kind="note", text=f"{harder}, which a bulk statement would not run"))
    return Claim(
        spot=looped.spot,
        title=f"`{effect.label}` is run once per item of {over}",
        evidence=evidence,
        confidence=confidence,
        related=[place(spot_of(effect.site), "write"), place(spot_of(looped.loop.site), "loop")],
        cost_term=TermAtStake(kind=effect.kind, sizes=sizes(looped.loops)),
        could_be_wrong=(harder and f"{harder}, and it is needed.")
        or f"`{over}` never holds more than a few rows, or each row must be written on its own.",
        fix=f"Collect what the loop over `{over}` writes, and write it with one bulk statement after it.",
        indirect=bool(path),
        guessed=effect.guessed or (looped.call is not None and looped.call.guessed),
    )


def hooks(scene: Scene, effect: Effect) -> str:
    """What runs with single writes only, an own `save` or receivers of signals, in words; "" if nothing does."""
    model = (
        effect.row.model
        if effect.row is not None
        else effect.query.model
        if effect.query is not None
        else None
    )
    if model is None or model.orm != "django":
        return ""
    name = "delete" if effect.label.startswith("DELETE") else "save"
    if scene.project.method(model.cls, name) is not None:
        return f"`{model.name}` has a `{name}()` of its own"
    orm = next((o for o in scene.trace.machine.orms if o.name == model.orm), None)
    signals = getattr(getattr(orm, "registry", None), "signals", None)
    receivers = [] if signals is None else signals.receivers().get(model.key, [])
    if any(r.signal.endswith(name) for r in receivers):
        return f"receivers listen to every {name} of `{model.name}`"
    return ""
