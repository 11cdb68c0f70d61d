"""Replaying a summary: its residual operations, with the caller's arguments in place of the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from auditor.index.values import (
    UNKNOWN,
    Const,
    Dictionary,
    Ext,
    ExtInst,
    Func,
    Inst,
    Items,
    Lambda,
    Many,
    OneOf,
    Query,
    Row,
    Star,
    SuperOf,
    Sym,
    Text,
    Value,
    altered,
    options,
)
from auditor.trace import access, arguments, builtin_calls, calls, iteration, joining, statement_texts
from auditor.trace.context import MAX_FRAMES, MAX_RESIDUAL, REPLAY_BUDGET
from auditor.trace.summary import Loop, Residual, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Branch, Call, Frames

_DEPTH = 6
_CALLED_BACK: Final = (Func, Lambda, Star, Sym)
_USED: Final = (Query, Many, Sym)
_HELD: Final = (Sym, Many, OneOf, Query)
_UNTOLD: Final = (Const, Ext, ExtInst)
"""Values that say nothing of how many things they hold."""
_READS: Final = frozenset({"attr", "same", "slice", "list", "elem", "item", "key"})
"""Symbolic values that are UNKNOWN where their base is."""


class Memo(dict[int, Value]):
    """What the values of the callee are for this caller, by identity."""

    def __init__(self, given: dict[int, Value]) -> None:
        super().__init__(given)
        self.outer: tuple[Loop, ...] = ()
        """The loops around the call."""
        self.loops: dict[int, Loop | None] = {}
        """The callee's loops over its parameters, as the caller's loops; None where nothing repeats."""
        self.told: list[tuple[Loop, Loop | None]] = []
        """The same pairs, as far as the caller knows what it passes."""
        self.returning: Function | None = None
        """The callee, while its return value is handed over: what it made is made again for every call."""
        self.closures: dict[int, Func] = {}
        """Functions with names around them, while one is made anew: those that stand side by side name each other."""

    def placed(self, loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
        """Loops of the callee, seen from the caller."""
        return self.outer + tuple(x for x in (self.loops.get(id(lp), lp) for lp in loops) if x is not None)


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
        memo[id(op.sym)] = op.sym.hint or UNKNOWN
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
    if summary.stores and values and isinstance(values[0], Inst):
        for name, value in summary.stores.items():
            for option in options(value):
                if isinstance(option, Sym):
                    found.setdefault(id(option), []).append(name)
    return found


def keep(m: Machine, receiver: Value, summary: Summary, names: list[str], memo: Memo) -> None:
    """What a call gave is on the receiver for the calls that follow it."""
    for name in names:
        given = substitute(m, summary.stores[name], memo, 0)
        if given is not UNKNOWN:
            access.set_attribute(m, receiver, name, given)


def perform(m: Machine, op: Residual, memo: Memo, loops: dict[int, Loop | None]) -> None:
    if op.op == "store":
        key, value = (substitute(m, v, memo, 0) for v in op.detail)
        if isinstance(op.base, Many):
            builtin_calls.grow(m, op.base, value)
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
        memo[id(op.sym)] = given if given is not UNKNOWN or op.sym.hint is None else op.sym.hint


def substitute(m: Machine, value: Value, memo: Memo, depth: int) -> Value:
    """A value of the callee, as the caller sees it."""
    kind = type(value)
    if kind is Sym:
        return memo.get(id(value)) or symbolic(m, cast("Sym", value), memo, depth)
    renewed = _RENEWED.get(kind)
    return value if renewed is None or depth > _DEPTH else renewed(m, value, memo, depth)


def collection(m: Machine, value: Many, memo: Memo, depth: int) -> Value:
    elem = substitute(m, value.elem, memo, depth + 1)
    source = None if value.source is None else substitute(m, value.source, memo, depth + 1)
    if elem is value.elem and source is value.source:
        return value
    return altered(value, elem=elem, source=source)


def sequence(m: Machine, value: Items, memo: Memo, depth: int) -> Value:
    items = [substitute(m, i, memo, depth + 1) for i in value.items]
    if all(a is b for a, b in zip(items, value.items, strict=True)):
        return value
    return Items(value.kind, items, value.count)


def alternatives(m: Machine, value: OneOf, memo: Memo, depth: int) -> Value:
    return joining.join_all([substitute(m, o, memo, depth + 1) for o in value.options])


def closure(m: Machine, value: Lambda, memo: Memo, depth: int) -> Value:
    env = {
        k: substitute(m, v, memo, depth + 1) if isinstance(v, (Sym, Func)) else v
        for k, v in value.env.items()
    }
    return altered(value, env=env)


def symbolic(m: Machine, sym: Sym, memo: Memo, depth: int) -> Value:
    """Reads again, from what the base is, what the callee read from it."""
    if sym.base is None or depth > 4 * _DEPTH:
        return sym if not memo else sym.hint or UNKNOWN
    base = substitute(m, sym.base, memo, depth + 1)
    made: Value = UNKNOWN
    m.quiet += 1
    try:
        if sym.op == "attr":
            made = access.get_attribute(m, base, sym.detail, None)
        elif sym.op == "same":
            made = base
        elif sym.op == "slice":
            low, high = sym.detail
            made = access.sliced(m, base, low, high, (0, 0, ""))
        elif sym.op == "list":
            made = iteration.in_memory(m, base)
        elif sym.op == "elem":
            made = iteration.reborn(m, iteration.element(m, base))
        elif sym.op == "item":
            made = iteration.item_at(m, base, sym.detail)
        elif sym.op in {"arg", "rest", "merged"}:
            made = arguments.known(sym, base, lambda v: substitute(m, v, memo, depth + 1))
        elif sym.op == "super":
            made = SuperOf(sym.detail, base)
        elif sym.op == "key":
            made = access.item(m, base, sym.detail, (0, 0, ""))
    finally:
        m.quiet -= 1
    if made is UNKNOWN and sym.hint is not None:
        made = sym.hint
    memo[id(sym)] = made
    return made


def mapping(m: Machine, value: Dictionary, memo: Memo, depth: int) -> Value:
    entries = {k: substitute(m, v, memo, depth + 1) for k, v in value.entries.items()}
    key = None if value.key is None else substitute(m, value.key, memo, depth + 1)
    other = None if value.other is None else substitute(m, value.other, memo, depth + 1)
    rest = None if value.rest is None else substitute(m, value.rest, memo, depth + 1)
    if isinstance(rest, Dictionary):
        entries, rest = {**rest.entries, **entries}, rest.rest
    made = Dictionary(entries, None, None, value.size, value.grown, rest if isinstance(rest, Sym) else None)
    if key is not None and key is not value.key and other is not None and not isinstance(other, OneOf):
        access.set_item(m, made, key, other)
    else:
        made.key, made.other = key, other
    return made


def row(m: Machine, value: Row, memo: Memo, depth: int) -> Value:
    """The caller's own copy of a row: what it has read from it, another caller has not."""
    known = memo.get(id(value))
    if known is not None:
        return known
    made = altered(
        value, touched=dict(value.touched), extra=dict(value.extra), loops=memo.placed(value.loops)
    )
    memo[id(value)] = made
    for name, given in value.extra.items():
        made.extra[name] = substitute(m, given, memo, depth + 1)
    return made


