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

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.index import ir
from auditor.index.values import Many, Query, Row
from auditor.model.report import Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import mostly_one, staff, turns, witnesses
from auditor.rules.claim import Claim, place
from auditor.rules.loop_names import turning
from auditor.rules.never_loaded import is_never_loaded
from auditor.rules.orm_words import loading
from auditor.rules.query_places import asked_from, begun_at, home, homes, named_at, named_by_views
from auditor.rules.rows_at_hand import distinct, doubt
from auditor.rules.scene import seen_from, spot_of
from auditor.rules.surroundings import is_fallback, is_for_progress
from auditor.trace.cost import sizes
from auditor.trace.turns import reached, strictest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.rules.scene import Scene, Spot
    from auditor.trace.summary import Effect, Loop, Summary

Groups: TypeAlias = "dict[tuple[str, int, int, str, str], list[tuple[Summary, Effect]]]"
_SURE: Final = 0.85
"""Where the query is known: of 105 such findings that were judged, 81 were true, a few more of Django's than of others."""
_CONDITIONAL: Final = 0.15
_MANY: Final = 3
"""Callers from which on what they lead to is told once."""
RULE = RuleInfo(
    id="lazy-load-in-loop",
    group="queries",
    phase=2,
    severity=Severity.HIGH,
    title="relation loaded row by row",
    playbook="eager-load",
    docs=__doc__,
)


_ARGUMENT: Final = r"(?:[^()]|\([^()]*\))"
"""A character of an argument, or a call's brackets in it."""


def find(scene: Scene) -> Iterator[Claim]:
    """Groups the lazy loads that one eager-load edit would cure: those of one query's rows, else those of one loop."""
    groups: Groups = {}
    for scope, effect in scene.effects():
        loops = scene.turned(effect.loops, effect.branch) if effect.kind == "sql" else ()
        if loops and not effect.remembered and is_lazy(effect):
            row = row_of(effect)
            origin = None if row is None else row.origin
            if is_fallback(effect) or has_unread_options(effect) or is_failing(scene, loops[-1], effect):
                continue
            if (
                is_first_found(loops[-1], effect)
                or ends_with_it(loops[-1], effect)
                or is_for_progress(loops[-1], seen_from(loops[-1], effect.site, effect.frames).line)
                or is_null(effect, origin)
                or is_never_loaded(scene, effect)
            ):
                continue
            walked = "" if row is None or origin is None else walked_of_one(loops, row, origin)
            groups.setdefault(cured_at(scene, loops[-1], origin, walked), []).append((scope, effect))
    groups = walked_by_many(scene, groups)
    fed: dict[tuple[str, int], dict[str, list[Spot]]] = {}
    for group in groups.values():
        row = row_of(group[0][1])
        if row is not None and row.origin is not None:
            fed.setdefault(turned_at(scene, group), {}).setdefault(row.model.key, []).extend(
                homes(scene, row.origin)[:1]
            )
    for group in groups.values():
        row = row_of(group[0][1])
        feeding = fed.get(turned_at(scene, group), {})
        alike = feeding.get(row.model.key, []) if row is not None else []
        yield claim(scene, group, alike=alike, is_shared=len(feeding) > 1)


def walked_by_many(scene: Scene, groups: Groups) -> Groups:
    """Puts together what one loop over a relation of one row reads, where many callers fetched that row.

    `for one in self.course.members: one.user` is mended in the loop, not where each caller gets `self`.
    """
    callers: dict[tuple[str, int, str, str], int] = defaultdict(int)
    for key, group in groups.items():
        callers[(*turned_at(scene, group), *key[3:])] += 1
    found: Groups = {}
    for key, group in groups.items():
        shared = (*turned_at(scene, group), *key[3:])
        path, line, model, walked = shared
        many = bool(walked) and callers[shared] >= _MANY
        found.setdefault((path, line, 0, model, walked) if many else key, []).extend(group)
    return found


def is_lazy(effect: Effect) -> bool:
    """A relation read on a row; also the related rows that a serializer lists, for which a library asks."""
    if effect.cause == "lazy-load":
        return True
    query = effect.query
    return (
        effect.site.module.role == "library"
        and effect.operation != "write"
        and query is not None
        and query.orm == "django"
        and bool(query.relation)
        and isinstance(query.owner, Row)
        and query.owner.origin is not None
        and query.shape == "rows"
    )


