"""Refrains: what depends on nothing but the classes it is about is evaluated once and told again elsewhere.

Validating what a client sent asks the same of the same serializer wherever that happens: for each action of each view
set, and below every serializer that it is nested in. Told again, the rows of the first evaluation get the frames, arms
and loops of the new place, and queries, rows and instances of their own: no two operations share them.

An evaluation is told again only where evaluating anew would give the same: as far from the limits on frames and replays,
with the same serializers being validated around it, inside loops of the same kind, and with none of the functions in
the frames that a call on the way asked about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from auditor.index.values import Inst, Many, Query, Row, Value, altered
from auditor.trace.context import MAX_FRAMES, MAX_RESIDUAL, REPLAY_BUDGET
from auditor.trace.summary import Call, Effect, Loop, Use

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.trace.machine import Machine
    from auditor.trace.summary import Branch, Frames, Residual

V = TypeVar("V", bound=Value)
_MOST: Final = 40
"""Evaluations of one thing that are kept."""


@dataclass(slots=True)
class Watch:
    """What the evaluations that may be told again depend on, beside what they are about."""

    deepest: int = 0
    """Frames around a replay, at most."""
    asked: set[int] = field(default_factory=set)
    """Identities of functions that somebody looked for among the frames."""
    met: set[int] = field(default_factory=set)
    """Identities of the serializer classes that were validated, or not because they were being validated."""

    def went(self, frames: int) -> None:
        """Notes how deep a replay is."""
        self.deepest = max(self.deepest, frames)

    def includes(self, other: Watch, deeper: int = 0) -> None:
        """Takes over what a part of the evaluation depends on."""
        self.went(other.deepest + deeper)
        self.asked |= other.asked
        self.met |= other.met


@dataclass(slots=True, eq=False)
class Refrain:
    """One evaluation, as it was recorded."""

    loops: tuple[Loop, ...]
    branch: Branch
    frames: int
    """How many frames were around it."""
    calls: list[Call]
    effects: list[Effect]
    uses: list[Use]
    residual: list[Residual]
    spent: int
    watch: Watch
    around: frozenset[int]
    """Of the serializer classes that it met, those that were being validated already."""


@dataclass(slots=True)
class Refrains:
    """All that was recorded, by what it is about and where it stands."""

    known: dict[object, list[Refrain]] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)
    """Of the evaluation at hand."""


def once(m: Machine, about: tuple[object, ...], evaluate: Callable[[], object]) -> None:
    """Runs `evaluate`, or tells again what it did before; `about` is all that it depends on."""
    cx = m.cx
    if m.quiet or cx.summary.function is not None or cx.function is None or not cx.frames or cx.deferred:
        evaluate()
        return
    key = (
        about,
        (id(cx.function), id(cx.module), cx.line, cx.start, cx.end, cx.names),
        (cx.remembered, cx.offloaded),
        tuple([kind_of(loop) for loop in cx.loops]),
    )
    listed = m.refrains.known.setdefault(key, [])
    for refrain in listed:
        if fits(m, refrain):
            tell(m, refrain)
            return
    if len(listed) >= _MOST:
        evaluate()
    elif (made := recorded(m, evaluate)) is not None:
        listed.append(made)


def kind_of(loop: Loop) -> tuple[object, ...]:
    """All of a loop that an evaluation inside it may go by."""
    size = loop.size
    named = () if size is None else (size.name, size.bound, size.table, size.file, size.line, size.exact)
    return loop.kind, loop.repeats, loop.batch, loop.turns, id(loop.node), id(loop.site.function), named


def recorded(m: Machine, evaluate: Callable[[], object]) -> Refrain | None:
    """Runs `evaluate`; gives what it did, where that may be told again."""
    cx, refrains = m.cx, m.refrains
    summary, outer, spent = cx.summary, refrains.watch, cx.spent
    starts = len(summary.calls), len(summary.effects), len(summary.uses), len(summary.residual)
    others = len(summary.library_calls), len(summary.kept)
    active = frozenset(m.validating)
    watch = refrains.watch = Watch()
    try:
        evaluate()
    finally:
        refrains.watch = outer
        outer.includes(watch)
    calls, effects = summary.calls[starts[0] :], summary.effects[starts[1] :]
    uses, residual = summary.uses[starts[2] :], summary.residual[starts[3] :]
    made = Refrain(
        cx.loops,
        cx.branch,
        len(cx.frames),
        calls,
        effects,
        uses,
        residual,
        cx.spent - spent,
        watch,
        active & watch.met,
    )
    changed = (len(summary.library_calls), len(summary.kept)) != others
    if changed or summary.truncated or not watch.asked.isdisjoint(in_sight(m)):
        return None
    if any(
        e.kind == "sql" and (e.operation != "read" or (e.query and e.query.orm != "django")) for e in effects
    ):
        return None  # what is written sets off receivers of signals; sessions remember their rows
    return made


def in_sight(m: Machine) -> set[int]:
    """Identities of the functions around the place at hand."""
    return {id(m.cx.function), *[id(function) for function, _ in m.cx.frames]}


def fits(m: Machine, refrain: Refrain) -> bool:
    """Whether evaluating anew would give the same rows."""
    cx, watch = m.cx, refrain.watch
    deeper = len(cx.frames) - refrain.frames
    return (
        (deeper == 0 or max(watch.deepest, watch.deepest + deeper) < MAX_FRAMES)
        and cx.spent + refrain.spent < REPLAY_BUDGET
        and len(cx.summary.residual) + len(refrain.residual) < MAX_RESIDUAL
        and {one for one in watch.met if one in m.validating} == refrain.around
        and (not watch.asked or watch.asked.isdisjoint(in_sight(m)))
    )


def tell(m: Machine, refrain: Refrain) -> None:
    """Adds the rows of an evaluation at another place."""
    cx, watch = m.cx, m.refrains.watch
    moving = Moving(refrain, cx.loops, cx.branch, cx.frames)
    summary = cx.summary
    summary.calls.extend([moving.call(row) for row in refrain.calls])
    summary.effects.extend([moving.effect(row) for row in refrain.effects])
    summary.uses.extend([moving.use(row) for row in refrain.uses])
    summary.residual.extend(refrain.residual)  # of an entry point nobody waits for them: they only count
    cx.spent += refrain.spent
    for row in refrain.calls:
        called = m.summaries[id(row.callee)]
        called.callers += 1
        general = called if called.function is None else m.summaries[id(called.function)]
        if general is not called:
            general.callers += 1
    watch.includes(refrain.watch, len(cx.frames) - refrain.frames)


class Moving:
    """Rows of one place, seen from another: frames, arms and loops around the first give way to those around the second."""

    def __init__(self, refrain: Refrain, loops: tuple[Loop, ...], branch: Branch, frames: Frames) -> None:
        self.depth, self.before = refrain.frames, refrain.branch
        self.around = branch, frames
        self.framed: dict[int, Frames] = {}
        self.armed: dict[int, Branch] = {}
        self.turned: dict[int, Loop] = {id(old): new for old, new in zip(refrain.loops, loops, strict=True)}
        self.looped: dict[int, tuple[Loop, ...]] = {}
        self.values: dict[int, Value] = {}

    def frames(self, frames: Frames) -> Frames:
        made = self.framed.get(id(frames))
        if made is None:
            made = self.framed[id(frames)] = self.around[1] + frames[self.depth :]
        return made

    def branch(self, branch: Branch) -> Branch:
        made = self.armed.get(id(branch))
        if made is None:
            made = self.armed[id(branch)] = self.around[0] + branch[len(self.before) :]
        return made

    def loops(self, loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
        if not loops:
            return loops
        made = self.looped.get(id(loops))
        if made is None:
            made = self.looped[id(loops)] = tuple([self.loop(loop) for loop in loops])
        return made

    def loop(self, loop: Loop) -> Loop:
        made = self.turned.get(id(loop))
        if made is None:
            inside = loop.branch[: len(self.before)] == self.before
            branch = self.branch(loop.branch) if inside else loop.branch
            made = self.turned[id(loop)] = altered(loop, branch=branch)
        return made

    def call(self, row: Call) -> Call:
        given = row.given
        if given:
            given = tuple([(of, None if made is None else self.loop(made)) for of, made in given])
        return Call(
            row.callee,
            row.site,
            self.loops(row.loops),
            self.branch(row.branch),
            self.frames(row.frames),
            row.node,
            None if row.receiver is None else self.value(row.receiver),
            tuple([self.value(one) for one in row.arguments]),
            row.remembered,
            row.guessed,
            row.deferred,
            row.offloaded,
            self.loops(row.around),
            given,
        )

    def effect(self, row: Effect) -> Effect:
        return Effect(
            row.kind,
            row.label,
            row.operation,
            row.cause,
            row.site,
            self.loops(row.loops),
            self.branch(row.branch),
            self.frames(row.frames),
            row.node,
            row.query and self.value(row.query),
            row.row and self.value(row.row),
            row.relation,
            row.fact,
            row.target,
            row.remembered,
            row.guessed,
            tuple([self.value(one) for one in row.arguments]),
            row.offloaded,
            self.loops(row.around),
        )

    def use(self, row: Use) -> Use:
        value, branch, frames = self.value(row.value), self.branch(row.branch), self.frames(row.frames)
        return Use(row.how, value, row.site, self.loops(row.loops), branch, frames, row.node, row.detail)

    def value(self, value: V) -> V:
        """What stands for a value at the other place: another query, row or instance, one for each."""
        if not isinstance(value, (Query, Row, Inst, Many)):
            return value
        made = self.values.get(id(value))
        if made is None:
            changes: dict[str, Any] = {}
            if not isinstance(value, Many):
                changes["loops"] = self.loops(value.loops)
            elif value.source is not None:
                changes["source"] = self.value(value.source)
            if isinstance(value, Row) and value.origin is not None:
                changes["origin"] = self.value(value.origin)
            made = self.values[id(value)] = altered(value, **changes)
        return cast("V", made)
