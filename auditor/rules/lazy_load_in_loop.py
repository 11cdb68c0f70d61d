"""A relation loaded row by row

## What it finds
A relation that is read on each row of a collection although the query that fetched the rows did not load it. The read
may be far from the query: in a helper, a property, a serializer field or a template.

## Why it is slow
The ORM runs one query per row and relation, silently, at the moment the attribute is touched.

## When it does not matter
The rows are few by construction, most of them share the related row and the identity map answers, or the key is null
almost everywhere.

## Example
```py
books = Book.objects.filter(available=True)
return [{"title": b.title, "author": b.author.name} for b in books]
```

## Instead
```py
books = Book.objects.filter(available=True).select_related("author")
```
To-one relations join; to-many ones load with one more query (`prefetch_related`, `selectinload`).

## How to verify
Count the statements of one request with one row and with twenty: the number must be the same. Compare the answers
field by field, including a row whose relation is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.claim import Claim, place
from auditor.rules.loop_names import the_loop
from auditor.rules.scene import repeating, seen_from, spot_of
from auditor.rules.surroundings import is_fallback
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.values import Query
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect, Summary

RULE = RuleInfo(
    id="lazy-load-in-loop",
    group="queries",
    phase=2,
    severity=Severity.HIGH,
    title="relation loaded row by row",
    playbook="eager-load",
    docs=__doc__,
)


def find(scene: Scene) -> Iterator[Claim]:
    """Groups the lazy loads that one eager-load edit would cure: those of one query's rows, else those of one loop."""
    groups: dict[tuple[str, int, int, str], list[tuple[Summary, Effect]]] = {}
    for scope, effect in scene.effects():
        loops = repeating(effect.loops)
        if effect.kind == "sql" and effect.cause == "lazy-load" and loops and not effect.remembered:
            origin = None if effect.row is None else effect.row.origin
            if is_fallback(effect) or has_unread_options(effect):
                continue
            site = loops[-1].site if origin is None else origin.site
            # A generic view builds the query of many models in one place.
            model = "" if origin is None else origin.model.key
            groups.setdefault((site.module.path, site.start, site.line, model), []).append((scope, effect))
    for group in groups.values():
        yield claim(group)


def has_unread_options(effect: Effect) -> bool:
    """Whether the query was given loading options of which nobody can tell what they load."""
    origin = None if effect.row is None else effect.row.origin
    return origin is not None and any(strategy == "unknown" for _, _, strategy in origin.strategies)


def claim(group: list[tuple[Summary, Effect]]) -> Claim:
    effects = [e for _, e in group]
    first = min(effects, key=lambda e: (e.site.module.path, e.site.line))
    loops = repeating(first.loops)
    loop = loops[-1]
    spot = seen_from(loop, first.site, first.frames)
    origin: Query | None = first.row.origin if first.row is not None else None
    relations = sorted({e.relation for e in effects if e.relation})
    named = ", ".join(f"`{r}`" for r in relations[:4])
    model = first.row.model.name if first.row is not None else "row"
    reads = {(e.site.module.path, e.site.line): e for e in effects}
    related = [place(spot_of(origin.site), "query")] if origin is not None else []
    related += [place(spot_of(e.site), "read") for e in list(reads.values())[:3]]
    related.append(place(spot_of(loop.site), "loop"))
    where = (
        "where the rows are fetched"
        if origin is None
        else f"at `{origin.site.module.path}:{origin.site.line}`"
    )
    return Claim(
        spot=spot,
        title=f"{named} of each {model} is loaded by a query of its own",
        evidence=[
            Evidence(kind="loop", text=f"{the_loop(loop)} is at `{loop.site.module.path}:{loop.site.start}`"),
            *(
                Evidence(kind="query", text=f"`{e.label}` is read at `{e.site.module.path}:{e.site.line}`")
                for e in list(reads.values())[:4]
            ),
            Evidence(kind="query", text=f"the query {where} does not load it")
            if origin is not None
            else Evidence(kind="note", text="where the rows come from is not known"),
        ],
        confidence=0.9 if origin is not None else 0.7,
        related=related,
        subject=", ".join(relations[:4]),
        cost_term=TermAtStake(
            kind="sql", low=len(relations) or 1, high=len(relations) or 1, sizes=sizes(loops)
        ),
        could_be_wrong="The rows are few, or the relation is null for nearly all of them.",
        fix=f"Load {named} with the query {where}.",
        indirect=len(first.frames) > 1,
        guessed=all(e.guessed for e in effects),
    )
