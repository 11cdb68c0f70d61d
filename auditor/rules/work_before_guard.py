"""Queries before a check that throws them away

## What it finds
Queries whose results are read only after a condition that may return without them. The condition needs none of what
they give, so it could come first.

## Why it is slow
Whoever is turned away at the condition pays for the whole page. Where that is the common case (a closed shop, an
empty cart, an answer that has not changed), most of the work is for nothing.

## When it does not matter
The condition almost never holds, or asking it costs more than the queries do.

## Example
```py
hours = hours_for(session, ids)
ratings = ratings_for(session, ids)
if is_holiday(session, day):
    return closed_page()
return page(hours, ratings)
```

## Instead
```py
if is_holiday(session, day):
    return closed_page()
hours = hours_for(session, ids)
ratings = ratings_for(session, ids)
return page(hours, ratings)
```

## How to verify
Count the statements of a request that the condition turns away, before and after; compare the answers of one that it
lets through. Where both the condition and the queries can fail, check which error comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.scene import Spot, spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="work-before-guard",
    group="queries",
    phase=2,
    severity=Severity.MEDIUM,
    title="queries before a check that throws them away",
    playbook="guard-before-work",
    docs=__doc__,
)

_ACTS: Final = ("sql", "transaction", "http", "cache", "mail", "task", "file", "lock", "llm", "subprocess")
_RAISING: Final = frozenset(
    "get one aget get_object_or_404 aget_object_or_404 first_or_404 get_or_404 abort".split()
)
"""Calls that fail where there is nothing: which of two errors comes first is part of the answer."""
_REFUSALS: Final = frozenset(
    {"abort", "HttpResponseBadRequest", "HttpResponseForbidden", "HttpResponseNotFound", "Http404"}
)
_SETTINGS: Final = frozenset({"settings", "config", "conf", "environ", "getenv"})
_HOLDING: Final = frozenset({"app", "current_app", "application", "os", "django"})
"""`settings.SHOP`, `app.config["SHOP"]`, `os.environ.get("SHOP")`: what is the same for all requests."""
_DEPTH: Final = 4
"""Calls followed in search of a refusal."""
_SPAN: Final = 11
_SHOWN: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Wasted:
    """Statements that a guard makes useless, with what they query."""

    function: Function
    statements: tuple[Node, ...]
    effects: tuple[Effect, ...]
    guard: Node


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per guard, the widest of a function's."""
    for module in scene.project.modules:
        if module.role != "app":
            continue
        for function in module.functions:
            if id(function) in scene.doings.effects or id(function) in scene.doings.calls:
                found = [w for block in blocks(function.body) for w in wasted(scene, function, block)]
                if found:
                    made = claim(max(found, key=lambda w: len(w.effects)))
                    if audience(scene, made.spot) != "command" and believable(scene, made):
                        yield made


def blocks(block: Sequence[Node]) -> Iterator[Sequence[Node]]:
    """Every list of statements of a function, loops' bodies left out: their `continue` is another matter."""
    yield block
    for s in block:
        if s[0] in {ir.IF, ir.WITH, ir.TRY}:
            for inner in inner_blocks(s):
                yield from blocks(inner)


def wasted(scene: Scene, function: Function, block: Sequence[Node]) -> Iterator[Wasted]:
    """The guards of a block that need nothing of what was queried before them."""
    for n, s in enumerate(block):
        guard = leaving(s)
        if guard is None:
            continue
        idle = idle_before(scene, function, block, n)
        effects = [
            e
            for k in idle
            for e in scene.doings.at(function, k[1], k[2], "sql")
            if e.operation != "write" and e.cause != "lazy-load"
        ]
        if (
            effects
            and not asks_settings(guard[3], function)
            and is_read_later(block[n + 1 :], idle)
            and not costs_as_much(scene, function, guard, effects)
        ):
            yield Wasted(function, tuple(idle), tuple(effects), guard)


