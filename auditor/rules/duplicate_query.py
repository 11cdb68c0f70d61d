"""The same query twice

## What it finds
A query that runs twice on one way through a function, or a helper with queries that is called twice with
the same arguments by one function or by what it calls, with nothing written in between.

## Why it is slow
The second run asks the database what the program already knows. It happens at the seams: a guard loads the
user, the handler loads the user again, and each of them is right on its own.

## When it does not matter
The two runs exclude each other, something between them changes the rows or must be seen fresh, or the
session answers from its identity map.

## Example
```py
if not session.scalars(statement).first():
    raise NotFound
user = session.scalars(statement).first()
```

## Instead
```py
user = session.scalars(statement).first()
if user is None:
    raise NotFound
```
Across functions, pass the row along instead of its key.

## How to verify
Count the statements of one request before and after, and compare the answers, that for a row which does not
exist included.
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.frameworks.templates import GET
from auditor.index import ir
from auditor.index.values import UNKNOWN, Const, Sym, Value
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import paths, turns
from auditor.rules.asked_before import asked_before
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place, strip
from auditor.rules.kept_rows import is_kept_where_built
from auditor.rules.scene import spot_of
from auditor.rules.worded_alike import is_changed_between, worded
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Site
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Call, Effect, Summary

RULE = RuleInfo(
    id="duplicate-query",
    group="queries",
    phase=2,
    severity=Severity.MEDIUM,
    title="the same query twice",
    playbook="query-once",
    docs=__doc__,
)

_DEPTH: Final = 3
_WRITING: Final = re.compile(r"_?(save|create|update|delete|insert|upsert|add|remove|store|write)(_|$)")
"""Names of helpers that are called for what they write, whatever they ask on the way."""
_WORD: Final = re.compile(r"(?<![.\w'\"])[A-Za-z_]\w*")
_ORDER: Final = re.compile(r"\.order_by\([^()]*(?:\([^()]*\)[^()]*)*\)")
_NOT_READS: Final = frozenset(
    "BEGIN COMMIT ROLLBACK SAVEPOINT SET PRAGMA EXPLAIN LOCK SELECT nextval".split()
) - {"SELECT"}
Key: TypeAlias = "Hashable"


def find(scene: Scene) -> Iterator[Claim]:
    """Statements that run twice in one function, then helpers called twice; one claim per second place."""
    seen: set[tuple[str, int]] = set()
    replaced: dict[tuple[int, int, int], int] = {}
    for scope in scene.scopes:
        for made in (
            *thrown_away(scope, replaced),
            *repeated_statements(scene, scope),
            *reordered_statements(scene, scope),
            *asked_by_helpers(scene, scope),
            *repeated_helpers(scene, scope),
        ):
            if made.spot.key not in seen and believable(scene, made):
                seen.add(made.spot.key)
                yield made


# -- statements ---------------------------------------------------------------------------------------------


def repeated_statements(scene: Scene, scope: Summary) -> Iterator[Claim]:
    """Reads with equal text in one function, in the same loops."""
    groups: dict[tuple[Key, ...], list[Effect]] = defaultdict(list)
    for effect in scope.effects:
        function = effect.site.function
        if function is not None and is_read(effect):
            loops = tuple(id(x) for x in effect.loops)
            bound = (
                None
                if effect.query is None
                else (effect.query.bound, effect.query.filters, effect.query.ordered)
            )
            key = (id(function), effect.label, text_of(effect), bound, loops, len(effect.frames))
            groups[*key, whose(effect)].append(effect)
    for group in groups.values():
        ordered = sorted(group, key=lambda e: e.site.line)
        for first, second in pairwise(ordered):
            function = first.site.function
            if function is None or first.site.line == second.site.line or first.node is second.node:
                continue
            surely = same_run(scene, scope, function, first.site, second.site) * both_arms(first, second)
            names = frozenset(_WORD.findall(text_of(first))) | roots_of(first)
            built_once = (
                first.query is not None and second.query is not None and first.query.site == second.query.site
            )
            if built_once and (is_kept_where_built(first.query) or is_of_another_call(first, second)):
                continue
            again = not built_once and paths.rebinds(function, first.site.start, second.site.start, names)
            if surely and not again and not locks(first) and not locks(second):
                yield statement_claim(first, second, 0.85 if surely == 1 else 0.65)


def reordered_statements(scene: Scene, scope: Summary) -> Iterator[Claim]:
    """Whole sets of rows that are fetched a second time in another order."""
    groups: dict[tuple[Key, ...], list[Effect]] = defaultdict(list)
    for effect in scope.effects:
        function, query = effect.site.function, effect.query
        if function is None or query is None or not is_read(effect) or not query.ordered or query.limited:
            continue
        if effect.label.startswith("SELECT ") and ".order_by(" in text_of(effect):
            unordered = _ORDER.sub("", text_of(effect))
            loops = tuple(id(x) for x in effect.loops)
            key = (id(function), effect.label, unordered, query.filters, loops, len(effect.frames))
            groups[key].append(effect)
    for group in groups.values():
        for first, second in pairwise(sorted(group, key=lambda e: e.site.line)):
            function = first.site.function
            if function is None or first.site.line == second.site.line or text_of(first) == text_of(second):
                continue
            names = frozenset(_WORD.findall(_ORDER.sub("", text_of(first))))
            if paths.rebinds(function, first.site.start, second.site.start, names):
                continue
            if same_run(scene, scope, function, first.site, second.site) == 1 and not locks(second):
                made = statement_claim(first, second, 0.6)
                made.title = (
                    f"`{second.label}` fetches the rows of line {first.site.line} again, in another order"
                )
                made.could_be_wrong = "The rows are many, only the first of each order are read, or the order is the database's own."
                made.fix = f"Sort the rows of line {first.site.line} in Python: they are all there."
                yield made


def asked_by_helpers(scene: Scene, scope: Summary) -> Iterator[Claim]:
    """Queries of a function that a helper has run before, on the same keys."""
    for call, first, second in asked_before(scene, scope):
        function = call.site.function
        if function is None or paths.touches_rows(function, call.site.end, second.site.start):
            continue
        between = (
            c for c in scope.calls if call.site.line <= c.site.line < second.site.line and not c.frames
        )
        if any(scene.writes(c.callee, commits=False) for c in between):
            continue
        made = statement_claim(first, second, 0.65)
        made.title = f"`{second.label}` has run already, in `{call.callee.name}`, with the same arguments"
        made.fix = f"Let `{call.callee.name}` give what it has found, or take it from its caller."
        yield made


def whose(effect: Effect) -> str:
    """The words that name the row whose relation a query asks for; "" for a query of its own."""
    row = row_asked(effect)
    return "" if row is None else strip(row)


def roots_of(effect: Effect) -> frozenset[str]:
    """The names in these words."""
    return frozenset(n[2] for n in turns.nodes(row_asked(effect)) if n[0] == ir.NAME)


def row_asked(effect: Effect) -> Node | None:
    """The expression of the row whose relation a query asks for, where it stands there."""
    relation = None if effect.query is None else effect.query.relation
    if relation is None:
        return None
    tail = relation.rpartition(".")[2]
    for n in turns.nodes(effect.node):
        if n[0] == ir.ATTR and n[3] == tail:
            return n[2]  # type: ignore[no-any-return]  # shape of ir.ATTR
        if n[0] == ir.CALL and n[2][0] == ir.NAME and n[2][2] == GET and n[3][1][2] == tail:
            return n[3][0]  # type: ignore[no-any-return]  # shape of ir.CALL
    return None


def is_of_another_call(first: Effect, second: Effect) -> bool:
    """Whether two names are walked over for which one helper built a query each: with what it was given, nobody knows."""
    names = [
        {n[2] for n in turns.nodes(e.node[4] if e.node[0] == ir.FOR else e.node) if n[0] == ir.NAME} - {GET}
        for e in (first, second)
        if e.node is not None and e.query is not None and e.query.site.function is not e.site.function
    ]
    return len(names) == 2 and all(names) and not names[0] & names[1]


def both_arms(first: Effect | Call, second: Effect | Call) -> float:
    """1 if no condition stands before only one of the two, 0.5 if one does, 0 if each has one of its own."""
    one, two = set(first.branch) - set(second.branch), set(second.branch) - set(first.branch)
    return 0 if one and two else 0.5 if one or two else 1


def is_read(effect: Effect) -> bool:
    """A read whose text says which rows it gives."""
    return is_asked_for(effect) and "…" not in text_of(effect)


def is_asked_for(effect: Effect) -> bool:
    """A read that its own code asks for."""
    if effect.kind != "sql" or effect.cause not in {"query", "call"}:
        return False
    if effect.operation == "write" or effect.remembered:
        return False
    first = effect.label.split()[0].upper()
    return bool(text_of(effect)) and first not in _NOT_READS and "prefetch" not in effect.label


def text_of(effect: Effect) -> str:
    """What is equal where two executions give the same."""
    if effect.query is not None and effect.query.text:
        return effect.query.text
    return strip(effect.node) if effect.node is not None and effect.fact is not None else ""


def locks(effect: Effect) -> bool:
    """Whether the second run is wanted: it locks the rows or reads them afresh."""
    text = text_of(effect)
    return (effect.query is not None and effect.query.locked) or "refresh" in text or "for_update" in text


def same_run(scene: Scene, scope: Summary, function: Function, first: Site, second: Site) -> float:
    """How surely one run does both, with nothing written in between."""
    surely = paths.both_run(function, first.line, second.line)
    if not surely or paths.touches_rows(function, first.end, second.start):
        return 0
    for effect in scope.effects:
        writes = (
            effect.operation == "write" and effect.kind in {"sql", "transaction"} and effect.cause != "flush"
        )
        if writes and effect.site.function is function and first.line <= effect.site.line <= second.line:
            return 0
    for call in scope.calls:
        if (
            call.site.function is function
            and first.line < call.site.line < second.start
            and scene.writes(call.callee)
        ):
            return 0
    return surely


def statement_claim(first: Effect, second: Effect, confidence: float) -> Claim:
    """What is told of it."""
    return Claim(
        spot=spot_of(second.site),
        title=f"`{second.label}` has run already, with the same arguments",
        evidence=[
            Evidence(kind="query", text=f"it first runs at `{first.site.module.path}:{first.site.line}`"),
            Evidence(kind="code", text="nothing is written, and no argument changes, in between"),
        ],
        confidence=confidence,
        related=[place(spot_of(first.site), "first"), place(spot_of(second.site), "duplicate")],
        cost_term=TermAtStake(
            kind="sql", low=2, high=2, sizes=sizes(second.loops), after=CostTerm(sizes=sizes(second.loops))
        ),
        could_be_wrong="The second answer is meant to be a fresh one.",
        fix=f"Keep the result of line {first.site.line} and use it again.",
        guessed=first.guessed or second.guessed,
    )


# -- results nobody reads -----------------------------------------------------------------------------------


def thrown_away(scope: Summary, replaced: dict[tuple[int, int, int], int]) -> Iterator[Claim]:
    """Executions whose result is replaced by another execution's before anybody has read it.

    `replaced` keeps, by function, line and call, where that is: most places are met at many endpoints.
    """
    reads = [e for e in scope.effects if e.kind == "sql" and e.cause == "query" and e.operation != "write"]
    for first in reads:
        function = first.site.function
        if (
            function is None
            or first.node is None
            or first.query is None
            or locks(first)
            or first.query.locked
        ):
            continue
        at = (id(function), first.site.line, id(first.node))
        line = replaced.get(at, -1)
        if line < 0:
            line = replaced[at] = paths.replaced_unread(function, first.site.line, first.node)
        for second in reads if line else ():
            same = second.query is not None and second.query.model is first.query.model
            if (
                same
                and second.site.function is function
                and second.site.line == line
                and second.label == first.label
            ):
                made = statement_claim(second, first, 0.85)
                made.title = f"nobody reads the result of `{first.label}`: line {line} executes it again"
                made.evidence = [
                    Evidence(kind="code", text=f"line {line} replaces the result before it is read")
                ]
                made.fix = "Leave out this execution."
                made.could_be_wrong = "It is executed for a side effect of the database's."
                yield made
                break


# -- helpers ------------------------------------------------------------------------------------------------


def repeated_helpers(scene: Scene, scope: Summary) -> Iterator[Claim]:
    """Helpers that read, reached twice with the same arguments from two places of one function."""
    function = scope.function
    if function is None:
        return
    reached: dict[tuple[int, Key], list[tuple[Call, Call, int]]] = defaultdict(list)
    for call in scope.calls:
        if call.frames or call.site.function is not function or not followed(call):
            continue
        for inner, key, depth in reads_below(scene, call, {}, 0, set()):
            reached[id(inner.callee), key].append((call, inner, depth))
        if (words := worded(call.node)) is not None and asks(scene, call):
            reached[id(call.callee), words].append((call, call, 0))
    for (_, key), places in reached.items():
        ordered = sorted(places, key=lambda p: (p[0].site.line, p[2]))
        for (first, _, _), (second, inner, depth) in pairwise(ordered):
            if first is second or first.site.line == second.site.line or first.node is second.node:
                continue
            if tuple(map(id, first.loops)) != tuple(map(id, second.loops)):
                continue
            if depth and (first.callee is second.callee or second.callee is function):
                continue
            if isinstance(key, str) and is_changed_between(function, first, second):
                continue
            surely = same_run(scene, scope, function, first.site, second.site) * both_arms(first, second)
            if surely and not scene.writes(first.callee) and not scene.writes(second.callee):
                yield helper_claim(
                    scene, first, second, inner, (0.8 if surely == 1 else 0.6) - (0.1 if depth else 0)
                )


def followed(call: Call) -> bool:
    """Whether the call happens every time, here and now."""
    return not (call.deferred or call.offloaded or call.remembered or call.callee.static == "cached_property")


def reads_below(
    scene: Scene, call: Call, given: dict[int, Key], depth: int, active: set[int]
) -> Iterator[tuple[Call, Key, int]]:
    """The call, and the calls it surely makes, whose callees read from a database, with their arguments."""
    keys = tuple(key_of(v, given) for v in call.arguments)
    summary = scene.trace.machine.summaries.get(id(call.callee))
    if summary is None or id(call.callee) in active:
        return
    if None not in keys and asks(scene, call):
        yield call, keys, depth
    if depth < _DEPTH:
        inner_given = {id(p): k for p, k in zip(summary.params, keys, strict=False) if k is not None}
        for inner in summary.calls:
            if not (inner.frames or inner.branch or inner.loops) and followed(inner):
                yield from reads_below(scene, inner, inner_given, depth + 1, active | {id(call.callee)})


def asks(scene: Scene, call: Call) -> bool:
    """Whether what is called reads from a database by itself, and has read when it returns."""
    summary = scene.trace.machine.summaries.get(id(call.callee))
    asked = summary is not None and any(is_asked_for(e) and not e.loops for e in summary.effects)
    return asked and not call.callee.is_generator and not _WRITING.match(call.callee.name)


def key_of(value: Value, given: dict[int, Key]) -> Key:
    """What is equal for two values that are the same; None where that can't be said."""
    if id(value) in given:
        return given[id(value)]
    if isinstance(value, Const):
        return ("const", repr(value.value))
    if isinstance(value, Sym) and value.op in {"attr", "item"} and value.base is not None:
        base = key_of(value.base, given)
        return None if base is None else (value.op, value.detail, base)
    return None if value is UNKNOWN else ("id", id(value))


