"""What a value may be. Two objects are the same only when they are one; sets of them stand for "one of these"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Class, Function, Module


@dataclass(eq=False, slots=True)
class Object:
    """One of the kinds below."""


Values: TypeAlias = frozenset[Object]
NOTHING: Final[Values] = frozenset()
"""Nothing is known."""
MOST: Final = 24
"""Objects in one set; beyond it the set is cut, in the order in which they were met."""


@dataclass(eq=False, slots=True)
class Frame:
    """The names of one execution of a module, a class body or a function."""

    unit: str
    """The node of the graph that calls from here belong to."""
    module: Module
    parent: Frame | None = None
    function: Function | None = None
    names: dict[str, Values] = field(default_factory=dict)
    outer: frozenset[str] = frozenset()
    """Names declared global or nonlocal."""
    returned: Values = NOTHING
    yielded: Values = NOTHING
    receiver: Values = NOTHING
    owner: Class | None = None


@dataclass(eq=False, slots=True)
class FunctionObject(Object):
    """A function of the program, with the names it sees, and its defaults as they were when it was made."""

    function: Function
    frame: Frame
    defaults: dict[str, Values]


@dataclass(eq=False, slots=True)
class LambdaObject(Object):
    """A lambda; `name` is that of its node."""

    node: Node
    frame: Frame
    name: str


@dataclass(eq=False, slots=True)
class ClassObject(Object):
    """A class of the program; `frame` is that of its body."""

    cls: Class
    frame: Frame


@dataclass(eq=False, slots=True)
class InstanceObject(Object):
    """What one place makes of a class."""

    of: ClassObject
    attributes: dict[str, Values] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class BoundObject(Object):
    """A method with its receiver."""

    function: FunctionObject | LambdaObject
    receiver: Object


@dataclass(eq=False, slots=True)
class ModuleObject(Object):
    """A module of the program."""

    module: Module


@dataclass(eq=False, slots=True)
class ExternalObject(Object):
    """Something outside the program by its dotted name; what it gives has its name, too."""

    name: str


@dataclass(eq=False, slots=True)
class ConstantObject(Object):
    """A text or a number."""

    value: str | int


@dataclass(eq=False, slots=True)
class SequenceObject(Object):
    """A list, tuple or set: the items that are known by position, and what else is in it."""

    items: list[Values] = field(default_factory=list)
    rest: Values = NOTHING
    kind: str = "list"


@dataclass(eq=False, slots=True)
class MappingObject(Object):
    """A dictionary: values by key, and those whose key is not known."""

    entries: dict[str | int, Values] = field(default_factory=dict)
    rest: Values = NOTHING


@dataclass(eq=False, slots=True)
class SuperObject(Object):
    """What `super()` gives inside a method of `owner`."""

    owner: Class
    receiver: Object


def joined(*several: Values) -> Values:
    """The union, cut where it gets too large."""
    found = frozenset().union(*several)
    if len(found) <= MOST:
        return found
    kept: dict[Object, None] = {}
    for values in several:
        kept.update(dict.fromkeys(values))
    return frozenset(list(kept)[:MOST])


def everything_in(container: Object) -> Values:
    """All that a container may hold."""
    if isinstance(container, SequenceObject):
        return joined(*container.items, container.rest)
    if isinstance(container, MappingObject):
        return joined(*container.entries.values(), container.rest)
    return NOTHING
