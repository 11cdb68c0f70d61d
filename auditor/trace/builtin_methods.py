"""Methods of lists, sets, tuples, dictionaries and strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Items,
    Many,
    Query,
    Size,
    Sym,
    Text,
    Value,
)
from auditor.trace import access, arguments, builtin_calls, calls, growing, iteration, joining
from auditor.trace.summary import repeating

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_ADD: Final = frozenset({"append", "add", "appendleft", "insert"})
_SET_OPERATIONS: Final = frozenset(
    "union intersection difference symmetric_difference issubset issuperset isdisjoint "
    "intersection_update difference_update symmetric_difference_update".split()
)


def method(
    m: Machine, value: Value, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    """A method of a list, set, tuple, dictionary or string."""
    calls.resolved(m)
    if isinstance(value, Dictionary):
        return mapping_method(m, value, name, args, kwargs, node)
    if isinstance(value, Const) and value.value is None:
        return value  # it never comes to this call
    if isinstance(value, (Const, Text)):
        for a in (*args, *kwargs.values()):
            access.shown(m, a, node)
            if name == "join":
                iteration.fetch(m, a, node, "iterate")
        return Text("{}") if name in {"join", "format", "strip", "lower", "upper", "replace"} else UNKNOWN
    if name in _ADD and args:
        if isinstance(value, Items):
            growing.lengthen(m, value, args[-1])
        grow(m, value, args[-1])
        return UNKNOWN
    if name in {"extend", "update"} and args:
        iteration.fetch(m, args[0], node, "materialise")
        if isinstance(value, Items):
            growing.lengthen_by(m, value, args[0])
        grow(m, value, iteration.element(m, args[0]), iteration.size_of(m, args[0], ""))
        return UNKNOWN
    if name == "sort":
        m.use("sort", value, node, kwargs.get("key"))
        builtin_calls.key_calls(m, value, kwargs.get("key"), node)
        return UNKNOWN
    if name in {"pop", "popleft"}:
        return iteration.taken(m, iteration.element(m, value))
    if name in _SET_OPERATIONS:
        return combined(m, value, name, args, node)
    return value if name == "copy" else UNKNOWN


def combined(m: Machine, value: Value, name: str, others: list[Value], node: Node | None) -> Value:
    """A set operation, which walks over whatever it is given."""
    for other in others:
        iteration.fetch(m, other, node, "materialise")
    if name != "union" or not others:
        return value
    sizes = [
        s for v in (value, *others) if (s := iteration.size_of(m, v, "")) is not None and s.bound is None
    ]
    elements = [iteration.element(m, v) for v in (value, *others)]
    return Many(joining.join_all([e for e in elements if e is not UNKNOWN]), next(iter(sizes), None), "set")


def grow(m: Machine, value: Value, added: Value, size: Size | None = None) -> None:
    """Something is added to a list, as often as the current loops turn."""
    if not isinstance(value, Many):
        return
    if id(value) in m.registries:
        if isinstance(added, Sym):
            m.residual("store", None, value, (UNKNOWN, added), None)
            return
        if m.quiet:  # a decorator does it, when its module is imported
            known = 0 if value.size is None or value.size.bound is None else value.size.bound
            value.elem, value.size = joining.join(value.elem, added), Size("items", known + 1)
            return
    value.elem = joining.join(value.elem, added)
    value.source = None
    if value.size is None or value.size.exact:
        more = size or grown_by(m)
        value.size = more if value.size is None or (more is not None and not more.exact) else value.size


def grown_by(m: Machine) -> Size | None:
    """How many items one statement adds: one a turn of the loop around, where there are several of that over the data."""
    loops = repeating(m.cx.loops) or m.cx.loops
    if not loops:
        return None
    size = loops[-1].size
    return iteration.at_most(size) if m.cx.branch != loops[-1].branch else size


def is_table_of_classes(value: Dictionary) -> bool:
    """`{"list": BriefSerializer, …}`: all that it holds is written there."""
    is_whole = not value.grown and value.other is None and value.rest is None
    return is_whole and all(isinstance(v, ClassValue) for v in value.entries.values())


def mapping_method(
    m: Machine,
    value: Dictionary,
    name: str,
    args: list[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value:
    if name in {"get", "pop", "setdefault", "__getitem__"} and args:
        found = access.item(m, value, args[0], node or (0, 0, ""))
        if name == "setdefault" and len(args) > 1:
            access.set_item(m, value, args[0], args[1])
            return joining.join(found, args[1])
        if len(args) > 1 and isinstance(args[0], Const):
            if args[0].value in value.entries:
                return found
            if is_table_of_classes(value):
                return args[1]
        return joining.join(found, args[1]) if len(args) > 1 else found
    size = iteration.size_of(m, value, "")
    if name in {"items", "values"}:
        held = joining.join_all([*value.entries.values(), *([] if value.other is None else [value.other])])
        pair = name == "items"
        return Many(Items("tuple", [value.key or UNKNOWN, held], 2) if pair else held, size)
    if name == "keys":
        return Many(value.key or UNKNOWN, size)
    if name == "update":
        for more in args[:1]:
            if isinstance(more, Dictionary):
                value.entries.update(more.entries)
                value.other = joining.join(value.other or UNKNOWN, more.other or UNKNOWN)
            elif isinstance(more, (Query, Many)):
                iteration.fetch(m, more, node, "materialise")
                both = iteration.element(m, more)
                value.other = joining.join(value.other or UNKNOWN, iteration.item_at(m, both, 1))
                value.size, value.grown = iteration.size_of(m, more, m.cx.names), True
            added = more.rest if isinstance(more, Dictionary) else more
            value.rest = added if isinstance(added, Sym) and value.rest is None else value.rest
        value.entries.update({k: v for k, v in kwargs.items() if k != arguments.STARS})
        return UNKNOWN
    return value if name == "copy" else UNKNOWN
