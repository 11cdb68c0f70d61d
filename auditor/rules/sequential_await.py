"""Outside calls awaited one after the other

## What it finds
Two or more statements in a row that each wait for an outside call, where none needs what the one before it gave.

## Why it is slow
The request takes the sum of the waits, when it could take the longest of them.

## When it does not matter
The order is wanted, the other side admits one call at a time, or the second is made only if the first succeeds.

## Example
```py
user = await client.get(f"{USERS}/{user_id}")
orders = await client.get(f"{ORDERS}?user={user_id}")
```

## Instead
```py
user, orders = await asyncio.gather(
    client.get(f"{USERS}/{user_id}"),
    client.get(f"{ORDERS}?user={user_id}"),
)
```

## How to verify
Let each call take a second: the request must take one, not their sum. Check what happens when the first fails while the
second is on its way. Queries on one session can't run at the same time, and are not reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import Spot
from auditor.rules.work_before_guard import read_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="sequential-await",
    group="outside-calls",
    phase=6,
    severity=Severity.MEDIUM,
    title="outside calls awaited one after the other",
    playbook="outside-calls",
    docs=__doc__,
)

_OUTSIDE: Final = ("http", "llm")


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a run of statements."""
    for module in scene.project.modules:
        for function in module.functions if module.role == "app" else ():
            if not function.is_async:
                continue
            for block in blocks(function.body):
                for run in runs(scene, function, block):
                    made = claim(function, run)
                    if believable(scene, made):
                        yield made


def blocks(block: Sequence[Node]) -> Iterator[Sequence[Node]]:
    """Every list of statements of a function's own code."""
    yield block
    for s in block:
        if s[0] not in {ir.DEF, ir.CLASS}:
            for inner in inner_blocks(s):
                yield from blocks(inner)


def runs(scene: Scene, function: Function, block: Sequence[Node]) -> Iterator[list[tuple[Node, Effect]]]:
    """Neighbours that wait for outside calls and need nothing of each other."""
    run: list[tuple[Node, Effect]] = []
    bound: set[str] = set()
    for s in block:
        effect = waited(scene, function, s)
        if effect is None or read_by(s) & bound:
            if len(run) > 1:
                yield run
            run, bound = [], set()
        if effect is not None:
            run.append((s, effect))
            bound |= {n for node in turns.nodes(s) if node[0] >= ir.ASSIGN for n in turns.bound_by(node)}
    if len(run) > 1:
        yield run


def waited(scene: Scene, function: Function, s: Node) -> Effect | None:
    """The outside read that a plain statement awaits; None where it does anything else besides."""
    if s[0] != ir.ASSIGN:
        return None
    value = s[4]
    if value[0] != ir.AWAIT or value[2][0] != ir.CALL or turns.name_of(value[2][2]) == "gather":
        return None
    kinds = ("http", "llm", "sql", "transaction", "mail", "task", "subprocess", "lock")
    found = [e for e in scene.doings.at(function, s[1], s[2], *kinds) if not (e.fact and e.fact.cheap)]
    plain = found and all(e.kind in _OUTSIDE and (e.operation != "write" or e.kind == "llm") for e in found)
    return found[0] if plain else None


def claim(function: Function, run: list[tuple[Node, Effect]]) -> Claim:
    """What is told of them."""
    first, last = run[0][0], run[-1][0]
    labels = ", ".join(f"`{e.label}`" for e in dict.fromkeys(e for _, e in run))
    return Claim(
        spot=Spot(function.module, function, last[1], max(first[1], last[2] - 11), last[2]),
        title=f"{len(run)} outside calls are awaited one after the other, and none needs the one before",
        evidence=[
            Evidence(kind="code", text=f"{labels}: each statement waits before the next begins"),
            *(Evidence(kind="code", text=f"`{e.label}` is awaited at line {s[1]}") for s, e in run[:4]),
        ],
        confidence=0.75,
        related=[place(Spot(function.module, function, s[1], s[1], s[2]), "call") for s, _ in run[:3]],
        cost_term=TermAtStake(kind=run[0][1].kind, low=len(run), high=len(run), after=CostTerm()),
        could_be_wrong="The order is wanted, or the second is made only if the first succeeds.",
        fix="Await them together: `asyncio.gather`, or a task group.",
        guessed=any(e.guessed for _, e in run),
    )
