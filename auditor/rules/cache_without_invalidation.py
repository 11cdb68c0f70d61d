"""A long-lived entry that no write deletes

## What it finds
Rows that are kept in a cache for an hour or more, of a table that the application writes, where nothing deletes entries
of that name.

## Why it is slow
It is fast, and stale: who changes something does not see the change, reloads, and asks support. Then somebody takes the
cache out, and the endpoint is slow.

## When it does not matter
An hour-old answer is good enough, or the key holds a version or a time of change.

## Example
```py
names = cache.get("category-names")
if names is None:
    names = list(Category.objects.values_list("name", flat=True))
    cache.set("category-names", names, 86400)
```

## Instead
Delete the entry where categories are written (`transaction.on_commit(lambda: cache.delete("category-names"))`), or keep it
for as long as nobody minds.

## How to verify
Write through one worker and read through another: the new value must be there at once, or within the time chosen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.frameworks.constants import fold_text
from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.held_values import asides
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function, Module
    from auditor.index.values import Query
    from auditor.rules.held_values import Aside
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="cache-without-invalidation",
    group="caching",
    phase=4,
    severity=Severity.MEDIUM,
    title="long-lived entry that no write deletes",
    playbook="response-cache",
    docs=__doc__,
)

_LONG_S: Final = 3600
"""What is kept for less is stale for a while that people put up with."""
_FORGETTING: Final = frozenset(
    "delete delete_many delete_pattern clear incr_version unlink expire delete_memoized flushdb touch invalidate".split()
)
_VERSIONED: Final = re.compile(
    r"version|updated|modified|changed|hash|etag|stamp|date|time|day", re.IGNORECASE
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim an entry."""
    deleted = forgotten(scene)
    written = writers(scene)
    for aside in asides(scene):
        if aside.seconds != "never" and not (isinstance(aside.seconds, float) and aside.seconds >= _LONG_S):
            continue
        if any(_VERSIONED.search(n) for n in turns.free_names(aside.key)) or is_forgotten(
            scene, aside, deleted
        ):
            continue
        writer = next(
            (w for q in rows_kept(scene, aside) for w in written.get(q.model.key, ()) if changes(w, q)), None
        )
        if writer is not None:
            made = claim(aside, writer)
            if believable(scene, made):
                yield made


def rows_kept(scene: Scene, aside: Aside) -> list[Query]:
    """What the function reads between asking the cache and storing."""
    found = scene.doings.at(
        aside.function, aside.read.site.line + 1, aside.write.site.line, "sql", remembered=True
    )
    return [e.query for e in found if e.query is not None and e.operation != "write"]


def changes(writer: Effect, kept: Query) -> bool:
    """Whether a write may change what was kept: an UPDATE of other columns than those that are read does not."""
    node = writer.node
    if kept.only is None or not writer.label.startswith("UPDATE ") or node is None or node[0] != ir.CALL:
        return True
    given = {name for name, _ in node[4] if name}
    if turns.name_of(node[2]) != "update" or node[3] or len(given) != len(node[4]) or not given:
        return True
    read = {c.split("__")[0].split(".")[0] for c in (*kept.only, *(path for path, _ in kept.filters))}
    return bool({c.removesuffix("_id") for c in given} & {c.removesuffix("_id") for c in read})


def writers(scene: Scene) -> dict[str, list[Effect]]:
    """By model: the writes of its rows that requests do."""
    found: dict[str, list[Effect]] = {}
    for scope, effect in scene.effects():
        if effect.kind != "sql" or effect.operation != "write" or id(scope) not in scene.waited_in:
            continue
        model = (
            effect.row.model
            if effect.row is not None
            else None
            if effect.query is None
            else effect.query.model
        )
        if model is not None:
            found.setdefault(model.key, []).append(effect)
    return found


def forgotten(scene: Scene) -> set[str]:
    """Texts that calls which delete entries mention, and names that they take them from."""
    found: set[str] = set()
    for module in scene.project.modules:
        if module.role not in {"app", "script"}:
            continue
        for node in turns.nodes(module.body):
            if node[0] == ir.CALL and turns.name_of(node[2]) in _FORGETTING:
                for argument in node[3]:
                    found.update(mentioned(module, argument))
    return found - {""}


def mentioned(module: Module, argument: Node) -> Iterator[str]:
    """The beginnings of the keys that an argument writes out, and the names that it takes them from.

    A name that the module binds to texts stands for those: `keys = ["a:%d" % pk]; cache.delete_many(keys)`.
    """
    for part in argument[3] if argument[0] == ir.SEQ else (argument,):
        yield turns.name_of(part[2] if part[0] == ir.CALL else part)
        yield from written_out(part)
        if part[0] == ir.NAME:
            for node in turns.nodes(module.body):
                if node[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == part[2] for t in node[3]):
                    yield from written_out(node[4])


def written_out(expression: Node) -> Iterator[str]:
    """What each text of an expression begins with."""
    for node in turns.nodes(expression):
        if node[0] in {ir.CONST, ir.FSTR} and isinstance(node[2], str):
            yield head(node[2])


def head(text: str) -> str:
    """What stands before the first hole of a key."""
    return re.split(r"\{|%", text, maxsplit=1)[0]


def is_forgotten(scene: Scene, aside: Aside, deleted: set[str]) -> bool:
    """Whether a delete may mean this entry: it names the key, what the key is made of, or the same beginning."""
    known = {turns.name_of(n) for n in turns.nodes(aside.key)} | {
        turns.name_of(n[2]) for n in turns.nodes(aside.key) if n[0] == ir.CALL
    }
    if aside.key[0] == ir.NAME:
        for n in turns.nodes(aside.function.body):
            if n[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == aside.key[2] for t in n[3]):
                known |= {turns.name_of(x) for x in turns.nodes(n[4])}
    text = head(text_of(scene, aside.function, aside))
    return (
        bool(known & deleted)
        or not text
        or any(d and (text.startswith(d) or d.startswith(text)) for d in deleted)
    )


def text_of(scene: Scene, function: Function, aside: Aside) -> str:
    """The key as far as it can be told, with `{?}` for its holes."""
    key = aside.key
    if key[0] == ir.NAME:
        bound = [
            n
            for n in turns.nodes(function.body)
            if n[0] == ir.ASSIGN and any(t[0] == ir.NAME and t[2] == key[2] for t in n[3])
        ]
        key = bound[0][4] if len(bound) == 1 else key
    return fold_text(scene.project, function.module, key, function=function)


def claim(aside: Aside, writer: Effect) -> Claim:
    """What is told of it."""
    kept = (
        "for ever"
        if aside.seconds == "never"
        else f"for {aside.seconds:.0f} seconds"
        if isinstance(aside.seconds, float)
        else ""
    )
    return Claim(
        spot=spot_of(aside.write.site),
        title=f"what `{aside.function.name}` keeps {kept} is not deleted when `{writer.label}` changes it",
        evidence=[
            Evidence(kind="code", text=f"the entry is stored {kept}"),
            Evidence(
                kind="query",
                text=f"`{writer.label}` at `{writer.site.module.path}:{writer.site.line}` writes that table",
            ),
            Evidence(kind="note", text="no call deletes entries of this name"),
        ],
        confidence=0.65,
        related=[place(spot_of(writer.site), "write"), place(spot_of(aside.read.site), "read")],
        subject=aside.function.name,
        could_be_wrong="An answer as old as that is good enough.",
        fix="Delete the entry after the write is committed, or keep it for a shorter time.",
        guessed=aside.write.guessed or writer.guessed,
    )
