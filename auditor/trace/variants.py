"""Variants: a function evaluated again for literals that callers pass and its conditions test.

`def update(row, flush=False)` does one thing for callers that leave `flush` alone and another for those that pass
True. The parameters that decide a condition, here or in a function they are handed on to, are found once per
function; calls that know one of them lead to the variant for what they know. Each variant is a `Function` of its own
(same node, same name) with a summary of its own, so that whoever follows `Call.callee` follows the right one; sites
and frames name the function itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks.sqlalchemy_values import SessionValue
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Dictionary,
    Exact,
    Inst,
    ModelValue,
    Query,
    Row,
    Sym,
    Value,
)
from auditor.trace import deciding
from auditor.trace.arguments import ABSENT, keyword_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine
    from auditor.trace.summary import Summary

MAX_VARIANTS: Final = 8
"""Variants of one function by literals; calls that know more than these lead to the function for any argument."""
MAX_KINDS: Final = 80
"""Variants of one function by what an argument is an instance of."""
Decisive = dict[int, tuple[int, frozenset[str]]]
"""Position of a parameter → (what decides it, of `**kwargs` the keywords that matter)."""


def chosen(m: Machine, function: Function, summary: Summary, values: Sequence[Value]) -> Function:
    """The variant that a call with these arguments leads to; the function itself where they decide nothing."""
    if not summary.done or not function.params or m.depth > _DEEPEST:
        return function
    wanted = decisive(m, function, summary)
    if not wanted:
        return function
    known: dict[int, Value] = {}
    key: list[tuple[int, object]] = []
    kinds = False
    for position, (what, names) in wanted.items():
        if position >= len(values):
            continue
        found = known_keywords(values[position], names) if names else settled(values[position], what)
        if found is not None:
            known[position] = found
            key.append((position, identity(found)))
            kinds = kinds or not isinstance(found, (Exact, Dictionary))
    if not known:
        return function
    variants = m.variants.setdefault(id(function), {})
    whole = tuple(key)
    made = variants.get(whole)
    if made is None:
        if len(variants) >= (MAX_KINDS if kinds else MAX_VARIANTS):
            return function
        made = variants[whole] = replace(function)
        m.evaluate(function, made, known)
    return made


_DEEPEST: Final = 120


def settled(value: Value, what: int) -> Value | None:
    """What is known of an argument for sure: a literal, or what it is an instance of."""
    if isinstance(value, Sym):
        value = value.known or UNKNOWN
    if isinstance(value, Exact) or (what & deciding.LITERAL and isinstance(value, SessionValue)):
        return value
    if what == deciding.ACTION:
        action = value.fields.get("action") if isinstance(value, Inst) else None
        if isinstance(value, Inst) and isinstance(action, Exact):
            return Inst(value.cls, {"action": action}, declared=value.declared)
        return None
    if what & deciding.KIND:
        if isinstance(value, (Row, Inst)):
            return None if value.guessed else value
        if isinstance(value, (ModelValue, ClassValue)):
            return value
        if isinstance(value, Query) and value.orm == "django":
            return deciding.QUERYSET
    return None


def known_keywords(value: Value, names: frozenset[str]) -> Value | None:
    """What is known of the keywords that `**kwargs` holds."""
    entries: dict[Any, Value] = {}
    for name in sorted(names):
        found = keyword_in(value, name)
        found = found if found is ABSENT or found is None else settled(found, deciding.LITERAL)
        if found is not None:
            entries[name] = found
    return Dictionary(entries) if entries else None


def identity(value: Value) -> object:
    """Equal for values that decide the same."""
    if isinstance(value, Exact):
        return type(value.value).__name__, value.value
    if isinstance(value, Dictionary):
        return tuple((name, identity(v)) for name, v in value.entries.items())
    if isinstance(value, Row):
        return "row", id(value.model), *sorted(value.extra)
    if isinstance(value, ModelValue):
        return "model", id(value.model)
    if isinstance(value, SessionValue):
        return "session", value.type
    if isinstance(value, Inst) and isinstance(action := value.fields.get("action"), Exact):
        return "view", id(value.cls), action.value
    return type(value).__name__, id(getattr(value, "cls", value))


def decisive(m: Machine, function: Function, summary: Summary) -> Decisive:
    """The parameters whose value decides a condition, in the function or in those it hands them on to."""
    known = m.decisive.get(id(function))
    if known is not None:
        return known
    found: Decisive = {}
    m.decisive[id(function)] = found
    names = deciding.tested(function.body)
    moving = frozenset(deciding.rebound(function.body)) if names else frozenset()
    for n, (name, kind, _, _) in enumerate(function.params):
        is_receiver = n == 0 and function.owner is not None and function.static != "static"
        what = names.get(name, 0) & (deciding.ACTION if is_receiver else ~deciding.ACTION)
        if what and kind in {"pos", "kw"} and name not in moving:
            found[n] = (what, frozenset())
    for call in summary.calls:
        below = m.decisive.get(id(call.callee))
        # A function that calls itself is its own `below`.
        for position, (what, wanted) in tuple((below or {}).items()):
            if position < len(call.arguments):
                handed_on(summary, call.arguments[position], what, wanted, found)
    return found


def handed_on(summary: Summary, value: Value, what: int, wanted: frozenset[str], found: Decisive) -> None:
    """Adds the parameter that a decisive argument of a call is, or comes from."""
    while isinstance(value, Sym) and value.op in {"merged", "arg"}:
        if value.op == "arg":
            _, name, keywords, _ = value.detail
            wanted = frozenset({name})
            value = keywords or UNKNOWN
        else:
            value = value.base or UNKNOWN
    if not isinstance(value, Sym) or value.op != "param" or value.detail >= len(summary.params):
        return
    if summary.params[value.detail] is not value or (wanted and summary.function is None):
        return
    before, names = found.get(value.detail, (0, frozenset()))
    found[value.detail] = (before | what, names | wanted)


__all__ = ["MAX_VARIANTS", "Decisive", "chosen", "decisive"]
