"""Functions that a framework calls around a handler, as `Around` values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from auditor.frameworks.entry import Around
from auditor.frameworks.wiring import Closure, Value, as_function
from auditor.frameworks.wiring.values import Instance, unwrapped
from auditor.index import ir
from auditor.index.symbols import Class, Function, tail_name

if TYPE_CHECKING:
    from auditor.frameworks.wiring import Wiring


def wrappers(value: Value) -> Iterator[Around]:
    """What the project's decorators put in front of a function, outermost first."""
    for _ in range(16):
        if isinstance(value, Closure) and value.wraps is not None:
            yield Around(value.function, None, "before")
            value = value.wraps
        elif isinstance(value, Instance) and value.cls is None:
            # A library's decorator in between: what it was given may be wrapped again.
            inner = next((a for a in value.args if isinstance(a, Closure)), None)
            if inner is None:
                return
            value = inner
        else:
            return


def hooked(values: Iterable[Value], role: str) -> Iterator[Around]:
    """Each of `values` that is a function of the project."""
    for value in values:
        found = as_function(value)
        if found is not None:
            yield Around(found[0], found[1], role)  # type: ignore[arg-type]  # callers pass a role


def method_value(wiring: Wiring, cls: Class, function: Function) -> Value:
    """A method as the class body left it: wrapped by its decorators."""
    interpreter = wiring.interpreter
    owner = function.owner or cls
    body = None if interpreter is None else interpreter.names.bodies.get(id(owner))
    found = function if body is None else body.env.get(function.name, function)
    return (
        found if as_function(found) is not None and unwrapped(found) in _forms(function, found) else function
    )


def _forms(function: Function, found: Value) -> tuple[Value, ...]:
    inner = unwrapped(found)
    return (inner,) if isinstance(inner, Closure) and inner.function is function else (function,)


def mentions(function: Function, names: frozenset[str]) -> bool:
    """Whether a function's body or decorators speak of one of `names`."""
    if any(tail_name(d) in names for d in function.decorators):
        return True
    stack: list[object] = list(function.body)
    while stack:
        node = stack.pop()
        if not isinstance(node, tuple) or not node:
            continue
        if node[0] == ir.NAME and len(node) == 3 and node[2] in names:
            return True
        if node[0] == ir.ATTR and len(node) == 4 and node[3] in names:
            return True
        stack.extend(node)
    return False


def unique(around: Iterable[Around]) -> tuple[Around, ...]:
    """Without repetitions, in order."""
    return tuple(dict.fromkeys(around))
