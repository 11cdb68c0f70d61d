"""Evaluation from the top: an entry point, and what runs around it, with what the framework passes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks.fastapi import dependency_of, response_model_of
from auditor.index import ir
from auditor.index.symbols import Class, Function
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Exact,
    Ext,
    ExtInst,
    Inst,
    Many,
    ModelValue,
    Row,
    Value,
)
from auditor.trace import (
    answering,
    declarations,
    hints,
    joining,
    resolving,
    response_models,
    shown_views,
    substitution,
    view_actions,
)
from auditor.trace.machine import Context, Machine
from auditor.trace.summary import Summary

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.frameworks.graphql_types import GraphField
    from auditor.index.ir import Node
    from auditor.index.project import Project

_NEXT: Final = frozenset({"call_next", "handler", "get_response", "next_handler", "next_"})
"""What a middleware calls the way on to the handler, which is a part of the request beside it."""
_GOES_ON: Final = "next_handler"
_TEMPLATES: Final = (".html", ".htm", ".txt", ".xml", ".jinja", ".jinja2", ".j2", ".mako")


@dataclass(slots=True, eq=False)
class Root:
    """An evaluation from the top: an entry point, or a function that nothing known calls."""

    function: Function
    summary: Summary
    """What only these arguments decide; its first call is the function itself."""
    entry: EntryPoint | None = None
    parts: tuple[Summary, ...] = ()
    """What `summary` was put together from, where other roots share it."""


@dataclass(slots=True)
class Evaluation:
    """Evaluates from the top; what many entries share (middleware, a handler under two paths) is evaluated once."""

    m: Machine
    done: dict[tuple[Any, ...], Summary] = field(default_factory=dict)
    known: frozenset[int] = frozenset()
    """Dependencies that another part of the same request asked for: what they give is there."""

    def entry(self, entry: EntryPoint) -> Root:
        provided = entry.framework == "fastapi"
        parts = [
            self.evaluated(
                entry.handler,
                entry.receiver,
                provided=provided,
                gives=entry.gives,
                answered=response_model_of(self.m.project, entry),
                shown=entry if entry.renderer or entry.resource is not None else None,
            )
        ]
        unfolded = self.m.wrapper(entry.handler) is not None
        asked = self.providers(entry.handler) if provided else frozenset[int]()
        for around in entry.around:
            if around.role == "dependency" and id(around.function) in asked:
                continue  # the handler's parameters asked for it
            if (
                unfolded
                and around.role == "before"
                and is_decorator(self.m.project, entry.handler, around.function)
            ):
                continue
            below = self.providers(around.function) if provided else frozenset[int]()
            part = self.evaluated(
                around.function, around.receiver, provided=provided, known=frozenset(asked & below)
            )
            if around.role == "dependency":
                asked |= below | {id(around.function)}
            if around.role == "background":
                part = replace(part, calls=[replace(c, deferred=True) for c in part.calls], effects=[])
            parts.append(part)
        return Root(entry.handler, parts[0] if len(parts) == 1 else together(parts), entry, tuple(parts))

    def providers(self, function: Function) -> frozenset[int]:
        """The identities of all that is called to fill a function's parameters, and the parameters of that."""
        found: set[int] = set()
        todo = [function]
        while todo:
            asking = todo.pop()
            for name, _, _, _ in asking.params:
                provider = dependency_of(self.m.project, asking, name)
                if provider is None or id(provider) in found:
                    continue
                found.add(id(provider))
                called = (
                    self.m.project.method(provider, "__init__") if isinstance(provider, Class) else provider
                )
                if called is not None:
                    found.add(id(called))
                    todo.append(called)
        return frozenset(found)

    def evaluated(
        self,
        function: Function,
        receiver: Class | None,
        *,
        provided: bool = False,
        known: frozenset[int] = frozenset(),
        gives: GraphField | None = None,
        answered: Node | None = None,
        shown: EntryPoint | None = None,
    ) -> Summary:
        special = id(gives or answered) if shown is None else id(shown.resource), shown and shown.renderer
        key = (id(function), id(receiver), provided, known, special)
        made = self.done.get(key)
        if made is None:
            made = self.done[key] = Summary(None)
            self.known = known
            self.evaluate(
                made, function, receiver, provided=provided, gives=gives, answered=answered, shown=shown
            )
            made.done = True
        return made

    def evaluate(
        self,
        summary: Summary,
        function: Function,
        receiver: Class | None,
        *,
        provided: bool,
        gives: GraphField | None,
        answered: Node | None,
        shown: EntryPoint | None,
    ) -> None:
        m = self.m
        before = m.cx
        m.cx = Context(
            summary, None, function.module, line=function.line, start=function.line, end=function.line
        )
        try:
            asked = shown_views.resource(m, shown)
            given = receiver_value(m, function, receiver, asked)
            callers = m.summary(function).callers
            wrapped = m.wrapper(function)
            args = [] if given is None else [given]
            values = [*args, *self.declared(function, len(args), {} if provided else None)]
            if asked is not None and shown_views.takes_resource(function, len(args)):
                values[len(args)] = asked
            if wrapped is not None and not isinstance(
                wrapped, ExtInst
            ):  # a queue's workers run what was put aside
                given_back = m.call(wrapped, values, {}, None)
            else:
                bound = hints.bind(m, function, m.summary(function), None, values, {})
                given_back = m.call_plain(function, None, bound_to_given(values, bound), {}, None)
            if gives is not None:
                resolving.resolve(m, given_back, gives)
            if answered is not None:
                response_models.answer(m, function, given_back, answered)
            elif function.decorators:
                answering.dumped(m, function, given_back)
            if shown is not None and shown.renderer:
                shown_views.show(m, function, shown.renderer, given_back, asked)
            m.summary(function).callers = callers
        except RecursionError:
            summary.truncated = True
        except Exception as error:  # noqa: BLE001  told in the report, or raised again
            m.stumbles.take(
                error, f"{function.told}, as it is called from outside, was followed only in part"
            )
            summary.truncated = True
        finally:
            m.cx = before

    def declared(self, function: Function, skip: int, cache: dict[int, Value] | None) -> list[Value]:
        """What the parameters after the first `skip` are declared to be; with `cache`, what dependencies provide."""
        found: list[Value] = []
        for n, (name, kind, _, default) in enumerate(function.params):
            if n < skip or kind in {"*", "**"}:
                continue
            provider = None if cache is None else dependency_of(self.m.project, function, name)
            if provider is not None and cache is not None:
                found.append(self.provide(provider, cache))
            else:
                hint = hints.parameter_hint(self.m, function, n)
                unknown = Ext(_GOES_ON) if name in _NEXT else UNKNOWN
                usual = usual_template(default) or unknown
                found.append(usual if hint is None else joining.fresh(hint))
        return found

    def provide(self, provider: Function | Class, cache: dict[int, Value]) -> Value:
        """What a dependency gives; one request asks each only once."""
        key = id(provider)
        if key not in cache:
            cache[key] = UNKNOWN
            self.m.quiet += key in self.known
            try:
                cache[key] = self.given_by(provider, cache)
            finally:
                self.m.quiet -= key in self.known
        return cache[key]

    def given_by(self, provider: Function | Class, cache: dict[int, Value]) -> Value:
        m = self.m
        if isinstance(provider, Class):
            return m.call(ClassValue(provider), [], {}, None)
        args = self.declared(provider, 0, cache)
        callers = m.summary(provider).callers
        value = m.call_plain(provider, None, args, {}, None)
        m.summary(provider).callers = callers + 1
        return value.elem if isinstance(value, Many) and value.kind in {"gen", "batches"} else value


