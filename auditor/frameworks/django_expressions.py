"""Expressions of a URL configuration, evaluated without running anything."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, Final

from auditor.frameworks.django_builtins import arithmetic, compare, slice_of
from auditor.frameworks.django_values import (
    HOLE,
    UNKNOWN,
    Closure,
    Defaults,
    Frame,
    Instance,
    Super,
    Unread,
    Value,
    Wrapped,
    is_routes,
)
from auditor.index import ir
from auditor.index.symbols import Class, External, Function, Module

if TYPE_CHECKING:
    from auditor.frameworks.django_names import Names
    from auditor.index.ir import Node
    from auditor.index.project import Project

MAX_STEPS: Final = 3_000_000
"""Expressions and statements evaluated for one project; hostile input ends here, real ones need a tenth."""
MAX_ITEMS: Final = 20_000
"""Elements of one sequence or characters of one string."""


class Exhausted(Exception):  # noqa: N818  # not an error: the budget is spent
    """The budget is spent; what was found so far stands."""


class Expressions(ABC):
    """Evaluates expressions; what calls mean is for the subclass to say."""

    names: Names

    def __init__(self, project: Project) -> None:
        self.project = project
        self.unread: list[Unread] = []
        self.steps = MAX_STEPS
        self.open_reads = 0
        """Reads of settings and environment so far: a condition that raises it is open."""

    @abstractmethod
    def call(
        self, callee: Value, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        """What calling `callee` gives."""

    def note(self, module: Module, line: int, reason: str) -> None:
        """Records a place where routes can't be read; once."""
        found = Unread(module.path, line, reason)
        if found not in self.unread:
            self.unread.append(found)

    def step(self) -> None:
        """Spends one step of the budget.

        Raises:
            Exhausted: it was the last one.
        """
        self.steps -= 1
        if self.steps < 0:
            raise Exhausted

    def bind(self, target: Node, value: Value, frame: Frame) -> None:
        """Assigns to a name, an attribute, an element or several of them."""
        if target[0] == ir.NAME:
            frame.names[target[2]] = value
        elif target[0] == ir.ATTR:
            owner = self.value(target[2], frame)
            if isinstance(owner, Instance):
                owner.attributes[target[3]] = value
        elif target[0] == ir.SUB:
            owner = self.value(target[2], frame)
            key = self.value(target[3], frame)
            if isinstance(owner, dict) and hashable(key):
                owner[key] = value
        elif target[0] == ir.SEQ:
            items = value if isinstance(value, list | tuple) and len(value) == len(target[3]) else None
            for n, part in enumerate(target[3]):
                self.bind(part, UNKNOWN if items is None else items[n], frame)

    def truth(self, condition: Node, frame: Frame) -> bool | None:
        """Whether a condition holds wherever the code runs; None where that depends on the deployment."""
        reads = self.open_reads
        value = self.value(condition, frame)
        return None if self.open_reads != reads else truth_of(value)

    def value(self, node: Node, frame: Frame) -> Value:
        """The value of an expression; raises `Exhausted`."""
        self.step()
        handler = self._EXPRESSIONS.get(node[0])
        return UNKNOWN if handler is None else handler(self, node, frame)

    def _name(self, node: Node, frame: Frame) -> Value:
        return self.names.visible(node[2], frame)

    def _constant(self, node: Node, _frame: Frame) -> Value:
        return node[2]

    def _text(self, node: Node, frame: Frame) -> Value:
        pieces = node[2].split("{}")
        values = [self.value(part, frame) for part in node[3]]
        if len(pieces) != len(values) + 1:
            return HOLE
        told = [value if isinstance(value, str) else _plain(value) for value in values] + [""]
        return bounded("".join(piece + value for piece, value in zip(pieces, told, strict=True)))

    def _sequence(self, node: Node, frame: Frame) -> Value:
        items = self._arguments(node[3], frame)
        if node[4] > len(node[3]) and is_routes(items):
            self.note(
                frame.module, node[1], f"of a list of {node[4]} routes the first {len(node[3])} are kept"
            )
        return tuple(items) if node[2] == "tuple" else items

    def _arguments(self, nodes: Iterable[Node], frame: Frame) -> list[Value]:
        values: list[Value] = []
        for node in nodes:
            if node[0] == ir.STAR:
                values.extend(items_of(self.value(node[2], frame)) or ())
            else:
                values.append(self.value(node, frame))
        return values

    def _dictionary(self, node: Node, frame: Frame) -> Value:
        found: dict[Value, Value] = {}
        for key_node, value_node in node[2]:
            value = self.value(value_node, frame)
            if key_node is None:
                found.update(value if isinstance(value, dict) else {})
                continue
            key = self.value(key_node, frame)
            if hashable(key):
                found[key] = value
        return found

    def _attribute(self, node: Node, frame: Frame) -> Value:
        return self.names.attribute(self.value(node[2], frame), node[3], near=frame.module)

    def _subscript(self, node: Node, frame: Frame) -> Value:
        owner = self.value(node[2], frame)
        if node[3][0] == ir.SLICE:
            bounds = [None if part is None else self.value(part, frame) for part in node[3][2:5]]
            return slice_of(owner, bounds)
        key = self.value(node[3], frame)
        if isinstance(owner, Defaults) and hashable(key) and key not in owner:
            owner[key] = self.call(owner.factory, [], {}, frame, node[1])
        if isinstance(owner, dict):
            return owner.get(key, UNKNOWN) if hashable(key) else UNKNOWN
        if isinstance(owner, list | tuple) and isinstance(key, int) and -len(owner) <= key < len(owner):
            return owner[key]
        return UNKNOWN

    def _binary(self, node: Node, frame: Frame) -> Value:
        return bounded(arithmetic(node[2], self.value(node[3], frame), self.value(node[4], frame)))

    def _boolean(self, node: Node, frame: Frame) -> Value:
        result: Value = UNKNOWN
        for item in node[3]:
            result = self.value(item, frame)
            known = truth_of(result)
            if known is None and node[2] == "and":
                return UNKNOWN
            if known is not None and known == (node[2] == "or"):
                return result
        return result

    def _negation(self, node: Node, frame: Frame) -> Value:
        known = truth_of(self.value(node[2], frame))
        return UNKNOWN if known is None else not known

    def _call(self, node: Node, frame: Frame) -> Value:
        if node[2][0] == ir.NAME and node[2][2] == "super":
            return self.names.super_(frame)
        callee = self.value(node[2], frame)
        args = self._arguments(node[3], frame)
        kwargs: dict[str, Value] = {}
        for name, value_node in node[4]:
            value = self.value(value_node, frame)
            if name is not None:
                kwargs[name] = value
            elif isinstance(value, dict):
                kwargs.update({k: v for k, v in value.items() if isinstance(k, str)})
        return self.call(callee, args, kwargs, frame, node[1])

    def _unary(self, node: Node, frame: Frame) -> Value:
        operand = self.value(node[2], frame)
        return operand if isinstance(operand, Class | External) else UNKNOWN

    def _comparison(self, node: Node, frame: Frame) -> Value:
        operands = [self.value(operand, frame) for operand in node[3]]
        outcomes = [
            compare(operator, left, right)
            for operator, left, right in zip(node[2], operands, operands[1:], strict=False)
        ]
        if False in outcomes:
            return False
        return UNKNOWN if None in outcomes or not outcomes else True

    def _conditional(self, node: Node, frame: Frame) -> Value:
        known = self.truth(node[2], frame)
        if known is not None:
            return self.value(node[3] if known else node[4], frame)
        return merged(self.value(node[3], frame), self.value(node[4], frame))

    def _comprehension(self, node: Node, frame: Frame) -> Value:
        inner = Frame(frame.module, frame.function, {}, frame)
        found: list[Value] = []
        if not self._clauses(node[4], node[3], inner, found):
            return UNKNOWN
        if node[2] == "dict":
            return {key: value for key, value in found if hashable(key)}
        elements = [item[0] for item in found]
        return {e for e in elements if hashable(e)} if node[2] == "set" else elements

    def _clauses(
        self, clauses: tuple[Node, ...], elements: tuple[Node, ...], frame: Frame, found: list[Value]
    ) -> bool:
        if not clauses:
            found.append(tuple(self.value(element, frame) for element in elements))
            return len(found) < MAX_ITEMS
        target, iterable, conditions, _ = clauses[0]
        items = items_of(self.value(iterable, frame))
        if items is None:
            return False
        for item in items[:MAX_ITEMS]:
            self.bind(target, item, frame)
            if all(self.truth(condition, frame) is not False for condition in conditions):
                self._clauses(clauses[1:], elements, frame, found)
        return True

    def _yield_(self, node: Node, frame: Frame) -> Value:
        if node[2] is not None:
            value = self.value(node[2], frame)
            frame.yielded.extend((items_of(value) or []) if node[3] else [value])
        return None

    def _walrus(self, node: Node, frame: Frame) -> Value:
        frame.names[node[2]] = self.value(node[3], frame)
        return frame.names[node[2]]

    _EXPRESSIONS: ClassVar[dict[int, Callable[[Expressions, Node, Frame], Value]]] = {
        ir.NAME: _name,
        ir.ATTR: _attribute,
        ir.CALL: _call,
        ir.CONST: _constant,
        ir.FSTR: _text,
        ir.SEQ: _sequence,
        ir.DICT: _dictionary,
        ir.SUB: _subscript,
        ir.BIN: _binary,
        ir.BOOL: _boolean,
        ir.NOT: _negation,
        ir.CMP: _comparison,
        ir.IFEXP: _conditional,
        ir.COMP: _comprehension,
        ir.YIELD: _yield_,
        ir.WALRUS: _walrus,
        ir.UNARY: _unary,
    }


