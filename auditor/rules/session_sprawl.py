"""More than one session for one request

## What it finds
A request on whose path more than one database session or connection is opened: helpers that open their own
although their caller has one, or a session per turn of a loop.

## Why it is slow
Each session takes a connection from the pool. A request that needs three at once serves a third of the
traffic with the same pool, waits for itself when the pool is dry, and loads the same rows again because
sessions share nothing.

## When it does not matter
The second session is there on purpose: an audit record that must outlive a rollback, another database, a
thread of its own, work whose errors are caught and must not fail the transaction around it. One that is opened and closed before the next costs a round trip at most.

## Example
```py
def load_user(user_id):
    with SessionLocal() as session:
        return session.get(User, user_id)

def handler(order_id):
    with SessionLocal() as session:
        order = session.get(Order, order_id)
        return order, load_user(order.user_id)
```

## Instead
Open one where the request begins and hand it down:
```py
def load_user(session, user_id):
    return session.get(User, user_id)
```

## How to verify
Count the connections checked out by one request before and after, and run several requests at once against
a small pool. Check what used to be committed on its own when the request fails.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.index import ir
from auditor.model.report import CostTerm, Evidence, TermAtStake
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import paths, turns
from auditor.rules.audience import believable
from auditor.rules.best_effort import is_best_effort
from auditor.rules.claim import Claim, place, strip
from auditor.rules.loop_names import per_item
from auditor.rules.scene import repeating, spot_of
from auditor.trace.cost import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Site
    from auditor.rules.scene import Scene
    from auditor.trace.evaluation import Root
    from auditor.trace.summary import Branch, Call, Loop, Summary

RULE = RuleInfo(
    id="session-sprawl",
    group="sessions",
    phase=2,
    severity=Severity.MEDIUM,
    title="several sessions for one request",
    playbook="single-session",
    docs=__doc__,
)

_OPENERS: Final = (
    "session",
    "conn",
    "cursor",
    "get_db",
    "database",
    "engine",
    "unit_of_work",
    "uow",
    "transaction",
)
_MAKERS: Final = 3
"""Functions that make a session by calling one another, at most."""
_REACH: Final = 600
"""Functions followed below one endpoint."""
Way: TypeAlias = "tuple[tuple[Function, int], ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """A place that opens a session, as one endpoint reaches it."""

    site: Site
    label: str
    way: Way
    """The calls that lead to it, outermost first."""
    loops: tuple[Loop, ...]
    remembered: bool = False
    """Only while nothing is remembered yet."""
    database: str = ""
    """The setting or text that says which database, where the call that opens it names one."""


def find(scene: Scene) -> Iterator[Claim]:
    """One claim per helper's opening, told on the endpoint that opens most; those that open it alone don't pay."""
    best: dict[tuple[str, int], tuple[int, Claim]] = {}
    payers: dict[tuple[str, int], list[Summary]] = {}
    for root in scene.trace.entries:
        if root.entry is None or root.entry.kind == "command":
            continue
        found = openings(scene, root)
        for opening in found:
            others = [o for o in found if o is not opening and o.label == opening.label and both(o, opening)]
            others = [o for o in others if not is_of_another_database(o, opening)]
            inner = [o for o in others if is_outer(o, opening)]
            if opening.site.function is None or not (inner or opening.loops) or is_best_effort(opening.site):
                continue
            if has_own_engine(opening.site.function):
                continue
            if opening.remembered and not any(is_held(o, opening) for o in inner):
                continue
            made = claim(opening, inner, others, root)
            known = best.get(made.spot.key)
            payers.setdefault(made.spot.key, []).append(root.summary)
            if believable(scene, made) and (known is None or len(others) > known[0]):
                best[made.spot.key] = (len(others), made)
    for key, (_, made) in best.items():
        yield replace(made, scopes=tuple(payers[key]))


def openings(scene: Scene, root: Root) -> list[Opening]:
    """The places below an endpoint that open a session; a helper that only makes one counts where it is used."""
    found: list[Opening] = []
    seen: set[int] = set()
    found.extend(openings_of(scene, root.summary, (), ()))
    queue: deque[tuple[Summary, Way, tuple[Loop, ...]]] = deque([(root.summary, (), ())])
    while queue and len(seen) < _REACH:
        summary, way, loops = queue.popleft()
        for call in summary.calls:
            below = scene.trace.machine.summaries.get(id(call.callee))
            if below is None or call.deferred or call.offloaded or call.frames:
                continue
            if "session" not in scene.costs.function(call.callee) or is_handed_in(scene, call.branch):
                continue
            around = (*loops, *repeating(call.loops))
            label = makes(scene, below, handed_in=gives_something(call.node))
            if label:
                named = database_of(scene, call)
                found.append(Opening(call.site, label, way, around, call.remembered, named))
                continue
            if id(call.callee) in seen or call.remembered:
                continue
            seen.add(id(call.callee))
            further = way if call.site.function is None else (*way, (call.site.function, call.site.line))
            found.extend(openings_of(scene, below, further, around))
            queue.append((below, further, around))
    unique = {(o.site.module.path, o.site.line, o.site.function): o for o in reversed(found)}
    return sorted(unique.values(), key=lambda o: (len(o.way), o.site.module.path, o.site.line))


def openings_of(scene: Scene, summary: Summary, way: Way, loops: tuple[Loop, ...]) -> list[Opening]:
    """The sessions that one function's own summary opens."""
    return [
        Opening(e.site, e.label, (*way, *e.frames), (*loops, *repeating(e.loops)), e.remembered)
        for e in summary.effects
        if e.kind == "session" and not e.offloaded and not (e.remembered and e.frames)
        if not is_handed_in(scene, e.branch)
    ]


