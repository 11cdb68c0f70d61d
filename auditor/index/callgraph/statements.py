"""Statements: what they bind, and in which order; branches are read side by side, loops twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.callgraph import attributes, calls, containers, expressions, machine, naming
from auditor.index.callgraph.objects import (
    NOTHING,
    ClassObject,
    ExternalObject,
    Frame,
    SequenceObject,
    Values,
    joined,
    only,
    several,
)

if TYPE_CHECKING:
    from auditor.index.callgraph.machine import Machine
    from auditor.index.ir import Node


_KINDS: Final = frozenset("staticmethod classmethod property cached_property setter getter deleter".split())
"""Decorators that say what kind of member a function is; `Function.static` has it."""


def block(m: Machine, body: Sequence[Node], frame: Frame) -> bool:
    """Reads statements; True when what follows can't be reached."""
    m.nesting += 1
    ended = False
    for s in body:
        if statement(m, s, frame):
            ended = True
            break
    m.nesting -= 1
    return ended


def statement(m: Machine, s: Node, frame: Frame) -> bool:
    """One statement; True when it leaves the block."""
    match s[0]:
        case ir.EXPR:
            expressions.evaluate(m, s[3], frame)
        case ir.ASSIGN:
            values = expressions.evaluate(m, s[4], frame)
            for target in s[3]:
                bind(m, target, values, frame)
        case ir.AUG:
            values = joined(expressions.evaluate(m, s[3], frame), expressions.evaluate(m, s[5], frame))
            bind(m, s[3], values, frame)
        case ir.ANN:
            if s[5] is not None:
                bind(m, s[3], expressions.evaluate(m, s[5], frame), frame)
        case ir.RETURN:
            frame.returned = joined(frame.returned, expressions.evaluate(m, s[3], frame))
            return True
        case ir.RAISE:
            raised(m, s, frame)
            return True
        case ir.DEF:
            define(m, s, frame)
        case ir.CLASS:
            class_(m, s, frame)
        case ir.IMPORT | ir.FROM:
            imported(m, s, frame)
        case ir.GLOBAL:
            frame.outer |= set(s[3])
        case ir.IF | ir.FOR | ir.WHILE | ir.WITH | ir.TRY | ir.MATCH if m.nesting > machine.MAX_NESTING:
            m.complete = False
        case ir.IF:
            expressions.evaluate(m, s[3], frame)
            return branches(m, (s[4], s[5]), frame)
        case ir.FOR:
            loop(m, s, frame)
        case ir.WHILE:
            expressions.evaluate(m, s[3], frame)
            repeated(m, s[4], frame)
            block(m, s[5], frame)
        case ir.WITH:
            return with_(m, s, frame)
        case ir.TRY:
            return try_(m, s, frame)
        case ir.MATCH:
            expressions.evaluate(m, s[3], frame)
            branches(m, (*(case[2] for case in s[4]), ()), frame)
        case ir.ASSERT:
            expressions.evaluate(m, s[3], frame)
        case ir.BREAK | ir.CONTINUE:
            return True
    return False


def bind(m: Machine, target: Node, values: Values, frame: Frame) -> None:
    """Assigns `values` to a target."""
    match target[0]:
        case ir.NAME:
            store(m, target[2], values, frame)
        case ir.ATTR:
            for holder in expressions.evaluate(m, target[2], frame):
                attributes.write(m, holder, target[3], values)
        case ir.SUB:
            holders = expressions.evaluate(m, target[2], frame)
            keys = expressions.evaluate(m, target[3], frame)
            for holder in holders:
                containers.write(m, holder, keys, values, certain=len(holders) == 1)
        case ir.SEQ:
            unpack(m, target[3], values, frame)
        case ir.STAR:
            bind(m, target[2], values, frame)


def unpack(m: Machine, targets: Sequence[Node], values: Values, frame: Frame) -> None:
    """`a, *b, c = values`."""
    star = next((n for n, t in enumerate(targets) if t[0] == ir.STAR), None)
    for position, target in enumerate(targets):
        found: list[Values] = []
        for value in values:
            if not isinstance(value, SequenceObject):
                found.append(containers.element(m, value, frame, None))
            elif position == star:
                after = len(targets) - position - 1
                middle = value.items[position : len(value.items) - after]
                kept = m.allocate(("star", id(target), id(value)), SequenceObject)
                assert isinstance(kept, SequenceObject)
                kept.items, kept.rest = middle, value.rest
                found.append(only(kept))
            else:
                at = (
                    position
                    if star is None or position < star
                    else len(value.items) - (len(targets) - position)
                )
                found.append(joined(value.items[at] if 0 <= at < len(value.items) else NOTHING, value.rest))
        bind(m, target, joined(*found), frame)


def store(m: Machine, name: str, values: Values, frame: Frame) -> None:
    """Binds a name where it belongs."""
    at = frame
    if name in frame.outer:
        at = next((f for f in naming.enclosing(frame) if name in f.names), m.module(frame.module))
    at.names[name] = joined(at.names.get(name, NOTHING), values) if at is not frame else values


