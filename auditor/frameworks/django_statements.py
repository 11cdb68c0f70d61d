"""Statements of a URL configuration. An open condition takes both branches, and what they bind is merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from auditor.frameworks.django_builtins import arithmetic
from auditor.frameworks.django_expressions import MAX_ITEMS, Expressions, bounded, items_of, merged
from auditor.frameworks.django_values import UNKNOWN, Closure, Frame, is_routes
from auditor.index import ir
from auditor.index.symbols import Function

if TYPE_CHECKING:
    from auditor.index.ir import Node

Signal: TypeAlias = Literal["return", "break", "continue"] | None


class Statements(Expressions):
    """Runs statements."""

    def run(self, statements: Iterable[Node], frame: Frame) -> Signal:
        """Runs a block; the signal that ended it early."""
        for statement in statements:
            self.step()
            handler = self._STATEMENTS.get(statement[0])
            if handler is not None and (signal := handler(self, statement, frame)):
                return signal
        return None

    def _assign(self, s: Node, frame: Frame) -> Signal:
        value = self.value(s[4], frame)
        for target in s[3]:
            self.bind(target, value, frame)
        return None

    def _annotated(self, s: Node, frame: Frame) -> Signal:
        if s[5] is not None:
            self.bind(s[3], self.value(s[5], frame), frame)
        return None

    def _augment(self, s: Node, frame: Frame) -> Signal:
        current, value = self.value(s[3], frame), self.value(s[5], frame)
        if isinstance(current, list) and s[4] == "+=":
            if isinstance(value, list | tuple):
                current.extend(value[:MAX_ITEMS])
            elif any(is_routes([item]) for item in current):
                self.note(frame.module, s[1], "what is added to the routes here is not known before it runs")
            return None
        self.bind(s[3], bounded(arithmetic(s[4].removesuffix("="), current, value)), frame)
        return None

    def _expression(self, s: Node, frame: Frame) -> Signal:
        self.value(s[3], frame)
        return None

    def _return_(self, s: Node, frame: Frame) -> Signal:
        frame.result = None if s[3] is None else self.value(s[3], frame)
        return "return"

    def _if_(self, s: Node, frame: Frame) -> Signal:
        known = self.truth(s[3], frame)
        if known is not None:
            return self.run(s[4] if known else s[5], frame)
        before = dict(frame.names)
        ended = [self._branch(s[4], frame)]
        after = frame.names
        frame.names = before
        ended.append(self._branch(s[5], frame))
        for name, value in after.items():
            other = frame.names.get(name, UNKNOWN)
            frame.names[name] = merged(value, other)
        return "return" if all(signal == "return" for signal in ended) else None

    def _branch(self, statements: tuple[Node, ...], frame: Frame) -> Signal:
        signal = self.run(statements, frame)
        if signal == "return":
            frame.maybe.append(frame.result)
        return signal

    def _for_(self, s: Node, frame: Frame) -> Signal:
        iterable = items_of(self.value(s[4], frame))
        if iterable is None:
            if any(call_names(statement) & {"path", "re_path", "url", "register"} for statement in s[5]):
                self.note(frame.module, s[1], "routes are made in a loop over something that is not known")
            return None
        for item in iterable[:MAX_ITEMS]:
            self.step()
            self.bind(s[3], item, frame)
            signal = self.run(s[5], frame)
            if signal == "return":
                return signal
            if signal == "break":
                return None
        return self.run(s[6], frame)

    def _with_(self, s: Node, frame: Frame) -> Signal:
        return self.run(s[4], frame)

    def _try_(self, s: Node, frame: Frame) -> Signal:
        return self.run(s[3], frame) or self.run(s[5], frame) or self.run(s[6], frame)

    def _define(self, s: Node, frame: Frame) -> Signal:
        if frame.function is not None:
            defined = self.names.defined(frame.module, s)
            frame.names[s[3]] = (
                Closure(defined, frame) if isinstance(defined, Function) else defined or UNKNOWN
            )
        return None

    def _import_(self, s: Node, frame: Frame) -> Signal:
        if frame.function is not None:
            self.names.import_into(s, frame)
        return None

    _STATEMENTS: ClassVar[dict[int, Callable[[Statements, Node, Frame], Signal]]] = {
        ir.ASSIGN: _assign,
        ir.ANN: _annotated,
        ir.AUG: _augment,
        ir.EXPR: _expression,
        ir.RETURN: _return_,
        ir.IF: _if_,
        ir.FOR: _for_,
        ir.WITH: _with_,
        ir.TRY: _try_,
        ir.DEF: _define,
        ir.CLASS: _define,
        ir.IMPORT: _import_,
        ir.FROM: _import_,
        ir.RAISE: lambda _e, _s, _f: "return",
        ir.BREAK: lambda _e, _s, _f: "break",
        ir.CONTINUE: lambda _e, _s, _f: "continue",
    }


def call_names(node: Node) -> set[str]:
    """Every name called somewhere inside a statement."""
    found: set[str] = set()
    stack: list[object] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if part and part[0] == ir.CALL and len(part) == 5 and isinstance(part[2], tuple):
                callee = part[2]
                found.add(callee[2] if callee[0] == ir.NAME else callee[3] if callee[0] == ir.ATTR else "")
            stack.extend(part)
    return found