def is_handed_in(scene: Scene, branch: Branch) -> bool:
    """Whether a session is opened only where none was handed in: `SessionLocal() if session is None else session`."""
    for identity, _ in branch:
        guard = scene.trace.machine.guards.get(identity)
        if guard is None or guard.node[0] not in {ir.IF, ir.IFEXP, ir.BOOL}:
            continue
        test = guard.node[2 if guard.node[0] == ir.IFEXP else 3]
        tested = test[0] if guard.node[0] == ir.BOOL else test
        while tested[0] == ir.NOT:
            tested = tested[2]
        if tested[0] == ir.CMP and tested[2][0] in {"is", "is not", "==", "!="}:
            tested = next((one for one in tested[3] if one[0] != ir.CONST), tested)
        if tested[0] in {ir.NAME, ir.ATTR} and any(
            word in turns.name_of(tested).lower() for word in _OPENERS
        ):
            return True
    return False


def gives_something(call: Node | None) -> bool:
    """Whether a call has arguments: among them may be the session that its function uses instead of a new one."""
    return call is not None and call[0] == ir.CALL and bool(call[3] or call[4])


def makes(scene: Scene, summary: Summary, depth: int = 0, *, handed_in: bool = False) -> str:
    """What a function opens for its caller: a context manager, or a function that is called after what it gives; else "".

    It may leave the opening itself to another one of that kind; what it opens only where it is handed none counts
    for callers that hand in nothing.
    """
    function = summary.function
    if function is None or depth > _MAKERS:
        return ""
    if not function.is_generator and not any(word in function.name.lower() for word in _OPENERS):
        return ""
    opened = next(
        (
            e.label
            for e in summary.effects
            if e.kind == "session" and not e.frames and not (handed_in and is_handed_in(scene, e.branch))
        ),
        "",
    )
    if opened:
        return opened
    for call in summary.calls:
        below = scene.trace.machine.summaries.get(id(call.callee))
        if handed_in and is_handed_in(scene, call.branch):
            continue
        if below is not None and (label := makes(scene, below, depth + 1, handed_in=handed_in)):
            return label
    return ""