def items_of(value: Value) -> list[Value] | None:
    """The elements that iterating a value gives; None where they are not known."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, set):
        return sorted(value, key=str)
    return None


def innermost(view: Value) -> Value:
    """The view inside the decorators that were called on it."""
    while isinstance(view, Wrapped):
        view = view.view
    return view


def truth_of(value: Value) -> bool | None:
    """The truth of a value; None where that is not known."""
    if isinstance(value, str) and HOLE in value:
        return True if value.replace(HOLE, "") else None
    if value is None or isinstance(value, str | int | float | bytes | list | tuple | dict | set):
        return bool(value)
    return True if isinstance(value, Class | Function | Closure | Module | Super) else None


def merged(first: Value, second: Value) -> Value:
    """One value for a name that two branches may have left different."""
    if first is second or second is UNKNOWN or second is None:
        return first
    if isinstance(first, list) and isinstance(second, list):
        seen = {id(item) for item in first}
        return [*first, *(item for item in second if id(item) not in seen and item not in first)]
    if isinstance(first, str) and isinstance(second, str) and HOLE in first and HOLE not in second:
        return second  # what is there as shipped, rather than what a setting makes of it
    return second if first is UNKNOWN or first is None else first


def bounded(value: Value) -> Value:
    """The value, or UNKNOWN where it has grown beyond `MAX_ITEMS`."""
    return UNKNOWN if isinstance(value, str | list | tuple) and len(value) > MAX_ITEMS else value


def hashable(value: Value) -> bool:
    """Whether a value may be a key."""
    if isinstance(value, tuple):
        return all(hashable(item) for item in value)
    return not isinstance(value, list | dict | set)


def _plain(value: Value) -> str:
    return str(value) if isinstance(value, int | float) else HOLE
