"""What rules look at: the trace, with the questions that most of them ask answered once.

A rule never searches syntax for what the trace knows. It asks the scene for effects, calls and uses, each with the
loops around it, and answers with claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar, cast

from auditor.index import ir
from auditor.index.symbols import inner_blocks
from auditor.index.values import Many, Query
from auditor.repo.churn import Churn
from auditor.rules import turns
from auditor.rules.doings import Doings
from auditor.rules.handed_few import calls_of, is_handed_few
from auditor.rules.names import Library
from auditor.rules.short_by_text import is_short_by_text
from auditor.trace.cost import Costs, CostTable
from auditor.trace.turns import ends_it, operations_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.index.ir import Node
    from auditor.index.symbols import Function, Module
    from auditor.index.values import Site
    from auditor.knowledge.facts import Knowledge
    from auditor.trace.analysis import Trace
    from auditor.trace.summary import Branch, Call, Effect, Frames, Loop, Summary, Use

_T = TypeVar("_T")
_HANDFUL: Final = 5
"""Turns up to which a loop is not worth a word."""
_BUSY: Final = frozenset({"sql", "http", "llm", "mail", "task", "subprocess"})
"""Kinds beside which a log record costs nothing."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A statement of the target: where a finding is shown."""

    module: Module
    function: Function | None
    line: int
    """The line of the expression at fault, inside the statement."""
    start: int
    end: int

    @property
    def key(self) -> tuple[str, int]:
        return (self.module.path, self.start)


@dataclass(frozen=True, slots=True, eq=False)
class Looped:
    """Something that happens once per turn of a loop."""

    loop: Loop
    """The innermost loop around it."""
    spot: Spot
    """The statement inside that loop which does it, itself or by calling."""
    scope: Summary
    effect: Effect | None
    """The operation, when it is known for these arguments…"""
    call: Call | None
    """…or the call whose callee does it whatever its arguments."""
    loops: tuple[Loop, ...]
    frames: Frames


