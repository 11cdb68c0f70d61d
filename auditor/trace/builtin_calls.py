"""Built-in functions, methods of containers and strings, and the parts of the standard library that call back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Ext,
    ExtInst,
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
from auditor.trace import access, arguments, calls, hints, iteration, joining, libraries, naming
from auditor.trace.summary import repeating

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_MATERIALISE: Final = frozenset({"list", "tuple", "set", "frozenset"})
_AGGREGATE: Final = frozenset({"sum", "min", "max"})
_NO_ACCESS: Final = frozenset(
    {"isinstance", "issubclass", "callable", "id", "type", "hasattr", "print", "repr", "format"}
)
_PARTIAL: Final = frozenset(
    {"functools.partial", "funcy.partial", "toolz.partial", "django.utils.functional.curry"}
)
"""What fixes the first arguments of a function."""


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
        return iteration.element(m, first)
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
        return joining.join_all(args)
    value = args[0]
    m.use("aggregate", value, node, name)
    iteration.fetch(m, value, node, "iterate")
    key_calls(m, value, kwargs.get("key"), node)
    return UNKNOWN if name == "sum" else iteration.element(m, value)


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


# -- methods ---------------------------------------------------------------------------------------------------

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
        grow(m, value, args[-1])
        return UNKNOWN
    if name in {"extend", "update"} and args:
        iteration.fetch(m, args[0], node, "materialise")
        grow(m, value, iteration.element(m, args[0]), iteration.size_of(m, args[0], ""))
        return UNKNOWN
    if name == "sort":
        m.use("sort", value, node, kwargs.get("key"))
        key_calls(m, value, kwargs.get("key"), node)
        return UNKNOWN
    if name in {"pop", "popleft"}:
        return iteration.element(m, value)
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


# -- the standard library --------------------------------------------------------------------------------------


def standard(
    m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value | None:
    """Functions of the standard library that call back or pass values through; None for any other."""
    first = args[0] if args else UNKNOWN
    if name in _PARTIAL and args:
        if isinstance(first, Func):
            return Func(
                first.function,
                first.receiver,
                first.env,
                (*first.args, *args[1:]),
                {**(first.kwargs or {}), **kwargs},
            )
        return first
    if name in {
        "collections.defaultdict",
        "collections.OrderedDict",
        "collections.Counter",
        "collections.ChainMap",
    }:
        return default_dictionary(m, name, args, kwargs, node)
    if name == "collections.deque":
        return materialised(m, "list", args, node)
    if name in {"asyncio.gather", "asyncio.wait", "asyncio.as_completed"}:
        return args[0] if len(args) == 1 else Items("tuple", args, len(args))
    if name in {
        "asyncio.create_task",
        "asyncio.wait_for",
        "asyncio.shield",
        "asyncio.ensure_future",
        "copy.copy",
        "copy.deepcopy",
    }:
        return first
    if name in {
        "asyncio.to_thread",
        "asyncio.run",
        "anyio.to_thread.run_sync",
        "asgiref.sync.sync_to_async",
        "channels.db.database_sync_to_async",
        "asgiref.sync.async_to_sync",
    }:
        if name.endswith(("to_thread", "run_sync")):
            return libraries.offloaded(m, first, args[1:], kwargs, node)
        if name.endswith("sync_to_async"):
            return altered(first, offloaded=True) if isinstance(first, Func) else UNKNOWN
        return first
    if name in {"itertools.chain", "itertools.chain.from_iterable"}:
        for a in args:
            iteration.fetch(m, a, node, "iterate")
        parts = [iteration.element(m, a) for a in args]
        element = joining.join_all(
            [iteration.element(m, p) for p in parts] if name.endswith("from_iterable") else parts
        )
        sizes = [iteration.size_of(m, a, "") for a in (parts if name.endswith("from_iterable") else args)]
        return Many(element, iteration.together(sizes))
    if (
        name
        in {"itertools.batched", "more_itertools.chunked", "more_itertools.batched", "toolz.partition_all"}
        and args
    ):
        iteration.fetch(m, first, node, "iterate")
        return Many(
            Many(iteration.element(m, first), Size("batch")), iteration.size_of(m, first, ""), "batches"
        )
    if name == "itertools.islice" and args:
        if not any(loop.over is first for loop in m.cx.loops):  # else the loop's own iterator, taken further
            iteration.fetch(m, first, node, "iterate")
        size = iteration.size_of(m, first, "")
        limit = args[1].value if len(args) == 2 and isinstance(args[1], Const) else None
        if isinstance(limit, int):
            size = Size("items" if size is None else size.name, limit, None if size is None else size.table)
        return Many(iteration.element(m, first), size)
    if name in {"itertools.filterfalse", "itertools.takewhile", "itertools.dropwhile"} and len(args) > 1:
        return mapped(m, "filter", args, node)
    if name == "itertools.groupby" and args:
        iteration.fetch(m, first, node, "iterate")
        element = iteration.element(m, first)
        return Many(Items("tuple", [UNKNOWN, Many(element, None)], 2), iteration.size_of(m, first, ""))
    if name == "functools.reduce" and len(args) > 1:
        return mapped(m, "map", args[:2], node)
    if name == "contextlib.closing":
        return first
    if name == "contextlib.nullcontext":
        return Many(first if args else UNKNOWN, None, "gen")  # what `with` binds, which it leaves open
    if name == "typing.cast" and len(args) > 1:
        return args[1]
    return None


def default_dictionary(
    m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    if name.endswith("defaultdict"):
        factory = args[0] if args else UNKNOWN
        default: Value | None = None
        if isinstance(factory, Ext) and factory.name in {"builtins.list", "builtins.set"}:
            default = Many(UNKNOWN, None, factory.name[9:])
        elif isinstance(factory, Ext) and factory.name == "builtins.dict":
            default = Dictionary({}, grown=True)
        elif isinstance(factory, ClassValue):
            default = Inst(factory.cls)
        return Dictionary({}, None, default, None, grown=True)
    return dictionary(m, args, kwargs, node)


__all__ = ["Class", "ExtInst", "call", "method", "standard"]