def of_each(origin: Query | None, relations: Sequence[str]) -> str:
    """How relations of a collection's rows are called, where all are of one: `creator` of each of a Service's `filters`."""
    heads = {r.partition(".")[0] for r in relations}
    behind = [r.partition(".")[2] for r in relations]
    if origin is None or len(heads) != 1 or not all(behind):
        return ""
    relation = origin.model.relations.get(heads.pop())
    if relation is None or not relation.many:
        return ""
    return f"{', '.join(f'`{b}`' for b in behind[:4])} of each of a {origin.model.name}'s `{relation.name}`"


def is_failing(scene: Scene, loop: Loop, effect: Effect) -> bool:
    """Whether it is read only where something goes wrong: for a message, on the way out."""
    if strictest(scene.trace.machine, loop.branch).turns == "failing":
        return True
    return reached(scene.trace.machine, loop, effect.branch, effect.frames).turns == "failing"


def is_first_found(loop: Loop, effect: Effect) -> bool:
    """Whether the loop ends at the first row whose key is set: `if row.owner is not None: return row` asks once at most."""
    relation = effect.relation.rpartition(".")[2]
    if loop.node is None or loop.node[0] != ir.FOR or effect.cause != "lazy-load" or not relation:
        return False
    target = loop.node[3]
    return any(
        s[0] == ir.IF
        and (asked := asked_for(s[3])) is not None
        and asked[3] == relation
        and asked[2][0] == ir.NAME
        and target[0] == ir.NAME
        and asked[2][2] == target[2]
        and s[4]
        and s[4][-1][0] in {ir.RETURN, ir.BREAK}
        for s in loop.node[5]
    )


def ends_with_it(loop: Loop, effect: Effect) -> bool:
    """Whether the turn that loads it is the last, unless it fails: `with row.account.open() as it: return it.read()`."""
    line = seen_from(loop, effect.site, effect.frames).line
    return loop.node is not None and loop.node[0] == ir.FOR and turns.leads_out(loop.node[5], line)


def asked_for(condition: Node) -> Node | None:
    """The attribute that a condition only asks for whether it is there: `row.owner`, `row.owner is not None`."""
    if condition[0] == ir.CMP and condition[2] in {("is not",), ("!=",)}:
        condition, against = condition[3]
        if against[0] != ir.CONST or against[2] is not None:
            return None
    return condition if condition[0] == ir.ATTR else None


def is_null(effect: Effect, origin: Query | None) -> bool:
    """Whether the query asks for the rows without it: `.filter(owner=None)`, `.get_or_create(owner=None, …)`.

    Not so `.exclude(owner=None)`, nor what stands in a `Q`, which may be denied or one of two ways.
    """
    if origin is None or effect.cause != "lazy-load":
        return False
    name = re.escape(effect.relation.rpartition(".")[2])
    asked = rf"\.(?!exclude\b)\w+\((?:{_ARGUMENT}*,)?\s*{name}=None\b"
    return bool(name) and re.search(asked, origin.text) is not None


def row_of(effect: Effect) -> Row | None:
    """The row whose relation is loaded."""
    owner = None if effect.query is None else effect.query.owner
    return effect.row if effect.row is not None or not isinstance(owner, Row) else owner


def relation_of(effect: Effect) -> str:
    return effect.relation or ("" if effect.query is None else effect.query.relation or "")


def walked_of_one(loops: Sequence[Loop], row: Row, origin: Query) -> str:
    """Of rows that one row's relation lists, the relation: who fetches that row for something else lists another."""
    overs = [x.over.source if isinstance(x.over, Many) else x.over for x in loops]
    listed = [q for q in overs if isinstance(q, Query) and q.relation and isinstance(q.owner, Row)]
    if not any(q.owner is not None and getattr(q.owner, "origin", None) is origin for q in listed):
        return ""
    walked = any(isinstance(q, Query) and not q.relation and q.site is origin.site for q in overs)
    return "" if walked else row.path.partition(".")[0]


def is_conditional(scene: Scene, effect: Effect) -> bool:
    """Whether a condition of a function that the loop calls decides it: mostly one that hardly ever holds."""
    loops = scene.turned(effect.loops, effect.branch)
    if not loops:
        return False
    inside = turns.conditions_inside(loops[-1], effect.branch)
    guards = (scene.trace.machine.guards.get(identity) for identity, _ in inside)
    home = loops[-1].site.function
    return any(
        g is not None and g.node[0] == ir.IF and g.function is not home and g.module.role == "app"
        for g in guards
    )


def cured_at(scene: Scene, loop: Loop, origin: Query | None, walked: str) -> tuple[str, int, int, str, str]:
    """Which edit would cure a lazy load: path and lines of the query's place, else of the loop's, the model, the relation.

    A generic view builds the queries of many models in one place.
    """
    site = loop.site if origin is None else home(scene, origin)
    return (site.module.path, site.start, site.line, "" if origin is None else origin.model.key, walked)


