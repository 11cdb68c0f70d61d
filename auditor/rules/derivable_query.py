"""A query for what an earlier one gave

## What it finds
A query whose answer the function holds already: columns of a row that it has loaded, asked for again by that row's
key; or a COUNT of rows that the same function fetches, all of them.

## Why it is slow
It is a round trip for a value that lies in memory.

## When it does not matter
The value is meant to be fresh, because something else may have changed it in between; or the rows are counted so that
they need not be fetched when there are none.

## Example
```py
city = session.scalars(select(City).where(City.slug == slug)).first()
country = session.scalar(select(City.country_code).where(City.id == city.id))
```

## Instead
```py
city = session.scalars(select(City).where(City.slug == slug)).first()
country = city.country_code
```

## How to verify
Count the statements of one request before and after. Compare the answers, also where the first query finds nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names, paths, turns
from auditor.rules.audience import audience, believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import gives_whole_rows
from auditor.rules.columns_tested import columns_tested
from auditor.rules.scene import Spot, spot_of, statement_at
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="derivable-query",
    group="queries",
    phase=2,
    severity=Severity.MEDIUM,
    title="query for what is known already",
    playbook="query-once",
    docs=__doc__,
)

_LATER: Final = 40
"""Lines within which two queries are read together."""
_FRESH: Final = re.compile(
    r"refresh|populate_existing|for_update|with_for_update|lock|update_or_create|nowait"
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a place, for columns of a row at hand and for counts of rows at hand."""
    seen: set[tuple[str, int]] = set()
    for module in scene.project.modules:
        for function in module.functions if module.role in {"app", "script"} else ():
            if id(function) not in scene.doings.effects and id(function) not in scene.doings.calls:
                continue
            for made in (*known_rows(scene, function), *counted_rows(scene, function)):
                if made.spot.key not in seen and believable(scene, made):
                    seen.add(made.spot.key)
                    yield made


# -- columns of a row that was loaded ------------------------------------------------------------------------


def known_rows(scene: Scene, function: Function) -> Iterator[Claim]:
    """Queries by the key of a row that a name of this function holds."""
    for call in turns.nodes(function.body):
        if call[0] != ir.CALL:
            continue
        for key in (*call[3], *(v for _, v in call[4]), *compared_in(call)):
            if key[0] == ir.ATTR and key[2][0] == ir.NAME:
                yield from asked_by_key(scene, function, call, key)


def compared_in(call: Node) -> Iterator[Node]:
    """What the arguments of a call compare columns with: `City.id == city.id`."""
    for argument in call[3]:
        if argument[0] == ir.CMP and argument[2] == ("==",):
            yield argument[3][1]


def asked_by_key(scene: Scene, function: Function, call: Node, key: Node) -> Iterator[Claim]:
    name = key[2][2]
    reads = scene.texts.of(function)
    bound = [b for b in reads.bindings.get(name, []) if not is_nothing(b)]
    if len(bound) != 1 or bound[0][0] != ir.ASSIGN or name in reads.params or bound[0][2] >= call[1]:
        return
    first = row_bound(scene, function, bound[0])
    start, end = statement_at(function.body, call[1]) or (call[1], call[1])
    if first is None or first.query is None:
        return
    model = first.query.model
    if key[3] not in {"pk", "id", model.primary_key} or changed_since(scene, function, bound[0], start, name):
        return
    for second in scene.doings.at(function, start, end, "sql"):
        if second is not first and is_by_key(second, first) and asks_with(scene, function, second, call, key):
            whole = second.query is not None and gives_whole_rows(second.query)
            if not (
                whole and second.site.function is function
            ):  # a second instance of the row may be the point
                yield row_claim(function, first, second, name, (start, end), 0.7 if whole else 0.85)
            return


def is_nothing(binding: Node) -> bool:
    """`row = None`, before it is known whether there is one."""
    value = names.bound_value(binding)
    return value is not None and names.is_none(value)


def row_bound(scene: Scene, function: Function, statement: Node) -> Effect | None:
    """The one query that gives the row that a statement binds a name to."""
    found = [
        e for e in scene.doings.at(function, statement[1], statement[2], "sql") if "(prefetch" not in e.label
    ]
    if (
        len(found) != 1
        or found[0].query is None
        or found[0].operation == "write"
        or found[0].cause != "query"
    ):
        return None
    query = found[0].query
    single = query.bound == 1 or any(c == query.model.primary_key for c, _ in columns_tested(query))
    return found[0] if single and gives_whole_rows(query) and found[0].label.startswith("SELECT ") else None


def changed_since(scene: Scene, function: Function, first: Node, line: int, name: str) -> bool:
    """Whether something was written, or the name's row given new values, between the two."""
    if paths.touches_rows(function, first[2], line) or paths.rebinds(
        function, first[2] + 1, line, frozenset({name})
    ):
        return True
    between = (
        scene.doings.at(function, first[2] + 1, line - 1, "sql", "transaction") if line > first[2] + 1 else []
    )
    return any(e.operation == "write" and e.cause != "flush" for e in between)


