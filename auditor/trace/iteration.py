"""Going through a collection: evaluating it, its elements, how many there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Ext,
    ExtInst,
    Inst,
    Items,
    Many,
    OneOf,
    Query,
    Row,
    Size,
    Sym,
    Value,
    altered,
)
from auditor.trace import enumerations, flow, hints, joining
from auditor.trace.summary import Loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

SMALL: Final = 12
"""A literal with at most so many items is no loop worth naming."""
MANY: Final = 2
"""Turns from which on a loop over constants is more than its body."""
_PARTS: Final = frozenset(
    {
        "authenticators",
        "authentication_classes",
        "permissions",
        "permission_classes",
        "throttles",
        "throttle_classes",
    }
    | {"filter_backends", "validators", "middleware"}
)
"""What our descriptions of libraries call such parts."""


_REQUESTS: Final = (
    "flask.request.",
    "flask.globals.request.",
    "quart.request.",
    "bottle.request.",
    "connexion.request.",
)
"""What of a request a client decides: `request.form.items()`, `request.get_json()["ids"]`."""
_PARSED: Final = (
    ".json()",
    ".loads()",
    "json.load()",
    ".safe_load()",
    ".DictReader()",
    "csv.reader()",
    ".split()",
)
"""What takes apart a text that came from elsewhere."""


def element(m: Machine, value: Value) -> Value:
    """One element of a collection, without evaluating anything."""
    if isinstance(value, Many):
        return value.elem
    if isinstance(value, Items):
        return joining.join_all(value.items)
    if isinstance(value, Query):
        return m.orm(value.model.orm).element(m, value)
    if isinstance(value, Dictionary):
        return value.key or UNKNOWN
    if isinstance(value, OneOf):
        return joining.join_all([element(m, o) for o in value.options])
    if isinstance(value, Sym):
        known = value.recalled("[]")
        if known is None:
            hint = None if value.hint is None else hints.quietly(m, lambda: element(m, value.hint or UNKNOWN))
            known = value.noted()["[]"] = Sym("elem", value, None, None if hint is UNKNOWN else hint)
        return known
    return UNKNOWN


def consumed_element(m: Machine, value: Value, node: Node | None, how: str) -> Value:
    """One element of a collection that is evaluated here."""
    fetch(m, value, node, how)
    return element(m, value)


def item_at(m: Machine, value: Value, position: int) -> Value:
    """`value[position]`, from the end where that is negative."""
    if isinstance(value, Items):
        count = len(value.items)
        return value.items[position] if -count <= position < count else UNKNOWN
    if isinstance(value, Sym):
        key = ("item", position)
        known = value.recalled(key)
        if known is None:
            hint = None if value.hint is None else item_at(m, value.hint, position)
            known = value.noted()[key] = Sym("item", value, position, None if hint is UNKNOWN else hint)
        return known
    if isinstance(value, OneOf):
        return joining.join_all([item_at(m, o, position) for o in value.options])
    return element(m, value) if isinstance(value, (Many, Query)) else UNKNOWN


def fetch(m: Machine, value: Value, node: Node | None, how: str) -> None:
    """Evaluates a lazy collection."""
    if isinstance(value, Query):
        m.orm(value.model.orm).fetch(m, value, node, how)
    elif isinstance(value, OneOf):
        for option in value.options:
            fetch(m, option, node, how)
    elif isinstance(value, Sym):
        m.residual("use", None, value, ("fetch", how), node)


def open_loop(
    m: Machine,
    value: Value,
    node: Node | None,
    kind: str,
    name: str,
    target: Node | None,
    *,
    is_noted: bool = False,
) -> tuple[Loop, Value]:
    """Starts iterating; gives the loop and its element, born inside it. The caller enters and leaves the loop.

    `is_noted` where a replay has recorded already that `value` is iterated: else every caller would do it again.
    """
    before = m.cx.names
    m.cx.names = name
    given, value = value, iterator(m, value, node)
    if not is_noted or value is not given:
        m.use("iterate", value, node)
    if isinstance(value, Sym):
        unknown = Size(name) if name else None
        size = unknown if value.hint is None else _called(size_of(m, value.hint, name), name)
        loop = Loop(m.site(), size, value, node, kind, branch=m.cx.branch)  # type: ignore[arg-type]  # the caller's literal
        loop.repeats = not flow.turns_once(node) and not is_over_parts(m, name)
        made = element(m, value)
        if isinstance(made, Sym):
            made = value.noted()["[]"] = Sym("elem", value, None, made.hint or hints.guess(m, target))
        m.residual("iterate", made if isinstance(made, Sym) else None, value, loop, node)
        m.cx.names = before
        return loop, made
    fetch(m, value, node, "iterate")
    loop = Loop(m.site(), _called(size_of(m, value, name), name), value, node, kind, branch=m.cx.branch)  # type: ignore[arg-type]  # likewise
    once = flow.turns_once(node) or is_over_parts(m, name)
    loop.repeats = repeats(value) and not once
    if not once:
        loop.turns = turns_of(m, value, node, repeats=loop.repeats)
    loop.batch = is_batches(value)
    outer = m.inside(loop)
    made = reborn(m, next_of(m, value, node) if isinstance(value, Inst) else element(m, value))
    if made is UNKNOWN and (guess := hints.guess(m, target)) is not None:
        made = guess
    m.cx.loops = outer
    m.cx.names = before
    return loop, made


def is_over_parts(m: Machine, name: str) -> bool:
    """Whether a library goes through what it was fitted with, its permissions or throttles: a handful, whatever the data."""
    return m.cx.module.role == "library" and name in _PARTS


def iterator(m: Machine, value: Value, node: Node | None) -> Value:
    """What `iter(value)` gives where the project says so."""
    if isinstance(value, Inst):
        for name in ("__iter__", "__aiter__"):
            function = m.project.method(value.cls, name)
            if function is not None:
                return m.call_function(function, value, [], {}, node)
    return value


def next_of(m: Machine, value: Inst, node: Node | None) -> Value:
    for name in ("__next__", "__anext__"):
        function = m.project.method(value.cls, name)
        if function is not None:
            return m.call_function(function, value, [], {}, node)
    return UNKNOWN


def in_memory(m: Machine, value: Value) -> Value:
    """What a collection is once it was copied into a list: its elements, fetched."""
    if isinstance(value, Query):
        return Many(element(m, value), size_of(m, value, ""), "list", value)
    if isinstance(value, Sym):
        return Sym(
            "list", value, None, None if value.hint is None else in_memory(m, value.hint), memo=value.noted()
        )
    if isinstance(value, OneOf):
        return OneOf(tuple(in_memory(m, o) for o in value.options))
    return value


def picked(m: Machine, value: Value) -> Value:
    """The one element at a place: however many were looked through in a loop that is over, it is seen once."""
    return _outside(value, lambda row: row.loops[: _shared(row, m.cx.loops)], m.cx.loops)


def taken(m: Machine, value: Value) -> Value:
    """The next element, or the largest: another one in each turn of the current loops, once the loop that made it is over."""
    return _outside(value, lambda _: m.cx.loops, m.cx.loops)


def _outside(value: Value, born: Callable[[Row], tuple[Loop, ...]], here: tuple[Loop, ...]) -> Value:
    """Rows that were made in loops which are over, made elsewhere."""
    if isinstance(value, Row):
        return value if _shared(value, here) == len(value.loops) else altered(value, loops=born(value))
    if isinstance(value, Items):
        return Items(value.kind, [_outside(i, born, here) for i in value.items], value.count)
    if isinstance(value, OneOf):
        return OneOf(tuple(_outside(o, born, here) for o in value.options))
    return value


def _shared(row: Row, here: tuple[Loop, ...]) -> int:
    """How many of the loops that a row was made in still run."""
    return next(
        (n for n, (a, b) in enumerate(zip(row.loops, here, strict=False)) if a is not b),
        min(len(row.loops), len(here)),
    )


def reborn(m: Machine, value: Value) -> Value:
    """An element, seen once per turn of the current loops."""
    if isinstance(value, Row):
        return altered(value, loops=m.cx.loops)
    if isinstance(value, Items):
        return Items(value.kind, [reborn(m, i) for i in value.items], value.count)
    if isinstance(value, OneOf):
        return OneOf(tuple(reborn(m, o) for o in value.options))
    return value


def size_of(m: Machine, value: Value, name: str) -> Size | None:
    if isinstance(value, Query):
        return m.orm(value.model.orm).size(value)
    if isinstance(value, Many):
        return value.size or (Size(name) if name else None)
    if isinstance(value, ExtInst) and value.rows is not None:
        return value.rows
    if isinstance(value, Items):
        return Size(name or "items", bound=value.count, exact=True)
    if isinstance(value, Dictionary):
        if value.grown or not value.entries:
            return value.size or (Size(name) if name else None)
        return Size(
            name or "items", bound=len(value.entries), exact=value.other is None and value.rest is None
        )
    if isinstance(value, ClassValue):
        return enumerations.size(m, value.cls, name)
    if isinstance(value, OneOf):
        found = [size_of(m, o, name) for o in value.options]
        return next((s for s in found if s is not None and s.bound is None), found[0])
    return Size(name) if name else None


def _called(size: Size | None, name: str) -> Size | None:
    """`size`, where it has a name; else what is gone through gives it one."""
    return size if size is None or not size.unnamed or not name else replace(size, name=name, unnamed=False)


def shortest(sizes: Sequence[Size | None]) -> Size | None:
    """How many pairs `zip` makes."""
    known = [s for s in sizes if s is not None]
    if known and all(s.exact for s in known):
        return min(known, key=lambda s: s.bound or 0)
    return at_most(next(iter(known), None))


def together(sizes: Sequence[Size | None]) -> Size | None:
    """How many there are one after the other: of literals their sum, beside rows the rows."""
    known = [s for s in sizes if s is not None]
    if known and len(known) == len(sizes) and all(s.exact for s in known):
        return replace(known[0], bound=sum(s.bound or 0 for s in known))
    return next((s for s in known if not s.exact), at_most(next(iter(known), None)))


def at_most(size: Size | None) -> Size | None:
    """Of what a condition picks from a list of known length there may be fewer."""
    return size if size is None or not size.exact else replace(size, exact=False)


def repeats(value: Value) -> bool:
    """False where the number of turns is a small constant of the source."""
    if isinstance(value, Items):
        return value.count > SMALL * 4
    if isinstance(value, Dictionary):
        return value.grown or value.other is not None or len(value.entries) > SMALL * 4
    if isinstance(value, OneOf):
        return any(repeats(o) for o in value.options)
    size = value.size if isinstance(value, Many) else value.rows if isinstance(value, ExtInst) else None
    if size is not None and size.bound is not None:
        return size.bound > SMALL
    if isinstance(value, Ext):
        return is_answered(value.name)
    return not isinstance(value, (Const, ClassValue, Row))


def is_answered(name: str) -> bool:
    """Whether what a library's dotted name stands for is as long as the data: what a request brought, or was parsed."""
    return name.startswith(_REQUESTS) or name.endswith(_PARSED)


def turns_of(m: Machine, value: Value, node: Node | None, *, repeats: bool = False) -> tuple[int, int] | None:
    """How often a loop over constants turns, at least and at most; None where it is once, or the data decides.

    One that `repeats` has its turns only where the source says exactly how many: a page of rows may be shorter.
    """
    if m.cx.module.role == "library":
        return None
    if isinstance(value, OneOf):
        ranges = [turns_of(m, o, node) or (1, 1) for o in value.options if not repeats]
        if not ranges:
            return None
        least, most = min(r[0] for r in ranges), max(r[1] for r in ranges)
    else:
        size = size_of(m, value, "")
        if size is None or size.bound is None or (repeats and not size.exact):
            return None
        least, most = size.bound if size.exact else 0, size.bound
    if most < MANY:
        return None
    return (min(least, 1) if flow.ends_early(node) else least), most


def is_batches(value: Value) -> bool:
    """True for what gives many elements at a time: `batched(...)`, `range(0, n, step)`, a generator of lists of rows."""
    if not isinstance(value, Many):
        return False
    limited = (
        isinstance(value.elem, Many) and isinstance(value.elem.source, Query) and value.elem.source.limited
    )
    return value.kind == "batches" or (value.kind == "gen" and limited)
