"""Single rows looked up one after another

## What it finds
A request that asks for four or more single rows, of several tables, one statement after the other, although what they are
looked up by is known before the first.

## Why it is slow
Each lookup is a round trip that the next one waits for. Together they are one statement.

## When it does not matter
The database is next door, or the endpoint rarely asked: the statements themselves are cheap, only the way is long.

## Example
```py
user = session.get(User, user_id)
shop = session.get(Shop, shop_id)
rule = session.query(Rule).filter(Rule.shop_id == shop_id).order_by(Rule.id).first()
plan = session.get(Plan, plan_id)
```

## Instead
```py
user, shop, rule, plan = session.execute(
    select(User, Shop, Rule, Plan)
    .select_from(select(literal(1)).subquery())
    .outerjoin(User, User.id == user_id)
    ...
).one()
```

## How to verify
Count the statements of one request. Ask for keys that don't exist, one at a time: the same answers as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules.claim import Claim, place
from auditor.rules.scene import Spot, spot_of, statement_at
from auditor.trace.flow import GUARDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="serial-lookups",
    group="queries",
    phase=2,
    severity=Severity.LOW,
    title="single rows looked up one after another",
    playbook="query-once",
    docs=__doc__,
)

_LEAST: Final = 4
"""Lookups from which on the round trips are worth a word."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for each function that an endpoint reaches and that looks up so many, itself or by its helpers."""
    found: dict[int, tuple[Function, dict[tuple[str, int], tuple[int, Effect]]]] = {}
    for _, effect in scene.effects():
        if not is_lookup(effect):
            continue
        homes = [(effect.site.function, effect.site.line), *reversed(effect.frames[-1:])]
        for function, line in homes:
            if function is not None:
                _, lookups = found.setdefault(id(function), (function, {}))
                lookups.setdefault((effect.site.module.path, effect.site.line), (line, effect))
    for function, lookups in found.values():
        own = [effect for _, effect in lookups.values() if effect.site.function is function]
        if len(lookups) >= _LEAST and len(own) > 1 and scene.trace.endpoints_of(function):
            yield claim(function, sorted(lookups.values(), key=lambda pair: (pair[0], pair[1].site.line)))


def is_lookup(effect: Effect) -> bool:
    """A SELECT of one row of SQLAlchemy's, made once."""
    query = effect.query
    return (
        effect.kind == "sql"
        and effect.operation != "write"
        and effect.cause == "query"
        and query is not None
        and query.orm == "sqlalchemy"
        and not query.locked
        and not effect.label.endswith("(refresh)")  # it belongs to the write before it
        and not effect.loops
        and not effect.remembered
        and not effect.guessed
        and query.bound == 1
        and all(arm == GUARDED for _, arm in effect.branch)  # those behind a condition, few requests make
    )


def claim(function: Function, lookups: list[tuple[int, Effect]]) -> Claim:
    """What is told of them, at the first."""
    line = lookups[0][0]
    start, end = statement_at(function.body, line) or (line, line)
    effects = [effect for _, effect in lookups]
    return Claim(
        spot=Spot(function.module, function, line, start, end),
        title=f"{len(effects)} single rows are looked up one after another",
        evidence=[
            Evidence(kind="query", text=f"`{e.label}` at `{e.site.module.path}:{e.site.line}`")
            for e in effects[:6]
        ],
        confidence=0.6,
        related=[place(spot_of(e.site), "query") for e in effects[1:4]],
        cost_term=TermAtStake(kind="sql", low=len(effects), high=len(effects), after=CostTerm()),
        could_be_wrong="Most requests end after the first, or what later ones are looked up by comes from earlier ones.",
        fix="Look them up with one statement.",
    )
