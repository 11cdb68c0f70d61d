"""An outside call once per item

## What it finds
A loop that goes to another service on every turn and waits for the answer: an HTTP request, a model, a mail
server, a cache, a queue. The call may be far below the loop, in a helper or a client class.

## Why it is slow
Each call costs a round trip, and the next one does not start before it is over: twenty items at 80 ms each
are 1.6 seconds in which the process does nothing.

## When it does not matter
The loop retries or turns pages, it walks over a few constants, the calls are gathered and run side by side,
or the loop runs in a job whose duration nobody notices.

## Example
```py
for item in cart.items:
    prices[item.sku] = requests.get(f"{PRICES}/{item.sku}", timeout=2).json()
```

## Instead
Ask for all of them at once where the other side offers it, else let the calls run side by side:
```py
prices = requests.post(f"{PRICES}/batch", json=[i.sku for i in cart.items], timeout=2).json()
```
For a cache that is `get_many` and `set_many`, for Redis a pipeline, for coroutines `asyncio.gather` with a
limit.

## How to verify
Count the outside calls of one request with one item and with twenty. Check what happens when one of them
fails: a batch fails as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import mostly_one, turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.loop_names import its_items, loop_name, per_item, sentence, the_loop
from auditor.rules.query_in_loop import BATCHED
from auditor.rules.scene import spot_of
from auditor.rules.tried_until import is_tried_until
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.model.effect import EffectKind
    from auditor.rules.scene import Looped, Scene
    from auditor.trace.summary import Effect, Loop

RULE = RuleInfo(
    id="call-in-loop",
    group="outside-calls",
    phase=6,
    severity=Severity.HIGH,
    title="outside call in a loop",
    playbook="outside-calls",
    docs=__doc__,
)

_KINDS: Final[tuple[EffectKind, ...]] = ("http", "llm", "mail", "cache", "task")
_SEVERITY: Final = {"cache": Severity.MEDIUM, "task": Severity.LOW, "mail": Severity.MEDIUM}
_WORDS: Final = {
    "http": "an HTTP request",
    "llm": "a call of a model",
    "mail": "a message handed to the mail server",
    "cache": "a round trip to the cache",
    "task": "a round trip to the queue",
}
_HTTP: Final = frozenset(
    {"requests", "httpx", "aiohttp", "urllib", "urllib3", "http", "pycurl", "treq", "niquests"}
)
_BATCHES: Final = (*BATCHED, "partitions")
_ANY: Final = 99
_NEAR: Final = {"cache": 3, "task": 2}
"""Calls between loop and operation beyond which a cheap kind is lost among what else the turn does."""
_STEPS: Final = frozenset({"cwd", "mkd", "chdir", "mkdir"})
"""Commands of a connection that walks through folders: each stands on the one before."""
_DEEP: Final = 3
"""Functions between loop and call beyond which a turn is a job of its own, which no batch replaces."""


def find(scene: Scene) -> Iterator[Claim]:
    """Calls that a turn waits for: one claim per statement, for the dearest kind; one per loop for tasks."""
    best: dict[tuple[object, ...], tuple[int, Claim]] = {}
    for looped, effect, depth in candidates(scene):
        if depth > _NEAR.get(effect.kind, _ANY) or not matters(scene, looped, effect):
            continue
        made = claim(scene, looped, effect, depth=depth)
        key = (
            (*looped.spot.key,)
            if effect.kind != "task"
            else (looped.spot.module.path, looped.loop.site.start, "task")
        )
        rank = _KINDS.index(effect.kind)
        known = best.get(key)
        if believable(scene, made) and (
            known is None or (rank, -made.confidence) < (known[0], -known[1].confidence)
        ):
            best[key] = (rank, made)
    yield from (made for _, made in best.values())


def candidates(scene: Scene) -> Iterator[tuple[Looped, Effect, int]]:
    """Operations that turns wait for, each with how many calls lie between the loop and it."""
    for looped in scene.looped_effects():
        if looped.effect is not None and looped.effect.kind in _KINDS and is_sequential(looped):
            yield looped, looped.effect, len(below(looped))
    for kind in _KINDS:
        for looped in scene.looped_calls(kind):
            if looped.call is None or looped.call.deferred or not is_sequential(looped):
                continue
            for effect, path in scene.effects_below(looped.call.callee, kind, aside=False):
                yield looped, effect, len(path) + len(below(looped))


def below(looped: Looped) -> tuple[object, ...]:
    """The calls between the loop and the place, where a caller's arguments decided it."""
    home = looped.loop.site.function
    names = [function for function, _ in looped.frames]
    return tuple(names[names.index(home) :]) if home in names else tuple(names)


def is_sequential(looped: Looped) -> bool:
    """Whether the next turn starts after this one's answer: no retry, no pages, nothing side by side."""
    loop = looped.loop
    if loop.kind == "while" or turns.is_retry(loop) or turns.is_last(looped) or is_over_addresses(loop):
        return False
    if is_tried_until(looped):
        return False
    if looped.call is not None:
        offloaded, asynchronous, node = looped.call.offloaded, looped.call.callee.is_async, looped.call.node
    elif looped.effect is not None:
        fact = looped.effect.fact
        offloaded, asynchronous = looped.effect.offloaded, fact is not None and fact.is_async
        node = looped.effect.node
    if offloaded or not asynchronous:
        return not offloaded
    return turns.waits(loop, node, looped.spot.line)


