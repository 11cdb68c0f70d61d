"""A transaction open while something else is waited for

## What it finds
An outside call, a mail, a model's answer, a pause or another program inside a transaction.

## Why it is slow
Rows that the transaction has written stay locked, and its connection stays taken, for as long as the other side takes.
Others wait for the locks; the database keeps old versions of rows for the transaction's sake; and what the call has done
can't be rolled back.

## When it does not matter
Nothing is written before the call, or the rows that are written belong to one job that nobody else touches.

## Example
```py
with transaction.atomic():
    order = Order.objects.select_for_update().get(pk=pk)
    receipt = requests.post(PAYMENTS, json=payload(order), timeout=10).json()
    order.receipt = receipt["id"]
    order.save()
```

## Instead
Call first, or mark the row, commit, call, and write the outcome in a second transaction; what need not be answered
belongs into `transaction.on_commit` and a queue.

## How to verify
Let the outside service answer slowly and look at the age of transactions and at waiting locks. Go through what happens
when the call fails, and when the process dies after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.connection_held import NAMES, WAITED_FOR, is_wait
from auditor.rules.regions import transactions
from auditor.rules.scene import Spot, spot_of, statement_at
from auditor.rules.surroundings import guards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.rules.doings import Step
    from auditor.rules.regions import Region
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="long-transaction",
    group="writing",
    phase=6,
    severity=Severity.HIGH,
    title="transaction open while waiting for something else",
    playbook="single-session",
    docs=__doc__,
)

_SHOWN: Final = 2
"""Further waits of a transaction that are told."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a transaction, for the wait that is nearest to it.

    A command that only reads in it (a dump of one moment) keeps nobody waiting.
    """
    for region in transactions(scene):
        waits = [
            (effect, way)
            for effect, way in scene.doings.ways(region.function, region.first, region.last, *WAITED_FOR)
            if is_wait(effect)
        ]
        if waits:
            nearest = min(waits, key=lambda w: len(w[1]))
            made = claim(scene, region, *nearest)
            places = dict.fromkeys(
                f"`{e.label}` at `{e.site.module.path}:{e.site.line}`"
                for e, _ in waits
                if e.site != nearest[0].site
            )
            made.evidence += [
                Evidence(kind="chain", text=f"{other} is waited for in it too")
                for other in list(places)[:_SHOWN]
            ]
            if believable(scene, made) and not (made.severity and audience(scene, made.spot) == "command"):
                yield made


def claim(scene: Scene, region: Region, effect: Effect, way: tuple[Step, ...]) -> Claim:
    """What is told of it."""
    line = way[0][1]
    start, end = statement_at(region.function.body, line) or (line, line)
    through = "" if len(way) == 1 else f", by way of `{way[1][0].name}`"
    before = scene.doings.at(region.function, region.first, line - 1, "sql") if line > region.first else []
    written = any(e.operation == "write" or (e.query is not None and e.query.locked) for e in before)
    return Claim(
        spot=Spot(region.function.module, region.function, line, start, end),
        title=f"a transaction stays open during {NAMES[effect.kind]}: `{effect.label}`",
        evidence=[
            Evidence(
                kind="code",
                text=f"the transaction begins at `{region.where}` and lasts to line {region.last}",
            ),
            Evidence(
                kind="chain",
                text=f"`{effect.label}` at `{effect.site.module.path}:{effect.site.line}`{through}",
            ),
            *([Evidence(kind="note", text="rows are written or locked before it")] if written else []),
        ],
        confidence=0.85
        - (0.1 if len(way) > 1 else 0)
        - (0.05 if len(way) > 3 else 0)
        - min(0.1 * conditions(way), 0.2),
        severity=None if written else Severity.MEDIUM,
        related=[place(region.taken, "held"), place(spot_of(effect.site), "call")],
        subject=effect.label,
        cost_term=TermAtStake(kind=effect.kind),
        could_be_wrong="It rarely happens (only where something is missing), or nobody else needs these rows.",
        fix="Take it out of the transaction: before it, or after the commit.",
        indirect=len(way) > 1,
        guessed=effect.guessed,
    )


def conditions(way: tuple[Step, ...]) -> int:
    """How many conditions stand on the way, in the functions that the transaction's own one calls."""
    return sum(1 for function, line in way[1:] for _ in guards(function.body, line))
