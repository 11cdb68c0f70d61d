"""Statements of setup code: an open condition runs both ways, a loop over known values unrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import literals
from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.wiring.builtin_calls import iterated
from auditor.frameworks.wiring.values import Closure, Frame, Instance, LibraryAttribute, Value
from auditor.index import ir
from auditor.index.symbols import Class, Function, Module

if TYPE_CHECKING:
    from auditor.frameworks.wiring.interpreter import Interpreter
    from auditor.index.ir import Node

MAX_TURNS: Final = 256
MAX_NESTING: Final = 90
"""Expressions, blocks and calls inside one another; deeper setup code is nobody's."""


class Statements:
    """Executes blocks. `block` answers whether the rest of the function is out of reach."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self._definitions: dict[int, dict[int, Function | Class]] = {}

    def block(self, statements: tuple[Node, ...], frame: Frame) -> bool:
        """Executes statements in order; True where the rest of the function is out of reach."""
        if self.interpreter.nesting > MAX_NESTING:
            return False
        self.interpreter.nesting += 1
        try:
            return any(self.statement(s, frame) for s in statements)
        finally:
            self.interpreter.nesting -= 1

    def statement(self, s: Node, frame: Frame) -> bool:
        """Executes one statement."""
        evaluate = self.interpreter.evaluate
        match s[0]:
            case ir.ASSIGN:
                value = evaluate(s[4], frame)
                for target in s[3]:
                    self.bind(target, value, frame)
            case ir.ANN if s[5] is not None:
                self.bind(s[3], evaluate(s[5], frame), frame)
            case ir.AUG:
                self.augment(s, frame)
            case ir.EXPR:
                evaluate(s[3], frame)
            case ir.RETURN:
                frame.returns.append(None if s[3] is None else evaluate(s[3], frame))
                return True
            case ir.RAISE:
                return True
            case ir.IF:
                return self.branch(s, frame)
            case ir.FOR:
                self.loop(s, frame)
            case ir.WITH:
                return self.with_(s, frame)
            case ir.TRY:
                return self.try_(s, frame)
            case ir.WHILE:
                self.block(s[4], frame)
            case ir.MATCH:
                for case in s[4]:
                    self.block(case[2], frame)
            case ir.DEF:
                self.define(s, frame)
            case ir.CLASS:
                self.class_(s, frame)
        return False

    def bind(self, target: Node, value: Value, frame: Frame) -> None:
        """Assigns. A name that holds a library's object keeps it when what follows can't be told."""
        op = target[0]
        if op == ir.NAME:
            held = frame.env.get(target[2])
            if isinstance(held, Instance) and not isinstance(value, Instance) and frame.turn == 0:
                return
            frame.env[target[2]] = value
        elif op == ir.ATTR:
            base = self.interpreter.evaluate(target[2], frame)
            if isinstance(base, Instance):
                base.attributes[target[3]] = value
        elif op == ir.SEQ:
            items = iterated(value)
            for n, part in enumerate(target[3]):
                self.bind(part, items[n] if items is not None and n < len(items) else UNKNOWN, frame)
        elif op == ir.SUB:
            base, index = (self.interpreter.evaluate(n, frame) for n in target[2:4])
            if isinstance(base, dict) and isinstance(index, str | int):
                base[index] = value
            elif isinstance(base, LibraryAttribute):
                self.interpreter.call(
                    LibraryAttribute(base.instance, f"{base.name}.[]"), (index, value), {}, frame, target[1]
                )

    def augment(self, s: Node, frame: Frame) -> None:
        """`a += b`; a list grows in place."""
        value = self.interpreter.evaluate(s[5], frame)
        held = self.interpreter.evaluate(s[3], frame)
        if isinstance(held, list):
            held.extend(iterated(value) or ())
            return
        if isinstance(held, LibraryAttribute):
            self.interpreter.call(
                LibraryAttribute(held.instance, f"{held.name}.extend"), (value,), {}, frame, s[1]
            )
            return
        self.bind(s[3], literals.binary(str(s[4]).removesuffix("="), held, value), frame)

    def branch(self, s: Node, frame: Frame) -> bool:
        """An `if`; what a module does when it is run as a program sets up applications, too."""
        if is_main_guard(s[3]) and frame.function is None:
            self.block(s[4], frame)
            return False
        held = literals.truth(self.interpreter.evaluate(s[3], frame))
        if held is not None:
            return self.block(s[4] if held else s[5], frame)
        then = self.block(s[4], frame)
        orelse = self.block(s[5], frame)
        return then and orelse and bool(s[5])

    def loop(self, s: Node, frame: Frame) -> None:
        """A `for`."""
        items = iterated(self.interpreter.evaluate(s[4], frame))
        turn = frame.turn
        for n, value in enumerate([UNKNOWN] if items is None else items[:MAX_TURNS], start=1):
            frame.turn = turn * MAX_TURNS + n
            self.bind(s[3], value, frame)
            self.block(s[5], frame)
        frame.turn = turn
        self.block(s[6], frame)

    def with_(self, s: Node, frame: Frame) -> bool:
        """A `with`."""
        for expression, target in s[3]:
            value = self.interpreter.evaluate(expression, frame)
            if target is not None:
                self.bind(target, value, frame)
        return self.block(s[4], frame)

    def try_(self, s: Node, frame: Frame) -> bool:
        """A `try`, its handlers run as well."""
        stopped = self.block(s[3], frame)
        for handler in s[4]:
            self.block(handler[2], frame)
        stopped = stopped or self.block(s[5], frame)
        return self.block(s[6], frame) or (stopped and not s[4])

    # -- definitions -----------------------------------------------------------------------------------------

    def definition(self, s: Node, module: Module) -> Function | Class | None:
        """The symbol that was declared for a DEF or CLASS statement."""
        known = self._definitions.get(id(module))
        if known is None:
            known = self._definitions[id(module)] = {}
            known.update((id(f.node), f) for f in module.functions)
            known.update((id(c.node), c) for c in module.classes)
        return known.get(id(s))

    def define(self, s: Node, frame: Frame) -> None:
        """A `def`, decorators applied."""
        function = self.definition(s, frame.module)
        if not isinstance(function, Function):
            return
        value: Value = function
        if frame.function is not None:
            value = Closure(function, frame)
        frame.env[function.name] = self.decorated(function, value, frame)

    def class_(self, s: Node, frame: Frame) -> None:
        """A `class`, its body executed."""
        cls = self.definition(s, frame.module)
        if not isinstance(cls, Class):
            return
        body = Frame(frame.module, None, frame, owner=cls)
        self.interpreter.names.bodies[id(cls)] = body
        self.block(cls.body, body)
        frame.env[cls.name] = self.decorated(cls, cls, frame)

    def decorated(self, definition: Function | Class, value: Value, frame: Frame) -> Value:
        """What a definition is after its decorators."""
        for node in reversed(definition.decorators):
            decorator = self.interpreter.evaluate(node, frame)
            value = self.interpreter.apply_decorator(decorator, value, frame, node[1])
        return value


def is_main_guard(condition: Node) -> bool:
    """`__name__ == "__main__"`."""
    if condition[0] != ir.CMP or tuple(condition[2]) != ("==",):
        return False
    sides = [(operand[0], operand[2]) for operand in condition[3] if len(operand) > 2]
    return (ir.NAME, "__name__") in sides and (ir.CONST, "__main__") in sides
