"""A cache that never forgets

## What it finds
Data that is computed from a database or another service and kept without an end: in Redis without a time to live, in
Django's cache with `timeout=None`, or by `functools.lru_cache` in each worker, with nothing that clears it.

## Why it is slow
It is fast, and wrong: what changed at the source is seen when the process or the server is restarted, and in each worker
at another time. Where keys keep coming, memory fills until the server throws out entries that somebody needed.

## When it does not matter
What is kept never changes, or whatever changes it deletes the entry.

## Example
```py
@lru_cache
def settings_of(tenant_id):
    return Settings.objects.get(tenant_id=tenant_id)
```

## Instead
```py
def settings_of(tenant_id):
    return cache.get_or_set(f"settings:{tenant_id}", lambda: load(tenant_id), timeout=300)
```

## How to verify
Change the data while two workers run: both must show the change within the time that was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.cache_without_invalidation import forgotten, is_forgotten
from auditor.rules.claim import Claim, place
from auditor.rules.growth import is_born
from auditor.rules.held_values import Aside, asides, extended, is_cleared, memos
from auditor.rules.scene import Spot, spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="cache-without-expiry",
    group="caching",
    phase=4,
    severity=Severity.MEDIUM,
    title="cache without an end",
    playbook="response-cache",
    docs=__doc__,
)

SOURCES: Final = ("sql", "http", "llm")
_TERMS: Final = ("ttl", "expir", "timeout", "timer")
"""Parts of the names of caches, and of what they are made with, that forget after a time."""
_FIXED: Final = 0.1
"""What a claim loses where nothing known writes what it reads."""
_FEW: Final = 64
"""Answers up to which a cache that is asked for many keys loses its oldest soon."""


def find(scene: Scene) -> Iterator[Claim]:
    """Remembered functions, then entries that are stored for ever."""
    for function, name, fact in memos(scene):
        if fact.scope != "process" or fact.expires or is_cleared(scene, function) or has_term(function):
            continue
        if expires(scene, function):
            continue
        asked = sources(scene, function)
        found = [e for e in asked if is_changing(e)]
        if found and not any(
            e.operation == "write" for e in asked
        ):  # a row that it makes itself stays what it is
            made = remembered(function, name, found[0])
            if all(is_of_fixed_table(scene, e) for e in found):
                made.confidence -= _FIXED
            if believable(scene, made):
                yield made
    deleted = forgotten(scene)
    for aside in asides(scene):
        if deleted and is_forgotten(scene, aside, deleted):
            continue
        if aside.seconds == "never" and not extended(aside.function):
            made = stored(aside)
            if believable(scene, made):
                yield made


def sources(scene: Scene, function: Function) -> list[Effect]:
    """What the function asks to compute its value, itself or below."""
    if function.is_generator:
        return []
    own = scene.doings.at(function, function.line, function.end_line, *SOURCES)
    return own or [e for kind in SOURCES for e, _ in scene.effects_below(function, kind)]


def expires(scene: Scene, function: Function) -> bool:
    """Whether the cache that a decorator is given forgets after a time: `@cached(cache=TTLCache(…))`, also by a name."""
    for decorator in function.decorators:
        given = [*decorator[3], *(v for _, v in decorator[4])] if decorator[0] == ir.CALL else []
        for node in given:
            made = scene.project.resolve_expression(function.module, node, function.parent)
            names = {getattr(made, "name", "")}
            if node[0] == ir.CALL:
                names |= {turns.name_of(node[2]), *(key for key, _ in node[4] if key)}
            if any(word in name.lower() for name in names for word in _TERMS):
                return True
    return False


def has_term(function: Function) -> bool:
    """Whether a parameter is there for the cache alone, as nothing reads it: the hour, a revision, a salt."""
    read = {n[2] for n in turns.nodes(function.body) if n[0] == ir.NAME}
    return any(
        kind == "pos" and name not in read and name not in {"self", "cls"}
        for name, kind, *_ in function.params
    )


def holds_few(function: Function) -> bool:
    """Whether its author had it keep a handful of answers: the next ones push the old ones out."""
    sizes = (
        size
        for d in function.decorators
        if d[0] == ir.CALL and function.params
        for size in (*d[3][:1], *(v for k, v in d[4] if k == "maxsize"))
    )
    return any(s[0] == ir.CONST and isinstance(s[2], int) and 1 < s[2] <= _FEW for s in sizes)


def is_changing(effect: Effect) -> bool:
    """Whether what it reads may be another tomorrow; tables of types and the like are fixed by migrations."""
    if effect.operation == "write":
        return False
    model = "" if effect.query is None else effect.query.model.name
    return model not in {"ContentType", "Permission", "Site"}


def is_of_fixed_table(scene: Scene, effect: Effect) -> bool:
    """Whether it reads a table that nothing known writes to: somebody filled it by hand or by a migration."""
    model = None if effect.query is None else effect.query.model
    return model is not None and model.key not in scene.once(written_tables) and not is_born(model)


def written_tables(scene: Scene) -> frozenset[str]:
    """Keys of the models whose rows some statement writes."""
    return frozenset(
        effect.query.model.key
        for _, effect in scene.effects()
        if effect.operation == "write" and effect.query is not None
    )


def remembered(function: Function, name: str, effect: Effect) -> Claim:
    """What is told of a decorator."""
    line = next((d[1] for d in function.decorators), function.line)
    return Claim(
        spot=Spot(function.module, function, line, line, max(line, function.line)),
        title=f"`{function.name}` remembers `{effect.label}` until the process ends",
        evidence=[
            Evidence(kind="code", text=f"`{name}` keeps each answer in each worker, and nothing clears it"),
            Evidence(
                kind="query",
                text=f"it comes from `{effect.label}` at `{effect.site.module.path}:{effect.site.line}`",
            ),
        ],
        confidence=0.45 if holds_few(function) else 0.55,
        related=[place(spot_of(effect.site), "read")],
        subject=function.name,
        could_be_wrong="What it reads never changes while a worker lives.",
        fix="Keep it for a time, in a cache that all workers see, or clear it where the data is written.",
        guessed=effect.guessed,
    )


def stored(aside: Aside) -> Claim:
    """What is told of an entry."""
    return Claim(
        spot=spot_of(aside.write.site),
        title=f"what `{aside.function.name}` stores in the cache stays there for ever",
        evidence=[
            Evidence(kind="code", text=f"`{aside.write.target}` is given no time to live"),
            Evidence(kind="code", text=f"the entry is looked up at line {aside.read.site.line}"),
        ],
        confidence=0.75,
        related=[place(spot_of(aside.read.site), "read")],
        subject=aside.function.name,
        could_be_wrong="Whatever changes the data deletes the entry.",
        fix="Give the entry a time to live.",
        guessed=aside.write.guessed,
    )
