"""A log record once per item

## What it finds
A loop over data that writes a record of level INFO or above on every turn, and any record, DEBUG included,
whose text is put together by serialising something large before the logger can decide that nobody wants it.

## Why it is slow
A record is formatted, goes through every handler under a lock and is usually written and shipped one by
one: five hundred items are five hundred system calls in a request. `json.dumps(...)` as an argument is paid
even where the level is off.

## When it does not matter
The record is written on the rare path only (a failure, a skipped item), the loop is short by construction,
or a job reports its progress to whoever started it.

## Example
```py
for space in spaces:
    logger.info("space %s", json.dumps(space.as_dict()))
```

## Instead
One record for all of them, with a count, and details at DEBUG with arguments that cost nothing:
```py
logger.info("priced %d spaces", len(spaces))
logger.debug("space ids %s", [s.id for s in spaces])
```

## How to verify
Count the records of one request with one item and with twenty. Ask whoever reads the logs before a record
goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.log_levels import LEVELS, shipped_level
from auditor.rules.loop_names import its_items, loop_name, per_item, sentence, the_loop
from auditor.rules.scene import spot_of
from auditor.rules.surroundings import around, guards
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="log-in-loop",
    group="loops",
    phase=5,
    severity=Severity.LOW,
    title="log record in a loop",
    playbook="log-storm",
    docs=__doc__,
)

_RARE: Final = frozenset({"warning", "error", "critical"})
_SERIALISERS: Final = frozenset(
    "dumps pformat model_dump model_dump_json to_dict as_dict asdict to_json serialize jsonify "
    "to_representation __dict__ to_string tostring prettify".split()
)
_STORING: Final = frozenset({"commit", "rollback", "flush", "execute", "executemany", "save", "bulk_create"})
"""Methods that only what stores something has, also where nobody knows what it is."""
_TELLING: Final = frozenset({"exception", "error", "warning", "critical"})
_SHOWN: Final = 4
_DEARER: Final = frozenset({"sql", "transaction", "http", "llm", "mail"})
_ERRORS: Final = re.compile(r"(?:^|_)(?:errors|failures|exceptions|problems|tracebacks?)$")
"""Ends of names of what there is none of, mostly."""


@dataclass(frozen=True, slots=True)
class Told:
    """One record that a turn writes, with what would be said of it alone."""

    effect: Effect
    claim: Claim


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per statement of a loop, for all the records that it leads to."""
    least = shipped_level(scene.project)
    by_spot: dict[tuple[str, int], list[Told]] = {}
    for told in records(scene, least):
        by_spot.setdefault(told.claim.spot.key, []).append(told)
    for group in by_spot.values():
        yield joined(group)


def joined(group: list[Told]) -> Claim:
    """The surest claim, with the places of the other records."""
    best = max(group, key=lambda t: t.claim.confidence)
    places = {(t.effect.site.module.path, t.effect.site.line): t.effect for t in group}
    others = [
        effect
        for place_, effect in sorted(places.items())
        if place_ != (best.effect.site.module.path, best.effect.site.line)
    ]
    made = best.claim
    if others:
        made.title += f", with {len(others)} more"
        made.evidence += [
            Evidence(kind="code", text=f"so does `{e.label}` at `{e.site.module.path}:{e.site.line}`")
            for e in others[:_SHOWN]
        ]
        first, *rest = made.related
        made.related = [first, *(place(spot_of(e.site), "call") for e in others[:2]), *rest]
    return made


def records(scene: Scene, least: int | None) -> Iterator[Told]:
    """Records of a loop's own function, and those of a function it calls that does little else."""
    for looped in scene.looped_effects():
        if looped.effect is not None and looped.effect.kind == "log" and not looped.effect.offloaded:
            nested = looped.effect.site.function is not looped.loop.site.function
            yield from judged(scene, looped, looped.effect, nested=nested, least=least)
    for looped in scene.looped_calls("log"):
        call = looped.call
        if (
            call is None
            or call.deferred
            or call.offloaded
            or _DEARER & scene.costs.function(call.callee).keys()
        ):
            continue
        summary = scene.trace.machine.summaries.get(id(call.callee))
        for effect in () if summary is None else summary.effects:
            if effect.kind == "log" and not effect.frames and not effect.branch and not effect.loops:
                yield from judged(scene, looped, effect, nested=True, least=least)


