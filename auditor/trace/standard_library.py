"""The functions of the standard library, and of some like it, that call back or pass values through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Dictionary,
    Ext,
    Func,
    Inst,
    Items,
    Many,
    Size,
    Value,
    altered,
)
from auditor.trace import builtin_calls, iteration, joining, libraries

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine

_PARTIAL: Final = frozenset(
    {"functools.partial", "funcy.partial", "toolz.partial", "django.utils.functional.curry"}
)
"""What fixes the first arguments of a function."""
_AS_DECORATED: Final = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
"""Decorators that leave open what a generator does, called as functions: `asynccontextmanager(get_session)`."""


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
        return builtin_calls.materialised(m, "list", args, node)
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
        return builtin_calls.mapped(m, "filter", args, node)
    if name == "itertools.groupby" and args:
        iteration.fetch(m, first, node, "iterate")
        element = iteration.element(m, first)
        return Many(Items("tuple", [UNKNOWN, Many(element, None)], 2), iteration.size_of(m, first, ""))
    if name == "functools.reduce" and len(args) > 1:
        return builtin_calls.mapped(m, "map", args[:2], node)
    if name == "contextlib.closing" or (name in _AS_DECORATED and isinstance(first, Func)):
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
    return builtin_calls.dictionary(m, args, kwargs, node)
