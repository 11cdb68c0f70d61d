"""A blocking call in asynchronous code

## What it finds
An `async def` that a server or a worker runs, and on its way, itself or through plain functions, something
that holds the thread while it waits: `requests`, `time.sleep`, a synchronous database session, a
subprocess, a large copy.

## Why it is slow
The event loop runs on one thread. While that thread waits, no other request of the process moves: one slow
partner stops everybody, and the health check with them.

## When it does not matter
The call goes to a thread (`asyncio.to_thread`, `run_in_executor`, `sync_to_async`), the handler is a plain
`def`, which FastAPI and Starlette run in a thread pool, or the loop serves nobody else, as in a command.

## Example
```py
@app.get("/quote")
async def quote(sku: str):
    return requests.get(f"{PRICES}/{sku}", timeout=2).json()
```

## Instead
An asynchronous client, a thread, or a plain `def`:
```py
@app.get("/quote")
async def quote(sku: str):
    return (await client.get(f"{PRICES}/{sku}")).json()
```

## How to verify
Send eight requests at once, one of them to a partner that takes a second: the other seven must not wait for
it.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.same import Same
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import Spot, spot_of, statement_at, statement_of
from auditor.rules.slow_hashes import slow_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.model.effect import EffectKind
    from auditor.rules.scene import Scene
    from auditor.rules.slow_hashes import SlowHash
    from auditor.trace.summary import Effect, Frames

RULE = RuleInfo(
    id="blocking-in-async",
    group="request-path",
    phase=6,
    severity=Severity.HIGH,
    title="blocking call in asynchronous code",
    playbook="off-event-loop",
    by_file=True,
    docs=__doc__,
)

_ASYNCHRONOUS: Final = frozenset({"tortoise"})
"""Mappers whose statements nothing but a coroutine can wait for."""
_CONFIDENCE: Final[dict[EffectKind, float]] = {
    "sleep": 0.95,
    "http": 0.9,
    "llm": 0.9,
    "subprocess": 0.85,
    "mail": 0.85,
    "sql": 0.8,
    "transaction": 0.75,
    "session": 0.6,
    "cache": 0.6,
    "file": 0.55,
}
_HIGH: Final = frozenset({"sleep", "http", "llm", "subprocess", "mail"})
_LARGE: Final = frozenset(
    "copytree copyfile copyfileobj copy copy2 move rmtree make_archive unpack_archive extractall read_csv "
    "read_excel read_parquet to_csv to_excel read_json".split()
)
"""Library functions that work through a whole file or tree; a small file is not worth a thread."""
_NOTED: Final = frozenset({"add", "add_all", "append", "extend"})
"""What a session only notes down; it writes when it is flushed."""
_DEPTH: Final = 8
_OFFLOADING: Final = frozenset(
    {"sync_to_async", "database_sync_to_async", "run_in_threadpool", "to_thread", "run_in_executor"}
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per statement of asynchronous code that leads to something blocking, for the worst of it."""
    served = {id(function) for function in on_the_loop(scene)}
    best: dict[tuple[str, int], Claim] = {}
    for spot, effect, path in blocked(scene) if served else ():
        if id(spot.function) not in served:
            continue
        made = claim(spot, effect, path)
        known = best.get(spot.key)
        if believable(scene, made) and (known is None or made.confidence > known.confidence):
            best[spot.key] = made
    for made in hashing(scene):
        if made.spot.key not in best and believable(scene, made):
            best[made.spot.key] = made
    yield from best.values()


def hashing(scene: Scene) -> Iterator[Claim]:
    """Passwords that are hashed, or held against a hash, on the event loop's thread."""
    handlers = (
        r.entry.handler for r in scene.trace.entries if r.entry is not None and r.entry.kind != "command"
    )
    functions = {id(f): f for f in (*handlers, *on_the_loop(scene)) if f.is_async}
    for function in functions.values():
        for found in slow_hashes(scene, function):
            yield hash_claim(function, found)