def helper_claim(scene: Scene, first: Call, second: Call, inner: Call, confidence: float) -> Claim:
    """What is told of it."""
    summary = scene.trace.machine.summaries[id(inner.callee)]
    asked = [e for e in summary.effects if is_asked_for(e)]
    name = inner.callee.name
    through = "" if inner is second else f", by way of `{second.callee.name}`"
    return Claim(
        spot=spot_of(second.site),
        title=f"`{name}` has been asked already, with the same arguments",
        evidence=[
            Evidence(kind="code", text=f"it is first called at `{first.site.module.path}:{first.site.line}`"),
            Evidence(
                kind="chain", text=f"and again at `{second.site.module.path}:{second.site.line}`{through}"
            ),
            Evidence(kind="query", text=f"each time it runs `{asked[0].label}`"),
        ],
        confidence=confidence,
        cause=(inner.callee.module.path, inner.callee.line),
        related=[
            place(spot_of(first.site), "first"),
            place(spot_of(inner.site), "duplicate"),
            place(spot_of(asked[0].site), "query"),
        ],
        subject="",
        cost_term=TermAtStake(
            kind="sql",
            low=2 * len(asked),
            high=2 * len(asked),
            sizes=sizes(second.loops),
            after=CostTerm(low=len(asked), high=len(asked), sizes=sizes(second.loops)),
        ),
        could_be_wrong="The second answer is meant to be fresh, or the session answers from its identity map.",
        fix=f"Call `{name}` once and pass on what it gives.",
        guessed=any(e.guessed for e in asked),
    )