def leaving(statement: Node) -> Node | None:
    """The condition in (or below) an `if` under which the function returns an answer of another kind than an error."""
    if statement[0] != ir.IF:
        return None
    last = statement[4][-1] if statement[4] else None
    if last is not None and last[0] == ir.RETURN:
        checks = any(
            word in turns.name_of(n).lower()
            for n in turns.nodes(statement[3])
            for word in ("valid", "error", "denied", "forbidden")
        )
        return None if checks or statement[5] or refuses(statement[4]) else statement
    return next((found for s in statement[4] if (found := leaving(s)) is not None), None)


def asks_settings(condition: Node, function: Function) -> bool:
    """Whether settings alone decide: wherever the application serves, the answer is the same for every request."""
    if condition[0] == ir.NOT:
        return asks_settings(condition[2], function)
    if condition[0] == ir.BOOL:
        return all(asks_settings(item, function) for item in condition[3])
    if condition[0] == ir.CMP:
        compared = [item for item in condition[3] if item[0] != ir.CONST]
        return bool(compared) and all(asks_settings(item, function) for item in compared)
    named: set[str] = set()
    while condition[0] in {ir.ATTR, ir.SUB, ir.CALL}:
        given = condition[3] if condition[0] == ir.CALL else (condition[3],) if condition[0] == ir.SUB else ()
        if any(one[0] != ir.CONST for one in given):
            return False
        named |= {condition[3]} if condition[0] == ir.ATTR else set()
        condition = condition[2]
    if condition[0] != ir.NAME or is_own(condition[2], function):
        return False
    root = condition[2]
    return root in _SETTINGS or (root in _HOLDING and not named.isdisjoint(_SETTINGS))


def is_own(name: str, function: Function) -> bool:
    """Whether the function has it from its caller, or made it: a row may be called `settings` too."""
    if any(p[0] == name for p in function.params):
        return True
    return any(name in turns.bound_by(s) for s in turns.nodes(function.body) if s[0] == ir.ASSIGN)


def costs_as_much(scene: Scene, function: Function, guard: Node, saved: Sequence[Effect]) -> bool:
    """Whether the condition asks for the same itself, for more than it saves, or asks another server."""
    condition = guard[3]
    last = max(n[1] for n in turns.nodes(condition))
    asked = scene.doings.at(function, condition[1], last, "sql", "http", "llm")
    labels = {e.label for e in saved}
    return len(asked) > len(saved) or any(e.kind != "sql" or e.label in labels for e in asked)


def refuses(block: Sequence[Node]) -> bool:
    """Whether what is returned says no: a request that was wrong is rare, and the work for it too."""
    for node in turns.nodes(block):
        if node[0] == ir.CALL and turns.name_of(node[2]) in _REFUSALS:
            return True
        if node[0] == ir.CONST and isinstance(node[2], int) and 400 <= node[2] < 600:
            return True
        if node[0] == ir.ATTR and node[3].startswith(("HTTP_4", "HTTP_5")):
            return True
    return False


def idle_before(scene: Scene, function: Function, block: Sequence[Node], position: int) -> list[Node]:
    """The statements before a guard that nothing up to its end needs, and that do nothing but read."""
    idle: list[Node] = []
    needed = set(read_by(block[position]))
    bound_since: set[str] = set()
    for s in reversed(block[:position]):
        names = {t[2] for t in s[3] if t[0] == ir.NAME} if s[0] == ir.ASSIGN else set()
        plain = bool(names) and len(names) == len(s[3])
        unused = plain and not names & needed and not names & bound_since
        if unused and not read_by(s) & bound_since and only_reads(scene, function, s):
            idle.append(s)
        else:
            if changes(scene, function, s):
                break
            needed |= read_by(s)
            bound_since |= {
                n for node in turns.nodes(s) if node[0] >= ir.ASSIGN for n in turns.bound_by(node)
            }
    return idle[::-1]


