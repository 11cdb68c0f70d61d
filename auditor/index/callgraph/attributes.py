"""Attributes: of instances, classes, modules and what lies outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.callgraph import calls, naming
from auditor.index.callgraph.objects import (
    NOTHING,
    BoundObject,
    ClassObject,
    ConstantObject,
    ExternalObject,
    Frame,
    FunctionObject,
    InstanceObject,
    LambdaObject,
    MappingObject,
    ModuleObject,
    Object,
    SequenceObject,
    SuperObject,
    Values,
    joined,
    only,
    several,
)
from auditor.index.symbols import Class, External

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.index.callgraph.machine import Machine
    from auditor.index.ir import Node

_KINDS = {"list": "<**PyList**>", "tuple": "<**PyTuple**>", "set": "<**PySet**>"}


def read(m: Machine, holder: Object, name: str, frame: Frame, node: Node) -> Values:
    """`holder.name`."""
    match holder:
        case InstanceObject():
            own = holder.attributes.get(name)
            if own is not None and m.unsure == 0:
                return own
            found = in_line(m, m.project.mro(holder.of.cls), name, holder, None, frame, node)
            return found if own is None else joined(own, found)
        case ClassObject():
            return in_line(m, m.project.mro(holder.cls), name, None, holder, frame, node)
        case SuperObject():
            return of_super(m, holder, name, frame, node)
        case ModuleObject():
            known = m.module(holder.module).names.get(name)
            if known is not None:
                return known
            sub = m.project.module(f"{holder.module.name}.{name}", holder.module)
            return NOTHING if sub is None else naming.imported_module(m, sub.name, holder.module)
        case ExternalObject():
            return m.external(f"{holder.name}.{name}")
        case ConstantObject(value=str()):
            return m.external(f"<**PyStr**>.{name}")
        case MappingObject():
            return bound_builtin(m, holder, f"<**PyDict**>.{name}")
        case SequenceObject():
            return bound_builtin(m, holder, f"{_KINDS.get(holder.kind, '<**PyList**>')}.{name}")
    return NOTHING


def bound_builtin(m: Machine, holder: Object, name: str) -> Values:
    """A method of a container, which has to know its container."""
    made = m.allocate(("method", id(holder), name), lambda: ExternalObject(name))
    m.containers[id(made)] = holder
    return only(made)


def in_line(
    m: Machine,
    line: Iterable[Class | External],
    name: str,
    receiver: Object | None,
    cls: ClassObject | None,
    frame: Frame,
    node: Node,
) -> Values:
    """The first class of the program in `line` that has the name says what it is, else the first one from outside.

    Of a class from outside nothing is known, so that one of the program which is known to have the name is believed even behind it;
    not for a name like `__init__`, which every class has.
    """
    outside = None
    for base in line:
        if isinstance(base, External):
            if (
                base.name.partition(".")[0] not in {"builtins", "typing", "abc", "object"}
                and "." in base.name
            ):
                outside = outside or base
            continue
        if outside is not None and name.startswith("__"):
            break
        found = m.class_object(base).frame.names.get(name)
        if found:
            return joined(*(bound(m, one, receiver, cls, frame, node) for one in found))
    return NOTHING if outside is None else m.external(f"{outside.name}.{name}")


def bound(
    m: Machine, value: Object, receiver: Object | None, cls: ClassObject | None, frame: Frame, node: Node
) -> Values:
    """A class's value as its instance (or the class) sees it: methods bound, properties called."""
    if not isinstance(value, FunctionObject | LambdaObject):
        return only(value)
    static = value.function.static if isinstance(value, FunctionObject) else ""
    if static == "static":
        return only(value)
    if static in {"property", "cached_property"}:
        if receiver is None:
            return only(value)
        return calls.call(m, only(bind(m, value, receiver)), [], {}, frame, node)
    if static == "class":
        owner = cls or (receiver.of if isinstance(receiver, InstanceObject) else None)
        return only(value if owner is None else bind(m, value, owner))
    return only(value if receiver is None else bind(m, value, receiver))


def bind(m: Machine, function: FunctionObject | LambdaObject, receiver: Object) -> Object:
    """A method with its receiver; one object for each pair."""
    return m.allocate(("bound", id(function), id(receiver)), lambda: BoundObject(function, receiver))


def of_super(m: Machine, holder: SuperObject, name: str, frame: Frame, node: Node) -> Values:
    """What follows `owner` in the MRO of the receiver's class."""
    receiver = holder.receiver
    cls = (
        receiver.of
        if isinstance(receiver, InstanceObject)
        else receiver
        if isinstance(receiver, ClassObject)
        else None
    )
    if cls is None:
        return NOTHING
    line = m.project.mro(cls.cls)
    after = line[line.index(holder.owner) + 1 :] if holder.owner in line else ()
    instance = receiver if isinstance(receiver, InstanceObject) else None
    return in_line(m, after, name, instance, cls if instance is None else None, frame, node)


def special(m: Machine, holder: Object, name: str) -> Values:
    """A special method of an instance of the program, as the interpreter looks it up: in the class alone."""
    if not isinstance(holder, InstanceObject):
        return NOTHING
    found = m.project.member(holder.of.cls, name)
    if found is None:
        return NOTHING
    values = m.class_object(found[0]).frame.names.get(name, NOTHING)
    return several(bind(m, v, holder) for v in values if isinstance(v, FunctionObject | LambdaObject))


def write(m: Machine, holder: Object, name: str, values: Values) -> None:
    """`holder.name = values`; nothing is taken away, since one object stands for many."""
    names: dict[str, Values] | None = None
    match holder:
        case InstanceObject():
            names = holder.attributes
        case ClassObject():
            names = holder.frame.names
        case ModuleObject():
            names = m.module(holder.module).names
    if names is not None:
        names[name] = joined(names.get(name, NOTHING), values)
