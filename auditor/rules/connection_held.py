"""A connection held while something else is waited for

## What it finds
A session or connection that is open, with a query behind it, while the code waits for something that needs no
database: an outside call, a mail, a model's answer, a sleep. Where the settings let far more requests run at once than
the pool has connections, also an answer that is built before the connection is given back.

## Why it is slow
The pool has few connections. One that is held through a second of somebody else's latency serves nobody, and when the
other side slows down every request of the application waits for a connection, those that call nothing outside too.

## When it does not matter
The outside call decides whether what was written stays, and nobody else needs the pool; or a stream reads on from the
connection while it is sent.

## Example
```py
with SessionLocal() as session:
    order = session.get(Order, order_id)
    receipt = requests.post(PAYMENTS, json={"amount": order.amount}, timeout=10)
    order.receipt = receipt.json()["id"]
    session.commit()
```

## Instead
Read, give the connection back, call, and take one again to write:
```py
with SessionLocal() as session:
    amount = session.get(Order, order_id).amount
receipt = requests.post(PAYMENTS, json={"amount": amount}, timeout=10)
with SessionLocal() as session:
    session.get(Order, order_id).receipt = receipt.json()["id"]
    session.commit()
```

## How to verify
Run more requests at once than the pool has connections against an outside service that answers slowly, and watch the
time until a connection is had. Check what happens when the outside call fails after the first part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable, shares_a_pool
from auditor.rules.claim import Claim, place
from auditor.rules.regions import ends_before, ends_on_the_way, sessions
from auditor.rules.scene import Spot, spot_of, statement_at
from auditor.rules.serving import pools, servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.rules.doings import Step
    from auditor.rules.regions import Region
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="connection-held",
    group="sessions",
    phase=6,
    severity=Severity.MEDIUM,
    title="connection held while waiting for something else",
    playbook="single-session",
    docs=__doc__,
)

WAITED_FOR: Final = ("http", "llm", "mail", "sleep", "subprocess")
"""Kinds of effect that take longer than a query, and need no connection."""
NAMES: Final = {
    "http": "an outside call",
    "llm": "a model's answer",
    "mail": "the handing over of a mail",
    "sleep": "a pause",
    "subprocess": "another program",
}
_BUILT: Final = 4
"""Parts of an answer from which on building it is worth a word."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a block: what it waits for, else the answer that it builds."""
    crowd = crowded(scene)
    for region in sessions(scene):
        waits = [w for w in waiting(scene, region) if is_checked_out(scene, region, w[1][0][1])]
        made = claim(region, *waits[0]) if waits else None
        if made is None and crowd and (answer := built(scene, region)) is not None:
            made = building(region, answer, crowd)
        if made is not None and believable(scene, made) and shares_a_pool(scene, made.spot):
            yield made


def waiting(scene: Scene, region: Region) -> list[tuple[Effect, tuple[Step, ...]]]:
    """What the block waits for with its connection in hand."""
    return [
        (effect, way)
        for effect, way in scene.doings.ways(region.function, region.first, region.last, *WAITED_FOR)
        if is_wait(effect) and not ends_on_the_way(region, way)
    ]


def is_wait(effect: Effect) -> bool:
    """Whether whoever asked for it stands still until it is done."""
    cheap = effect.fact is not None and effect.fact.cheap is not None
    return not (cheap or effect.offloaded or effect.remembered) and effect.target != "socket.getaddrinfo"


def is_checked_out(scene: Scene, region: Region, line: int) -> bool:
    """Whether a query has run before a line: only then is a connection taken from the pool."""
    before = scene.doings.at(region.function, region.first, line - 1, "sql") if line > region.first else []
    return bool(before) and not ends_before(region.function, region.first, line)


def crowded(scene: Scene) -> str:
    """In words, how many requests compete for how few connections; "" where they don't, or nobody can tell."""
    for server in servers(scene):
        for pool in scene.once(pools):
            if server.at_once > pool.most:
                return f"{server.at_once} requests at once in a worker share a pool of {pool.size}"
    return ""


def built(scene: Scene, region: Region) -> Node | None:
    """The `return` in the block that puts an answer together out of several parts and runs no query for it."""
    if is_stream(region):
        return None
    for node in turns.own_nodes(region.function.body):
        if node[0] != ir.RETURN or node[3] is None or not region.holds(node[1]) or node[3][0] != ir.DICT:
            continue
        loops = [n for n in turns.nodes(node[3]) if n[0] == ir.COMP]
        queries = scene.doings.at(region.function, node[1], node[2], "sql")
        if loops and node[3][3] >= _BUILT and all(e.cause == "lazy-load" for e in queries):
            return node
    return None


def is_stream(region: Region) -> bool:
    return region.function.is_generator


def claim(region: Region, effect: Effect, way: tuple[Step, ...]) -> Claim:
    """What is told of a wait."""
    module, line = region.function.module, way[0][1]
    start, end = statement_at(region.function.body, line) or (line, line)
    through = "" if len(way) == 1 else f", by way of `{way[1][0].name}`"
    what = NAMES[effect.kind]
    return Claim(
        spot=Spot(module, region.function, line, start, end),
        title=f"a connection is held during {what}: `{effect.label}`",
        evidence=[
            Evidence(
                kind="code",
                text=f"the connection is taken at `{region.where}` and kept to line {region.last}",
            ),
            Evidence(
                kind="chain",
                text=f"`{effect.label}` at `{effect.site.module.path}:{effect.site.line}`{through}",
            ),
        ],
        confidence=0.85 if len(way) == 1 else 0.75,
        related=[place(region.taken, "held"), place(spot_of(effect.site), "call")],
        subject=effect.label,
        cost_term=TermAtStake(kind=effect.kind),
        could_be_wrong="What it answers decides whether what was written stays.",
        fix="Give the connection back before (commit, or leave the block) and take one again afterwards.",
        guessed=effect.guessed,
    )


def building(region: Region, answer: Node, crowd: str) -> Claim:
    """What is told of an answer."""
    module = region.function.module
    return Claim(
        spot=Spot(module, region.function, answer[1], answer[1], min(answer[2], answer[1] + 11)),
        title="the answer is built while the connection is held",
        evidence=[
            Evidence(
                kind="code",
                text=f"the connection is taken at `{region.where}` and kept to line {region.last}",
            ),
            Evidence(kind="setting", text=crowd),
        ],
        confidence=0.6,
        severity=Severity.LOW,
        related=[place(region.taken, "held")],
        cost_term=TermAtStake(kind="session"),
        could_be_wrong="Putting the answer together takes no time beside the queries.",
        fix="Fetch what the answer needs, leave the block, and build it afterwards.",
    )
