"""Replaying a summary: its residual operations, with the caller's arguments in place of the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import (
    UNKNOWN,
    Const,
    Ext,
    ExtInst,
    Func,
    Inst,
    Lambda,
    Many,
    OneOf,
    Query,
    Row,
    Star,
    Sym,
    Text,
    Value,
    options,
)
from auditor.trace import access, arguments, builtin_methods, calls, iteration, joining, statement_texts
from auditor.trace.context import MAX_FRAMES, MAX_RESIDUAL, REPLAY_BUDGET
from auditor.trace.substitution import Memo, expected, substitute
from auditor.trace.summary import Loop, Residual, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.trace.machine import Machine
    from auditor.trace.summary import Branch, Call, Frames

_CALLED_BACK: Final = (Func, Lambda, Star, Sym)
_USED: Final = (Query, Many, Sym)
_UNTOLD: Final = (Const, Ext, ExtInst)
"""Values that say nothing of how many things they hold."""
_READS: Final = frozenset({"attr", "same", "slice", "list", "elem", "item", "key"})
"""Symbolic values that are UNKNOWN where their base is."""


def replay(
    m: Machine,
    summary: Summary,
    values: list[Value],
    env: dict[str, Value],
    call: Call | None = None,
    *,
    remembered: bool = False,
) -> Value:
    """What the call returns; the operations that waited for its arguments happen here, in the current context.

    `call` is told what its arguments say of the callee's loops.
    """
    cx, returned = m.cx, summary.returns
    if (
        not summary.residual
        and not summary.stores
        and (returned is None or isinstance(returned, (Const, Text, Ext)))
    ):
        return returned or UNKNOWN
    memo = Memo({id(p): v for p, v in zip(summary.params, values, strict=False)})
    memo.outer, watch, depth = cx.loops, m.refrains.watch, len(cx.frames)
    watch.deepest = depth if depth > watch.deepest else watch.deepest  # noqa: FURB136  `max` takes twice as long
    for name, sym in summary.free.items():
        memo[id(sym)] = env.get(name, UNKNOWN)
    stores(summary, values, memo, m)
    if summary.residual and depth < MAX_FRAMES and summary.function is not None:
        outer = (
            cx.loops,
            cx.branch,
            cx.frames,
            cx.function,
            cx.module,
            cx.line,
            cx.start,
            cx.end,
            cx.remembered,
            cx.offloaded,
            cx.env,
        )
        frames = cx.frames if cx.function is None else (*cx.frames, (cx.function, cx.line or cx.start))
        loops, awaited = memo.loops, stored_results(summary, values)
        # What came from one call below follows one another, with the same frames: here they share the new ones too.
        way: Frames = ()
        arms: Branch = ()
        here, within = frames, outer[1]
        for op in tuple(summary.residual):
            if cx.spent >= REPLAY_BUDGET:
                cx.summary.truncated = True
                break
            cx.spent += 1
            if is_idle(m, op, memo):
                continue
            placed = outer[0]
            if op.loops:
                placed += tuple([x for x in [loops.get(id(lp), lp) for lp in op.loops] if x is not None])
            if op.frames is not way:
                way, here = op.frames, frames + op.frames
            if op.branch is not arms:
                arms, within = op.branch, outer[1] + op.branch
            if op.op == "use" and type(base := memo.get(id(op.base))) is Sym:
                hand_on(m, op, base, placed, (within, here), (outer[9], outer[8] or remembered))
                continue
            cx.loops = placed
            cx.branch = within
            cx.frames = here
            site = m.last_site = op.site
            cx.function, cx.module = site.function, site.module
            cx.line, cx.start, cx.end = site.line, site.start, site.end
            cx.offloaded = outer[9] or op.offloaded
            cx.remembered = outer[8] or remembered or op.remembered
            perform(m, op, memo, loops)
            if awaited and op.sym is not None and id(op.sym) in awaited:
                keep(m, values[0], summary, awaited[id(op.sym)], memo)
        if memo.told and call is not None:
            call.given = tuple(memo.told)
        (
            cx.loops,
            cx.branch,
            cx.frames,
            cx.function,
            cx.module,
            cx.line,
            cx.start,
            cx.end,
            cx.remembered,
            cx.offloaded,
            cx.env,
        ) = outer
    if returned is None or returned is UNKNOWN:
        return UNKNOWN
    memo.returning = None if remembered else summary.function
    given = substitute(m, returned, memo, 0)
    if remembered and isinstance(given, Inst):
        given.shared = True
    return given


def hand_on(
    m: Machine,
    op: Residual,
    base: Sym,
    loops: tuple[Loop, ...],
    around: tuple[Branch, Frames],
    flags: tuple[bool, bool],
) -> None:
    """A use of what is a parameter here too waits for the next caller: what `perform` would do, without the detour.

    More than half of all replayed operations are of this kind.
    """
    if m.quiet or (base.op == "elem" and op.detail[0] != "fetch"):
        return
    summary = m.cx.summary
    if len(summary.residual) >= MAX_RESIDUAL:
        summary.truncated = True
        return
    branch, frames = around
    offloaded, remembered = flags[0] or op.offloaded, flags[1] or op.remembered
    made = Residual(
        "use", None, base, op.detail, op.site, loops, branch, frames, op.node, offloaded, remembered
    )
    summary.residual.append(made)


def is_idle(m: Machine, op: Residual, memo: Memo) -> bool:
    """Whether an operation does nothing with these arguments; what it defines is known then.

    Most operations of most replays are of this kind: they wait for a query and are given something nobody knows.
    """
    what = op.op
    if what == "iterate" or what == "store":  # noqa: PLR1714  asked a million times; a set takes twice as long
        return False
    base = memo.get(id(op.base)) or vacant(op.base, memo)
    if base is None:
        return False
    if what == "use":
        kind = type(base)
        if kind is Query or kind is Sym or kind is (OneOf if op.detail[0] == "fetch" else Many):
            return False
        if issubclass(kind, Query):
            return False
    elif base is not UNKNOWN:
        return False
    elif what == "call":
        name, args, kwargs = op.detail
        if (
            name in m.locators
            or name in statement_texts.METHODS
            or not (all_plain(args, memo) and (not kwargs or all_plain(kwargs.values(), memo)))
        ):
            return False
    if what == "call" and not m.quiet:
        m.lost.add(id(op.node))
    if op.sym is not None:
        memo[id(op.sym)] = UNKNOWN
        memo[id(op.sym)] = expected(m, op.sym, memo, 0)
    return True


def all_plain(values: Iterable[Value], memo: Memo) -> bool:
    """True where none of a call's arguments can be a function that an unknown callee might call."""
    for value in values:
        given = memo.get(id(value)) or vacant(value, memo) or value if isinstance(value, Sym) else value
        if isinstance(given, _CALLED_BACK):
            return False
    return True


