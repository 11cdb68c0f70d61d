"""Arguments that are handed on: `*args` and `**kwargs` whose items only a caller knows.

A call keeps them as `Star` among its arguments and under the key `STARS` among its keywords; the parameters that
they reach become symbolic (`arg`, `rest`, `merged`) and are decided where the items are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import UNKNOWN, Const, Dictionary, Ext, Items, Many, Prefetched, Star, Sym, Value
from auditor.trace import iteration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine

STARS: Final = "**"
"""Key of forwarded keywords; no identifier, so no parameter can be called that."""


ABSENT: Final = Ext("<not given>")
"""Among the keywords that `**kwargs` is known to hold: this one is not given."""


def flattened(
    m: Machine, args: list[Value], kwargs: dict[str, Value]
) -> tuple[list[Value], dict[str, Value]]:
    """The same arguments for code that is not the project's: one element stands for all of `*args`.

    Of names, or what is to be loaded, that were put into a list one by one the first is known, so it is one among others
    that nobody knows.
    """
    if args and Star in map(type, args):
        flat: list[Value] = []
        for a in args:
            flat.append(iteration.element(m, a.value) if isinstance(a, Star) else a)
            if isinstance(a, Star) and isinstance(flat[-1], (Const, Prefetched)):
                flat.append(UNKNOWN)
        args = flat
    if STARS in kwargs:
        kwargs = {k: v for k, v in kwargs.items() if k != STARS}
    return args, kwargs


def bound(
    function: Function, given: list[Value], kwargs: Mapping[str, Value], default: Callable[[int], Value]
) -> list[Value]:
    """The value of each parameter, in order of declaration; `default` gives that of a position left out."""
    values: list[Value] = []
    used: set[str] = set()
    star = given.pop() if given and isinstance(given[-1], Star) else None
    keywords = kwargs.get(STARS)
    for n, (name, kind, _, _) in enumerate(function.params):
        if kind == "*":
            values.append(remaining(given, star))
            given, star = [], None
        elif kind == "**":
            used.add(STARS)
            values.append(other_keywords({k: v for k, v in kwargs.items() if k not in used}, keywords))
        elif kind == "pos" and given:
            values.append(given.pop(0))
        elif name in kwargs:
            values.append(kwargs[name])
            used.add(name)
        elif kind == "pos" and isinstance(star, Star):
            values.append(Sym("arg", star.value, (star.skip, name, keywords, default(n))))
            star = Star(star.value, star.skip + 1)
        elif star is None and (settled := keyword_in(keywords, name)) is not None:
            values.append(default(n) if settled is ABSENT else settled)
        elif keywords is not None:
            values.append(Sym("arg", keywords, (None, name, keywords, default(n))))
        else:
            values.append(default(n))
    return values


def keyword_in(value: Value | None, name: str) -> Value | None:
    """One keyword of `**kwargs`: `ABSENT` where it is surely not given, None where nobody knows."""
    if isinstance(value, Dictionary):
        return value.entries.get(name, ABSENT) if value.other is None and not value.grown else None
    if isinstance(value, Sym):
        if value.op == "merged":
            return value.detail[name] if name in value.detail else keyword_in(value.base, name)
        if isinstance(value.known, Dictionary):
            return value.known.entries.get(name)
    return None


def remaining(given: list[Value], star: Value | None) -> Value:
    """What `*args` is."""
    if not isinstance(star, Star):
        return Items("tuple", given, len(given))
    if not given and star.skip == 0:
        return star.value
    return Sym("rest", star.value, (tuple(given), star.skip))


def other_keywords(named: dict[str, Value], keywords: Value | None) -> Value:
    """What `**kwargs` is."""
    if keywords is None:
        return Dictionary(named)
    return Sym("merged", keywords, named) if named else keywords


def known(sym: Sym, base: Value, replaced: Callable[[Value], Value]) -> Value:
    """An `arg`, `rest` or `merged` where `base` is what its own base turned out to be; symbolic still where that is."""
    if sym.op == "arg":
        position: int | None
        name: str
        position, name, keywords, default = sym.detail
        keywords = None if keywords is None else replaced(keywords)
        if isinstance(base, Items) and position is not None and position < len(base.items):
            return base.items[position]
        if isinstance(keywords, Dictionary) and name in keywords.entries:
            return keywords.entries[name]
        if isinstance(base, Sym) or isinstance(keywords, Sym):
            return Sym("arg", base, (position, name, keywords, default), sym.hint)
        return default if isinstance(default, Value) else UNKNOWN
    if sym.op == "rest":
        before, skip = sym.detail
        items = [replaced(v) for v in before]
        if isinstance(base, Sym):
            return Sym("rest", base, (tuple(items), skip))
        more = base.items[skip:] if isinstance(base, Items) else []
        return Items("tuple", [*items, *more], len(items) + len(more))
    named = {k: replaced(v) for k, v in sym.detail.items()}
    if isinstance(base, Sym):
        return Sym("merged", base, named)
    return Dictionary({**(base.entries if isinstance(base, Dictionary) else {}), **named})


def positional(args: Sequence[Value], replaced: Callable[[Value], Value]) -> list[Value]:
    """A callee's positional arguments as its caller sees them, stars opened where their items are known."""
    made: list[Value] = []
    for a in args:
        if not isinstance(a, Star):
            made.append(replaced(a))
            continue
        inner = replaced(a.value)
        if isinstance(inner, Items):
            made.extend(inner.items[a.skip :])
        elif isinstance(inner, (Sym, Many)):
            made.append(Star(inner, a.skip))
    return made


def keyword(kwargs: Mapping[str, Value], replaced: Callable[[Value], Value]) -> dict[str, Value]:
    """A callee's keyword arguments as its caller sees them."""
    made = {k: replaced(v) for k, v in kwargs.items() if k != STARS}
    if STARS in kwargs:
        inner = replaced(kwargs[STARS])
        if isinstance(inner, Dictionary):
            made = {**{k: v for k, v in inner.entries.items() if isinstance(k, str)}, **made}
            if inner.rest is not None:
                made[STARS] = inner.rest
        elif isinstance(inner, Sym):
            made[STARS] = inner
    return made
