"""The abstract machine: evaluates function bodies over abstract values and records what they do.

A function is evaluated once, with its parameters symbolic; what depends on them is kept as residual operations
that each caller replays with its own arguments (`replay.py`). The work is therefore linear in the code plus the
replays, which have a budget; where a budget ends, the summary says so (`truncated`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from auditor.index.symbols import Class, Function, ImportedName, Module
from auditor.index.values import UNKNOWN, Ext, Func, Inst, Many, OneOf, Query, Row, Site, Sym, Value
from auditor.model.stumbles import Stumbles
from auditor.trace import calls, decorating, hints, plain, replay, statement_texts, variants, walk
from auditor.trace.context import MAX_DEPTH, MAX_FRAMES, MAX_RESIDUAL, REPLAY_BUDGET, Context
from auditor.trace.refrains import Refrains, Watch
from auditor.trace.summary import Call, Effect, Guard, Loop, Residual, Summary, Use, repeating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from auditor.frameworks.orm import Orm
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.values import Size
    from auditor.knowledge.facts import CallFact, Knowledge
    from auditor.model.effect import EffectKind
    from auditor.trace import forms
    from auditor.trace.kept_values import Kept


class Machine:
    """Holds what is shared by every evaluation; implements `frameworks.orm.Recorder`."""

    def __init__(
        self, project: Project, knowledge: Knowledge, orms: Sequence[Orm], stumbles: Stumbles | None = None
    ) -> None:
        self.project = project
        self.stumbles = stumbles or Stumbles()
        self.knowledge = knowledge
        self.orms = tuple(orms)
        self.orm_named = {orm.name: orm for orm in orms}
        self.summaries: dict[int, Summary] = {}
        self.functions: dict[int, Function] = {}
        self.cx: Context = Context(Summary(None), None, _NO_MODULE)
        self.last_site = Site(None, _NO_MODULE, 0, 0, 0)
        self.memoised: dict[int, bool] = {}
        self.plain_classes: set[int] = set()
        """Identities of classes of which no ORM knows that they stand for queries."""
        self.quiet = self.depth = 0
        self.models: dict[int, Any] = {}
        self.class_values: dict[tuple[int, str], Value | None] = {}
        self.bound_names: dict[str, bool] = {}
        """By name of an attribute: whether a model binds it or a class has a method of it, as far as somebody asked."""
        self.decorated: dict[int, Value | None] = {}
        self.field_hints: dict[tuple[int, str], Value | None] = {}
        self.registries: dict[int, Value] = {}
        """Dictionaries and lists of modules, which decorators fill when they are imported."""
        self.super_varies: dict[tuple[int, str], bool] = {}
        self.overridden: dict[tuple[int, str], bool] = {}
        """By identity of a class and a name: whether a class below it binds that name."""
        self.overrides: dict[tuple[int, str], tuple[tuple[Class, Function], ...]] = {}
        self.relation_names = frozenset(n for orm in orms for n in orm.relation_names())
        self.written_names = frozenset(n for orm in orms for n in orm.written_names())
        self.property_names, self.method_names = _member_names(project)
        self.intrinsics: dict[str, Any] = {}
        self.validating: set[int] = set()
        """Identities of the serializer classes whose fields are being validated."""
        self.refrains = Refrains()
        self.locators: dict[str, Any] = {}
        self.shapes: dict[int, Any] = {}
        self.stores: dict[int, dict[str, list[tuple[Function, Node]]]] = {}
        self.decisive: dict[int, variants.Decisive] = {}
        self.variants: dict[int, dict[tuple[tuple[int, object], ...], Function]] = {}
        """By identity of a function: its variants, by what decides them."""
        self.costly_names = plain.costly_names(knowledge)
        self.followed: set[int] = set()
        """Identities of calls on a parameter that a replay knew the receiver of…"""
        self.lost: set[int] = set()
        """…and of those that a replay knew nothing of."""
        self.guards: dict[int, Guard] = {}
        """By the identity that `Branch` names: the condition that it stands for."""
        self.attribute_names = _attribute_names(project)
        self.model_guesses = hints.guesses(self)
        self.kept: Kept | None = None
        """What handlers find on an application, a request or `g`; read off the stores when somebody asks first."""
        self.signed_in: dict[frozenset[str], Value | None] = {}

    @cached_property
    def awaiting(self) -> bool:
        """Whether queries run when they are awaited; elsewhere `await` changes nothing."""
        return any(hasattr(orm, "awaited") for orm in self.orms)

    @cached_property
    def coroutines(self) -> set[int]:
        """Identities of calls of the project's own `async def`, as far as `awaiting` asks."""
        return set()

    @cached_property
    def form_fields(self) -> dict[int, tuple[forms.ChoiceField, ...]]:
        """By identity of a form's class: its fields of choices, as far as somebody asked."""
        return {}

    @cached_property
    def imports_driver(self) -> bool:
        """Whether a module of the project's own imports what talks to a database."""
        return any(
            isinstance(binding, ImportedName) and binding.module.partition(".")[0] in statement_texts.DRIVERS
            for module in self.project.modules
            if module.role != "library"
            for bindings in module.scope.values()
            for binding in bindings
        )

    # -- recording ---------------------------------------------------------------------------------------------

    def site(self) -> Site:
        cx, last = self.cx, self.last_site
        line = cx.line or cx.start
        same = (
            last.function is cx.function
            and last.line == line
            and last.start == cx.start
            and last.end == cx.end
        )
        if not same or last.module is not cx.module:
            last = self.last_site = Site(cx.function, cx.module, line, cx.start, cx.end)
        return last

    def current_loops(self) -> tuple[Loop, ...]:
        return self.cx.loops

    def owner(self) -> Function | None:
        return self.cx.summary.function

    def each(self, size: Size, run: Callable[[], None]) -> None:
        outer = self.inside(Loop(self.site(), size, None, None, "call"))
        run()
        self.cx.loops = outer

    def name_here(self, default: str) -> str:
        return self.cx.names or default

    def effect(
        self,
        kind: str,
        label: str,
        operation: str | None = None,
        *,
        cause: str = "query",
        query: Any = None,
        row: Row | None = None,
        relation: str = "",
        node: Node | None = None,
        loops: tuple[Any, ...] | None = None,
        arguments: tuple[Value, ...] = (),
        guessed: bool = False,
        fact: CallFact | None = None,
        target: str = "",
        distinct: Size | None = None,
    ) -> None:
        if self.quiet:
            return
        cx = self.cx
        around = inside = cx.loops if loops is None else loops
        if distinct is not None and inside:
            around = (Loop(self.site(), distinct, None, None, "call"),)
        cx.summary.effects.append(
            Effect(
                cast("EffectKind", kind),
                label,
                cast("Any", operation),
                cast("Any", cause),
                self.site(),
                repeating(inside),
                cx.branch,
                cx.frames,
                node,
                query,
                row,
                relation,
                fact,
                target,
                remembered=cx.remembered,
                guessed=guessed or (row is not None and row.guessed),
                arguments=arguments,
                offloaded=cx.offloaded,
                around=around,
            )
        )

    def use(self, how: str, value: Value, node: Node | None, detail: Any = None) -> None:
        if self.quiet:
            return
        cx = self.cx
        if isinstance(value, Sym):
            if value.op != "elem":
                self.residual("use", None, value, (how, detail), node)
            return
        if not isinstance(value, (Query, Many)):
            return
        cx.summary.uses.append(
            Use(cast("Any", how), value, self.site(), repeating(cx.loops), cx.branch, cx.frames, node, detail)
        )

    def residual(self, op: str, sym: Sym | None, base: Value, detail: Any, node: Node | None) -> None:
        cx = self.cx
        if self.quiet:
            return
        if len(cx.summary.residual) >= MAX_RESIDUAL:
            cx.summary.truncated = True
            return
        cx.summary.residual.append(
            Residual(
                cast("Any", op),
                sym,
                base,
                detail,
                self.site(),
                cx.loops,
                cx.branch,
                cx.frames,
                node,
                cx.offloaded,
                cx.remembered,
            )
        )

    def later(self, name: str, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None) -> Sym:
        made = Sym("call", Ext(name), None)
        self.residual("call", made, Ext(name), (None, tuple(args), kwargs), node)
        return made

    def unresolved(self, text: str, node: Node) -> None:
        if self.quiet:
            return
        if self.cx.frames:
            self.lost.add(id(node))
        else:
            self.cx.summary.unresolved.append((text, self.cx.line or self.cx.start))

    def waiting(self, node: Node, text: str) -> None:
        """Notes a call that only the caller's arguments tell: resolved where every replay knew what it is called on."""
        if not self.quiet and not self.cx.frames:
            self.cx.summary.waiting.append((text, self.cx.line or self.cx.start, id(node)))

    # -- models ------------------------------------------------------------------------------------------------

    def model_of(self, cls: Class) -> Any:
        key = id(cls)
        if key not in self.models:
            self.models[key] = next((m for orm in self.orms if (m := orm.model(cls)) is not None), None)
        return self.models[key]

    def orm(self, name: str) -> Orm:
        return self.orm_named[name]

    # -- functions ---------------------------------------------------------------------------------------------

    def summary(self, function: Function) -> Summary:
        """The summary of a function, computed on first use; while it is being computed, what stands so far."""
        key = id(function)
        found = self.summaries.get(key)
        if found is not None:
            if not found.done:
                found.recursive = True
            return found
        made = Summary(function)
        self.summaries[key] = made
        self.functions[key] = function
        if self.depth >= MAX_DEPTH:
            made.truncated = made.done = True
            return made
        self.fill(function, made, {})
        try:
            variants.decisive(self, function, made)
        except Exception as error:  # noqa: BLE001  told in the report, or raised again
            self.stumbles.take(error, f"what decides {function.told} was not looked at")
        return made

    def evaluate(self, function: Function, variant: Function, known: dict[int, Value]) -> None:
        """Makes the summary of a variant of `function`, whose parameters at these positions are known."""
        made = self.summaries[id(variant)] = Summary(function)
        self.fill(function, made, known)

    def fill(self, function: Function, made: Summary, known: dict[int, Value]) -> None:
        before, self.depth, quiet = self.cx, self.depth + 1, self.quiet
        self.quiet = 0
        watch, self.refrains.watch = self.refrains.watch, Watch()
        self.cx = Context(made, function, function.module, start=function.line, end=function.line)
        try:
            walk.evaluate_function(self, function, made, known)
        except RecursionError:
            made.truncated = True  # what was recorded until then stands
        except Exception as error:  # noqa: BLE001  as above, and told in the report
            self.stumbles.take(error, f"{function.told} was followed only in part")
            made.truncated = True
        finally:
            self.cx, self.depth, self.quiet = before, self.depth - 1, quiet
            self.refrains.watch = watch
            made.done = True

    def call_function(
        self,
        function: Function,
        receiver: Value | None,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
        env: dict[str, Value] | None = None,
    ) -> Value:
        """Calls a project function here: records the call and replays what depends on the arguments."""
        if self.awaiting and function.is_async and not function.is_generator:
            self.coroutines.add(id(node))
        wrapped = self.wrapper(function)
        if wrapped is not None:
            self.refrains.watch.asked.add(id(function))
        if wrapped is not None and not any(f is function for f, _ in self.cx.frames):
            given = args if receiver is None else (receiver, *args)
            if env:
                wrapped = decorating.closed_over(wrapped, function, env)
            return self.call(wrapped, given, kwargs, node)
        return self.call_plain(function, receiver, args, kwargs, node, env)

    def call_plain(
        self,
        function: Function,
        receiver: Value | None,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
        env: dict[str, Value] | None = None,
    ) -> Value:
        summary = self.summary(function)
        values = hints.bind(self, function, summary, receiver, args, kwargs)
        callee = variants.chosen(self, function, summary, values)
        general, summary = summary, self.summaries[id(callee)]
        if not summary.done:
            summary.recursive = True
        cx = self.cx
        remembered = self.is_memoised(function)
        call = None
        if not self.quiet:
            general.callers += 1
            if general is not summary:
                summary.callers += 1
            call = Call(
                callee,
                self.site(),
                repeating(cx.loops),
                cx.branch,
                cx.frames,
                node,
                receiver,
                tuple(values),
                remembered=remembered or cx.remembered,
                guessed=isinstance(receiver, Inst) and receiver.guessed,
                deferred=cx.deferred,
                offloaded=cx.offloaded,
                around=cx.loops,
            )
            cx.summary.calls.append(call)
        return replay.replay(self, summary, values, env or {}, call, remembered=remembered)

    def call(self, value: Value, args: Sequence[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
        return calls.call_value(self, value, list(args), kwargs, node)

    def is_memoised(self, function: Function) -> bool:
        if function.static == "cached_property" or not function.decorators:
            return False
        key = id(function)
        if key not in self.memoised:
            self.memoised[key] = any(
                name in self.knowledge.memo_decorators or name.rpartition(".")[2] in _MEMO_TAILS
                for name in decorating.decorator_names(self.project, function)
            )
        return self.memoised[key]

    def wrapper(self, function: Function) -> Value | None:
        """What the project's own decorators make of a function; None where they leave it as it is."""
        if not function.decorators:
            return None
        key = id(function)
        if key not in self.decorated:
            self.decorated[key] = None
            before = self.cx
            self.cx = Context(Summary(None), None, function.module, line=function.line, start=function.line)
            try:
                self.decorated[key] = decorating.decorate(self, function)
            finally:
                self.cx = before
        return self.decorated[key]

    def guard(self, node: Node) -> None:
        """Notes the condition whose arms `Branch` is about to name by the identity of `node`."""
        if id(node) not in self.guards:
            self.guards[id(node)] = Guard(node, self.cx.function, self.cx.module)

    # -- loops -------------------------------------------------------------------------------------------------

    def inside(self, loop: Loop) -> tuple[Loop, ...]:
        """Enters a loop; gives the loops to go back to."""
        before = self.cx.loops
        if loop.repeats or loop.turns:
            self.cx.loops = (*before, loop)
        return before

    def generator(self, summary: Summary) -> Value:
        """What a generator function's call gives."""
        return Many(summary.yields or UNKNOWN, None, "gen", lazy=True)


_NO_MODULE: Final = Module("", "", "app", "", is_package=False, body=(), lines=0)
_MEMO_TAILS: Final = frozenset(
    {"lru_cache", "memoize", "memoise", "memoized", "cached", "ttl_cache", "cache_memoize"}
)


def _member_names(project: Project) -> tuple[frozenset[str], frozenset[str]]:
    properties: set[str] = set()
    methods: set[str] = set()
    for module in project.modules:
        for function in module.functions:
            if function.owner is not None:
                (properties if "property" in function.static else methods).add(function.name)
    return frozenset(properties), frozenset(methods)


def _attribute_names(project: Project) -> frozenset[str]:
    """Every name that a class of the project binds."""
    return frozenset(name for module in project.modules for cls in module.classes for name in cls.scope)


def first(values: Iterable[Value | None]) -> Value:
    """The only value there is, an alternative of several, or UNKNOWN."""
    known = [v for v in values if v is not None and v is not UNKNOWN]
    if not known:
        return UNKNOWN
    distinct = list({id(v): v for v in known}.values())
    if len(distinct) == 1:
        return distinct[0]
    flat = [o for v in distinct for o in (v.options if isinstance(v, OneOf) else (v,))]
    return OneOf(tuple(flat[:4]))


__all__ = ["MAX_FRAMES", "REPLAY_BUDGET", "Context", "Func", "Machine", "first"]