def is_over_addresses(loop: Loop) -> bool:
    """A loop over the addresses of one host: there are one or two, and the first that answers is taken."""
    node, function = loop.node, loop.site.function
    if node is None or node[0] != ir.FOR:
        return False
    given = [node[4]]
    if node[4][0] == ir.NAME and function is not None:
        given += [
            s[4]
            for s in turns.own_nodes(function.body)
            if s[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == node[4][2] for t in s[3])
        ]
    calls = (n[2] if n[0] == ir.AWAIT else n for n in given)
    return any(n[0] == ir.CALL and turns.name_of(n[2]) == "getaddrinfo" for n in calls)


def matters(scene: Scene, looped: Looped, effect: Effect) -> bool:
    """Whether something is gained.

    Cheap calls don't matter, nor what only a person at a prompt waits for. A cache that can't be asked for many
    at once leaves nothing to do, and spreading tasks is what workers are for.
    """
    if effect.fact is not None and effect.fact.cheap is not None:
        return False
    if effect.label.rpartition(".")[2] in _STEPS:
        return False
    waiting = audience(scene, looped.spot)
    if waiting == "command":
        return False
    if effect.kind == "cache":
        return effect.fact is not None and effect.fact.batch is not None and not is_dwarfed(scene, looped)
    if effect.kind == "task":
        return waiting == "request"
    return effect.kind != "mail" or "send" in effect.label.lower()  # not the reading of a mailbox


def is_dwarfed(scene: Scene, looped: Looped) -> bool:
    """Whether the same turn does what costs more than a cache: queries, requests."""
    return (looped.spot.module.path, looped.loop.site.start) in scene.busy_loops


def waited_for(effect: Effect) -> str:
    """What a turn waits for, in words; only what speaks HTTP is called so."""
    if effect.kind != "http" or effect.target.partition(".")[0] in _HTTP:
        return _WORDS[effect.kind]
    return "an answer from outside"


def at(effect: Effect) -> str:
    """The place of an operation, for people."""
    return f"`{effect.site.module.path}:{effect.site.line}`"


def claim(scene: Scene, looped: Looped, effect: Effect, *, depth: int) -> Claim:
    """What is told of it."""
    items = its_items(looped.loop)
    background = audience(scene, looped.spot) != "request"
    constant = loop_name(looped.loop).isupper()
    confidence = 0.9 if depth < 2 else 0.8 if depth <= _DEEP else 0.45
    if effect.kind == "task":
        confidence = 0.45  # one job an item is what workers are for
    if turns.conditions_inside(looped.loop, effect.branch):
        confidence -= 0.1
    if background:
        confidence -= 0.15
    if constant:  # as many as its source says
        confidence -= 0.45
    if loop_name(looped.loop).endswith(_BATCHES):
        confidence -= 0.45
    confidence -= mostly_one.doubt(looped.loops)
    severity = _SEVERITY.get(effect.kind, Severity.HIGH)
    return Claim(
        spot=looped.spot,
        title=f"`{effect.label}` is called once {per_item(looped.loop)}",
        evidence=[
            Evidence(kind="loop", text=f"{the_loop(looped.loop)} starts at line {looped.loop.site.start}"),
            Evidence(
                kind="code",
                text=f"each turn waits for {waited_for(effect)} at {at(effect)}",
            ),
        ],
        confidence=confidence,
        severity=Severity.LOW if background and severity is not Severity.HIGH else severity,
        related=[place(spot_of(effect.site), "call"), place(spot_of(looped.loop.site), "loop")],
        subject=effect.kind,
        cost_term=TermAtStake(kind=effect.kind, sizes=sizes(looped.loops)),
        could_be_wrong=f"{sentence(items)} are never more than a few, or nobody can be asked for many at once.",
        fix=remedy(effect, items),
        indirect=depth > 0,
        guessed=effect.guessed or (looped.call is not None and looped.call.guessed),
    )


def remedy(effect: Effect, items: str) -> str:
    """What to do instead, in a sentence."""
    if is_of_one_key(effect):
        return f"Ask once before the loop over {items}: every turn asks for the same entry."
    batch = effect.fact.batch if effect.fact is not None else None
    return (
        f"Use `{batch}` for all of {items}." if batch else f"Ask for all of {items} at once, or side by side."
    )


def is_of_one_key(effect: Effect) -> bool:
    """Whether a cache is asked for an entry that the source names: `cache.get(PLANS_KEY)`."""
    node = effect.node
    if (
        effect.kind != "cache"
        or effect.operation == "write"
        or node is None
        or node[0] != ir.CALL
        or not node[3]
    ):
        return False
    key = node[3][0]
    return bool(key[0] == ir.CONST or turns.name_of(key).isupper())
