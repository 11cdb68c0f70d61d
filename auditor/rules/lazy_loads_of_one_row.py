"""Several relations of one row, each loaded by a query

## What it finds
A single row that is fetched by its key, or as the first of its kind, and of which two or more relations are read on
every request although the query did not load them. The reads may be far from the query: in a helper, a property or a
serializer.

## Why it is slow
Each relation is one more round trip to the database, one after the other, where a join brings them with the row.

## When it does not matter
The database is next door and the endpoint rarely asked, or the related rows are mostly in the session already.

## Example
```py
order = session.get(Order, order_id)
return {"customer": order.customer.name, "shop": order.shop.name}
```

## Instead
```py
order = session.get(Order, order_id, options=[joinedload(Order.customer), joinedload(Order.shop)])
```

## How to verify
Count the statements of one request before and after. Compare the answers, for a row whose relation is empty too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import staff
from auditor.rules.claim import Claim, place
from auditor.rules.lazy_load_in_loop import has_unread_options
from auditor.rules.scene import repeating, spot_of
from auditor.rules.surroundings import is_fallback
from auditor.trace.flow import GUARDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.index.values import Query
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect, Summary

RULE = RuleInfo(
    id="lazy-loads-of-one-row",
    group="queries",
    phase=2,
    severity=Severity.LOW,
    title="relations of one row, loaded one by one",
    playbook="eager-load",
    docs=__doc__,
)

_BACKGROUND: Final = frozenset({"task", "command"})
_MANY: Final = 4
"""Queries whose rows are read by the very same statements: from so many on the statement is told, not the queries."""
_LEAST: Final = 2
"""Relations from which on a join saves round trips that are worth a word."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for each query of a single row whose relations are read without a condition."""
    groups: dict[tuple[str, int, int, str], list[tuple[Summary, Effect]]] = {}
    for scope, effect in scene.effects():
        if is_one_of_a_row(effect) and is_alone(scene, scope, effect):
            assert effect.row is not None
            assert effect.row.origin is not None
            origin = effect.row.origin
            key = (origin.site.module.path, origin.site.start, origin.site.line, origin.model.key)
            groups.setdefault(key, []).append((scope, effect))
    alike: dict[tuple[tuple[str, int], ...], list[list[Effect]]] = {}
    for group in groups.values():
        relations = {effect.relation for _, effect in group if is_joined(effect)}
        if len(relations) >= _LEAST and is_waited_for(scene, group[0][0].function):
            effects = [effect for _, effect in group]
            alike.setdefault(tuple(sorted(read_at(e) for e in effects)), []).append(effects)
    for told in alike.values():
        if len(told) < _MANY:
            yield from map(claim, told)
        else:
            yield claim_in_common(told)


def is_waited_for(scene: Scene, function: Function | None) -> bool:
    """Whether a request of somebody who is not of the staff asks for it: a worker's round trips are nobody's."""
    staffs = scene.once(staff.admin_pages)
    return any(e.kind not in _BACKGROUND and e.id not in staffs for e in scene.trace.endpoints_of(function))


def is_given(effect: Effect) -> bool:
    """Whether the row is made with it where there is none: `Role.objects.get_or_create(user=user, …)`."""
    origin = None if effect.row is None else effect.row.origin
    name = re.escape(effect.relation.rpartition(".")[2])
    return (
        origin is not None and re.search(rf"\bget_or_create\(.*\b{name}=", origin.text, re.DOTALL) is not None
    )


def read_at(effect: Effect) -> tuple[str, int]:
    return (effect.site.module.path, effect.site.line)


def is_one_of_a_row(effect: Effect) -> bool:
    """Whether an effect loads a relation of the one row that a query gives, each time.

    A row that is locked is fetched alone on purpose: with a join, the related rows would be locked as well.
    """
    origin = None if effect.row is None else effect.row.origin
    return (
        effect.kind == "sql"
        and effect.cause == "lazy-load"
        and not repeating(effect.loops)
        and not effect.remembered
        and not effect.guessed
        and all(arm == GUARDED for _, arm in effect.branch)
        and bool(effect.relation)
        and origin is not None
        and origin.site.function is not None
        and origin.bound == 1
        and not origin.in_memory
        and not origin.locked
        and not is_fallback(effect)
        and not is_given(effect)
        and not has_unread_options(effect)
    )


def is_alone(scene: Scene, scope: Summary, effect: Effect) -> bool:
    """Whether the place that fetches the row does so for nobody else: it stands in the scope itself, or has one caller."""
    origin = None if effect.row is None else effect.row.origin
    home = None if origin is None else origin.site.function
    below = scene.trace.machine.summaries.get(id(home))
    return home is not None and (home is scope.function or (below is not None and below.callers == 1))


def is_joined(effect: Effect) -> bool:
    """Whether a join loads it: to-one relations, and of a row fetched by its key (SQLAlchemy) those to many."""
    assert effect.row is not None
    origin, name = effect.row.origin, effect.relation.rpartition(".")[2]
    relation = effect.row.model.relations.get(name)
    return (
        relation is not None
        and origin is not None
        and not relation.kind.startswith("generic")
        and (not relation.many or is_got(origin))
    )


def is_got(origin: Query) -> bool:
    """Fetched by `session.get(...)`."""
    return origin.orm == "sqlalchemy" and origin.text.startswith("get(")


def claim(effects: list[Effect]) -> Claim:
    """What is told of it."""
    assert effects[0].row is not None
    assert effects[0].row.origin is not None
    origin = effects[0].row.origin
    relations = sorted({effect.relation for effect in effects})
    reads = {(e.site.module.path, e.site.line): e for e in effects}
    named = ", ".join(f"`{relation}`" for relation in relations[:4])
    return Claim(
        spot=spot_of(origin.site),
        title=f"{named} of one {origin.model.name} are loaded by a query each",
        evidence=[
            Evidence(kind="query", text=f"`{e.label}` is read at `{e.site.module.path}:{e.site.line}`")
            for e in list(reads.values())[:4]
        ],
        confidence=0.85,
        related=[place(spot_of(e.site), "read") for e in list(reads.values())[:3]],
        cost_term=TermAtStake(
            kind="sql", low=len(relations), high=len(relations), after=CostTerm(low=0, high=0)
        ),
        could_be_wrong="The related rows are in the session already, or mostly empty.",
        fix=f"Load {named} with the {origin.model.name}.",
    )


def claim_in_common(told: list[list[Effect]]) -> Claim:
    """What is told of statements (a `save()` of a base class) that load the same of the rows of many queries."""
    first = claim(told[0])
    effect = min(told[0], key=read_at)
    origins = [e[0].row.origin for e in told if e[0].row is not None and e[0].row.origin is not None]
    return replace(
        first,
        spot=spot_of(effect.site),
        title=f"{', '.join(f'`{r}`' for r in sorted({e.relation for e in told[0]})[:4])} are loaded by a query each, "
        f"here of rows that {len(told)} places fetch",
        related=[place(spot_of(o.site), "query") for o in origins],
        fix="Where only a key is wanted, read the column that holds it; else load them where the rows are fetched.",
        payers=tuple({id(o.site.function): o.site.function for o in origins if o.site.function}.values()),
    )
