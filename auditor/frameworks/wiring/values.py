"""What setup code handles: literals, symbols of the project, and objects made from a library's classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from auditor.index.symbols import Class, External, Function, Module

Value: TypeAlias = Any
"""A literal, a list, tuple or dict of values, `UNKNOWN`, a symbol, or one of the classes below."""


@dataclass(eq=False, slots=True)
class Frame:
    """The names of one execution of a module, a class body or a function."""

    module: Module
    function: Function | None = None
    parent: Frame | None = None
    env: dict[str, Value] = field(default_factory=dict)
    returns: list[Value] = field(default_factory=list)
    owner: Class | None = None
    """The class whose body or method this is: what `super()` starts from."""
    turn: int = 0
    """Raised with every turn of a loop, so that a constructor in it makes an object per turn."""


@dataclass(eq=False, slots=True)
class Instance:
    """What calling something of a library, or a project class, gives; `calls` is what was done with it."""

    libraries: tuple[str, ...]
    """Dotted names of what was called: the library classes of its MRO, nearest first."""
    cls: Class | None
    module: Module
    line: int
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    assumed: bool = False
    """Not seen being made: a parameter that by its type or name can only be such an object."""

    def argument(self, position: int, *names: str, default: Value = None) -> Value:
        """What was passed for a parameter, by position or by one of its names."""
        return argument(self.args, self.kwargs, position, *names, default=default)

    def __repr__(self) -> str:
        return f"<Instance {self.libraries[:1]} {self.module.name}:{self.line}>"


@dataclass(eq=False, slots=True)
class Call:
    """A call of a library's method on an instance; as a decorator, `targets` are what it was put on."""

    instance: Instance
    method: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    module: Module
    line: int
    targets: list[Value] = field(default_factory=list)
    result: Instance | None = None
    """The object that the call gave, where setup code goes on with it."""

    def argument(self, position: int, *names: str, default: Value = None) -> Value:
        """What was passed for a parameter, by position or by one of its names."""
        return argument(self.args, self.kwargs, position, *names, default=default)


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function made inside another one, with the names it saw there; or one that decorators replaced."""

    function: Function
    frame: Frame
    wraps: Value = None
    """What a decorator was applied to when it returned this."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A method of the project, with the object it is called on."""

    receiver: Value
    function: Function


@dataclass(frozen=True, slots=True, eq=False)
class LibraryAttribute:
    """An attribute that only the library knows: `app.route`, `app.router.routes`."""

    instance: Instance
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ClassAttribute:
    """What a project class inherits from a library: `SpaceView.as_view`."""

    cls: Class
    name: str
    """Dotted, with the library's class in front."""


@dataclass(frozen=True, slots=True, eq=False)
class Parent:
    """What `super()` gives inside a method of `owner`."""

    receiver: Value
    owner: Class


def argument(
    args: tuple[Value, ...], kwargs: dict[str, Value], position: int, *names: str, default: Value = None
) -> Value:
    """The positional argument, else the first keyword of `names` that was given."""
    if 0 <= position < len(args):
        return args[position]
    return next((kwargs[n] for n in names if n in kwargs), default)


def around(wrapper: Closure, target: Value) -> Value:
    """`wrapper` as what stands in front of `target`, wrappers of its own kept in between."""
    if wrapper is target or unwrapped(wrapper) is unwrapped(target):
        return wrapper
    inner = around(wrapper.wraps, target) if isinstance(wrapper.wraps, Closure) else target
    return Closure(wrapper.function, wrapper.frame, inner)


def unwrapped(value: Value) -> Value:
    """What decorators and `functools.partial` were put around; the value itself where there is nothing."""
    for _ in range(16):
        if isinstance(value, Closure) and value.wraps is not None:
            value = value.wraps
        elif isinstance(value, Instance) and value.cls is None:
            inner = next((a for a in value.args if callable_value(a)), None)
            if inner is None:
                return value
            value = inner
        elif isinstance(value, Call):
            inner = next((a for a in (*value.targets, *value.args) if callable_value(a)), None)
            if inner is None:
                return value
            value = inner
        else:
            break
    return value


def callable_value(value: Value) -> bool:
    """Whether a value is a function or method of the project."""
    return isinstance(value, Function | Closure | Bound)


def as_function(value: Value) -> tuple[Function, Class | None] | None:
    """The function behind a value, with its receiver's class; None where it is none of the project's."""
    value = unwrapped(value)
    if isinstance(value, Function):
        return value, value.owner
    if isinstance(value, Closure):
        return value.function, value.function.owner
    if isinstance(value, Bound):
        receiver = value.receiver
        cls = (
            receiver.cls
            if isinstance(receiver, Instance)
            else receiver
            if isinstance(receiver, Class)
            else None
        )
        return value.function, cls or value.function.owner
    return None


def identity(value: Value) -> object:
    """A hashable stand-in: literals by value, everything else by identity."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, External):
        return value.name
    if isinstance(value, tuple):
        return tuple(identity(v) for v in value)
    return id(value)
