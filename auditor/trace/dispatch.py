"""Which of several methods a call reaches: overrides below a declared class, and what `super()` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.symbols import Class, Function
from auditor.index.values import (
    UNKNOWN,
    ClassValue,
    Inst,
    ManagerValue,
    ModelValue,
    Query,
    Row,
    SuperOf,
    Sym,
    Value,
    altered,
)
from auditor.trace import arguments, calls, joining, members

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Binding, Symbol
    from auditor.index.values import Model
    from auditor.trace.machine import Machine


def dispatched(
    m: Machine,
    value: Inst,
    name: str,
    function: Function,
    args: list[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value:
    """A method of an instance that may be of any class below the declared one: each override is an alternative."""
    found = members.implementations(m, value.cls, name)
    if m.quiet:
        found = found[:1]
    if not found:
        return m.call_function(function, calls.receiver_of(function, value), args, kwargs, node)
    cx = m.cx
    branch = cx.branch
    outcomes = []
    for n, (cls, override) in enumerate(found):
        own = value if cls is value.cls else altered(value, cls=cls)
        if len(found) > 1:
            cx.branch = (*branch, (id(node or value), n))
        outcomes.append(m.call_function(override, calls.receiver_of(override, own), args, kwargs, node))
    cx.branch = branch
    return joining.join_all(outcomes)


def of_model(m: Machine, model: Model, name: str, found: tuple[Class, list[Binding]]) -> Symbol | None:
    """What the project declares as `Model.name`; None where the ORM's own base class comes first in the MRO."""
    owner, bindings = found
    return None if is_covered(m, model, name, owner) else m.project.pick(owner.module, bindings)


def is_covered(m: Machine, model: Model, name: str, owner: Class) -> bool:
    """Whether the ORM's base class has a `name` of its own and stands before `owner` in the model's MRO."""
    covers = getattr(m.orm(model.orm), "covers", None)
    return covers is not None and covers(model, name, owner)


def above(m: Machine, value: SuperOf, name: str) -> Function | None:
    """The method that `super().name` is: the next one after `owner` in the receiver's MRO."""
    receiver = value.receiver.hint if isinstance(value.receiver, Sym) else value.receiver
    cls = (
        receiver.cls
        if isinstance(receiver, (Inst, ClassValue))
        else receiver.model.cls
        if isinstance(receiver, (Row, ModelValue))
        else getattr(receiver, "cls", None)
    ) or value.owner
    mro = m.project.mro(cls)
    if value.owner not in mro:
        mro = m.project.mro(value.owner)
    position = mro.index(value.owner) if value.owner in mro else 0
    for base in mro[position + 1 :]:
        if isinstance(base, Class) and name in base.scope:
            symbol = m.project.pick(base.module, base.scope[name])
            return symbol if isinstance(symbol, Function) else None
    return None


def super_method(
    m: Machine, value: SuperOf, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value:
    function = above(m, value, name)
    receiver = value.receiver
    if isinstance(receiver, Sym) and (
        depends_on_receiver(m, value, name)
        or (function is None and has_library_base(m, value.owner, receiver))
    ):
        declared = SuperOf(value.owner, receiver.hint or UNKNOWN)
        return calls.call_symbolic(m, Sym("super", receiver, value.owner, declared), name, args, kwargs, node)
    if function is not None:
        calls.resolved(m)
        return m.call_function(function, calls.receiver_of(function, receiver), args, kwargs, node)
    args, kwargs = arguments.flattened(m, args, kwargs)
    if isinstance(receiver, Row):
        return m.orm(receiver.model.orm).row_method(m, receiver, name, args, kwargs, node) or UNKNOWN
    if isinstance(receiver, (Query, ManagerValue)):
        return m.orm(receiver.model.orm).query_method(m, receiver, name, args, kwargs, node) or UNKNOWN
    return UNKNOWN


def depends_on_receiver(m: Machine, value: SuperOf, name: str) -> bool:
    """True where classes below put something else between `owner` and what it inherits, as mixins do.

    Only those with several bases can: behind `owner`, a class with one base inherits in the same order as that base.
    """
    key = (id(value.owner), name)
    if key not in m.super_varies:
        targets = {
            id(above(m, SuperOf(value.owner, Inst(cls)), name))
            for cls in (value.owner, *m.project.subclasses(value.owner))
            if cls is value.owner or len(m.project.bases(cls)) > 1
        }
        m.super_varies[key] = len(targets) > 1
    return m.super_varies[key]


def has_library_base(m: Machine, owner: Class, receiver: Sym) -> bool:
    """Whether what `super()` inherits is the library's; a manager class that serves several models has no hint."""
    if isinstance(receiver.hint, (Row, Query, ManagerValue)):
        return True
    return any(getattr(orm, "is_query_class", _never)(owner) for orm in m.orms)


def _never(_cls: Class) -> bool:
    return False