class Scene:
    """One audit's trace as rules see it."""

    def __init__(
        self,
        trace: Trace,
        knowledge: Knowledge,
        schema: object | None = None,
        *,
        history: Callable[[], Churn] = Churn,
    ) -> None:
        self.trace = trace
        self.knowledge = knowledge
        self.project = trace.project
        self.schema = schema
        self.history = history
        """How often files were changed; asked by those rules alone that stand on it, for it takes a while."""
        self.costs = CostTable(trace.machine)
        self._handed: dict[int, frozenset[int]] = {}
        self._handed_few: dict[int, bool] = {}
        self._writes: dict[tuple[int, bool], bool] = {}
        self._shared: dict[Callable[[Scene], object], object] = {}

    def once(self, made: Callable[[Scene], _T]) -> _T:
        """What `made` gives for this scene, worked out when it is first asked for: for what several rules look at."""
        if made not in self._shared:
            self._shared[made] = made(self)
        return cast("_T", self._shared[made])

    @cached_property
    def scopes(self) -> list[Summary]:
        return list(self.trace.scopes())

    @cached_property
    def texts(self) -> Library:
        """What each function's own text does with its names."""
        return Library()

    @cached_property
    def doings(self) -> Doings:
        """What each line of each function leads to."""
        return Doings(self)

    @cached_property
    def consumed(self) -> dict[Site, list[Use]]:
        """Every use of a query's rows, by the place that built the query: copies of a query share it."""
        found: dict[Site, list[Use]] = {}
        for _, use in self.uses():
            query = use.value.source if isinstance(use.value, Many) else use.value
            if isinstance(query, Query):
                found.setdefault(query.site, []).append(use)
        return found

    @cached_property
    def readers(self) -> dict[Site, dict[int, set[str]]]:
        """How each function uses a query's rows, by the place that built the query and the function's identity."""
        found: dict[Site, dict[int, set[str]]] = {}
        for site, uses in self.consumed.items():
            for use in uses:
                found.setdefault(site, {}).setdefault(id(use.site.function), set()).add(use.how)
        return found

    @cached_property
    def shared_steps(self) -> frozenset[tuple[str, int]]:
        """The places, by path and line, through which queries of several origins pass: pagers, helpers that filter."""
        begun: dict[tuple[str, int], set[tuple[str, int]]] = {}
        for _, effect in self.effects():
            for query in (effect.query, None if effect.row is None else effect.row.origin):
                sites = [] if query is None else list(query.steps)
                for site in sites[1:]:
                    first = sites[0]
                    begun.setdefault((site.module.path, site.start), set()).add(
                        (first.module.path, first.start)
                    )
        return frozenset(step for step, origins in begun.items() if len(origins) > 1)

    @cached_property
    def callers_of_queries(self) -> dict[tuple[str, int, str], dict[int, tuple[Function, int]]]:
        """By path, line and model of a query: the call through which each evaluation, by identity, ran it."""
        found: dict[tuple[str, int, str], dict[int, tuple[Function, int]]] = {}
        for scope, effect in self.effects():
            query = effect.query
            if query is not None and effect.cause == "query" and effect.frames:
                key = (query.site.module.path, query.site.line, query.model.key)
                found.setdefault(key, {}).setdefault(id(scope), effect.frames[-1])
        return found

    def handed_calls(self, function: Function) -> frozenset[int]:
        """Lines of a function that call one of its parameters: what that is differs from caller to caller."""
        known = self._handed.get(id(function))
        if known is None:
            names = {p[0] for p in function.params}
            known = self._handed[id(function)] = frozenset(
                n[1]
                for n in turns.nodes(function.body)
                if n[0] == ir.CALL and n[2][0] == ir.NAME and n[2][2] in names
            )
        return known

    def writes(self, function: Function, *, commits: bool = True) -> bool:
        """Whether calling the function may change what a query gives: by a write, or (`commits`) the end of a transaction."""
        key = (id(function), commits)
        if key not in self._writes:
            wanted = is_write if commits else is_row_write
            found = operations_below(self.trace.machine, function, wanted, limit=1)
            self._writes[key] = next(found, None) is not None
        return self._writes[key]

    @cached_property
    def entries_of(self) -> dict[int, tuple[str, ...]]:
        """By identity of a summary made at the top: ids of the endpoints that it evaluates."""
        found: dict[int, list[str]] = {}
        for root in self.trace.entries:
            if root.entry is not None:
                told = root.entry.id
                for part in {id(part) for part in (root.summary, *root.parts)}:
                    found.setdefault(part, []).append(told)
        return {part: tuple(told) for part, told in found.items()}

    @cached_property
    def orphan_of(self) -> dict[int, Function]:
        """By identity of a summary made at the top: the function that nobody known calls."""
        return {
            id(part): root.function for root in self.trace.orphans for part in (root.summary, *root.parts)
        }

    @cached_property
    def waited_in(self) -> frozenset[int]:
        """Identities of the summaries of what requests wait for: nothing on the way to them is put off."""
        roots = [r for r in self.trace.entries if r.entry is not None and r.entry.kind in {"http", "graphql"}]
        found = {id(s) for root in roots for s in (root.summary, *root.parts)}
        queue = [call for root in roots for call in root.summary.calls]
        while queue:
            call = queue.pop()
            below = self.trace.machine.summaries.get(id(call.callee))
            if below is not None and id(below) not in found and not (call.deferred or call.offloaded):
                found.add(id(below))
                queue.extend(below.calls)
        return frozenset(found)

    def effects(self) -> Iterator[tuple[Summary, Effect]]:
        """Every recorded operation, once per set of arguments it was seen with."""
        return iter(self._effects)

    def uses(self) -> Iterator[tuple[Summary, Use]]:
        """Every way a value was consumed."""
        return iter(self._uses)

    @cached_property
    def _effects(self) -> list[tuple[Summary, Effect]]:
        """Listed, for sixty rules ask and most scopes have none."""
        return [(scope, effect) for scope in self.scopes for effect in scope.effects]

    @cached_property
    def _uses(self) -> list[tuple[Summary, Use]]:
        return [(scope, use) for scope in self.scopes for use in scope.uses]

    def turned(self, loops: tuple[Loop, ...], branch: Branch) -> tuple[Loop, ...]:
        """The loops that repeat a place in these arms; not those that it ends."""
        kept = tuple(x for x in repeating(loops) if not self._is_handed_few(x))
        if not kept or not branch:
            return kept
        return tuple(x for x in kept if not ends_it(self.trace.machine, x, branch, loops))

    @cached_property
    def calls_of(self) -> dict[int, list[Call]]:
        """Every call of a function of the project, by the function's identity."""
        return calls_of(self.scopes)

    def _is_handed_few(self, loop: Loop) -> bool:
        known = self._handed_few.get(id(loop.node))
        if known is None:
            known = loop.node is not None and is_handed_few(self.calls_of, loop, _HANDFUL)
            self._handed_few[id(loop.node)] = known
        return known

    def looped_effects(self) -> Iterator[Looped]:
        """Operations inside a loop that repeats, seen from the loop's own function."""
        yield from self._looped_effects

    @cached_property
    def _looped_effects(self) -> list[Looped]:
        return [
            Looped(
                loops[-1],
                seen_from(loops[-1], effect.site, effect.frames),
                scope,
                effect,
                None,
                loops,
                effect.frames,
            )
            for scope in self.scopes
            for effect in scope.effects
            if effect.loops and not effect.remembered and (loops := self.turned(effect.loops, effect.branch))
        ]

    @cached_property
    def busy_loops(self) -> frozenset[tuple[str, int]]:
        """The loops, by path and first line, whose turns query, call outside or hand out work."""
        found = {
            (x.spot.module.path, x.loop.site.start)
            for x in self._looped_effects
            if x.effect is not None and x.effect.kind in _BUSY
        }
        calls = (x for x, costs in self._looped_calls if costs.keys() & _BUSY)
        return frozenset(found | {(x.spot.module.path, x.loop.site.start) for x in calls})

    def looped_calls(self, kind: str) -> Iterator[Looped]:
        """Calls inside a loop whose callee does something of `kind` whatever it is passed."""
        yield from self._looped_by_kind.get(kind, ())

    @cached_property
    def _looped_by_kind(self) -> dict[str, list[Looped]]:
        found: dict[str, list[Looped]] = {}
        for looped, costs in self._looped_calls:
            for kind, polynomial in costs.items():
                if polynomial:
                    found.setdefault(kind, []).append(looped)
        return found

    @cached_property
    def _looped_calls(self) -> list[tuple[Looped, Costs]]:
        """Those whose callee costs anything at all, with what one call of it costs."""
        return [
            (
                Looped(
                    loops[-1],
                    seen_from(loops[-1], call.site, call.frames),
                    scope,
                    None,
                    call,
                    loops,
                    call.frames,
                ),
                costs,
            )
            for scope in self.scopes
            for call in scope.calls
            if call.loops
            and not call.remembered
            and (loops := self.turned(call.loops, call.branch))
            and (costs := self.costs.function(call.callee))
        ]

    def effects_below(
        self, function: Function, kind: str, limit: int = 4, *, in_loops: bool = True, aside: bool = True
    ) -> list[tuple[Effect, list[Function]]]:
        """The nearest operations of a kind that calling `function` leads to, each with the functions on the way.

        Without `in_loops` those are left out that a loop further down repeats; without `aside` those that another
        thread or process does.
        """
        found: list[tuple[Effect, list[Function]]] = []
        seen: set[int] = set()
        queue: list[tuple[Function, list[Function]]] = [(function, [function])]
        while queue and len(found) < limit:
            current, path = queue.pop(0)
            if id(current) in seen or len(seen) > 400:
                continue
            seen.add(id(current))
            summary = self.trace.machine.summaries.get(id(current))
            if summary is None:
                continue
            for effect in summary.effects:
                if (not in_loops and repeating(effect.loops)) or (effect.offloaded and not aside):
                    continue
                if effect.cause == "flush":
                    continue  # the rows of all turns are written together
                if effect.kind == kind and not effect.remembered and len(found) < limit:
                    found.append((effect, path))
            queue.extend(
                (call.callee, [*path, call.callee])
                for call in summary.calls
                if not (call.remembered or call.deferred or (call.offloaded and not aside))
                and (in_loops or not repeating(call.loops))
                and kind in self.costs.function(call.callee)
            )
        return found