def hash_claim(function: Function, found: SlowHash) -> Claim:
    """What is told of it."""
    start, end = statement_at(function.body, found.line) or (found.line, found.line)
    path = "" if found.where is function else f"by way of `{found.where.name}`, "
    return Claim(
        spot=Spot(function.module, function, found.line, start, end),
        title=f"`{found.name}` computes on the event loop that runs `{function.name}`, a tenth of a second or more",
        evidence=[
            Evidence(
                kind="code",
                text=f"`{function.name}` is asynchronous, so it runs on the event loop's only thread",
            ),
            Evidence(
                kind="chain" if path else "code",
                text=f"{path}`{found.name}` at `{found.where.module.path}:{found.at}` is slow on purpose",
            ),
        ],
        confidence=0.75,
        severity=Severity.MEDIUM,
        related=[place(statement_of(found.where, found.at), "call")],
        could_be_wrong="It is set to so few rounds that it takes no time, or hardly anybody asks for it.",
        fix="Run it by `asyncio.to_thread` or the framework's thread pool: these libraries release the interpreter's lock.",
    )


def on_the_loop(scene: Scene) -> list[Function]:
    """The asynchronous functions that an endpoint's event loop runs, through asynchronous ones alone."""
    queue = deque(
        call.callee
        for root in scene.trace.entries
        if root.entry is not None and root.entry.kind != "command"
        for call in root.summary.calls
        if call.callee.is_async and not call.frames
    )
    found: dict[int, Function] = {}
    while queue:
        function = queue.popleft()
        if id(function) in found:
            continue
        found[id(function)] = function
        summary = scene.trace.machine.summaries.get(id(function))
        for call in () if summary is None else summary.calls:
            if call.callee.is_async and not call.offloaded and all(f.is_async for f, _ in call.frames):
                queue.append(call.callee)
    return list(found.values())


def blocked(scene: Scene) -> Iterator[tuple[Spot, Effect, list[Function]]]:
    """What asynchronous code waits for in the thread, with the plain functions in between."""
    for _, effect in scene.effects():
        if is_blocking(effect):
            spot, path = border(effect.frames, effect.site.function, spot_of(effect.site))
            if not leaves_the_thread(spot, path) and not is_awaited(effect.site.function, effect.node):
                yield spot, effect, path
    below: dict[int, tuple[Effect, list[Function]] | None] = {}
    for scope in scene.scopes:
        for call in scope.calls:
            if (
                call.callee.is_async
                or call.deferred
                or call.offloaded
                or call.remembered
                or offloads(call.callee)
            ):
                continue
            spot, path = border(call.frames, call.site.function, spot_of(call.site))
            if leaves_the_thread(spot, path) or is_awaited(call.site.function, call.node):
                continue
            if id(call.callee) not in below:
                below[id(call.callee)] = nearest(scene, call.callee)
            found = below[id(call.callee)]
            if found is not None:
                yield spot, found[0], [*path, *found[1]]


def border(frames: Frames, home: Function | None, own: Spot) -> tuple[Spot, list[Function]]:
    """The last statement of asynchronous code on the way to a place, and the plain functions after it."""
    chain = [(function, line) for function, line in frames]
    below = [] if home is None else [home]
    if home is not None and home.is_async:
        return own, []
    while chain:
        function, line = chain.pop()
        if function.is_async:
            start, end = statement_at(function.body, line) or (line, line)
            return Spot(function.module, function, line, start, end), below
        below.insert(0, function)
    return own, below


def leaves_the_thread(spot: Spot, path: list[Function]) -> bool:
    """Whether no asynchronous code waits: there is none, or a wrapper runs the rest in a thread."""
    return spot.function is None or not spot.function.is_async or any(offloads(f) for f in path)


def offloads(function: Function) -> bool:
    """A function whose decorator runs it in a thread."""
    names = {turns.root_name(d) for d in function.decorators} | {
        n[3] for d in function.decorators for n in turns.nodes(d) if n[0] == ir.ATTR
    }
    return bool(names & _OFFLOADING)


