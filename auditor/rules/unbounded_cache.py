"""A cache that grows without limit

## What it finds
Results that each worker keeps for every argument it has ever seen: `functools.cache`, `lru_cache(maxsize=None)`, or a
dictionary of the module that is filled by key and never emptied, where the arguments come from requests.

## Why it is slow
Memory grows with the number of different arguments until the worker is killed in the middle of its requests, and starts
again with a cold cache.

## When it does not matter
There are only so many arguments: the names of a few types, the languages of the application.

## Example
```py
@functools.cache
def profile(user_id):
    return render_profile(User.objects.get(pk=user_id))
```

## Instead
```py
@functools.lru_cache(maxsize=1024)
def profile(user_id): ...
```
or a cache outside the process, with a time to live.

## How to verify
Send requests with many different arguments and watch the memory of one worker.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.held_values import memos
from auditor.rules.scene import Spot, statement_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function, Module
    from auditor.rules.scene import Scene

RULE = RuleInfo(
    id="unbounded-cache",
    group="caching",
    phase=5,
    severity=Severity.MEDIUM,
    title="cache without a limit",
    playbook="response-cache",
    docs=__doc__,
)

_MANY: Final = re.compile(
    r"(^|_)(id|ids|pk|key|user|account|customer|email|address|url|uri|text|body|content|query|question|token|"
    r"path|slug|value|date|day|start|end|lat|lng|lon|ip|host|prompt|message|title|search|term|hash)(s?)($|_)"
)
"""Names of parameters that take as many values as there are users, rows or requests."""
_FORGETTING: Final = frozenset({"clear", "pop", "popitem", "move_to_end", "expire"})


def find(scene: Scene) -> Iterator[Claim]:
    """Remembered functions, then dictionaries of modules."""
    for function, name, fact in memos(scene):
        if fact.scope != "process":
            continue
        given = many_valued(function)
        if given and not is_bounded(function, bounded=fact.bounded):
            made = remembered(function, name, given)
            if audience(scene, made.spot) in {"request", "task"} and believable(scene, made):
                yield made
    for module in scene.project.modules:
        for function in module.functions if module.role == "app" else ():
            for name, statement in filled(module, function):
                made = kept(function, name, statement)
                if audience(scene, made.spot) in {"request", "task"} and believable(scene, made):
                    yield made


def many_valued(function: Function) -> str:
    """The parameter that takes the most values, going by its name; "" where none does."""
    given = [p[0] for p in function.params if p[0] not in {"self", "cls"}]
    return next((p for p in given if _MANY.search(p)), "")


def is_bounded(function: Function, *, bounded: bool) -> bool:
    """Whether the decorator keeps at most a number of values."""
    for node in function.decorators:
        if node[0] == ir.CALL:
            sizes = [v for key, v in node[4] if key == "maxsize"] + list(node[3][:1])
            if any(names.is_none(v) for v in sizes):
                return False
    return bounded


def filled(module: Module, function: Function) -> Iterator[tuple[str, Node]]:
    """Dictionaries of the module that a function asks and fills by a key made of its parameters."""
    own = {p[0] for p in function.params}
    for node in turns.own_nodes(function.body):
        if node[0] != ir.ASSIGN or len(node[3]) != 1 or node[3][0][0] != ir.SUB:
            continue
        holder, key = node[3][0][2:4]
        if holder[0] != ir.NAME or holder[2] in own or not is_empty_dictionary(module, holder[2]):
            continue
        reads = {n for n in turns.free_names(key) if n in own and _MANY.search(n)}
        if reads and is_asked(function, holder[2]) and not is_forgotten(module, holder[2]):
            yield holder[2], node


def is_empty_dictionary(module: Module, name: str) -> bool:
    """Whether the module begins the name as `{}` or `dict()`, once."""
    found = [
        s
        for s in module.body
        if s[0] in {ir.ASSIGN, ir.ANN}
        and any(t[0] == ir.NAME and t[2] == name for t in (s[3] if s[0] == ir.ASSIGN else (s[3],)))
    ]
    value = names.bound_value(found[0]) if len(found) == 1 else None
    if value is None:
        return False
    return bool((value[0] == ir.DICT and not value[2]) or (names.is_call_of(value, "dict") and not value[3]))


def is_asked(function: Function, name: str) -> bool:
    """Whether the function looks first whether the value is there."""
    for node in turns.own_nodes(function.body):
        if (
            node[0] == ir.CMP
            and any(o in {"in", "not in"} for o in node[2])
            and turns.name_of(node[3][-1]) == name
        ):
            return True
        if node[0] == ir.CALL and names.method_of(node) == "get" and turns.name_of(node[2][2]) == name:
            return True
    return False


def is_forgotten(module: Module, name: str) -> bool:
    """Whether anything in the module takes values out again, measures it, or begins it anew."""
    for node in turns.nodes(module.body):
        if (
            node[0] == ir.CALL
            and node[2][0] == ir.ATTR
            and node[2][3] in _FORGETTING
            and turns.name_of(node[2][2]) == name
        ):
            return True
        if names.is_call_of(node, "len") and node[3] and turns.name_of(node[3][0]) == name:
            return True
        if node[0] == ir.DEL and any(turns.root_name(t) == name for t in node[3]):
            return True
        if node[0] == ir.GLOBAL and name in node[3]:
            return True
    return False


def remembered(function: Function, name: str, parameter: str) -> Claim:
    """What is told of a decorator."""
    line = next((d[1] for d in function.decorators), function.line)
    return Claim(
        spot=Spot(function.module, function, line, line, max(line, function.line)),
        title=f"`{function.name}` keeps an answer for every `{parameter}` there ever was",
        evidence=[
            Evidence(kind="code", text=f"`{name}` has no limit here, and lives as long as the worker"),
            Evidence(kind="note", text=f"`{parameter}` comes from requests"),
        ],
        confidence=0.65,
        subject=function.name,
        could_be_wrong=f"There are only a few different values of `{parameter}`.",
        fix="Give it a `maxsize`, or use a cache outside the process with a time to live.",
    )


def kept(function: Function, name: str, statement: Node) -> Claim:
    """What is told of a dictionary."""
    start, end = statement_at(function.body, statement[1]) or (statement[1], statement[2])
    spot = Spot(function.module, function, statement[1], start, end)
    return Claim(
        spot=spot,
        title=f"`{name}` grows with every new key and is never emptied",
        evidence=[
            Evidence(
                kind="code", text=f"`{function.name}` fills it, and nothing in the module takes anything out"
            ),
        ],
        confidence=0.65,
        related=[place(spot, "write")],
        subject=name,
        could_be_wrong="There are only a few different keys.",
        fix="Use `lru_cache(maxsize=...)`, or a cache outside the process with a time to live.",
    )