def is_by_key(second: Effect, first: Effect) -> bool:
    """Whether the second query selects, by the key alone, of the table that the first one's row is of."""
    query = second.query
    if (
        query is None
        or first.query is None
        or query.model is not first.query.model
        or second.operation == "write"
    ):
        return False
    fresh = query.locked or _FRESH.search(query.text) is not None
    tested = columns_tested(query)
    key = query.model.primary_key
    return (
        second.label.startswith("SELECT ")
        and not fresh
        and tested == ((key, "exact"),)
        and not second.relation
    )


def asks_with(scene: Scene, function: Function, second: Effect, call: Node, key: Node) -> bool:
    """Whether the key of this call is what the query compares: written in it, or passed for the name that is."""
    text = "" if second.query is None else second.query.text
    written = f"{key[2][2]}.{key[3]}"
    if second.site.function is function:
        return written in text
    callees = [f for f in scene.doings.called(function, call[1], call[1]) if f is second.site.function]
    for callee in callees:
        for parameter in callee.params:
            given = names.passed(call, callee, parameter[0])
            if given is key and re.search(rf"\b{re.escape(parameter[0])}\b", text):
                return True
    return False


def row_claim(
    function: Function, first: Effect, second: Effect, name: str, lines: tuple[int, int], confidence: float
) -> Claim:
    module = function.module
    return Claim(
        spot=Spot(module, function, lines[0], *lines),
        title=f"`{second.label}` is asked by the key of `{name}`, which holds that row already",
        evidence=[
            Evidence(
                kind="query",
                text=f"`{name}` is a whole row, of the query at `{first.site.module.path}:{first.site.line}`",
            ),
            Evidence(
                kind="query",
                text=f"the same row is read again at `{second.site.module.path}:{second.site.line}`",
            ),
        ],
        confidence=confidence,
        related=[place(spot_of(second.site), "query"), place(spot_of(first.site), "first")],
        subject=name,
        cost_term=TermAtStake(kind="sql", sizes=sizes(second.loops), after=CostTerm(low=0, high=0)),
        could_be_wrong="The value is meant to be fresh.",
        fix=f"Read it from `{name}`.",
        guessed=first.guessed or second.guessed,
    )


# -- counts of rows that are fetched -------------------------------------------------------------------------


def counted_rows(scene: Scene, function: Function) -> Iterator[Claim]:
    """COUNTs of a query whose rows the same function fetches, all of them."""
    own = [
        e
        for lines in scene.doings.effects.get(id(function), {}).values()
        for e in lines
        if e.kind == "sql" and e.site.function is function and e.query is not None and not e.remembered
    ]
    if not own or audience(scene, spot_of(own[0].site)) != "request":
        return  # what a job counts it counts once, to say how much there is to do
    counts = [e for e in own if e.label.startswith("COUNT ")]
    fetches = [e for e in own if e.label.startswith("SELECT ") and e.cause == "query"]
    for count in counts:
        fetch = next(
            (e for e in fetches if is_same_rows(count, e) and is_near(scene, function, count, e)), None
        )
        if fetch is not None:
            yield count_claim(count, fetch)


def is_same_rows(count: Effect, fetch: Effect) -> bool:
    one, other = count.query, fetch.query
    if one is None or other is None or one.model is not other.model or one.filters != other.filters:
        return False
    whole = not (
        other.limited or other.bound or other.streaming or other.distinct or other.grouped or one.grouped
    )
    text = other.text.partition(".order_by(")[0]
    counted = one.text.removesuffix(".count()").partition(".order_by(")[0]
    same = one.site == other.site or (bool(text) and text == counted)
    return whole and same and other.relation == one.relation and not one.in_memory


def is_near(scene: Scene, function: Function, count: Effect, fetch: Effect) -> bool:
    """Whether every run that counts fetches too, in the same turn of the same loops, with nothing written between."""
    if tuple(map(id, count.loops)) != tuple(map(id, fetch.loops)) or count.site.line == fetch.site.line:
        return False
    first, last = sorted((count.site.line, fetch.site.line))
    if last - first > _LATER or set(count.branch) != set(fetch.branch):
        return False
    if paths.both_run(function, first, last) != 1 or paths.touches_rows(function, first, last):
        return False
    if any(
        n[0] in {ir.RETURN, ir.RAISE} and n[1] < last for n in paths.statements_between(function, first, last)
    ):
        return False
    return not any(e.operation == "write" for e in scene.doings.at(function, first, last, "sql"))


def count_claim(count: Effect, fetch: Effect) -> Claim:
    model = "" if fetch.query is None else fetch.query.model.name
    return Claim(
        spot=spot_of(count.site),
        title=f"{model} rows are counted by a query of their own, and fetched at line {fetch.site.line}",
        evidence=[
            Evidence(kind="query", text=f"`{fetch.label}` at line {fetch.site.line} fetches all of them"),
            Evidence(kind="code", text="every run does both, and nothing is written in between"),
        ],
        confidence=0.7,
        severity=Severity.LOW,
        related=[place(spot_of(fetch.site), "first")],
        subject=model,
        cost_term=TermAtStake(kind="sql", sizes=sizes(count.loops), after=CostTerm(low=0, high=0)),
        could_be_wrong="The rows that are fetched are fewer than those that are counted.",
        fix="Fetch the rows once into a list and take its length.",
        guessed=count.guessed,
    )