def nearest(scene: Scene, callee: Function) -> tuple[Effect, list[Function]] | None:
    """The worst blocking operation below a plain function, through plain functions alone."""
    queue: deque[tuple[Function, list[Function]]] = deque([(callee, [callee])])
    seen: set[int] = set()
    found: list[tuple[Effect, list[Function]]] = []
    while queue:
        function, path = queue.popleft()
        summary = scene.trace.machine.summaries.get(id(function))
        if summary is None or id(function) in seen or len(path) > _DEPTH:
            continue
        seen.add(id(function))
        found.extend(
            (e, path) for e in summary.effects if is_blocking(e) and not is_awaited(e.site.function, e.node)
        )
        queue.extend(
            (c.callee, [*path, c.callee])
            for c in summary.calls
            if not (c.callee.is_async or c.deferred or c.offloaded or c.remembered or offloads(c.callee))
        )
    return max(found, key=lambda f: (_CONFIDENCE[f[0].kind], -len(f[1])), default=None)


def is_blocking(effect: Effect) -> bool:
    """Whether the operation holds the thread while it waits."""
    if effect.remembered or effect.offloaded or effect.kind not in _CONFIDENCE:
        return False
    if effect.query is not None and effect.query.orm in _ASYNCHRONOUS:
        return False
    if effect.fact is not None:
        large = effect.kind != "file" or effect.target.rpartition(".")[2] in _LARGE
        return effect.fact.blocking and not effect.fact.is_async and large
    node = effect.node
    noted = node is not None and node[0] == ir.CALL and turns.name_of(node[2]) in _NOTED
    told = effect.cause in {"query", "write", "commit"} or (effect.cause == "call" and effect.kind == "sql")
    return effect.kind in {"sql", "transaction"} and told and not noted


def is_awaited(function: Function | None, node: Node | None) -> bool:
    """Whether an `await`, an `async for` or an `async with` of the function waits for the expression."""
    if function is None or node is None or not function.is_async:
        return False
    return id(node) in awaited(Same(function.body))


@lru_cache(maxsize=4096)
def awaited(body: Same) -> frozenset[int]:
    """The identities of the expressions that something asynchronous in a function's body waits for."""
    found: set[int] = set()
    for n in turns.nodes(body.tree):
        if n[0] == ir.AWAIT:
            found |= {id(n)} | turns.identities(n[2])
        elif n[0] == ir.FOR and n[7]:
            found |= {id(n)} | turns.identities(n[4])
        elif n[0] == ir.WITH and n[5]:
            found |= {i for item in n[3] for i in turns.identities(item)}
        elif n[0] == ir.COMP:
            for clause in n[4]:
                if clause[3]:
                    found |= {id(n)} | turns.identities(clause[1])
    return frozenset(found)


def claim(spot: Spot, effect: Effect, path: list[Function]) -> Claim:
    """What is told of it."""
    way = " → ".join(f"`{f.name}`" for f in path)
    name = "" if spot.function is None else spot.function.name
    return Claim(
        spot=spot,
        title=f"`{effect.label}` blocks the event loop that runs `{name}`",
        evidence=[
            Evidence(
                kind="code", text=f"`{name}` is asynchronous, so it runs on the event loop's only thread"
            ),
            Evidence(
                kind="chain" if path else "code",
                text=f"{way + ' leads to ' if way else ''}`{effect.label}`, which holds the thread, at "
                f"`{effect.site.module.path}:{effect.site.line}`",
            ),
        ],
        confidence=_CONFIDENCE[effect.kind] - (0.1 if len(path) > 3 else 0),
        severity=Severity.HIGH if effect.kind in _HIGH else Severity.MEDIUM,
        related=[place(spot_of(effect.site), "call")],
        subject="",
        could_be_wrong="It answers in well under a millisecond, or this code has an event loop of its own.",
        fix=f"Use an asynchronous client, or `asyncio.to_thread`, or make `{name}` a plain `def`.",
        guessed=effect.guessed,
    )