def instance(m: Machine, value: Inst, memo: Memo, depth: int) -> Value:
    """The instance that this call of its maker makes; of another one, what its fields are here."""
    if value.home is None or value.home is not memo.returning:
        if any(isinstance(v, _HELD) for v in value.fields.values()):
            return altered(
                value, fields={k: substitute(m, v, memo, depth + 1) for k, v in value.fields.items()}
            )
        return value
    known = memo.get(id(value))
    if known is not None:
        return known
    cx = m.cx
    home = cx.summary.function
    made = altered(
        value,
        fields={},
        loops=memo.placed(value.loops),
        home=home,
        shared=home is None and cx.function is None and m.quiet > 0,
    )
    memo[id(value)] = made
    made.fields.update((k, substitute(m, v, memo, depth + 1)) for k, v in value.fields.items())
    return made


def query(m: Machine, value: Query, memo: Memo, depth: int) -> Value:
    """The caller's own copy of a query, not yet evaluated unless the callee did that."""
    known = memo.get(id(value))
    if known is not None:
        return known
    changes: dict[str, Any] = {"fetched": list(value.fetched), "kept": dict(value.kept)}
    if isinstance(value.owner, Sym):
        changes["owner"] = substitute(m, value.owner, memo, depth + 1)
    if isinstance(value.binding, Sym):
        changes["binding"] = substitute(m, value.binding, memo, depth + 1)
    if value.columns and any(isinstance(c, Sym) for c in value.columns):
        changes["columns"] = tuple(substitute(m, c, memo, depth + 1) for c in value.columns)
    made = altered(value, **changes)
    memo[id(value)] = made
    return made


def function(m: Machine, value: Func, memo: Memo, depth: int) -> Value:
    changes: dict[str, Any] = {}
    if isinstance(value.receiver, Sym):
        changes["receiver"] = substitute(m, value.receiver, memo, depth + 1)
    if value.args:
        changes["args"] = tuple(substitute(m, a, memo, depth + 1) for a in value.args)
    if not value.env:
        return altered(value, **changes) if changes else value
    known = memo.closures.get(id(value))
    if known is not None:
        return known
    is_outermost = not memo.closures
    made = memo.closures[id(value)] = altered(value, env={}, **changes)
    assert made.env is not None
    made.env.update(
        (k, substitute(m, v, memo, depth + 1) if isinstance(v, (Sym, Func)) else v)
        for k, v in value.env.items()
        if v is not value
    )
    if is_outermost:
        memo.closures.clear()
    return made


_RENEWED: Final[dict[type[Value], Callable[[Machine, Any, Memo, int], Value]]] = {
    Many: collection,
    Items: sequence,
    Dictionary: mapping,
    OneOf: alternatives,
    Query: query,
    Row: row,
    Inst: instance,
    Func: function,
    Lambda: closure,
}
"""How values that may hold a parameter are made anew for a caller; all others are what they are."""
