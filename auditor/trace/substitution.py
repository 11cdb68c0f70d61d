"""What a value of the callee is for a caller: made anew, with the caller's arguments in place of the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from auditor.index.values import (
    UNKNOWN,
    Dictionary,
    Func,
    Inst,
    Items,
    Lambda,
    Many,
    OneOf,
    Query,
    Row,
    SuperOf,
    Sym,
    Value,
    altered,
)
from auditor.trace import access, arguments, iteration, joining
from auditor.trace.summary import Loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine

_DEPTH: Final = 6
_HELD: Final = (Sym, Many, OneOf, Query)


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
    memo[id(sym)] = made
    if made is UNKNOWN and sym.hint is not None:
        made = memo[id(sym)] = expected(m, sym, memo, depth)
    return made


def expected(m: Machine, sym: Sym, memo: Memo, depth: int) -> Value:
    """What the callee took a symbolic value for, as the caller sees it: one of its own arguments, where it gives that back."""
    hint = sym.hint or UNKNOWN
    return substitute(m, hint, memo, depth + 1) if type(hint) is Sym or type(hint) is OneOf else hint


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
