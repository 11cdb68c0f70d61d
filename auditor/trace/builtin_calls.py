"""Built-in functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Func,
    Inst,
    Items,
    Lambda,
    Many,
    ModelValue,
    OneOf,
    Query,
    Row,
    Size,
    Sym,
    Text,
    Value,
    altered,
)
from auditor.trace import access, calls, hints, iteration, joining, libraries, naming

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_MATERIALISE: Final = frozenset({"list", "tuple", "set", "frozenset"})
_AGGREGATE: Final = frozenset({"sum", "min", "max"})
_NO_ACCESS: Final = frozenset(
    {"isinstance", "issubclass", "callable", "id", "type", "hasattr", "print", "repr", "format"}
)


def call(m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    """A built-in function by name."""
    first = args[0] if args else UNKNOWN
    if name in _MATERIALISE:
        return materialised(m, name, args, node)
    if name == "sorted":
        return sorted_(m, first, kwargs, node)
    if name == "reversed":
        iteration.fetch(m, first, node, "materialise")
        return first
    if name == "len":
        m.use("len", first, node)
        iteration.fetch(m, first, node, "len")
        return call_dunder(m, first, "__len__", node)
    if name == "bool":
        access.truth(m, first, node)
        return UNKNOWN
    if name in _AGGREGATE:
        return aggregate(m, name, args, kwargs, node)
    if name in {"any", "all"}:
        m.use("aggregate", first, node, name)
        iteration.fetch(m, first, node, "iterate")
        return UNKNOWN
    if name == "enumerate":
        iteration.fetch(m, first, node, "iterate")
        element = iteration.element(m, first)
        return Many(
            Items("tuple", [UNKNOWN, element], 2),
            iteration.size_of(m, first, m.cx.names),
            "gen",
            _source(first),
        )
    if name == "zip":
        for a in args:
            iteration.fetch(m, a, node, "iterate")
        size = iteration.shortest([iteration.size_of(m, a, "") for a in args])
        return Many(Items("tuple", [iteration.element(m, a) for a in args], len(args)), size)
    if name in {"map", "filter"} and len(args) > 1:
        return mapped(m, name, args, node)
    if name == "range":
        return range_(m, args)
    if name == "iter":
        return first
    if name == "next":
        iteration.fetch(m, first, node, "first")
        return iteration.taken(m, iteration.element(m, first))
    if name == "getattr" and len(args) > 1:
        if isinstance(args[1], Const) and isinstance(args[1].value, str):
            return access.get_attribute(m, first, args[1].value, node)
        return UNKNOWN
    if name == "setattr" and len(args) > 2:
        if isinstance(args[1], Const) and isinstance(args[1].value, str):
            access.set_attribute(m, first, args[1].value, args[2])
        elif m.written_names:
            access.written(m, first, "")
        return UNKNOWN
    if name == "dict":
        return dictionary(m, args, kwargs, node)
    if name in {"str", "format"}:
        for a in args:
            access.shown(m, a, node)
        return Text("{}") if name == "str" else UNKNOWN
    if name == "type" and args:
        if isinstance(first, Row):
            return ModelValue(first.model)
        return ClassValue(first.cls) if isinstance(first, Inst) else UNKNOWN
    if name == "super" and args:
        return UNKNOWN
    fact = m.knowledge.calls.get(f"builtins.{name}")
    if fact is not None:
        return libraries.apply_fact(m, fact, f"builtins.{name}", args, kwargs, node)
    if name == "object":
        return UNKNOWN
    return UNKNOWN


def _source(value: Value) -> Value | None:
    if isinstance(value, Query):
        return value
    return value.source if isinstance(value, Many) else None


def materialised(m: Machine, kind: str, args: list[Value], node: Node | None) -> Value:
    if not args:
        return Many(UNKNOWN, None, kind)
    first = args[0]
    if isinstance(first, Items):
        return Items(kind, list(first.items), first.count)
    m.use("materialise", first, node, kind)
    iteration.fetch(m, first, node, "materialise")
    if isinstance(first, OneOf):
        first = next((o for o in first.options if isinstance(o, (Query, Many))), first)
    if isinstance(first, Sym):
        return iteration.in_memory(m, first)
    return Many(iteration.element(m, first), iteration.size_of(m, first, m.cx.names), kind, _source(first))


def sorted_(m: Machine, value: Value, kwargs: dict[str, Value], node: Node | None) -> Value:
    m.use("sort", value, node, kwargs.get("key"))
    iteration.fetch(m, value, node, "materialise")
    key_calls(m, value, kwargs.get("key"), node)
    if isinstance(value, Sym):
        return value
    if isinstance(value, Items):
        return value
    return Many(iteration.element(m, value), iteration.size_of(m, value, m.cx.names), "list", _source(value))


def key_calls(m: Machine, value: Value, key: Value | None, node: Node | None) -> None:
    """The key function runs once per element."""
    if isinstance(key, (Func, Lambda, Sym)):
        loop, element = iteration.open_loop(m, quiet_list(value), node, "call", source_of(node, 0), None)
        before = m.inside(loop)
        calls.call_value(m, key, [element], {}, node)
        m.cx.loops = before


def source_of(node: Node | None, position: int) -> str:
    """What a person would call the argument at that position; of a method without arguments, its object."""
    if node is None or node[0] != ir.CALL:
        return ""
    if len(node[3]) > position:
        return naming.source_name(node[3][position])
    return naming.source_name(node[2][2]) if node[2][0] == ir.ATTR else ""


def quiet_list(value: Value) -> Value:
    """The same elements, already fetched."""
    if isinstance(value, Query):
        return altered(value, fetched=[True], in_memory=True)
    return value


def aggregate(m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    if len(args) != 1:
        is_open = name == "max" and any(not isinstance(arg, Const) for arg in args)
        return UNKNOWN if is_open else joining.join_all(args)  # `max(n, 1)` is no limit, `min(n, 100)` is one
    value = args[0]
    m.use("aggregate", value, node, name)
    iteration.fetch(m, value, node, "iterate")
    key_calls(m, value, kwargs.get("key"), node)
    return UNKNOWN if name == "sum" else iteration.taken(m, iteration.element(m, value))


def mapped(m: Machine, name: str, args: list[Value], node: Node | None) -> Value:
    loop, element = iteration.open_loop(m, args[1], node, "call", source_of(node, 1), None)
    before = m.inside(loop)
    given = calls.call_value(m, args[0], [element], {}, node)
    m.cx.loops = before
    if name == "filter":
        return Many(element, iteration.at_most(loop.size), "gen", lazy=True)
    return Many(given, loop.size, "gen", lazy=True)


def range_(m: Machine, args: list[Value]) -> Value:
    """A loop over a constant number of turns has that bound; so has one over a parameter with a constant default."""
    numbers = [a.value for a in args if isinstance(a, Const) and isinstance(a.value, int)]
    if args and len(numbers) == len(args):
        turns = len(range(*numbers[:3])) if 0 not in numbers[2:3] else 0
        return Many(UNKNOWN, Size("range", turns, exact=True), "range")
    inner = args[-1] if len(args) < 3 else args[1]
    kind = "batches" if len(args) == 3 else "range"
    size = inner.size if isinstance(inner, Many) else None
    usual = hints.default_of(m, inner) if isinstance(inner, Sym) else None
    if isinstance(usual, int):
        size = Size("range", usual, exact=usual <= iteration.SMALL)
    return Many(UNKNOWN, size, kind)


def dictionary(m: Machine, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    made = Dictionary(dict(kwargs))
    if args:
        first = args[0]
        iteration.fetch(m, first, node, "materialise")
        if isinstance(first, Dictionary):
            made.entries = {**first.entries, **made.entries}
            made.key, made.other, made.size, made.grown = first.key, first.other, first.size, first.grown
        else:
            pair = iteration.element(m, first)
            made.key, made.other = iteration.item_at(m, pair, 0), iteration.item_at(m, pair, 1)
            made.size, made.grown = iteration.size_of(m, first, m.cx.names), True
    return made


def call_dunder(m: Machine, value: Value, name: str, node: Node | None) -> Value:
    cls = value.cls if isinstance(value, Inst) else value.model.cls if isinstance(value, Row) else None
    function = None if cls is None else m.project.method(cls, name)
    return UNKNOWN if function is None else m.call_function(function, value, [], {}, node)
