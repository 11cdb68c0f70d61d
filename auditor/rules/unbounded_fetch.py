"""A whole table fetched at once

## What it finds
A request or job that fetches every row of a table that grows: no limit, no condition that narrows it to one
owner or key, no pages.

## Why it is slow
The cost of one request grows with everything that was ever stored: the database reads it all, the
application holds it all in memory, and the client waits for the last row. It works well for a year and then
fails at once.

## When it does not matter
The table is small and stays so; a limit, a page or a cursor is applied further down; rows are streamed in
batches.

## Example
```py
@app.get("/events")
def events():
    return [e.as_dict() for e in Event.query.order_by(Event.starts_at).all()]
```

## Instead
```py
@app.get("/events")
def events():
    page = Event.query.order_by(Event.starts_at, Event.id).limit(100).offset(offset)
```
A cursor on the order's columns is better than an offset where pages go deep.

## How to verify
Fill the table with ten times the rows: the rows read by one request must stay the same. Clients that relied
on getting everything need the next page: that is a change of the contract, to be agreed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, staff
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import gives_whole_rows, rows_at_stake
from auditor.rules.growth import growth, is_born
from auditor.rules.scene import Spot, repeating, spot_of
from auditor.rules.slice_in_python import cuts_of_remade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.values import Query, Site
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="unbounded-fetch",
    group="fetching",
    phase=3,
    severity=Severity.MEDIUM,
    title="whole table fetched",
    playbook="push-filters-into-sql",
    docs=__doc__,
)
_STATES: Final = frozenset({"exact", "isnull", "ne"})
_USUAL: Final = (
    "deleted",
    "active",
    "enabled",
    "disabled",
    "cancel",
    "archived",
    "removed",
    "visible",
    "hidden",
)
"""What flags are called that have the same value on most rows."""
_JOINING: Final = re.compile(r"\.(?:outer)?join\(|\.select_from\(|\.from_statement\(|…$|\.\.\.$")
_NARROWING: Final = re.compile(r"\.(?:where|filter|filter_by|exclude|having|with_parent)\(")
_LISTED: Final = frozenset({"all", "list", "tuple", "scalars", "fetchall"})


def find(scene: Scene) -> Iterator[Claim]:
    """SELECTs of whole growing tables, on requests and in jobs."""
    asking = frozenset(asking_anew(scene))
    for _, effect in scene.effects():
        query = effect.query
        if (
            effect.kind != "sql"
            or effect.operation != "read"
            or effect.cause != "query"
            or effect.remembered
            or query is None
            or not effect.label.startswith("SELECT ")
            or "(prefetch" in effect.label
            or repeating(effect.loops)
            or is_narrow(query)
            or (query.model.key, place_of(effect.site)) in asking
            or not is_built_here(effect, query)
            or (effect.site.function is not None and scene.trace.machine.is_memoised(effect.site.function))
        ):
            continue
        made = claim(scene, effect, query)
        if made is not None and believable(scene, made):
            yield made
    yield from of_pages(scene)


def asking_anew(scene: Scene) -> Iterator[tuple[str, tuple[str, int]]]:
    """Models of rows that a form or filter of the admin offers and that ask anew one by one, with its place: told there."""
    for _, effect in scene.effects():
        origin = None if effect.row is None else effect.row.origin
        if effect.cause == "lazy-load" and origin is not None and staff.is_option(origin.site.function):
            yield origin.model.key, place_of(origin.site)


def place_of(site: Site) -> tuple[str, int]:
    return site.module.path, site.start


def of_pages(scene: Scene) -> Iterator[Claim]:
    """Fetches of all that there is where one page of what is made of it is answered."""
    for own, cut in cuts_of_remade(scene):
        spot = spot_of(own.query.site)
        grows = growth(own.query.model)
        if not grows or own.query.limited or audience(scene, spot) != "request":
            continue
        where = Spot(own.function.module, own.function, cut[1], cut[1], cut[1])
        yield Claim(
            spot=spot,
            title=f"every {own.query.model.name} is fetched, and a page of them is answered",
            evidence=[
                Evidence(
                    kind="code",
                    text=f"the page is cut at `{where.module.path}:{where.line}`, after the fetch",
                ),
                Evidence(kind="note", text=f"{own.query.model.name} grows with use: {grows}"),
            ],
            confidence=0.6,
            related=[place(spot, "query"), place(where, "read")],
            cost_term=rows_at_stake(scene, own.query),
            could_be_wrong="There are never more than a few, or the rest of the answer needs all of them.",
            fix="Put the conditions, the order and the page into the query, or find the keys of the page first.",
        )


def is_built_here(effect: Effect, query: Query) -> bool:
    """Whether all that narrows it is in sight: its beginning is known, and nobody handed it in."""
    return query.site.function is effect.site.function and bool(query.text) and not query.text.startswith(".")


def is_narrow(query: Query) -> bool:
    """Whether anything keeps the rows from being the whole table."""
    if (
        query.limited
        or query.bound is not None
        or query.relation is not None
        or (query.in_memory and query.owner is not None)
    ):
        return True
    if query.shape == "flat" or query.grouped or query.streaming or query.empty or query.locked:
        return True
    if query.shape == "rows" and not gives_whole_rows(query) and query.only is None:
        return True
    return hides_conditions(query) or any(not is_state(query, path, lookup) for path, lookup in query.filters)


def hides_conditions(query: Query) -> bool:
    """Whether it has conditions beside its filters: on a joined table, or in an expression."""
    return bool(_JOINING.search(query.text)) or len(_NARROWING.findall(query.text)) > len(query.filters)


def is_state(query: Query, path: str, lookup: str) -> bool:
    """A condition like `deleted = False` that most rows meet."""
    column = query.model.columns.get(path)
    is_flag = column is not None and "bool" in column.type.lower()
    return is_flag and lookup in _STATES and any(word in path.lower() for word in _USUAL)


def claim(scene: Scene, effect: Effect, query: Query) -> Claim | None:
    spot = spot_of(effect.site)
    waiting = audience(scene, spot)
    grows = growth(query.model)
    if not grows or (waiting != "request" and not is_listed(effect)):
        return None
    model = query.model.name
    return Claim(
        spot=spot,
        title=f"every {model} is fetched at once",
        evidence=[
            Evidence(kind="query", text=f"`{effect.label}` has no limit and no condition that narrows it"),
            Evidence(kind="note", text=f"{model} grows with use: {grows}"),
        ],
        confidence={"request": 0.8, "task": 0.65, "command": 0.45, "unknown": 0.65}[waiting]
        - (0 if is_born(query.model) else 0.35),
        cause=(query.model.key,),
        severity=None if waiting == "request" else Severity.LOW,
        related=[place(spot_of(query.site), "query")],
        cost_term=rows_at_stake(scene, query),
        could_be_wrong=f"There are few {model} rows, and always will be.",
        fix="Fetch a page at a time." if waiting == "request" else "Fetch in batches, or stream the rows.",
    )


def is_listed(effect: Effect) -> bool:
    """Whether all rows are put into one list."""
    node = effect.node
    return node is not None and node[0] == ir.CALL and names.called_name(node) in _LISTED