def vacant(value: Value, memo: Memo) -> Value | None:
    """UNKNOWN where that is all a symbolic value can be, because what it is read from is unknown; else None."""
    if not isinstance(value, Sym) or value.base is None or value.op not in _READS:
        return None
    base = memo.get(id(value.base)) or vacant(value.base, memo)
    if base is not UNKNOWN or value.hint is not None:
        return None
    memo[id(value)] = UNKNOWN
    return UNKNOWN


def stores(summary: Summary, values: list[Value], memo: Memo, m: Machine) -> None:
    """Attributes that the function sets on its receiver."""
    if summary.stores and values and isinstance(values[0], (Inst, Row, Sym)):
        for name, value in summary.stores.items():
            given = substitute(m, value, memo, 0)
            if isinstance(values[0], Sym) or given is not UNKNOWN:
                access.set_attribute(m, values[0], name, given)


def stored_results(summary: Summary, values: list[Value]) -> dict[int, list[str]]:
    """By identity of what a waiting call gives: the attributes of the receiver that it is stored in."""
    found: dict[int, list[str]] = {}
    if summary.stores and values and isinstance(values[0], (Inst, Sym)):
        for name, value in summary.stores.items():
            for option in options(value):
                if isinstance(option, Sym):
                    found.setdefault(id(option), []).append(name)
    return found


def keep(m: Machine, receiver: Value, summary: Summary, names: list[str], memo: Memo) -> None:
    """What a call gave is on the receiver for the calls that follow it."""
    for name in names:
        given = substitute(m, summary.stores[name], memo, 0)
        if given is UNKNOWN:
            continue
        access.set_attribute(m, receiver, name, given)
        if isinstance(receiver, Sym) and any(receiver is p for p in m.cx.summary.params[:1]):
            m.cx.summary.stores[name] = given  # of a call above, whose caller knows whose method it is


def perform(m: Machine, op: Residual, memo: Memo, loops: dict[int, Loop | None]) -> None:
    if op.op == "store":
        key, value = (substitute(m, v, memo, 0) for v in op.detail)
        if isinstance(op.base, Many):
            builtin_methods.grow(m, op.base, value)
        else:
            access.set_item(m, op.base, key, value)
        return
    base = substitute(m, op.base, memo, 0)
    if op.op == "set":
        access.written(m, base, op.detail)
        return
    if op.op == "attr":
        given = access.get_attribute(m, base, op.detail, op.node)
    elif op.op == "call":
        if not isinstance(base, Sym) and not (m.quiet and base is UNKNOWN):
            (m.lost if base is UNKNOWN else m.followed).add(id(op.node))
        name, args, kwargs = op.detail
        args = arguments.positional(args, lambda v: substitute(m, v, memo, 0)) if args else []
        kwargs = arguments.keyword(kwargs, lambda v: substitute(m, v, memo, 0)) if kwargs else {}
        if name is None:
            given = calls.call_value(m, base, args, kwargs, op.node)
        else:
            given = calls.call_method(m, base, name, args, kwargs, op.node)
    elif op.op == "iterate":
        loop: Loop = op.detail
        name = loop.size.name if loop.size is not None else ""
        # The "iterate" use of a parameter is a residual of its own; elements of collections have none.
        is_noted = isinstance(op.base, Sym) and op.base.op != "elem"
        made, given = iteration.open_loop(m, base, loop.node, loop.kind, name, None, is_noted=is_noted)
        if base is UNKNOWN or (isinstance(base, Const) and base.value is None):
            made.size, made.repeats = loop.size, loop.repeats
        made.site = loop.site
        made.repeats = made.repeats and loop.repeats
        loops[id(loop)] = made if made.repeats or made.turns else None
        if base is not UNKNOWN and not isinstance(base, _UNTOLD):
            memo.told.append((loop, loops[id(loop)]))
        if given is UNKNOWN and op.sym is not None and op.sym.hint is not None:
            given = iteration.reborn(m, joining.fresh(op.sym.hint))
    else:
        how, detail = op.detail
        given = UNKNOWN
        if how == "fetch":
            iteration.fetch(m, base, op.node, detail)
        elif isinstance(base, _USED):
            m.use(how, base, op.node, detail)
    if op.sym is not None:
        memo[id(op.sym)] = given
        if given is UNKNOWN:
            memo[id(op.sym)] = expected(m, op.sym, memo, 0)
