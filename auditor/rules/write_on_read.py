"""A write on every read

## What it finds
A GET endpoint that writes to the database whenever it is asked: a counter of views, a time of last use, a row brought
up to date.

## Why it is slow
A read becomes a write: it takes locks, goes to the primary, waits for the disk, can't be answered from a replica or a
cache, and requests for the same row stand in line behind each other.

## When it does not matter
The endpoint is rarely asked, or the write is what it is for (a confirmation link, the return from a login).

## Example
```py
def detail(request, pk):
    article = get_object_or_404(Article, pk=pk)
    Article.objects.filter(pk=pk).update(views=F("views") + 1)
    return render(request, "article.html", {"article": article})
```

## Instead
Count in a cache or a queue and write the sums now and then; write a time of last use only when the one that is stored is
some minutes old.

## How to verify
Send the same GET many times at once, and look at locks and at the time of the slowest; compare what is stored afterwards
with what was stored before the change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Site
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import turns
from auditor.rules.claim import Claim, place, strip
from auditor.rules.scene import repeating, spot_of
from auditor.trace.turns import strictest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.rules.scene import Scene
    from auditor.trace.evaluation import Root
    from auditor.trace.summary import Effect, Summary

RULE = RuleInfo(
    id="write-on-read",
    group="writing",
    phase=6,
    severity=Severity.MEDIUM,
    title="write on every read",
    playbook="deferrable-work",
    docs=__doc__,
)

_MEANT: Final = re.compile(
    r"callback|oauth|sso|saml|log_?in|log_?out|sign|auth|confirm|verif|unsub|subscri|activat|token|reset|delete|remove|"
    r"invit|accept|reject|redirect|export|import|sync|refresh|run|start|stop|create|add|edit|update|new|vote|follow|"
    r"track|ping|hook|read|dismiss|toggle|enable|disable|install|setup|migrat|clone|copy|fork|download|attend|join|leave",
    re.IGNORECASE,
)
"""Words of paths and handlers whose GET is asked for what it changes."""
_WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SURELY: Final = frozenset({"every", "passing"})
_PERHAPS_NONE: Final = frozenset(
    {"add_all", "bulk_create", "bulk_update", "bulk_save_objects", "set", "get_or_create"}
)
"""Methods that write nothing where there is nothing to write."""
_REACH: Final = 300
_CLOCKS: Final = frozenset({"now", "utcnow", "time", "time_ns", "localtime", "current_timestamp"})


@dataclass(frozen=True, slots=True)
class Altered:
    """A row that a commit writes down."""

    name: str
    """Of its model."""
    site: Site
    """The statement that gives it the value."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim for each place that writes, told on the first endpoint by name."""
    best: dict[tuple[str, int], Claim] = {}
    reading: dict[tuple[str, int], set[str]] = {}
    also_posted = posted(scene)
    for root in sorted(scene.trace.entries, key=lambda r: "" if r.entry is None else r.entry.id):
        entry = root.entry
        if entry is None or entry.method != "GET" or _MEANT.search(f"{entry.path} {entry.name}"):
            continue
        if (id(entry.handler), entry.path) in also_posted:
            continue
        for effect in writes(scene, root):
            made = claim(effect, entry.id)
            best.setdefault(made.spot.key, made)
            reading.setdefault(made.spot.key, set()).add(entry.id)
    for key, made in best.items():
        served = {e.id for e in scene.trace.endpoints_of(made.spot.function)}
        if len(served) <= 2 * len(reading[key]):  # what mostly other endpoints reach is theirs
            yield made


def posted(scene: Scene) -> frozenset[tuple[int, str]]:
    """Methods of views, by identity and path, that answer POST and its like too: what they write is asked for."""
    entries = (root.entry for root in scene.trace.entries)
    return frozenset(
        (id(e.handler), e.path)
        for e in entries
        if e is not None and e.receiver is not None and e.method in _WRITING
    )


def writes(scene: Scene, root: Root) -> Iterator[Effect]:
    """The statements that every run of the handler writes with, as far as conditions tell."""
    seen: set[int] = set()
    summary = root.summary
    yield from sure_writes(scene, summary)
    calls = list(summary.calls)
    while calls and len(seen) < _REACH:
        call = calls.pop(0)
        if (
            id(call.callee) in seen
            or call.deferred
            or call.offloaded
            or call.remembered
            or repeating(call.loops)
        ):
            continue
        seen.add(id(call.callee))
        if strictest(scene.trace.machine, call.branch).turns not in _SURELY:
            continue
        if "sql" not in scene.costs.function(call.callee):
            continue
        below = scene.trace.machine.summaries.get(id(call.callee))
        if below is not None:
            yield from sure_writes(scene, below)
            calls.extend(below.calls)


