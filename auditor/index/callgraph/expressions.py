"""Expressions: what they may give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index import ir
from auditor.index.callgraph import attributes, calls, containers, machine, naming, statements
from auditor.index.callgraph.objects import (
    NOTHING,
    Frame,
    MappingObject,
    SequenceObject,
    Values,
    joined,
    only,
)

if TYPE_CHECKING:
    from auditor.index.callgraph.machine import Machine
    from auditor.index.ir import Node


def evaluate(m: Machine, node: Node | None, frame: Frame) -> Values:
    """The objects that an expression may be; nothing where none is known."""
    if node is None or m.nesting > machine.MAX_NESTING or not m.step(node):
        return NOTHING
    m.nesting += 1
    try:
        return _evaluate(m, node, frame)
    finally:
        m.nesting -= 1


def _evaluate(m: Machine, node: Node, frame: Frame) -> Values:
    match node[0]:
        case ir.CONST:
            return m.constant(node[2])
        case ir.NAME:
            return naming.lookup(m, node[2], frame)
        case ir.ATTR:
            holders = evaluate(m, node[2], frame)
            return joined(*(attributes.read(m, one, node[3], frame, node) for one in holders))
        case ir.CALL:
            return calls.call_node(m, node, frame)
        case ir.SEQ:
            return sequence(m, node, frame)
        case ir.DICT:
            return mapping(m, node, frame)
        case ir.SUB:
            return subscript(m, node, frame)
        case ir.LAMBDA:
            return naming.lambda_object(m, node, frame)
        case ir.COMP:
            return comprehension(m, node, frame)
        case ir.BOOL:
            return joined(*[evaluate(m, n, frame) for n in node[3]])
        case ir.IFEXP:
            evaluate(m, node[2], frame)
            return joined(evaluate(m, node[3], frame), evaluate(m, node[4], frame))
        case ir.AWAIT | ir.STAR:
            return evaluate(m, node[2], frame)
        case ir.YIELD:
            given = evaluate(m, node[2], frame)
            if node[3]:
                given = joined(*(containers.element(m, one, frame, node) for one in given))
            frame.yielded = joined(frame.yielded, given)
            return NOTHING
        case ir.WALRUS:
            values = evaluate(m, node[3], frame)
            statements.store(m, node[2], values, frame)
            return values
        case ir.BIN:
            evaluate(m, node[3], frame)
            evaluate(m, node[4], frame)
        case ir.CMP | ir.FSTR:
            for n in node[3]:
                evaluate(m, n, frame)
        case ir.NOT | ir.UNARY:
            evaluate(m, node[2], frame)
        case ir.OTHER | ir.SLICE:
            for n in node[2] if node[0] == ir.OTHER else node[2:]:
                evaluate(m, n, frame)
    return NOTHING


def sequence(m: Machine, node: Node, frame: Frame) -> Values:
    """A list, tuple or set display: one object for its place."""
    made = m.allocate(("sequence", id(node), id(frame)), lambda: SequenceObject(kind=node[2]))
    assert isinstance(made, SequenceObject)
    items: list[Values] = []
    rest = NOTHING
    for n in node[3]:
        values = evaluate(m, n, frame)
        if n[0] == ir.STAR:
            rest = joined(rest, *(containers.element(m, one, frame, n) for one in values))
        else:
            items.append(values)
    made.items, made.rest = items, rest
    return only(made)


def mapping(m: Machine, node: Node, frame: Frame) -> Values:
    """A dictionary display: one object for its place."""
    made = m.allocate(("mapping", id(node), id(frame)), MappingObject)
    assert isinstance(made, MappingObject)
    for key, n in node[2]:
        values = evaluate(m, n, frame)
        if key is None:
            for other in values:
                if isinstance(other, MappingObject):
                    made.entries.update(other.entries)
                    made.rest = joined(made.rest, other.rest)
        else:
            containers.write(m, made, evaluate(m, key, frame), values, certain=True)
    return only(made)


def subscript(m: Machine, node: Node, frame: Frame) -> Values:
    """`a[b]`; `__getitem__` of the program's own classes is called."""
    holders = evaluate(m, node[2], frame)
    if node[3][0] == ir.SLICE:
        low, high = (evaluate(m, n, frame) for n in node[3][2:4])
        return joined(*(containers.sliced(m, one, low, high, id(node)) for one in holders))
    keys = evaluate(m, node[3], frame)
    found: list[Values] = []
    for one in holders:
        getter = attributes.special(m, one, "__getitem__")
        found.append(calls.call(m, getter, [keys], {}, frame, node) if getter else containers.read(one, keys))
    return joined(*found)


def comprehension(m: Machine, node: Node, frame: Frame) -> Values:
    """A comprehension: its clauses bind names of their own."""
    inner = Frame(frame.unit, frame.module, frame, frame.function, owner=frame.owner)
    inner.receiver = frame.receiver
    for target, iterable, conditions, _ in node[4]:
        values = evaluate(m, iterable, inner)
        found = joined(*(containers.element(m, one, inner, node) for one in values))
        statements.bind(m, target, found, inner)
        for condition in conditions:
            evaluate(m, condition, inner)
    given = [evaluate(m, n, inner) for n in node[3]]
    frame.yielded = joined(frame.yielded, inner.yielded)
    if node[2] == "dict":
        made = m.allocate(("mapping", id(node), id(frame)), MappingObject)
        assert isinstance(made, MappingObject)
        made.rest = joined(made.rest, given[-1])
        return only(made)
    kept = m.allocate(("sequence", id(node), id(frame)), SequenceObject)
    assert isinstance(kept, SequenceObject)
    kept.rest = joined(kept.rest, given[0])
    return only(kept)