def turned_at(scene: Scene, group: list[tuple[Summary, Effect]]) -> tuple[str, int]:
    site = scene.turned(group[0][1].loops, group[0][1].branch)[-1].site
    return (site.module.path, site.start)


def has_unread_options(effect: Effect) -> bool:
    """Whether the query was given loading options of which nobody can tell what they load."""
    row = row_of(effect)
    origin = None if row is None else row.origin
    return origin is not None and any(strategy == "unknown" for _, _, strategy in origin.strategies)


def claim(
    scene: Scene, group: list[tuple[Summary, Effect]], *, alike: Sequence[Spot] = (), is_shared: bool = False
) -> Claim:
    """A finding on the statement in the loop; of a library's loop, and of one for many models, on the query feeding it.

    `is_shared`: rows of several models go through the loop. `alike`: the queries of this model that feed it.
    """
    effects = [e for _, e in group]
    first = min(effects, key=lambda e: (e.site.module.path, e.site.line))
    loops = scene.turned(first.loops, first.branch)
    loop = loops[-1]
    spot = seen_from(loop, first.site, first.frames)
    row = row_of(first)
    origin: Query | None = None if row is None else row.origin
    built = [] if origin is None else homes(scene, origin)
    in_library = loop.site.module.role == "library"
    seen = witnesses.seen_in(scene, group)
    is_elsewhere = bool(built) and (in_library or (is_shared and built[0].function is not spot.function))
    if is_elsewhere and not staff.is_option(spot.function):  # an option's place tells the page
        spot = built[0]
    relations = sorted({relation_of(e) for e in effects} - {""})
    named = ", ".join(f"`{r}`" for r in relations[:4])
    model = origin.model.name if origin is not None else "row" if row is None else row.model.name
    reads = {(e.site.module.path, e.site.line): e for e in effects if e.site.module.role != "library"}
    asked = None if origin is None else named_at(origin, relations)
    begun = None if origin is None else begun_at(scene, home(scene, origin))
    related = [place(b, "query") for b in ([*built[:1], asked] if asked is not None else built)]
    related += [place(begun, "query")] if begun is not None else []
    if origin is not None:
        related += [place(v, "query") for v in named_by_views(scene, origin, (s for s, _ in group))]
    if origin is not None and built[0].function is not spot.function:
        helped = asked_from(scene, origin, group[effects.index(first)][0])
        related += [place(helped, "call")] if helped is not None else []
        if spot is not built[0]:
            related += [place(a, "query") for a in alike if a.key != built[0].key]
    related += [place(spot_of(e.site), "read") for e in list(reads.values())[:3]]
    if not in_library:
        related.append(place(spot_of(loop.site), "loop"))
    where = f"at `{built[0].module.path}:{built[0].line}`" if built else "where the rows are fetched"
    return Claim(
        spot=spot,
        title=f"{of_each(origin, relations) or f'{named} of each {model}'} "
        + ("are loaded by queries of their own" if len(relations) > 1 else "is loaded by a query of its own"),
        evidence=[
            turning(loop),
            *(
                Evidence(kind="query", text=f"`{e.label}` is read at `{e.site.module.path}:{e.site.line}`")
                for e in list(reads.values())[:4]
            ),
            Evidence(kind="query", text=f"the query {where} does not load it")
            if origin is not None
            else Evidence(kind="note", text="where the rows come from is not known"),
            *(
                [Evidence(kind="note", text=f"a session holds each {shared} once, so each is asked for once")]
                if (shared := distinct(scene, row, relations))
                else []
            ),
        ],
        confidence=(_SURE if origin is not None else 0.7)
        - mostly_one.doubt(loops)
        - doubt(scene, row, relations)
        - witnesses.doubt(scene, group, first.site.function)
        - (_CONDITIONAL if all(is_conditional(scene, e) for e in effects) else 0),
        related=related,
        subject=", ".join(relations[:4]),
        cost_term=TermAtStake(
            kind="sql", low=len(relations) or 1, high=len(relations) or 1, sizes=sizes(loops)
        ),
        could_be_wrong="The rows are few, or the relation is null for nearly all of them.",
        fix=loading(scene, origin, relations) or f"Load {named} with the query {where}.",
        indirect=len(first.frames) > 1,
        guessed=all(e.guessed for e in effects),
        payers=() if seen or loop.site.function is None else (loop.site.function,),
        scopes=seen,
    )
