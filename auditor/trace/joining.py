"""What is known of a value that is one thing or another, or that a declaration says more about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import (
    UNKNOWN,
    Const,
    Exact,
    Ext,
    Inst,
    Items,
    Many,
    OneOf,
    Query,
    Row,
    Sym,
    Value,
    altered,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


MOST_OPTIONS: Final = 4
"""Alternatives kept of one value, the first ones."""


def join_all(values: Sequence[Value]) -> Value:
    """What is known of one of these values, met in this order."""
    result: Value = UNKNOWN
    for value in values:
        if value is UNKNOWN or value is result:
            continue  # as `join` has it; most values of a large dictionary end here
        before, result = result, join(result, value)
        is_new = result is not before and result is not value
        if is_new and type(result) is OneOf and len(result.options) == MOST_OPTIONS:
            return result  # nothing that follows has a place in it
    return result


def join(a: Value, b: Value) -> Value:
    """What is known when it is one or the other."""
    if a is b:
        return a
    a, b = inexact(a), inexact(b)
    if b is UNKNOWN:
        return a
    if a is UNKNOWN:
        return b
    if isinstance(a, Const) and a.value is None:
        return b
    if isinstance(b, Const):
        return a
    if isinstance(a, Const):
        return b
    if isinstance(a, Query) and isinstance(b, Query) and a.model is b.model and a.shape == b.shape:
        if a.empty != b.empty:
            return b if a.empty else a  # nobody goes through the rows of `none()`
        if comparable(a, b):
            return join_queries(a, b)
    elif isinstance(a, Row) and isinstance(b, Row) and a.model is b.model and comparable(a, b):
        return b if is_unread(b) or (len(a.loaded) > len(b.loaded) and not is_unread(a)) else a
    if isinstance(a, Inst) and isinstance(b, Inst) and a.cls is b.cls:
        return a
    if isinstance(a, Items) and isinstance(b, Items) and a.kind == b.kind:
        longer, shorter = (a, b) if len(a.items) >= len(b.items) else (b, a)
        if all(x is y for x, y in zip(shorter.items, longer.items, strict=False)):
            return longer  # more was put into it on one of the ways
    if isinstance(a, Sym) and isinstance(b, Sym) and "merged" in {a.op, b.op}:
        if is_more_of(a, b):
            return a
        if is_more_of(b, a):
            return b
    flat: list[Value] = []
    for value in (*options_of(a), *options_of(b)):
        if all(value is not f for f in flat):
            flat.append(value)
    return OneOf(tuple(flat[:MOST_OPTIONS]))


def is_more_of(keywords: Sym, before: Sym) -> bool:
    """Whether these are the same `**kwargs` with something put into them since."""
    origin = before.base if before.op == "same" else before
    at: Value | None = keywords
    while isinstance(at, Sym) and at.op in {"merged", "same"}:
        at = at.base
        if at is origin or at is before:
            return True
    return False


def is_unread(row: Row) -> bool:
    """Whether its query was given loading options of which nobody can tell what they load."""
    return row.origin is not None and any(strategy == "unknown" for _, _, strategy in row.origin.strategies)


def comparable(a: Query | Row, b: Query | Row) -> bool:
    """Whether one loads all that the other does: rows of queries that load different relations are kept apart."""
    return a.loaded <= b.loaded or b.loaded <= a.loaded


def inexact(value: Value) -> Value:
    """The same value where it may be another one too: it decides nothing any more."""
    if isinstance(value, Exact):
        return Const(value.value)
    if isinstance(value, Sym) and value.known is not None:
        return Sym("same", value, None, value.hint)
    return value


def options_of(value: Value) -> tuple[Value, ...]:
    return value.options if isinstance(value, OneOf) else (value,)


def join_queries(a: Query, b: Query) -> Query:
    """One of two queries of the same model: loaded is what both load, filtered by what either filters."""
    extra = tuple(f for f in b.filters if f not in a.filters)
    bound = None if a.bound is None or b.bound is None else max(a.bound, b.bound)
    return altered(
        a if len(a.text) >= len(b.text) else b,
        loaded=a.loaded & b.loaded,
        strategies=strategies_of(a, b),
        filters=a.filters + extra,
        bound=bound,
        limited=a.limited and b.limited,
        in_memory=a.in_memory and b.in_memory,
        fetched=[],
        empty=a.empty and b.empty,
    )


def strategies_of(a: Query, b: Query) -> tuple[tuple[str, str, str], ...]:
    """What both load in the same way; that one of them loads what nobody can read, too."""
    both = tuple(s for s in a.strategies if s in b.strategies)
    unread = (s for s in (*a.strategies, *b.strategies) if s[2] == "unknown" and s not in both)
    return (*both, *dict.fromkeys(unread))


def merged(a: dict[str, Value], b: dict[str, Value]) -> dict[str, Value]:
    out = dict(a)
    for name, value in b.items():
        known = out.get(name)
        if known is None:
            out[name] = value
        elif known is not value:
            out[name] = join(known, value)
    return out


def tells_nothing(value: Value) -> bool:
    """True where a declaration knows more: an argument without a type, the result of something we don't know."""
    if isinstance(value, Sym):
        return value.hint is None
    return value is UNKNOWN or (isinstance(value, Ext) and value.name.endswith("()"))


def said_to_be(value: Value, declared: Value) -> Value:
    """`value` with what a declaration says of it."""
    if isinstance(value, Sym):
        return Sym("same", value, None, declared)
    return fresh(declared)


def fresh(value: Value) -> Value:
    """A copy of a hint that can be touched without telling everyone who shares it."""
    if isinstance(value, Row):
        return altered(value, touched={}, extra={})
    if isinstance(value, Inst):
        return altered(value, fields=dict(value.fields))
    if isinstance(value, Many):
        return altered(value, elem=fresh(value.elem))
    if isinstance(value, Query):
        return altered(value, fetched=[])
    return value
