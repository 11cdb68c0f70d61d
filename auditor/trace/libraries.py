"""Calls into libraries: what the knowledge says of them, and what they call back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import (
    UNKNOWN,
    Const,
    Ext,
    ExtInst,
    Func,
    Inst,
    Lambda,
    ManagerValue,
    Many,
    OneOf,
    Star,
    Sym,
    Text,
    Value,
)
from auditor.model.text import shorten
from auditor.sql.secret_literals import without_secrets
from auditor.trace import (
    access,
    arguments,
    builtin_calls,
    calls,
    decorating,
    driver_rows,
    intrinsics,
    iteration,
    naming,
    open_queries,
    signed_in,
    standard_library,
    statement_texts,
)
from auditor.trace.remembering import FROM_CACHE
from auditor.trace.summary import LibraryCall, repeating

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.knowledge.facts import Callback, CallFact
    from auditor.trace.machine import Machine

_READ: Final = 2_000
"""Characters of a statement that are looked at to name it."""
_WRITING: Final = frozenset(
    "INSERT UPDATE DELETE REPLACE MERGE UPSERT CREATE DROP ALTER TRUNCATE COPY GRANT REVOKE VACUUM REINDEX".split()
)


def function_method(
    m: Machine, value: Func, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """A method of a decorated function: `task.delay(...)`."""
    for decorator in decorating.decorator_names(m.project, value.function):
        fact = m.knowledge.calls.get(decorator)
        if fact is not None and fact.decorates is not None:
            method = m.knowledge.types[fact.decorates].method(name)
            if method is not None:
                return apply_fact(m, method, f"{decorator}.{name}", args, kwargs, node)
    if (
        name
        in {"delay", "apply_async", "send", "send_with_options", "enqueue", "kiq", "defer", "apply_later"}
        and value.function.decorators
    ):
        calls.resolved(m)
        m.effect(
            "task",
            f"enqueue {value.function.name}",
            "write",
            cause="call",
            node=node,
            target=value.function.qualname,
        )
        return UNKNOWN
    return UNKNOWN


def call_external(
    m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    if name == "asyncio.gather" and len(args) == 1 and isinstance(args[0], Star):
        calls.resolved(m)
        return Many(iteration.element(m, args[0].value), iteration.size_of(m, args[0].value, ""))
    args, kwargs = arguments.flattened(m, args, kwargs)
    if name.startswith("builtins."):
        calls.resolved(m)
        return builtin_calls.call(m, name[9:], args, kwargs, node)
    if name.startswith("auditor_intrinsics."):
        calls.resolved(m)
        return intrinsics.call(m, name.partition(".")[2], args, kwargs, node)
    user = signed_in.of_call(m, name)
    if user is not None:
        calls.resolved(m)
        return user
    session = open_queries.session_named(name, args)
    if session is not None:
        return calls.put_off(m, session, name.rpartition(".")[2], args, kwargs, node)
    for orm in m.orms:
        given = orm.external(m, name, args, kwargs, node)
        if given is not None:
            calls.resolved(m)
            return given
    if not m.quiet and not m.cx.frames and node is not None and (loops := repeating(m.cx.loops)):
        found = LibraryCall(name, m.site(), loops, m.cx.branch, node)
        m.cx.summary.library_calls.append(found)
    special = standard_library.standard(m, name, args, kwargs, node)
    if special is not None:
        calls.resolved(m)
        return special
    if (
        args
        and isinstance(args[0], Func)
        and (instead := put_in_place(m, name.removesuffix("()"))) is not None
    ):
        calls.resolved(m)
        return instead
    fact = m.knowledge.calls.get(name)
    if fact is not None:
        return apply_fact(m, fact, name, args, kwargs, node)
    made = m.knowledge.made_by.get(name)
    if made is None:
        owner, _, method = name.rpartition(".")
        told = statement_texts.ran(m, Ext(owner), method, args, kwargs, node)
        if told is not None:
            return told
    calls.resolved(m)
    kept = decorating.kept(m, args, kwargs, node) if made is None else None
    if kept is not None:
        return kept
    callbacks(m, [*args, *kwargs.values()], node)
    if made is not None:
        return ExtInst(made)
    # Who is handed a model's manager and nothing else hands one back: `using_replica(Book.objects)`.
    return args[0] if len(args) == 1 and is_manager(args[0]) else Ext(f"{name}()")


def is_manager(value: Value) -> bool:
    """Whether it is a model's manager, or a caller's that can be nothing else: `cls.objects`."""
    return isinstance(value.hint if isinstance(value, Sym) else value, ManagerValue)


def library_method(
    m: Machine, receiver: ExtInst, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    for orm in m.orms:
        hook = getattr(orm, "library_method", None)
        given = None if hook is None else hook(m, receiver, name, args, kwargs, node)
        if given is not None:
            calls.resolved(m)
            return given  # type: ignore[no-any-return]  # the hook is optional, so it is not in the protocol
    kind = m.knowledge.types.get(receiver.type)
    fact = None if kind is None else kind.method(name)
    if fact is None:
        calls.resolved(m)
        callbacks(m, [*args, *kwargs.values()], node)
        return UNKNOWN
    if fact.decorates is not None and args and isinstance(args[0], Func):
        instead = put_in_place(m, f"{receiver.type}.{name}")
        if instead is not None:
            calls.resolved(m)
            return instead
    args, kwargs = driver_rows.leading(fact, args, kwargs)
    if fact.sql_argument == 0 and args and statement_texts.is_built(args[0]):
        return statement_texts.ran_built(m, fact, args, node)
    result = apply_fact(m, fact, f"{receiver.type}.{name}", args, kwargs, node)
    if fact.effect == "sql":
        driver_rows.remember(receiver, result, args)
    return result if fact.fetch is None else driver_rows.fetched(receiver, fact)


def has_effect(m: Machine, value: ExtInst, name: str) -> bool:
    """Whether a method of a declared library type costs something, whatever the caller passes."""
    kind = m.knowledge.types.get(value.type)
    fact = None if kind is None else kind.method(name)
    return fact is not None and fact.effect is not None


def apply_fact(
    m: Machine, fact: CallFact, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """What the knowledge says of a library call."""
    calls.resolved(m)
    if fact.effect is not None:
        shown = label(name, fact, args)
        m.effect(
            fact.effect,
            shown,
            "write" if fact.write or writes(fact, shown) else "read",
            cause="call",
            node=node,
            fact=fact,
            target=name,
            arguments=(*args, *kwargs.values()),
        )
        if fact.effect == "log":
            for a in args:
                access.shown(m, a, node)
    if fact.callback is not None and fact.effect == "cache":
        return made_or_kept(m, fact.callback, args, kwargs, node)
    if fact.callback is not None:
        hand_over(m, fact.callback, name, args, kwargs, node)
    if fact.returns is not None:
        return ExtInst(fact.returns)
    if fact.effect == "cache" and not fact.write:
        return FROM_CACHE
    return UNKNOWN if fact.effect is not None else Ext(f"{name}()")


def made_or_kept(
    m: Machine, callback: Callback, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """`cache.get_or_set(key, default)`: what the default gives, whose making a full cache saves; rows are fetched to be kept."""
    given = kwargs.get(callback.keyword or "")
    position = callback.position
    if given is None and position is not None and position < len(args):
        given = args[position]
    if not isinstance(given, (Func, Lambda, Sym, OneOf)):
        return given or UNKNOWN
    before, m.cx.remembered = m.cx.remembered, True
    made = calls.call_value(m, given, [], {}, node)
    iteration.fetch(m, made, node, "materialise")
    m.cx.remembered = before
    return made


def hand_over(
    m: Machine, callback: Callback, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> None:
    """A library calls what it was given, with the arguments that follow it; once per element for a `map`."""
    given = kwargs.get(callback.keyword or "")
    position = callback.position
    rest: list[Value] = []
    if given is None and position is not None and position < len(args):
        given, rest = args[position], args[position + 1 :]
    cx = m.cx
    if cx.supposed or not isinstance(given, (Func, Lambda, Sym, OneOf, Inst, Ext)):
        return
    before = cx.loops, cx.deferred
    cx.deferred = cx.deferred or callback.runs_in == "later"
    if name.endswith(".map") and rest:
        source = (
            node[3][1] if node is not None and node[0] == ir.CALL and len(node[3]) > 1 else (ir.OTHER, 0, ())
        )
        loop, element = iteration.open_loop(m, rest[0], node, "call", naming.source_name(source), None)
        rest = [element, *(iteration.element(m, a) for a in rest[1:])]
        m.inside(loop)
    if callback.runs_in in {"thread", "process", "later"}:
        offloaded(m, given, rest, {}, node)
    else:
        calls.call_value(m, given, rest, {}, node)
    cx.loops, cx.deferred = before


def offloaded(
    m: Machine, value: Value, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """A call that another thread or process makes."""
    before, m.cx.offloaded = m.cx.offloaded, True
    try:
        return calls.call_value(m, value, args, kwargs, node)
    finally:
        m.cx.offloaded = before


def put_in_place(m: Machine, decorator: str) -> ExtInst | None:
    """What stands in a function's place under a library's decorator; None where calling it still runs the function.

    `decorator` is the dotted name without the `()` of a call with settings: `huey.Huey().task`.
    """
    fact = m.knowledge.calls.get(decorator)
    if fact is None:
        owner, _, method = decorator.rpartition(".")
        kind = m.knowledge.types.get(owner.removesuffix("()"))
        fact = None if kind is None else kind.method(method)
    if fact is None or fact.decorates is None:
        return None
    made = ExtInst(fact.decorates)
    return made if has_effect(m, made, "__call__") else None


def label(name: str, fact: CallFact, args: list[Value]) -> str:
    short = ".".join(name.split(".")[-2:]) if fact.effect != "log" else f"log.{name.rpartition('.')[2]}"
    if fact.effect == "sql":
        for a in args[:2]:
            text = a.template if isinstance(a, Text) else a.value if isinstance(a, Const) else None
            if isinstance(text, str) and " " in text:
                return shorten(without_secrets(" ".join(text[:_READ].split())), 80)
    return short


def writes(fact: CallFact, text: str) -> bool:
    """Whether a statement given as text changes something."""
    first, _, rest = text.partition(" ")
    return fact.effect == "sql" and bool(rest) and first.upper() in _WRITING


def callbacks(m: Machine, values: list[Value], node: Node | None) -> None:
    """Functions handed to code that is not known are assumed to be called, once."""
    if m.cx.supposed:
        return
    for value in values:
        if isinstance(value, Lambda) or (isinstance(value, Func) and value.function.parent is not None):
            calls.call_value(m, value, [], {}, node)
