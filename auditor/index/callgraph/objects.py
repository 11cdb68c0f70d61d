"""What a value may be. Two objects are the same only when they are one; sets of them stand for "one of these"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, count
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Class, Function, Module


_SERIAL = count()
_serial = attrgetter("serial")


@dataclass(eq=False, slots=True)
class Object:
    """One of the kinds below."""

    serial: int = field(default_factory=_SERIAL.__next__, init=False)
    """Greater than that of every object made before: an order that does not depend on where objects lie in memory."""


Values: TypeAlias = tuple[Object, ...]
"""A set, in the order of the objects' making: the same program is read in the same order each time."""
NOTHING: Final[Values] = ()
"""Nothing is known."""
MOST: Final = 24
"""Objects in one set; beyond it the oldest are kept."""


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


def only(value: Object) -> Values:
    """That object and no other."""
    return (value,)


def several(values: Iterable[Object]) -> Values:
    """Each of them once."""
    found = sorted(set(values), key=_serial)
    return tuple(found[:MOST])


def joined(*sets: Values) -> Values:
    """The union."""
    given = [values for values in sets if values]
    if len(given) < 2:
        return given[0] if given else NOTHING
    first = given[0]
    if all(values == first for values in given):
        return first
    return several(chain.from_iterable(given))


def everything_in(container: Object) -> Values:
    """All that a container may hold."""
    if isinstance(container, SequenceObject):
        return joined(*container.items, container.rest)
    if isinstance(container, MappingObject):
        return joined(*container.entries.values(), container.rest)
    return NOTHING
