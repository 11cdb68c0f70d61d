"""Calls: who is meant, what runs with which arguments, what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.callgraph import attributes, containers, expressions, machine, naming, statements
from auditor.index.callgraph.objects import (
    NOTHING,
    BoundObject,
    ClassObject,
    ExternalObject,
    Frame,
    FunctionObject,
    InstanceObject,
    LambdaObject,
    MappingObject,
    Object,
    SequenceObject,
    SuperObject,
    Values,
    joined,
    only,
    several,
)

if TYPE_CHECKING:
    from auditor.index.callgraph.machine import Machine
    from auditor.index.ir import Node

_APPLIES: Final = frozenset({"map", "filter"})
"""Builtins that call what they are given on each item."""
_PASSES_ON: Final = frozenset({"list", "tuple", "set", "sorted", "reversed", "iter", "frozenset"})


def call_node(m: Machine, node: Node, frame: Frame) -> Values:
    """A call expression."""
    called = expressions.evaluate(m, node[2], frame)
    args: list[Values] = []
    for n in node[3]:
        values = expressions.evaluate(m, n, frame)
        if n[0] == ir.STAR:
            only = next(iter(values), None) if len(values) == 1 else None
            if isinstance(only, SequenceObject) and not only.rest:
                args.extend(only.items)
            else:
                args.append(joined(*(containers.element(m, one, frame, n) for one in values)))
        else:
            args.append(values)
    kwargs: dict[str, Values] = {}
    for name, n in node[4]:
        values = expressions.evaluate(m, n, frame)
        if name is not None:
            kwargs[name] = values
        else:
            for one in values:
                if isinstance(one, MappingObject):
                    kwargs |= {k: v for k, v in one.entries.items() if isinstance(k, str)}
    return call(m, called, args, kwargs, frame, node)


def call(
    m: Machine, called: Values, args: Sequence[Values], kwargs: Mapping[str, Values], frame: Frame, node: Node
) -> Values:
    """Calls each of what may be called, and gives what any of them gives."""
    if not called:
        return NOTHING
    several = len(called) > 1
    m.unsure += several
    found = [_one(m, callee, list(args), kwargs, frame, node, among=len(called)) for callee in called]
    m.unsure -= several
    return joined(*found)


def _one(
    m: Machine,
    called: Object,
    args: list[Values],
    kwargs: Mapping[str, Values],
    frame: Frame,
    node: Node,
    *,
    among: int,
) -> Values:
    match called:
        case FunctionObject():
            m.edge(frame, m.name_of(called.function), among=among)
            return run_function(m, called, args, kwargs, args[0] if args else NOTHING)
        case LambdaObject():
            m.edge(frame, called.name, among=among)
            return run_lambda(m, called, args, kwargs)
        case BoundObject():
            receiver: Values = only(called.receiver)
            return _one_bound(m, called, [receiver, *args], kwargs, frame, among=among)
        case ClassObject():
            return instantiate(m, called, args, kwargs, frame, node, among=among)
        case InstanceObject():
            method = attributes.special(m, called, "__call__")
            return call(m, method, args, kwargs, frame, node)
        case ExternalObject():
            m.edge(frame, called.name, among=among)
            return library(m, called, args, frame, node)
    return NOTHING


def _one_bound(
    m: Machine,
    called: BoundObject,
    args: list[Values],
    kwargs: Mapping[str, Values],
    frame: Frame,
    *,
    among: int,
) -> Values:
    if isinstance(called.function, LambdaObject):
        m.edge(frame, called.function.name, among=among)
        return run_lambda(m, called.function, args, kwargs)
    m.edge(frame, m.name_of(called.function.function), among=among)
    return run_function(m, called.function, args, kwargs, args[0])


def instantiate(
    m: Machine,
    of: ClassObject,
    args: list[Values],
    kwargs: Mapping[str, Values],
    frame: Frame,
    node: Node,
    *,
    among: int,
) -> Values:
    """Makes an instance: one for its place; `__init__` runs."""
    made = m.allocate(("made", id(node), id(of)), lambda: InstanceObject(of))
    found = attributes.in_line(m, m.project.mro(of.cls), "__init__", made, None, frame, node)
    for init in found:
        _one(m, init, args, kwargs, frame, node, among=among)
    return only(made)


def library(
    m: Machine,
    called: ExternalObject,
    args: list[Values],
    frame: Frame,
    node: Node,
) -> Values:
    """A library's function gives something of its own; some of Python's give what they were given."""
    holder = m.containers.get(id(called))
    if holder is not None:
        return containers.method(m, holder, called.name.rpartition(".")[2], args, id(node))
    if not called.name.startswith(naming.BUILTIN):
        return only(called) if not called.name.startswith("<") else NOTHING
    name = called.name.removeprefix(naming.BUILTIN)
    if name == "super":
        return super_(m, frame, node)
    if name in _APPLIES:
        return applied(m, args, frame, node)
    if name in _PASSES_ON and args:
        made = m.allocate(("sequence", id(node), id(frame)), SequenceObject)
        assert isinstance(made, SequenceObject)
        made.rest = joined(made.rest, *(containers.element(m, one, frame, node) for one in args[0]))
        return only(made)
    if name == "getattr" and len(args) > 1:
        keys = containers.keys_of(args[1]) or []
        found = [attributes.read(m, one, str(key), frame, node) for one in args[0] for key in keys]
        return joined(*found, args[2] if len(args) > 2 else NOTHING)
    return NOTHING


def applied(m: Machine, args: list[Values], frame: Frame, node: Node) -> Values:
    """`map(f, items)`: called on one that may be any, wherever the function stands among the arguments."""
    items = [containers.element(m, one, frame, node) for values in args for one in values]
    given = joined(*items)
    functions = several(
        one
        for values in args
        for one in values
        if isinstance(one, FunctionObject | LambdaObject | BoundObject | ClassObject)
    )
    made = m.allocate(("sequence", id(node), id(frame)), SequenceObject)
    assert isinstance(made, SequenceObject)
    for one in functions:
        made.rest = joined(made.rest, call(m, only(one), [given], {}, frame, node))
    return only(made)


def super_(m: Machine, frame: Frame, node: Node) -> Values:
    """`super()` inside a method."""
    at: Frame | None = frame
    while at is not None and (at.function is None or at.function.owner is None):
        at = at.parent
    if at is None or at.function is None or at.function.owner is None:
        return NOTHING
    owner = at.function.owner
    del node
    return several(
        m.allocate(("super", id(owner), id(one)), lambda one=one: SuperObject(owner, one))
        for one in at.receiver
    )


def run_function(
    m: Machine,
    made: FunctionObject,
    args: Sequence[Values],
    kwargs: Mapping[str, Values],
    receiver: Values,
) -> Values:
    """Executes a function; the same arguments give the same result, and so does a call within itself."""
    function = made.function
    names = bound_arguments(m, made, list(args), kwargs)
    key = (id(made), tuple(names.items()))
    if key in m.results:
        return m.results[key]
    if m.runs.get(id(made), 0) >= machine.MAX_RUNS:
        gathered = m.gathered_names.setdefault(id(made), {})
        grown = {name: joined(gathered.get(name, NOTHING), values) for name, values in names.items()}
        if all(grown[name] == gathered.get(name) for name in grown):
            return m.last.get(id(made), NOTHING)
        gathered.update(grown)
        names = dict(gathered)
        if m.runs[id(made)] >= 2 * machine.MAX_RUNS:
            m.complete = False
            return m.last.get(id(made), NOTHING)
    if m.depth >= machine.MAX_DEPTH:
        m.complete = False
        return NOTHING
    m.called.add(id(function))
    m.runs[id(made)] = m.runs.get(id(made), 0) + 1
    m.results[key] = NOTHING
    frame = Frame(m.name_of(function), function.module, made.frame, function, dict(names), receiver=receiver)
    m.depth += 1
    statements.block(m, function.body, frame)
    m.depth -= 1
    result = frame.returned
    if function.is_generator:
        kept = m.allocate(("generator", id(made)), SequenceObject)
        assert isinstance(kept, SequenceObject)
        kept.rest = joined(kept.rest, frame.yielded)
        result = only(kept)
    m.results[key] = result
    m.last[id(made)] = joined(m.last.get(id(made), NOTHING), result)
    return result


def run_lambda(
    m: Machine, made: LambdaObject, args: Sequence[Values], kwargs: Mapping[str, Values]
) -> Values:
    """Evaluates a lambda's body with its arguments."""
    names: dict[str, Values] = {}
    for position, (name, kind, _, default) in enumerate(made.node[2]):
        given = args[position] if position < len(args) and kind == "pos" else kwargs.get(name)
        names[name] = expressions.evaluate(m, default, made.frame) if given is None else given
    key = (id(made), tuple(names.items()))
    if key in m.results or m.depth >= machine.MAX_DEPTH:
        return m.results.get(key, NOTHING)
    m.results[key] = NOTHING
    frame = Frame(made.name, made.frame.module, made.frame, made.frame.function, names)
    frame.receiver = made.frame.receiver
    m.depth += 1
    m.results[key] = expressions.evaluate(m, made.node[3], frame)
    m.depth -= 1
    return m.results[key]


def bound_arguments(
    m: Machine, made: FunctionObject, args: list[Values], kwargs: Mapping[str, Values]
) -> dict[str, Values]:
    """Parameter → what it may be."""
    names: dict[str, Values] = {}
    left = dict(kwargs)
    position = 0
    for name, kind, _, _ in made.function.params:
        if kind == "pos":
            if position < len(args):
                names[name] = args[position]
            else:
                names[name] = left.pop(name, made.defaults.get(name, NOTHING))
            position += 1
        elif kind == "kw":
            names[name] = left.pop(name, made.defaults.get(name, NOTHING))
        elif kind == "*":
            rest = m.allocate(("rest", id(made), len(args)), lambda: SequenceObject(kind="tuple"))
            assert isinstance(rest, SequenceObject)
            extra = args[position:]
            rest.items = [
                joined(values, rest.items[n] if n < len(rest.items) else NOTHING)
                for n, values in enumerate(extra)
            ]
            names[name] = only(rest)
        else:
            more = m.allocate(("keywords", id(made)), MappingObject)
            assert isinstance(more, MappingObject)
            for key, values in left.items():
                more.entries[key] = joined(more.entries.get(key, NOTHING), values)
            names[name] = only(more)
    return names
