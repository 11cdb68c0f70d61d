"""Retries without a pause

## What it finds
A loop that tries an outside call again right after it failed, or a retry decorator that is not told to wait.

## Why it is slow
A service that answers with an error because it has too much to do gets several times as much. The retries use up their
attempts within milliseconds, when a second's pause would have helped.

## When it does not matter
The next attempt goes to another server, or the call waits inside.

## Example
```py
for attempt in range(5):
    try:
        return client.get(url, timeout=5)
    except httpx.HTTPError:
        continue
```

## Instead
```py
for attempt in range(5):
    try:
        return client.get(url, timeout=5)
    except httpx.HTTPError:
        time.sleep(random.uniform(0, 0.2 * 2**attempt))
```
Retry only what is safe to do twice, and give up within the time that the caller has.

## How to verify
Let the other side fail a few times and look at the times between the attempts, and at how long the request takes when
all of them fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import Spot, spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="retry-without-backoff",
    group="outside-calls",
    phase=6,
    severity=Severity.MEDIUM,
    title="retry without a pause",
    playbook="outside-calls",
    docs=__doc__,
)

_OUTSIDE: Final = ("http", "llm", "mail")
_LEAVING: Final = frozenset({ir.RETURN, ir.BREAK, ir.RAISE})
_PAUSES: Final = ("sleep", "wait", "backoff", "delay", "pause", "throttle")
_COUNTERS: Final = frozenset({"range", "count"})
_TELLING: Final = frozenset({"print", "log", "debug", "info", "warning", "error", "exception"})


def find(scene: Scene) -> Iterator[Claim]:
    """Loops that try again at once, and decorators of tenacity that do."""
    for module in scene.project.modules:
        for function in module.functions if module.role == "app" else ():
            for node in turns.own_nodes(function.body):
                tried = attempt(node)
                if tried is None or pauses(scene, function, node):
                    continue
                last = tried[3][-1][2] if tried[3] else tried[2]
                found = scene.doings.at(function, tried[1], last, *_OUTSIDE)
                if found and not any(e.fact is not None and e.fact.cheap for e in found):
                    made = claim(function, node, found[0])
                    if believable(scene, made):
                        yield made
            yield from decorated(scene, function)


def attempt(node: Node) -> Node | None:
    """The `try` of a loop that counts attempts: success leaves the loop, failure does not."""
    if node[0] == ir.FOR:
        counts = node[4][0] == ir.CALL and turns.name_of(node[4][2]) in _COUNTERS
        body: Sequence[Node] = node[5] if counts else ()
        target = turns.targets_of(node[3])
    elif node[0] == ir.WHILE:
        body, target = node[4], frozenset()
    else:
        return None
    for s in body:
        if s[0] != ir.TRY or not s[4] or any(target & turns.free_names(t) for t in s[3] if not only_says(t)):
            continue  # each turn tries something else
        succeeds = any(x[0] in {ir.RETURN, ir.BREAK} for part in (s[3], s[5]) for x in turns.nodes(part))
        again = [
            h for h in s[4] if not any(x[0] in _LEAVING and not is_behind(h[2], x) for x in turns.nodes(h[2]))
        ]
        if succeeds and again:
            return s
    return None


def only_says(statement: Node) -> bool:
    """Whether it only says something: `logger.info("attempt %s", number)`."""
    if statement[0] != ir.EXPR or statement[3][0] != ir.CALL:
        return False
    return turns.name_of(statement[3][2]) in _TELLING


def is_behind(block: tuple[Node, ...], statement: Node) -> bool:
    """Whether a condition stands before a statement of a handler: only the last attempt gives up."""
    return any(s[0] == ir.IF and s[1] <= statement[1] <= s[2] for s in block)


def pauses(scene: Scene, function: Function, loop: Node) -> bool:
    """Whether something in the loop waits, going by what it does and how it is called."""
    if scene.doings.at(function, loop[1], loop[2], "sleep", "lock"):
        return True
    return any(
        n[0] == ir.CALL and any(word in turns.name_of(n[2]).lower() for word in _PAUSES)
        for n in turns.nodes(loop)
    )


def claim(function: Function, loop: Node, effect: Effect) -> Claim:
    """What is told of a loop."""
    return Claim(
        spot=Spot(function.module, function, loop[1], loop[1], loop[1]),
        title=f"`{effect.label}` is tried again without a pause",
        evidence=[
            Evidence(kind="loop", text=f"the loop at line {loop[1]} goes on when the call fails"),
            Evidence(kind="code", text=f"`{effect.label}` at `{effect.site.module.path}:{effect.site.line}`"),
            Evidence(kind="note", text="nothing in the loop waits"),
        ],
        confidence=0.75,
        related=[place(spot_of(effect.site), "call")],
        subject=effect.label,
        could_be_wrong="Each attempt goes to another server, or the call waits inside.",
        fix="Wait between attempts, longer each time and by a random part of it, and give up in time.",
        guessed=effect.guessed,
    )


def decorated(scene: Scene, function: Function) -> Iterator[Claim]:
    """A function that tenacity calls again at once when it fails."""
    for node in function.decorators:
        target = node[2] if node[0] == ir.CALL else node
        symbol = scene.project.resolve_expression(function.module, target, function.parent)
        if not getattr(symbol, "name", "").startswith("tenacity.") or turns.name_of(target) != "retry":
            continue
        given = {key for key, _ in node[4]} if node[0] == ir.CALL else set()
        found = scene.doings.at(function, function.line, function.end_line, *_OUTSIDE)
        if "wait" in given or None in given or not found:
            continue
        yield Claim(
            spot=Spot(function.module, function, node[1], node[1], node[1]),
            title=f"`{function.name}` is tried again without a pause",
            evidence=[
                Evidence(kind="code", text="`retry` waits only where `wait` says so"),
                Evidence(
                    kind="code",
                    text=f"`{found[0].label}` at `{found[0].site.module.path}:{found[0].site.line}`",
                ),
            ],
            confidence=0.85,
            related=[place(spot_of(found[0].site), "call")],
            subject=function.name,
            could_be_wrong="What fails is never the other side having too much to do.",
            fix="Add `wait=wait_random_exponential(max=...)`.",
        )