def database_of(scene: Scene, call: Call, depth: int = 0) -> str:
    """Which database the call asks for, or what it calls does: `session_of(settings.REPORTS_URL)`; "" where none is named."""
    if call.node is not None and call.node[0] == ir.CALL:
        given = [*call.node[3], *(value for _, value in call.node[4])]
        named = [strip(n) for n in given if is_setting(n)]
        if named:
            return repr(named)
    below = scene.trace.machine.summaries.get(id(call.callee))
    for inner in () if below is None or depth >= _MAKERS else below.calls:
        made = scene.trace.machine.summaries.get(id(inner.callee))
        if made is not None and makes(scene, made, depth) and (found := database_of(scene, inner, depth + 1)):
            return found
    return ""


def is_setting(node: Node) -> bool:
    """`settings.REPORTS_URL`, `REPORTS_URL`, `"reports"`."""
    if node[0] == ir.CONST:
        return isinstance(node[2], str)
    return node[0] in {ir.NAME, ir.ATTR} and turns.name_of(node).isupper()


def is_of_another_database(one: Opening, two: Opening) -> bool:
    return bool(one.database and two.database) and one.database != two.database


def has_own_engine(function: Function) -> bool:
    """Whether it makes an engine for itself: its connections are none of the pool that the request's session has."""
    return any(
        n[0] == ir.CALL
        and turns.name_of(n[2]) in {"create_engine", "create_async_engine", "engine_from_config"}
        for n in turns.nodes(function.body)
    )


def is_outer(opening: Opening, other: Opening) -> bool:
    """Whether `opening` is there first: where the request begins, or in a function on the way to `other`."""
    home = opening.site.function
    return home is None or any(function is home for function, _ in other.way)


def is_held(opening: Opening, other: Opening) -> bool:
    """Whether `opening` is a `with` block that leads to `other`, so that two are taken at a time."""
    home = opening.site.function
    line = next((line for function, line in other.way if function is home), None)
    if home is None or line is None:
        return False
    return any(
        node[0] == ir.WITH and node[1] <= opening.site.line <= line <= node[2]
        for node in turns.nodes(home.body)
    )


def both(one: Opening, two: Opening) -> bool:
    """Whether one request can reach both: their ways don't part in branches that exclude each other."""
    first = (*one.way, *(((one.site.function, one.site.line),) if one.site.function is not None else ()))
    second = (*two.way, *(((two.site.function, two.site.line),) if two.site.function is not None else ()))
    for (function, line), (other, another) in zip(first, second, strict=False):
        if function is not other:
            return True
        if line != another:
            return paths.both_run(function, min(line, another), max(line, another)) > 0
    return True


def claim(opening: Opening, outer: list[Opening], others: list[Opening], root: Root) -> Claim:
    """What is told of it."""
    spot = spot_of(opening.site)
    name = "" if opening.site.function is None else opening.site.function.name
    endpoint = "" if root.entry is None else root.entry.id
    evidence = [
        Evidence(
            kind="count", text=f"`{endpoint}` opens {len(others) + 1} of them: `{opening.label}` in `{name}`"
        ),
        *(
            Evidence(kind="code", text=f"`{o.label}` at `{o.site.module.path}:{o.site.line}`")
            for o in others[:4]
        ),
    ]
    if opening.loops:
        evidence.append(Evidence(kind="loop", text=f"and again once {per_item(opening.loops[-1])}"))
    if opening.remembered:
        evidence.append(Evidence(kind="note", text="only while what it gives is not remembered yet"))
    kept = any(o.site.function is not None for o in outer)
    return Claim(
        spot=spot,
        title=f"`{name}` opens a session of its own",
        evidence=evidence,
        confidence=0.55 if opening.remembered else 0.75 if kept else 0.7,
        severity=Severity.HIGH if opening.loops else Severity.MEDIUM,
        related=[
            place(spot_of(o.site), "first") for o in (*outer, *(x for x in others if x not in outer))[:3]
        ],
        cost_term=TermAtStake(kind="session", sizes=sizes(opening.loops), after=CostTerm(low=0, high=0))
        if outer
        else TermAtStake(kind="session", sizes=sizes(opening.loops), after=CostTerm()),
        could_be_wrong="It is meant to commit on its own, or belongs to another database.",
        fix=f"Give `{name}` the session that its caller has.",
    )