def sure_writes(scene: Scene, summary: Summary) -> Iterator[Effect]:
    """Statements that write, and commits that write a row down which was given a new value before them."""
    for effect in summary.effects:
        if is_sure_write(scene, effect):
            yield effect
        elif effect.label == "COMMIT" and is_sure(scene, effect):
            for row in altered_rows(scene, effect, summary):
                yield replace(effect, kind="sql", label=f"UPDATE {row.name}", site=row.site)


def altered_rows(scene: Scene, commit: Effect, summary: Summary) -> Iterator[Altered]:
    """Rows that the committing function fetched itself and gives, each time, a value that they did not have."""
    function = commit.site.function
    if function is None:
        return
    reads = scene.texts.of(function)
    for statement in unconditional(function.body):
        target = target_of(statement)
        if target is None or statement[1] >= commit.site.line or not is_ever_another(statement):
            continue
        bound = reads.bindings.get(target[2][2], [])
        if len(bound) != 1 or bound[0][0] != ir.ASSIGN:
            continue
        fetched = next(
            (
                e.query
                for e in summary.effects
                if e.query is not None
                and e.operation == "read"
                and e.site.function is function
                and bound[0][1] <= e.site.line <= bound[0][2]
            ),
            None,
        )
        if fetched is not None and fetched.orm == "sqlalchemy" and target[3] in fetched.model.columns:
            where = Site(function, function.module, statement[1], statement[1], statement[2])
            yield Altered(fetched.model.name, where)


def unconditional(body: Sequence[Node]) -> Iterator[Node]:
    """The statements that stand in no branch and no loop."""
    for statement in body:
        yield statement
        if statement[0] == ir.WITH:
            yield from unconditional(statement[4])


def target_of(statement: Node) -> Node | None:
    """`row.column` of a statement that gives it a value."""
    if statement[0] not in {ir.ASSIGN, ir.AUG}:
        return None
    given = statement[3] if statement[0] == ir.ASSIGN else (statement[3],)
    target: Node = given[0]
    is_plain = len(given) == 1 and target[0] == ir.ATTR and target[2][0] == ir.NAME
    return target if is_plain else None


def is_ever_another(statement: Node) -> bool:
    """Whether the value is another one each time: the time, or one more than it was."""
    if statement[0] == ir.AUG:
        return True
    value = statement[4]
    if (
        value[0] == ir.BIN
        and value[2] in {"+", "-"}
        and strip(statement[3][0]) in map(strip, turns.nodes(value))
    ):
        return True
    return any(n[0] == ir.CALL and turns.name_of(n[2]) in _CLOCKS for n in turns.nodes(value))


def is_sure_write(scene: Scene, effect: Effect) -> bool:
    if effect.kind != "sql" or effect.operation != "write" or effect.cause == "flush":
        return False
    if not effect.label.startswith(("UPDATE ", "INSERT ", "DELETE ")):
        return False
    many = (
        effect.node is not None
        and effect.node[0] == ir.CALL
        and turns.name_of(effect.node[2]) in _PERHAPS_NONE
    )
    return not many and is_sure(scene, effect)


def is_sure(scene: Scene, effect: Effect) -> bool:
    """Whether it happens whenever its function runs, before the answer, and once."""
    if effect.offloaded or effect.remembered or repeating(effect.loops):
        return False
    return strictest(scene.trace.machine, effect.branch).turns in _SURELY


def claim(effect: Effect, endpoint: str) -> Claim:
    """What is told of it."""
    return Claim(
        spot=spot_of(effect.site),
        title=f"`{endpoint}` runs `{effect.label}` each time it is asked",
        evidence=[
            Evidence(
                kind="query", text=f"`{effect.label}` at `{effect.site.module.path}:{effect.site.line}`"
            ),
            Evidence(kind="chain", text=f"reached from `{endpoint}` whatever was asked for"),
        ],
        confidence=0.65 - (0.1 if effect.guessed else 0),
        related=[place(spot_of(effect.site), "write")],
        subject=effect.label,
        cost_term=TermAtStake(kind="sql", after=CostTerm(low=0, high=0)),
        could_be_wrong="The endpoint is asked for what it writes.",
        fix="Write later (a queue, a cache that is written down now and then), or only when enough has changed.",
    )