def usual_template(default: Node | None) -> Const | None:
    """The template that a view's parameter names where no route says another: `def page(request, template="a.html")`."""
    text = default[2] if default is not None and default[0] == ir.CONST else None
    return Const(text) if isinstance(text, str) and text.endswith(_TEMPLATES) else None


def together(parts: list[Summary]) -> Summary:
    """Several evaluations as one; the lists are new, their members shared."""
    whole = Summary(None, done=True)
    for part in parts:
        whole.effects.extend(part.effects)
        whole.calls.extend(part.calls)
        whole.uses.extend(part.uses)
        whole.truncated = whole.truncated or part.truncated
    return whole


def is_decorator(project: Project, handler: Function, inner: Function) -> bool:
    """Whether `inner` is the wrapper that one of the handler's own decorators makes, or one of those on its wrapper."""
    makers: list[Function] = []
    todo = [handler]
    while todo:
        decorated = todo.pop()
        for node in decorated.decorators:
            target = node[2] if node[0] == ir.CALL else node
            symbol = project.resolve_expression(decorated.module, target, decorated.parent)
            if isinstance(symbol, Function) and symbol not in makers:
                makers.append(symbol)
                todo += [f for f in symbol.module.functions if f.decorators and symbol in outer_functions(f)]
    return any(maker in outer_functions(inner) for maker in makers)


def outer_functions(function: Function) -> list[Function]:
    """The functions around one, the nearest first."""
    found = []
    while function.parent is not None:
        function = function.parent
        found.append(function)
    return found


def bound_to_given(values: list[Value], bound: list[Value]) -> list[Value]:
    """Arguments with declared types filled in."""
    return [b if v is UNKNOWN else v for v, b in zip(values, bound, strict=False)] + values[len(bound) :]


def receiver_value(
    m: Machine, function: Function, receiver: Class | None, asked: Value | None = None
) -> Value | None:
    """What a method is called on at a root; `asked` is the resource that its instance is made with."""
    owner = receiver or function.owner
    if owner is None or function.static == "static" or not function.params:
        return None
    model = m.model_of(owner)
    if function.static == "class":
        return ClassValue(owner) if model is None else ModelValue(model)
    if model is not None:
        return Row(model, None)
    served = declarations.query_class(m, owner)
    if served is not None:
        return joining.fresh(served)
    made = Inst(owner, declared=receiver is None)
    init = m.project.method(owner, "__init__")
    if init is not None and receiver is not None:
        stores = m.summary(init).stores
        given_first = [] if asked is None or not shown_views.takes_resource(init, 1) else [asked]
        values = hints.bind(m, init, m.summary(init), made, given_first, {})
        memo = substitution.Memo({id(p): v for p, v in zip(m.summary(init).params, values, strict=False)})
        for name, value in stores.items():
            given = hints.quietly(m, lambda value=value: substitution.substitute(m, value, memo, 0))  # type: ignore[misc]  # bound as default
            if given is not None and given is not UNKNOWN:
                made.fields[name] = given
    if receiver is not None and view_actions.is_view_set(m.project, receiver):
        made.fields.update(view_actions.set_for(m, function), action=Exact(function.name))
    return made
