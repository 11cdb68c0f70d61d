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

from typing import TYPE_CHECKING

from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.claim import Claim, place
from auditor.rules.scene import spot_of
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="query-in-loop",
    group="queries",
    phase=2,
    severity=Severity.HIGH,
    title="query in a loop",
    playbook="batch-n-plus-one",
    docs=__doc__,
)


def find(scene: Scene) -> Iterator[Claim]:
    """Reads inside loops; writes are `write-per-row`'s, lazy loads `lazy-load-in-loop`'s."""
    for looped in scene.looped_effects():
        effect = looped.effect
        if (
            effect is not None
            and effect.kind == "sql"
            and effect.operation != "write"
            and effect.cause != "lazy-load"
        ):
            yield claim(looped, [effect], direct=effect.site.function is looped.spot.function)
    for looped in scene.looped_calls("sql"):
        if looped.call is None:
            continue
        below = [
            e
            for e, _ in scene.effects_below(looped.call.callee, "sql")
            if e.operation != "write" and e.cause != "lazy-load"
        ]
        if below:
            yield claim(looped, below, direct=False)


def claim(looped: Looped, effects: list[Effect], *, direct: bool) -> Claim:
    what = effects[0].label
    over = looped.loop.size.name if looped.loop.size is not None else "items"
    callee = "" if looped.call is None else looped.call.callee.name
    how = (
        f"`{what}` runs once per turn"
        if direct
        else f"`{callee or what}` runs `{what}` each time it is called"
    )
    confidence = 0.9 if direct else 0.85
    if looped.loop.kind == "while":
        confidence -= 0.35
    return Claim(
        spot=looped.spot,
        title=f"{what} runs once per item of {over}",
        evidence=[
            Evidence(kind="loop", text=f"the loop over `{over}` starts at line {looped.loop.site.start}"),
            Evidence(kind="query", text=f"{how} (`{effects[0].site.module.path}:{effects[0].site.line}`)"),
        ],
        confidence=confidence,
        related=[
            *(place(spot_of(e.site), "query") for e in effects[:2]),
            place(spot_of(looped.loop.site), "loop"),
        ],
        subject="",
        cost_term=TermAtStake(kind="sql", sizes=sizes(looped.loops)),
        could_be_wrong=f"`{over}` never holds more than a few items, or nobody waits for this code.",
        fix=f"Fetch for all of `{over}` in one query before the loop and look the rows up in a dictionary.",
        guessed=any(e.guessed for e in effects) or (looped.call is not None and looped.call.guessed),
    )
