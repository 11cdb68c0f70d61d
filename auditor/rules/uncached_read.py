"""The same read for everybody, every time

## What it finds
A small table that hardly changes (statuses, kinds, labels) and that requests read in whole each time, as a side matter of
their answer; and the dearest answers that depend on nothing but the parameters and the data, computed anew for whoever asks.
With each, the places that write those rows: there the entry would have to be dropped.

## Why it is slow
The answer of a moment ago is still right, and is worked out again: the same statements, the same rows, the same rendering.

## When it does not matter
The answer depends on who asks after all, is asked for rarely, or must be as of now. Make the uncached way fast first.

## Example
```py
labels = {s.code: s.label for s in session.query(BookingStatus).all()}
```

## Instead
```py
@cached(TTLCache(maxsize=1, ttl=300))
def status_labels():
    with session_scope() as session:
        return {s.code: s.label for s in session.query(BookingStatus).all()}
```
Of an answer: key it by the path and every parameter that counts, give it an expiry, and drop it after each write named here.

## How to verify
Ask twice: the second time the statements are gone. Write through one worker and read through another: the change is seen
within the stated time. Two callers with different rights get their own answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few
from auditor.rules.constant_reads import constant_reads, model_of, spot, told, writes_of
from auditor.rules.growth import growth
from auditor.rules.no_http_cache_headers import is_personal
from auditor.rules.scene import Spot, spot_of, statement_at
from auditor.rules.uncached_config import is_configuration
from auditor.trace.chains import chains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Model
    from auditor.rules.constant_reads import ConstantRead
    from auditor.rules.scene import Scene
    from auditor.trace.evaluation import Root
    from auditor.trace.summary import Effect

RULE = RuleInfo(
    id="uncached-read",
    group="caching",
    phase=4,
    severity=Severity.LOW,
    title="the same read for everybody",
    playbook="response-cache",
    docs=__doc__,
)

_FEW_WRITES: Final = 3
"""Places that write a table up to which its entries can be dropped with confidence."""
_MANY_PATHS: Final = 3
"""Paths from which on it is read wherever people go."""
_ANSWERS: Final = 2
"""Answers that are told, the dearest ones."""
_MANY_WRITES: Final = 12
_DEAR: Final = 10
"""Statements for each row from which on an answer is dear, where no loop stands in another."""
_LIVE: Final = re.compile(r"latest|live|current|now|recent|status|poll|stream|unread|random", re.IGNORECASE)
"""Parts of paths of what people ask for because it changes."""
_FOLLOWED: Final = 300
_ASKER: Final = re.compile(
    r"^(current_user|get_current_user|request_user|current_member|current_account|login_user|get_jwt_identity)$"
)
_HOLDERS: Final = frozenset({"request", "req", "g", "context", "info", "self"})
_WHO: Final = frozenset(
    {"user", "account", "member", "auth", "identity", "session", "cookies", "authenticated_userid"}
)


def find(scene: Scene) -> Iterator[Claim]:
    """One claim a table of a few fixed rows; then the dearest answers."""
    for reads in scene.once(constant_reads).values():
        if is_reference(scene, reads[0]) and is_aid(scene, reads):
            made = table_claim(scene, reads)
            if believable(scene, made):
                yield made
    told_answers = 0
    for root in dearest(scene):
        made_answer = answer_claim(scene, root)
        if made_answer is not None and told_answers < _ANSWERS:
            told_answers += 1
            yield made_answer


# -- tables ---------------------------------------------------------------------------------------------------


def is_reference(scene: Scene, read: ConstantRead) -> bool:
    """Whether a table holds a few rows that somebody filled once, and is read in whole."""
    query = read.effect.query
    if query is None or is_configuration(read.model.name) or growth(read.model) or few(query):
        return False
    if not read.effect.label.startswith("SELECT ") or query.grouped or query.streaming:
        return False
    return len(writes_of(scene, read.model)) <= _FEW_WRITES


def is_aid(scene: Scene, reads: list[ConstantRead]) -> bool:
    """Whether the rows help to answer other questions: read on many paths, or made into a table to look things up in.

    Rows that one page lists are what that page is about, and may have to be fresh.
    """
    if reads[0].paths >= _MANY_PATHS:
        return True
    uses = (
        u for r in reads if r.effect.query is not None for u in scene.consumed.get(r.effect.query.site, ())
    )
    return any(is_table(u.node) for u in uses)


def is_table(node: Node | None) -> bool:
    """A dictionary or a set made of all rows: `{s.id: s.label for s in rows}`, `dict(rows)`."""
    if node is None:
        return False
    if node[0] == ir.COMP:
        return node[2] in {"dict", "set"}
    return node[0] == ir.CALL and turns.name_of(node[2]) in {"dict", "set", "frozenset", "in_bulk"}


def table_claim(scene: Scene, reads: list[ConstantRead]) -> Claim:
    """What is told of a table."""
    best, *others = reads
    writes = writes_of(scene, best.model)
    name = best.model.name
    return Claim(
        spot=spot(best),
        title=f"{name} rows are the same for everybody and are read for every request",
        evidence=[
            Evidence(
                kind="query", text=f"`{best.effect.label}`: nothing of the request decides what it asks for"
            ),
            Evidence(
                kind="schema", text=f"no {name} belongs to anything that grows, or says when it was made"
            ),
            Evidence(kind="note", text=told(writes)),
            *(
                Evidence(kind="query", text=f"it is read at `{spot(r).module.path}:{spot(r).line}` as well")
                for r in others[:4]
            ),
        ],
        confidence=0.65 if writes else 0.7,
        related=[
            *(place(spot_of(w.site), "write") for w in writes[:2]),
            *(place(spot(r), "query") for r in others[:2]),
        ],
        subject=name,
        cost_term=TermAtStake(kind="sql", after=CostTerm(low=0, high=0)),
        could_be_wrong=f"{name} rows change often, or are many.",
        fix="Keep plain values of them in the process for some minutes, and drop them where they are written.",
    )


# -- answers --------------------------------------------------------------------------------------------------


def dearest(scene: Scene) -> list[Root]:
    """Reading endpoints whose statements grow with the data and whose handlers speak of nobody, the dearest first."""
    found: list[tuple[int, int, str, Root]] = []
    for root in scene.trace.entries:
        entry = root.entry
        if entry is None or entry.kind != "http" or entry.method != "GET" or is_personal(scene, root):
            continue
        costs = scene.costs.root(root)
        cost = costs.get("sql", {})
        handler = scene.trace.machine.summaries.get(id(root.function), root.summary)
        loops = (len(e.loops) for e in handler.effects if e.kind == "sql")
        degree = max((len(sizes) for sizes in cost), default=0)
        degree = max(
            degree, *loops, 0
        )  # a session asks for a parent once, whatever loops its children are in
        looped = sum(high for s, (_, high) in cost.items() if s)
        if (degree > 1 or looped >= _DEAR) and "cache" not in costs and not _LIVE.search(entry.path):
            found.append((degree, looped, entry.id, root))
    return [x[3] for x in sorted(found, key=lambda x: (-x[0], -x[1], x[2]))]


def answer_claim(scene: Scene, root: Root) -> Claim | None:
    """The claim about one answer, if nothing on the way asks who is there and the writers can be named."""
    entry = root.entry
    listed, _ = chains(scene.trace.machine, root.summary, 80)
    effects = [c.effect for c in listed if c.effect.kind == "sql"]
    if entry is None or any(e.operation == "write" for e in effects) or asks_who(scene, root):
        return None
    models = {m.key: m for e in effects if (m := model_of(e)) is not None and m.table}
    writes = [w for key in sorted(models) for w in writes_of(scene, models[key])]
    awaited = {id(s.function) for s in scene.scopes if id(s) in scene.waited_in}
    during = [w for w in writes if id(w.site.function) in awaited]
    if not models or len(during) > _MANY_WRITES:
        return None
    return answer(scene, root.function, entry.id, models, during or writes)


def asks_who(scene: Scene, root: Root) -> bool:
    """Whether a function on the way looks at who asks."""
    queue, seen = [root.function, *(c.callee for c in root.summary.calls)], set[int]()
    while queue:
        function = queue.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        if len(seen) > _FOLLOWED or speaks_of_asker(function):
            return True
        summary = scene.trace.machine.summaries.get(id(function))
        queue.extend(c.callee for c in (() if summary is None else summary.calls))
    return False


def speaks_of_asker(function: Function) -> bool:
    for node in turns.nodes(function.body):
        if node[0] == ir.NAME and _ASKER.match(node[2]):
            return True
        if node[0] == ir.ATTR and (
            _ASKER.match(node[3]) or (node[3] in _WHO and turns.name_of(node[2]) in _HOLDERS - {"self"})
        ):
            return True
        if node[0] == ir.NAME and node[2] == "session" and function.module.scope.get("session"):
            return True
    return False


def answer(
    scene: Scene, function: Function, endpoint: str, models: dict[str, Model], writes: list[Effect]
) -> Claim:
    """What is told of an answer."""
    lines = [
        line
        for line in sorted(
            {*scene.doings.effects.get(id(function), {}), *scene.doings.calls.get(id(function), {})}
        )
        if scene.doings.at(function, line, line, "sql")
    ]
    line = lines[0] if lines else function.line
    start, end = statement_at(function.body, line) or (line, line)
    tables = ", ".join(sorted({m.name for m in models.values()})[:6])
    return Claim(
        spot=Spot(function.module, function, line, start, end),
        title=f"the answer of `{endpoint}` is the same for everybody and is computed every time",
        evidence=[
            Evidence(kind="count", text="its statements grow with the data"),
            Evidence(
                kind="query",
                text=f"it depends on the parameters and on {tables}; nothing on the way asks who is there",
            ),
            Evidence(kind="note", text=told(writes)),
        ],
        confidence=0.6,
        related=[place(spot_of(w.site), "write") for w in writes[:4]],
        subject=endpoint,
        could_be_wrong="Something in front of the application keeps the answer, or it depends on who asks after all.",
        fix="Make it fast first; then keep the answer by its parameters, with an expiry, and drop it after those writes.",
    )
