"""Where a function keeps what it has computed: in a cache that is asked first, in a dictionary, under a decorator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.index import ir
from auditor.rules import names, turns
from auditor.rules.claim import strip
from auditor.rules.serving import value_of
from auditor.trace.decorating import decorator_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.knowledge.facts import MemoFact
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

Seconds: TypeAlias = float | Literal["default", "never", "unknown"]
"""How long an entry lives: `default` is what the cache's own settings say."""
_SETTING: Final = frozenset({"set", "setex", "psetex", "add", "set_many"})
_LIMITS: Final = frozenset(
    {"timeout", "ex", "px", "exat", "pxat", "time", "expire", "expiration", "ttl", "expires", "keepttl"}
)
_FORGETTING: Final = frozenset({"cache_clear", "invalidate", "cache_delete", "uncache"})
_REDIS: Final = ("redis.", "valkey.", "aioredis.", "django_redis.")


@dataclass(frozen=True, slots=True, eq=False)
class Aside:
    """A value that a function looks up in a cache, computes where it is missing, and stores there."""

    function: Function
    read: Effect
    write: Effect
    key: Node
    seconds: Seconds


def asides(scene: Scene) -> Iterator[Aside]:
    """Every function that reads and sets the same key, with something outside asked in between."""
    for module in scene.project.modules:
        for function in module.functions if module.role == "app" else ():
            lines = scene.doings.effects.get(id(function), {})
            own = [
                e
                for n in sorted(lines)
                for e in lines[n]
                if e.kind == "cache" and e.site.function is function
            ]
            reads = [e for e in own if called(e) == "get"]
            for write in own:
                if called(write) in _SETTING:
                    read = next((r for r in reads if is_same_key(function, r, write)), None)
                    if read is not None and write.node is not None:
                        yield Aside(function, read, write, write.node[3][0], lifetime(scene, write))
                        break


def called(effect: Effect) -> str:
    return "" if effect.node is None else names.method_of(effect.node)


def is_same_key(function: Function, read: Effect, write: Effect) -> bool:
    """Whether both name the same key of the same cache, the read first."""
    one, other = read.node, write.node
    if one is None or other is None or not one[3] or not other[3] or read.site.line > write.site.line:
        return False
    same_cache = strip(one[2][2]) == strip(other[2][2])
    return same_cache and strip(one[3][0]) == strip(other[3][0]) and function is write.site.function


def lifetime(scene: Scene, write: Effect) -> Seconds:
    """How long what a call stores may live."""
    node = write.node
    if node is None:
        return "unknown"
    method, redis = called(write), write.target.startswith(_REDIS)
    given = next((v for key, v in node[4] if key in _LIMITS), None)
    if given is None and any(key is None for key, _ in node[4]):
        return "unknown"
    if given is None:
        position = 1 if method in {"setex", "psetex"} else 2
        given = node[3][position] if len(node[3]) > position else None
    if given is None:
        return "never" if redis else "default"
    if names.is_none(given):
        return "never"
    value = value_of(scene, write.site.module, given, write.site.function)
    return float(value) if isinstance(value, int | float) else "unknown"


def extended(function: Function) -> bool:
    """Whether a call of its own sets when an entry ends."""
    return any(n[0] == ir.CALL and "expire" in turns.name_of(n[2]) for n in turns.own_nodes(function.body))


def memos(scene: Scene) -> Iterator[tuple[Function, str, MemoFact]]:
    """The target's functions under a decorator that remembers what they gave."""
    for module in scene.project.modules:
        for function in module.functions if module.role == "app" else ():
            for name in decorator_names(scene.project, function) if function.decorators else ():
                fact = scene.knowledge.memos.get(name)
                if fact is not None:
                    yield function, name, fact


def is_cleared(scene: Scene, function: Function) -> bool:
    """Whether something forgets what the function has remembered."""
    return function.name in scene.once(cleared)


def cleared(scene: Scene) -> frozenset[str]:
    """Names of what is told to forget what it has remembered."""
    return frozenset(
        turns.name_of(node[2])
        for module in scene.project.modules
        if module.role in {"app", "script"}
        for node in turns.nodes(module.body)
        if node[0] == ir.ATTR and node[3] in _FORGETTING
    )