def is_write(effect: Effect) -> bool:
    """Whether it changes rows, or ends a transaction; what is only added to a session waits."""
    return effect.operation == "write" and effect.kind in {"sql", "transaction"} and effect.cause != "flush"


def is_row_write(effect: Effect) -> bool:
    """Whether it changes rows itself."""
    return effect.kind == "sql" and is_write(effect)


def repeating(loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
    """The loops that turn more often than a constant, or a small limit, of the source says."""
    return tuple(x for x in loops if x.repeats and not x.batch and not is_short(x))


def is_short(loop: Loop) -> bool:
    """Whether the source limits it to a handful of turns."""
    if loop.size is not None and loop.size.bound is not None and loop.size.bound <= _HANDFUL:
        return True
    return is_short_by_text(loop, _HANDFUL)


def seen_from(loop: Loop, site: Site, frames: Frames) -> Spot:
    """The statement in the loop's own function through which `site` is reached.

    Where a library goes through the rows (a serializer of many), the first statement of the project inside that loop; after a way back
    into the library (`super().to_representation(…)`), the first that it calls then.
    """
    home = loop.site.function
    if site.function is home:
        return spot_of(site)
    at = max((n for n, (function, _) in enumerate(frames) if function is home), default=len(frames))
    if at < len(frames) and home is not None and home.module.role != "library":
        return statement_of(*frames[at])
    found, by_library = None, True
    for function, line in frames[at:]:
        if function.module.role != "library" and by_library:
            found = statement_of(function, line)
        by_library = function.module.role == "library"
    return spot_of(site) if found is None or (by_library and site.module.role != "library") else found


def statement_of(function: Function, line: int) -> Spot:
    start, end = statement_at(function.body, line) or (line, line)
    return Spot(function.module, function, line, start, end)


def spot_of(site: Site) -> Spot:
    return Spot(site.module, site.function, site.line, site.start, min(site.end, site.start + 11))


def statement_at(body: tuple[Node, ...], line: int) -> tuple[int, int] | None:
    """The lines of the innermost statement that holds `line`; of a compound statement, its header's first line."""
    for s in body:
        if s[1] <= line <= s[2]:
            for block in inner_blocks(s):
                found = statement_at(block, line)
                if found is not None:
                    return found
            compound = s[0] in {ir.IF, ir.FOR, ir.WHILE, ir.WITH, ir.TRY, ir.MATCH}
            return (line, line) if compound else (s[1], min(s[2], s[1] + 11))
    return None
