"""A lock held while waiting

## What it finds
A lock between threads or coroutines of one process that is held while an outside call, a query, a pause or another
program is waited for.

## Why it is slow
Everybody who needs the lock waits for the outside call too, one after the other: with it held for 200 ms, five requests a
second is all the process can do, whatever the number of threads.

## When it does not matter
It is held for the first caller only, who fills a cache for the others; or the other side admits one call at a time.

## Example
```py
with LOCK:
    token = requests.post(TOKENS, timeout=5).json()["token"]
    TOKEN["value"] = token
```

## Instead
```py
token = requests.post(TOKENS, timeout=5).json()["token"]
with LOCK:
    TOKEN["value"] = token
```

## How to verify
Let the outside call take a second and send several requests at once: they must not answer one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.connection_held import NAMES, is_wait
from auditor.rules.regions import withs
from auditor.rules.scene import Spot, spot_of, statement_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.doings import Step
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="lock-across-io",
    group="request-path",
    phase=6,
    severity=Severity.MEDIUM,
    title="lock held while waiting",
    playbook="off-event-loop",
    docs=__doc__,
)

_WAITED_FOR: Final = ("http", "llm", "mail", "sleep", "subprocess", "sql")
_INSIDE: Final = ("threading.", "multiprocessing.", "asyncio.", "gevent.", "anyio.", "trio.")
"""Libraries whose locks are about this process; a lock that several machines share is there to cover a job."""
_MADE: Final = frozenset({"Lock", "RLock", "Condition"})
_LOCKS: Final = ("Lock", "Condition")


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a block."""
    for function, node in scene.once(withs):
        if not node[4] or not is_lock(scene, function, node):
            continue
        first = node[4][0][1]
        for effect, way in scene.doings.ways(function, first, node[2], *_WAITED_FOR):
            if not is_wait(effect) or effect.cause == "lazy-load" or is_filled_once(node, way[0][1]):
                continue
            if is_conditional(scene, effect, first, node[2]):
                continue
            made = claim(function, node, effect, way)
            if audience(scene, made.spot) != "command" and believable(scene, made):
                yield made
            break


def is_lock(scene: Scene, function: Function, node: Node) -> bool:
    """Whether what is entered is itself a lock of this process, that one holds at a time."""
    found = scene.doings.ways(function, node[1], max(node[1], node[4][0][1] - 1), "lock")
    taken = any(
        len(way) == 1 and e.target.startswith(_INSIDE) and any(k in e.target for k in _LOCKS)
        for e, way in found
    )
    return taken and not any(
        is_limit(function, expression) or is_own(scene, function, expression) for expression, _ in node[3]
    )


def is_own(scene: Scene, function: Function, expression: Node) -> bool:
    """Whether the function has made the lock itself, for this call: nobody else waits for it."""
    bound = scene.texts.of(function).bindings.get(expression[2], ()) if expression[0] == ir.NAME else ()
    made = bound[0][4] if len(bound) == 1 and bound[0][0] == ir.ASSIGN else None
    return made is not None and made[0] == ir.CALL and turns.name_of(made[2]) in _MADE


def is_limit(function: Function, expression: Node) -> bool:
    """Whether it lets several in, going by its name and by what its module makes it."""
    name = turns.name_of(expression)
    made = [
        turns.name_of(n[4][2])
        for n in turns.nodes(function.module.body)
        if n[0] == ir.ASSIGN and n[4][0] == ir.CALL and any(turns.name_of(t) == name for t in n[3])
    ]
    return any(word in text.lower() for text in (name, *made) for word in ("sem", "limit"))


def is_filled_once(block: Node, line: int) -> bool:
    """Whether the block looks first whether another caller has done it meanwhile, and leaves."""
    return any(
        s[0] == ir.IF and s[1] < line and any(n[0] in {ir.RETURN, ir.RAISE} for n in turns.nodes(s[4]))
        for s in block[4]
    )


def is_conditional(scene: Scene, effect: Effect, first: int, last: int) -> bool:
    """Whether a condition inside the block decides it: the first caller fills what the others find."""
    for identity, _ in effect.branch:
        guard = scene.trace.machine.guards.get(identity)
        if guard is not None and guard.node[0] != ir.TRY and first <= guard.line <= last:
            return True
    return False


def claim(function: Function, node: Node, effect: Effect, way: tuple[Step, ...]) -> Claim:
    """What is told of it."""
    line = way[0][1]
    start, end = statement_at(function.body, line) or (line, line)
    through = "" if len(way) == 1 else f", by way of `{way[1][0].name}`"
    what = NAMES.get(effect.kind, "a query")
    taken = Spot(function.module, function, node[1], node[1], node[1])
    return Claim(
        spot=Spot(function.module, function, line, start, end),
        title=f"a lock is held during {what}: `{effect.label}`",
        evidence=[
            Evidence(
                kind="code",
                text=f"the lock is taken at `{function.module.path}:{node[1]}` and held to line {node[2]}",
            ),
            Evidence(
                kind="chain",
                text=f"`{effect.label}` at `{effect.site.module.path}:{effect.site.line}`{through}",
            ),
        ],
        confidence=0.75 if effect.kind != "sql" else 0.65,
        related=[place(taken, "held"), place(spot_of(effect.site), "call")],
        subject=effect.label,
        cost_term=TermAtStake(kind=effect.kind),
        could_be_wrong="Only one caller at a time is meant to do it.",
        fix="Wait outside the lock, and hold it only to store the outcome.",
        guessed=effect.guessed,
    )