def branches(m: Machine, bodies: Sequence[Sequence[Node]], frame: Frame) -> bool:
    """Reads each from the same state; what may hold afterwards is what any of them leaves."""
    before = frame.names
    left: list[dict[str, Values]] = []
    m.unsure += 1
    for body in bodies:
        frame.names = dict(before)
        if not block(m, body, frame):
            left.append(frame.names)
    m.unsure -= 1
    frame.names = merged(left) if left else before
    return not left


def merged(several: list[dict[str, Values]]) -> dict[str, Values]:
    """Name by name, what any of them holds."""
    first, *rest = several
    found = dict(first)
    for other in rest:
        for name, values in other.items():
            known = found.get(name)
            found[name] = values if known is None or known is values else joined(known, values)
    return found


def repeated(m: Machine, body: Sequence[Node], frame: Frame) -> None:
    """A loop's body: not at all, once, or after itself."""
    branches(m, (body, ()), frame)
    branches(m, (body, ()), frame)


def loop(m: Machine, s: Node, frame: Frame) -> None:
    """A `for`: over what is known item by item, or over one item that may be any."""
    iterables = expressions.evaluate(m, s[4], frame)
    found = joined(*(containers.element(m, value, frame, s) for value in iterables))
    bind(m, s[3], found, frame)
    repeated(m, s[5], frame)
    block(m, s[6], frame)


def with_(m: Machine, s: Node, frame: Frame) -> bool:
    """A `with`: entering and leaving are calls."""
    for expression, target in s[3]:
        managers = expressions.evaluate(m, expression, frame)
        entered = [managers]
        for manager in managers:
            enter = attributes.special(m, manager, "__aenter__" if s[5] else "__enter__")
            if enter:
                entered = [calls.call(m, enter, [], {}, frame, s)]
            leave = attributes.special(m, manager, "__aexit__" if s[5] else "__exit__")
            if leave:
                calls.call(m, leave, [NOTHING, NOTHING, NOTHING], {}, frame, s)
        if target is not None:
            bind(m, target, joined(*entered), frame)
    return block(m, s[4], frame)


def try_(m: Machine, s: Node, frame: Frame) -> bool:
    """A `try`: handlers begin anywhere in its body."""
    before = dict(frame.names)
    ended = block(m, s[3], frame)
    if not ended:
        ended = block(m, s[5], frame)
    left = [] if ended else [frame.names]
    m.unsure += 1
    for kind, name, body in s[4]:
        frame.names = merged([before, frame.names])
        caught = NOTHING if kind is None else expressions.evaluate(m, kind, frame)
        if name is not None:
            instances = [m.generic(one) for one in caught if isinstance(one, ClassObject)]
            frame.names[name] = several(instances)
        if not block(m, body, frame):
            left.append(frame.names)
    m.unsure -= 1
    frame.names = merged(left) if left else merged([before, frame.names])
    return block(m, s[6], frame) or not left


def raised(m: Machine, s: Node, frame: Frame) -> None:
    """A class that is raised is called."""
    if s[3] is None:
        return
    values = expressions.evaluate(m, s[3], frame)
    if s[3][0] != ir.CALL:
        classes = several(v for v in values if isinstance(v, ClassObject))
        calls.call(m, classes, [], {}, frame, s)


def define(m: Machine, s: Node, frame: Frame) -> None:
    """A `def`: decorators are called with it, the innermost first."""
    function = m.declared_functions.get(id(s))
    if function is None:
        return
    defaults = {
        name: expressions.evaluate(m, default, frame)
        for name, _, _, default in function.params
        if default is not None
    }
    m.units.add(m.name_of(function))
    values: Values = only(m.made(function, frame, defaults))
    for decorator in reversed(function.decorators):
        name = decorator[3] if decorator[0] == ir.ATTR else decorator[2] if decorator[0] == ir.NAME else ""
        if name in _KINDS:
            continue
        values = decorated(m, decorator, values, frame)
    frame.names[function.name] = values


def decorated(m: Machine, decorator: Node, values: Values, frame: Frame) -> Values:
    """What a decorator makes of what it is put on; a library's leaves it what it is."""
    decorating = expressions.evaluate(m, decorator, frame)
    given = calls.call(m, decorating, [values], {}, frame, decorator)
    ours = any(not isinstance(value, ExternalObject) for value in decorating)
    return given if given and ours else values


def class_(m: Machine, s: Node, frame: Frame) -> None:
    """A `class`: its body is executed here."""
    cls = m.declared_classes.get(id(s))
    if cls is None:
        return
    made = m.classes.get(id(cls))
    if made is None:
        inner = Frame(m.name_of(cls), frame.module, frame, owner=cls)
        made = m.classes[id(cls)] = ClassObject(cls, inner)
        for base in s[4]:
            expressions.evaluate(m, base, frame)
        block(m, s[7], inner)
    values: Values = only(made)
    for decorator in reversed(cls.decorators):
        values = decorated(m, decorator, values, frame)
    frame.names[cls.name] = values


def imported(m: Machine, s: Node, frame: Frame) -> None:
    """Imports bind what they name; a module of the program is executed when it is imported first."""
    for name, values in naming.imports(m, s, frame):
        frame.names[name] = values
