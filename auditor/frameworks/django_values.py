"""What a URL configuration evaluates to: routes, views and what stands for the things that are not known.

Besides these, a value is a Python str, int, bool, None, list, tuple, dict or set, or a symbol of the index.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from auditor.index.symbols import Class, External, Function, Module

Value: TypeAlias = Any
"""Any of the values named above; untyped because Python literals are among them."""


class Unknown:
    """The one value that nothing is known about."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "?"


UNKNOWN: Final = Unknown()
HOLE: Final = "\ue000"
"""Stands in a string for a part that is not known (a private-use character: it never occurs in a URL)."""
PREFIX: Final = "\ue001"
"""Opens a placeholder in a pattern: `PREFIX + name + PREFIX` becomes `{name}`."""


@dataclass(slots=True, eq=False)
class Frame:
    """The names visible in one call or at one module's top level."""

    module: Module
    function: Function | None
    names: dict[str, Value]
    outer: Frame | None = None
    maybe: list[Value] = field(default_factory=list)
    """What was returned under a condition that could not be decided."""
    yielded: list[Value] = field(default_factory=list)
    result: Value = None


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """`path(pattern, target)`: the target is a view, or a list of routes where it is an include."""

    pattern: str
    syntax: Literal["route", "regex"]
    target: Value
    module: Module
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Include:
    """The target of a route that includes a whole module."""

    module: Module


@dataclass(frozen=True, slots=True, eq=False)
class AsView:
    """`View.as_view(...)`; `actions` maps HTTP methods in lower case to method names, for view sets."""

    cls: Class | External
    arguments: dict[str, Value]
    actions: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Wrapped:
    """A view inside a decorator that was called on it."""

    view: Value
    decorator: Value
    arguments: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """The result of calling something of a library."""

    name: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A nested function with the names it closes over."""

    function: Function
    frame: Frame


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a project class, or of a library class that matters here."""

    cls: Class | External
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class RouterRoute:
    """One line of a router's `routes`: where a view set's methods are mounted."""

    url: str
    mapping: dict[str, str]
    detail: bool
    dynamic: bool = False


@dataclass(slots=True, eq=False)
class Router(Instance):
    """A view set router; `attributes["registry"]` holds `(prefix, view set, basename)`."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A method bound to its object; `function` None where the object's own library supplies it."""

    receiver: Value
    name: str
    function: Function | None


@dataclass(frozen=True, slots=True, eq=False)
class Super:
    """`super()` inside a method of `owner`."""

    receiver: Value
    owner: Class


class Defaults(dict[Any, Any]):
    """A `defaultdict` of the evaluated code; `factory` is a value to call."""

    factory: Value = UNKNOWN


@dataclass(frozen=True, slots=True)
class Unread:
    """A place where routes are declared in a way that cannot be read without running it."""

    file: str
    line: int
    reason: str


def is_view(value: Value) -> bool:
    """Whether a value can only be a view or something that wraps one, seen as an argument."""
    return isinstance(value, Function | Closure | AsView | Wrapped)


def is_routes(value: Value) -> bool:
    """Whether a value is a sequence with routes in it."""
    return isinstance(value, list | tuple) and any(isinstance(item, Route) for item in value)


def is_known(value: Value) -> bool:
    """Whether nothing in a plain value is open, so that Python's own operations on it are exact."""
    if isinstance(value, str):
        return HOLE not in value
    if isinstance(value, list | tuple | set):
        return all(is_known(item) for item in value)
    return isinstance(value, int | float | bytes | None | dict)