def judged(
    scene: Scene, looped: Looped, effect: Effect, *, nested: bool, least: int | None
) -> Iterator[Told]:
    """The claim, unless the record is cheap, rare, wanted, or not written as the target ships."""
    waiting = audience(scene, looped.spot)
    if (
        waiting == "command"
        or looped.loop.kind == "while"
        or turns.is_retry(looped.loop)
        or turns.is_last(looped)
    ):
        return
    if tells_an_error(looped):
        return
    level = effect.fact.level if effect.fact is not None else None
    serialised = "" if is_asked_first(effect) else serialises(effect.node)
    if not serialised and least is not None and LEVELS.get(level or "", least) < least:
        return
    if not serialised and is_trail(scene, looped):
        return
    conditional = bool(turns.conditions_inside(looped.loop, effect.branch)) or skips(looped)
    if not serialised and (level in {"debug", "dynamic", None} or waiting == "unknown"):
        return
    if waiting == "unknown" and effect.label == "log.print":  # what a tool of the terminal shows
        return
    home = effect.site.function
    if nested and home is not None and (_DEARER & scene.costs.function(home).keys() or stores(home.body)):
        return
    if conditional and (level in _RARE or not serialised):
        return
    confidence = 0.8 if serialised else 0.7 if level == "info" else 0.6
    made = claim(looped, effect, serialised=serialised)
    made.confidence = (
        confidence
        - (0.1 if conditional else 0)
        - (0.1 if nested else 0)
        - (0 if waiting != "task" else 0.15 if serialised else 0.25)
    )
    made.severity = Severity.MEDIUM if waiting == "request" and serialised else Severity.LOW
    if believable(scene, made):
        yield Told(effect, made)


def tells_an_error(looped: Looped) -> bool:
    """Whether the loop, or one around it, walks over the lines of a traceback, or over what went wrong."""
    function = looped.spot.function
    if _ERRORS.search(loop_name(looped.loop)):
        return True
    return function is not None and any(
        s[0] == ir.FOR and "traceback" in turns.free_names(s[4])
        for s in around(function.body, looped.spot.line)
    )


def is_trail(scene: Scene, looped: Looped) -> bool:
    """Whether the turn does what costs more, so that the record is the trail of that and no cost beside it."""
    if (looped.spot.module.path, looped.loop.site.start) in scene.busy_loops or is_tried(looped):
        return True
    return stores(looped.loop.node)


def stores(code: object) -> bool:
    """Whether it calls what only something that stores has."""
    return any(n[0] == ir.CALL and turns.name_of(n[2]) in _STORING for n in turns.nodes(code))


def is_tried(looped: Looped) -> bool:
    """Whether each turn tries what may fail for its item alone, and tells that too: `except Exception: log.exception(…)`."""
    return any(
        s[0] == ir.TRY
        and s[3][0][1] <= looped.spot.line <= s[3][-1][2]
        and any(n[0] == ir.CALL and turns.name_of(n[2]) in _TELLING for h in s[4] for n in turns.nodes(h[2]))
        for s in turns.nodes(looped.loop.node)
    )


def is_asked_first(effect: Effect) -> bool:
    """Whether the logger is asked if it wants the record before anything is made for it."""
    function = effect.site.function
    tests = () if function is None else guards(function.body, effect.site.line)
    return any(
        n[0] == ir.CALL and turns.name_of(n[2]) == "isEnabledFor" for test in tests for n in turns.nodes(test)
    )


def serialises(call: Node | None) -> str:
    """The name among a record's arguments that turns a structure into plain data; "" if none does."""
    if call is None or call[0] != ir.CALL:
        return ""
    for argument in (*call[3], *(value for _, value in call[4])):
        for node in turns.nodes(argument):
            name = node[3] if node[0] == ir.ATTR else node[2] if node[0] == ir.NAME else ""
            if name in _SERIALISERS or (name.endswith("_json") and not name.isupper()):
                return str(name)
    return ""


def skips(looped: Looped) -> bool:
    """Whether the block that holds the record goes on to the next item: a note about one that is left out."""
    node = looped.loop.node
    return (
        node is not None
        and node[0] == ir.FOR
        and turns.leads_to(node[5], looped.spot.line, frozenset({ir.CONTINUE}))
    )


def claim(looped: Looped, effect: Effect, *, serialised: str) -> Claim:
    """What is told of it."""
    items = its_items(looped.loop)
    level = effect.fact.level if effect.fact is not None else "log"
    where = effect.site
    evidence = [
        Evidence(kind="loop", text=f"{the_loop(looped.loop)} starts at line {looped.loop.site.start}"),
        Evidence(
            kind="code",
            text=f"every turn writes a record of level {level} at `{where.module.path}:{where.line}`",
        ),
    ]
    if serialised:
        evidence.append(
            Evidence(
                kind="code", text=f"`{serialised}` serialises its argument before the level is looked at"
            )
        )
    return Claim(
        spot=looped.spot,
        title=f"`{effect.label}` writes a record once {per_item(looped.loop)}",
        evidence=evidence,
        confidence=0.5,
        related=[place(spot_of(effect.site), "call"), place(spot_of(looped.loop.site), "loop")],
        cost_term=TermAtStake(kind="log", sizes=sizes(looped.loops)),
        could_be_wrong=f"{sentence(items)} are never more than a few, or somebody reads these records.",
        fix=f"Write one record for all of {items}; leave details to DEBUG, with arguments that cost nothing.",
        guessed=effect.guessed,
    )
