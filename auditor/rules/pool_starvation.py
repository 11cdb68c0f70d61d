"""A second connection taken while the first is held

## What it finds
Inside a block that holds a connection, code that takes another one from the pool.

## Why it is slow
A request that needs two connections at once halves what the pool can serve. When as many requests as the pool is large
hold their first connection and wait for their second, nobody gets any further until the pool's time limit ends the wait.

## When it does not matter
The second one belongs to another database, or the pool can never be empty because fewer requests run at once than it has
connections to give.

## Example
```py
with session_scope() as session:
    user = session.get(User, user_id)
    with session_scope() as other:
        visits = other.query(Visit).filter_by(user_id=user.id).count()
```

## Instead
```py
with session_scope() as session:
    user = session.get(User, user_id)
    visits = session.query(Visit).filter_by(user_id=user.id).count()
```

## How to verify
Run as many requests at once as the pool has connections, twice as many too, and look for waits of the length of the
pool's time limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable, shares_a_pool
from auditor.rules.claim import Claim, place
from auditor.rules.connection_held import crowded, is_checked_out
from auditor.rules.regions import is_pooled, sessions
from auditor.rules.scene import Spot, spot_of, statement_at
from auditor.rules.serving import pools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.doings import Step
    from auditor.rules.regions import Region
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="pool-starvation",
    group="sessions",
    phase=2,
    severity=Severity.HIGH,
    title="second connection taken while one is held",
    playbook="single-session",
    docs=__doc__,
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for each place where a block takes another connection on every run that gets there."""
    known = scene.once(pools)
    crowd = crowded(scene)
    for region in sessions(scene):
        for effect, way in scene.doings.ways(region.function, region.first, region.last, "session"):
            line = way[0][1]
            if (
                is_pooled(effect)
                and always(scene, region, effect)
                and is_checked_out(scene, region, line)
                and not is_handed_down(region, line)
            ):
                made = claim(region, effect, way, crowd, told=any(p.told for p in known))
                if believable(scene, made) and shares_a_pool(scene, made.spot):
                    yield made


def is_handed_down(region: Region, line: int) -> bool:
    """Whether a call on the line is given what the block holds: such a function takes one only where it has none."""
    nodes = list(turns.own_nodes(region.function.body))
    held = {
        target[2]
        for n in nodes
        if n[0] == ir.WITH and n[1] == region.taken.line
        for _, target in n[3]
        if target is not None and target[0] == ir.NAME
    }
    return any(
        a[0] == ir.NAME and a[2] in held
        for n in nodes
        if n[0] == ir.CALL and n[1] == line
        for a in (*n[3], *(value for _, value in n[4]))
    )


def always(scene: Scene, region: Region, effect: Effect) -> bool:
    """Whether no condition of a function further down decides that it is taken: a cache that is still fresh would."""
    guards = (scene.trace.machine.guards.get(identity) for identity, _ in effect.branch)
    return not effect.offloaded and all(g is None or g.function is region.function for g in guards)


def claim(region: Region, effect: Effect, way: tuple[Step, ...], crowd: str, *, told: bool) -> Claim:
    """What is told of it."""
    line = way[0][1]
    start, end = statement_at(region.function.body, line) or (line, line)
    through = "" if len(way) == 1 else f", by way of `{way[1][0].name}`"
    return Claim(
        spot=Spot(region.function.module, region.function, line, start, end),
        title="a second connection is taken while the first is held",
        evidence=[
            Evidence(
                kind="code", text=f"the first is taken at `{region.where}` and kept to line {region.last}"
            ),
            Evidence(
                kind="chain",
                text=f"`{effect.label}` at `{effect.site.module.path}:{effect.site.line}`{through}",
            ),
            *([Evidence(kind="setting", text=crowd)] if crowd else []),
        ],
        confidence=0.9 if crowd else 0.75 if told else 0.65,
        severity=None if crowd else Severity.MEDIUM,
        related=[place(region.taken, "held"), place(spot_of(effect.site), "call")],
        cost_term=TermAtStake(kind="session", after=CostTerm(low=0, high=0)),
        could_be_wrong="The second belongs to another database, or has to outlive a rollback of the first.",
        fix="Hand the first session down.",
        guessed=effect.guessed,
    )