def read_by(statement: Node) -> set[str]:
    """The names that a statement reads."""
    stored = {id(t) for n in turns.nodes(statement) if n[0] == ir.ASSIGN for t in n[3] if t[0] == ir.NAME}
    return {n[2] for n in turns.nodes(statement) if n[0] == ir.NAME and id(n) not in stored}


def only_reads(scene: Scene, function: Function, statement: Node) -> bool:
    """Whether a statement can wait: it reads, and neither changes anything nor refuses."""
    for node in turns.nodes(statement):
        if node[0] in {ir.YIELD, ir.WALRUS}:
            return False
        if node[0] == ir.CALL and turns.name_of(node[2]) in _RAISING:
            return False
    below = scene.doings.called(function, statement[1], statement[2])
    return not changes(scene, function, statement) and not any(may_refuse(scene, f, 0, set()) for f in below)


def may_refuse(scene: Scene, function: Function, depth: int, seen: set[int]) -> bool:
    """Whether the function, or one that it calls, may fail on purpose."""
    if id(function) in seen or depth > _DEPTH:
        return False
    seen.add(id(function))
    for node in turns.nodes(function.body):
        if node[0] == ir.RAISE or (node[0] == ir.CALL and turns.name_of(node[2]) in _RAISING - {"get"}):
            return True
    summary = scene.trace.machine.summaries.get(id(function))
    below = () if summary is None else {id(c.callee): c.callee for c in summary.calls}.values()
    return any(may_refuse(scene, f, depth + 1, seen) for f in below)


def changes(scene: Scene, function: Function, statement: Node) -> bool:
    """Whether something outside the function is another after it."""
    found = scene.doings.at(function, statement[1], statement[2], *_ACTS)
    return any(e.operation == "write" or e.kind not in {"sql", "cache"} for e in found)


def is_read_later(block: Sequence[Node], idle: Sequence[Node]) -> bool:
    """Whether what the last of the statements binds is wanted after the guard."""
    names = {t[2] for s in idle for t in s[3]}
    return bool(names & {n for s in block for n in read_by(s)})


def claim(found: Wasted) -> Claim:
    """What is told of it."""
    querying = [
        s
        for s in found.statements
        if any(s[1] <= e.site.line <= s[2] or is_through(e, found.function, s) for e in found.effects)
    ]
    first, last = querying[0], querying[-1]
    start = max(first[1], last[2] - _SPAN)
    labels = list(dict.fromkeys(e.label for e in found.effects))
    told = ", ".join(f"`{x}`" for x in labels[:3]) + (
        f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    )
    several = len(found.effects) > 1
    line = found.guard[1]
    module = found.function.module
    return Claim(
        spot=Spot(module, found.function, last[1], start, last[2]),
        title=f"{told} {'run' if several else 'runs'} before line {line} may return without "
        f"{'them' if several else 'it'}",
        evidence=[
            Evidence(
                kind="code", text=f"the condition at `{module.path}:{line}` needs nothing of what they give"
            ),
            *(
                Evidence(kind="query", text=f"`{e.label}` at `{e.site.module.path}:{e.site.line}`")
                for e in found.effects[:6]
            ),
        ],
        confidence=0.8 if several else 0.6,
        severity=None if several else Severity.LOW,
        related=[
            place(Spot(module, found.function, line, line, line), "guard"),
            *(place(spot_of(e.site), "query") for e in found.effects[:_SHOWN]),
        ],
        cost_term=TermAtStake(
            kind="sql", low=len(found.effects), high=len(found.effects), after=CostTerm(low=0)
        ),
        could_be_wrong="The condition hardly ever holds, or costs more than what it saves.",
        fix=f"Move the queries below the condition at line {line}.",
        guessed=all(e.guessed for e in found.effects),
    )


def is_through(effect: Effect, function: Function, statement: Node) -> bool:
    """Whether a statement of the function leads to the operation."""
    if any(f is function and statement[1] <= line <= statement[2] for f, line in effect.frames):
        return True
    return effect.site.function is not function
