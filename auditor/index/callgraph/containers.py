"""Containers: reading and writing by key, going through them, and their own methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.callgraph import attributes, calls
from auditor.index.callgraph.objects import (
    NOTHING,
    ConstantObject,
    Frame,
    MappingObject,
    Object,
    SequenceObject,
    Values,
    everything_in,
    joined,
    only,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.index.callgraph.machine import Machine
    from auditor.index.ir import Node


def keys_of(keys: Values) -> list[str | int] | None:
    """The constants that a key may be; None where it may be anything."""
    if not keys or not all(isinstance(one, ConstantObject) for one in keys):
        return None
    return [one.value for one in keys if isinstance(one, ConstantObject)]


def read(holder: Object, keys: Values) -> Values:
    """`holder[key]`."""
    known = keys_of(keys)
    if known is None:
        return everything_in(holder)
    if isinstance(holder, MappingObject):
        return joined(*(holder.entries.get(key, NOTHING) for key in known), holder.rest)
    if isinstance(holder, SequenceObject):
        items = holder.items
        found = [items[k] for k in known if isinstance(k, int) and -len(items) <= k < len(items)]
        return joined(*found, holder.rest)
    return NOTHING


def sliced(m: Machine, holder: Object, low: Values, high: Values, place: object) -> Values:
    """`holder[low:high]`."""
    if not isinstance(holder, SequenceObject):
        return NOTHING
    start, end = keys_of(low), keys_of(high)
    made = m.allocate(("slice", place, id(holder)), lambda: SequenceObject(kind=holder.kind))
    assert isinstance(made, SequenceObject)
    first = start[0] if start is not None and isinstance(start[0], int) else None
    last = end[0] if end is not None and isinstance(end[0], int) else None
    if (low and first is None) or (high and last is None):
        made.rest = joined(made.rest, everything_in(holder))
    else:
        made.items, made.rest = holder.items[first:last], holder.rest
    return only(made)


def write(m: Machine, holder: Object, keys: Values, values: Values, *, certain: bool) -> None:
    """`holder[key] = values`; replaces what stood there where that is sure to happen."""
    known = keys_of(keys)
    certain = certain and m.unsure == 0 and known is not None and len(known) == 1
    if isinstance(holder, MappingObject):
        if known is None:
            holder.rest = joined(holder.rest, values)
        for key in known or ():
            holder.entries[key] = values if certain else joined(holder.entries.get(key, NOTHING), values)
    elif isinstance(holder, SequenceObject):
        for key in known or ():
            if isinstance(key, int) and -len(holder.items) <= key < len(holder.items):
                holder.items[key] = values if certain else joined(holder.items[key], values)
            else:
                known = None
        if known is None:
            holder.rest = joined(holder.rest, values)


def element(m: Machine, holder: Object, frame: Frame, node: Node | None) -> Values:
    """One item of what is gone through; `__iter__` and `__next__` of the program's own classes are called."""
    if isinstance(holder, SequenceObject):
        return everything_in(holder)
    if isinstance(holder, MappingObject):
        return joined(*(m.constant(key) for key in holder.entries))
    begin = attributes.special(m, holder, "__iter__") or attributes.special(m, holder, "__aiter__")
    if not begin or node is None:
        return NOTHING
    found: list[Values] = []
    for iterator in calls.call(m, begin, [], {}, frame, node):
        step = attributes.special(m, iterator, "__next__") or attributes.special(m, iterator, "__anext__")
        found.append(calls.call(m, step, [], {}, frame, node) if step else element(m, iterator, frame, None))
    return joined(*found)


def method(m: Machine, holder: Object, name: str, args: Sequence[Values], place: object) -> Values:
    """What a container's own method gives, and what it changes."""
    first = args[0] if args else NOTHING
    second = args[1] if len(args) > 1 else NOTHING
    if isinstance(holder, MappingObject):
        return _mapping_method(m, holder, name, first, second, place)
    if isinstance(holder, SequenceObject):
        return _sequence_method(m, holder, name, first, second)
    return NOTHING


def _mapping_method(
    m: Machine, holder: MappingObject, name: str, first: Values, second: Values, place: object
) -> Values:
    if name in {"get", "pop"}:
        return joined(read(holder, first), second)
    if name == "setdefault":
        write(m, holder, first, second, certain=False)
        return joined(read(holder, first), second)
    if name == "update":
        for other in first:
            if isinstance(other, MappingObject):
                for key, values in other.entries.items():
                    write(m, holder, m.constant(key), values, certain=len(first) == 1)
                holder.rest = joined(holder.rest, other.rest)
        return NOTHING
    if name in {"values", "items", "keys", "copy"}:
        if name == "copy":
            return only(holder)
        made = m.allocate(("view", name, place, id(holder)), SequenceObject)
        assert isinstance(made, SequenceObject)
        keys = joined(*(m.constant(key) for key in holder.entries))
        if name == "items":
            pair = m.allocate(("pair", place, id(holder)), lambda: SequenceObject(kind="tuple"))
            assert isinstance(pair, SequenceObject)
            pair.items = [keys, everything_in(holder)]
            made.rest = only(pair)
        else:
            made.rest = keys if name == "keys" else everything_in(holder)
        return only(made)
    return NOTHING


def _sequence_method(m: Machine, holder: SequenceObject, name: str, first: Values, second: Values) -> Values:
    if name in {"append", "add"}:
        if m.unsure == 0 and not holder.rest:
            holder.items.append(first)
        else:
            holder.rest = joined(holder.rest, first)
    elif name == "insert":
        holder.rest = joined(holder.rest, second)
    elif name in {"extend", "update"}:
        holder.rest = joined(holder.rest, *(everything_in(other) for other in first))
    elif name in {"pop", "popleft"}:
        return everything_in(holder)
    elif name == "copy":
        return only(holder)
    return NOTHING
