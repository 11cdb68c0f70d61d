"""Evaluates the part of Python that URL configurations and settings are written in, without running anything.

Lists, strings, dicts, loops over known sequences, helper functions, closures and methods are followed;
everything else is `UNKNOWN`. A condition that reads the settings, the environment or something unknown counts
as open: both branches are taken, so that what exists in some deployment is found. Work is bounded by a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.frameworks.django_builtins import arithmetic, builtin, compare, method, slice_of
from auditor.frameworks.django_library import Library
from auditor.frameworks.django_names import Names
from auditor.frameworks.django_registry import models_of, run_registrations
from auditor.frameworks.django_settings import settings_modules
from auditor.frameworks.django_values import (
    HOLE,
    UNKNOWN,
    AsView,
    Bound,
    Called,
    Closure,
    Defaults,
    Frame,
    Instance,
    Router,
    Super,
    Unread,
    Value,
    Wrapped,
    is_routes,
    is_view,
)
from auditor.index import ir
from auditor.index.symbols import Class, External, Function, Module

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

Signal: TypeAlias = Literal["return", "break", "continue"] | None
MAX_STEPS: Final = 3_000_000
"""Expressions and statements evaluated for one project; hostile input ends here, real ones need a tenth."""
MAX_DEPTH: Final = 14
"""Nested calls of project functions."""
MAX_ITEMS: Final = 20_000
"""Elements of one sequence or characters of one string."""


class Exhausted(Exception):  # noqa: N818  # not an error: the budget is spent
    """The budget is spent; what was found so far stands."""


class Evaluation:
    """One evaluation of a project; modules are evaluated once, on first use."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.unread: list[Unread] = []
        self.steps = MAX_STEPS
        self.depth = 0
        self.open_reads = 0
        """Reads of settings and environment so far: a condition that raises it is open."""
        self.registered = False
        self.names = Names(self)
        self.library = Library(self)
        self.names.settings_modules = settings_modules(project)

    # -- entry -----------------------------------------------------------------------------------------------

    def module_value(self, module: Module, name: str) -> Value:
        """What `name` holds once `module` has been imported; UNKNOWN where it is bound nowhere."""
        try:
            return self.names.exported(module, name)
        except Exhausted:
            return self.names.frame(module).names.get(name, UNKNOWN)

    def evaluate(self, node: Node, frame: Frame) -> Value:
        """The value of an expression; what is beyond the budget is UNKNOWN."""
        try:
            return self.value(node, frame)
        except Exhausted:
            return UNKNOWN

    def register_all(self) -> None:
        """Runs what fills registries and routers when modules are imported; once."""
        if not self.registered:
            self.registered = True
            run_registrations(self)

    def note(self, module: Module, line: int, reason: str) -> None:
        found = Unread(module.path, line, reason)
        if found not in self.unread:
            self.unread.append(found)

    # -- statements ------------------------------------------------------------------------------------------

    def run(self, statements: Iterable[Node], frame: Frame) -> Signal:
        for statement in statements:
            self.step()
            handler = _STATEMENTS.get(statement[0])
            if handler is not None and (signal := handler(self, statement, frame)):
                return signal
        return None

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Exhausted

    def assign(self, s: Node, frame: Frame) -> Signal:
        value = self.value(s[4], frame)
        for target in s[3]:
            self.bind(target, value, frame)
        return None

    def annotated(self, s: Node, frame: Frame) -> Signal:
        if s[5] is not None:
            self.bind(s[3], self.value(s[5], frame), frame)
        return None

    def bind(self, target: Node, value: Value, frame: Frame) -> None:
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

    def augment(self, s: Node, frame: Frame) -> Signal:
        current, value = self.value(s[3], frame), self.value(s[5], frame)
        if isinstance(current, list) and s[4] == "+=":
            if isinstance(value, list | tuple):
                current.extend(value[:MAX_ITEMS])
            elif any(is_routes([item]) for item in current):
                self.note(frame.module, s[1], "what is added to the routes here is not known before it runs")
            return None
        self.bind(s[3], bounded(arithmetic(s[4].removesuffix("="), current, value)), frame)
        return None

    def expression(self, s: Node, frame: Frame) -> Signal:
        self.value(s[3], frame)
        return None

    def return_(self, s: Node, frame: Frame) -> Signal:
        frame.result = None if s[3] is None else self.value(s[3], frame)
        return "return"

    def if_(self, s: Node, frame: Frame) -> Signal:
        known = self.truth(s[3], frame)
        if known is not None:
            return self.run(s[4] if known else s[5], frame)
        before = dict(frame.names)
        ended = [self.branch(s[4], frame)]
        after = frame.names
        frame.names = before
        ended.append(self.branch(s[5], frame))
        for name, value in after.items():
            other = frame.names.get(name, UNKNOWN)
            frame.names[name] = merged(value, other)
        return "return" if all(signal == "return" for signal in ended) else None

    def branch(self, statements: tuple[Node, ...], frame: Frame) -> Signal:
        signal = self.run(statements, frame)
        if signal == "return":
            frame.maybe.append(frame.result)
        return signal

    def truth(self, condition: Node, frame: Frame) -> bool | None:
        """Whether a condition holds wherever the code runs; None where that depends on the deployment."""
        reads = self.open_reads
        value = self.value(condition, frame)
        return None if self.open_reads != reads else truth_of(value)

    def for_(self, s: Node, frame: Frame) -> Signal:
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

    def with_(self, s: Node, frame: Frame) -> Signal:
        return self.run(s[4], frame)

    def try_(self, s: Node, frame: Frame) -> Signal:
        return self.run(s[3], frame) or self.run(s[5], frame) or self.run(s[6], frame)

    def define(self, s: Node, frame: Frame) -> Signal:
        if frame.function is not None:
            defined = self.names.defined(frame.module, s)
            frame.names[s[3]] = Closure(defined, frame) if isinstance(defined, Function) else defined or UNKNOWN
        return None

    def import_(self, s: Node, frame: Frame) -> Signal:
        if frame.function is not None:
            self.names.import_into(s, frame)
        return None

    # -- expressions -----------------------------------------------------------------------------------------

    def value(self, node: Node, frame: Frame) -> Value:
        self.step()
        handler = _EXPRESSIONS.get(node[0])
        return UNKNOWN if handler is None else handler(self, node, frame)

    def name(self, node: Node, frame: Frame) -> Value:
        return self.names.visible(node[2], frame)

    def constant(self, node: Node, _frame: Frame) -> Value:
        return node[2]

    def text(self, node: Node, frame: Frame) -> Value:
        pieces = node[2].split("{}")
        values = [self.value(part, frame) for part in node[3]]
        if len(pieces) != len(values) + 1:
            return HOLE
        told = [value if isinstance(value, str) else plain(value) for value in values] + [""]
        return bounded("".join(piece + value for piece, value in zip(pieces, told, strict=True)))

    def sequence(self, node: Node, frame: Frame) -> Value:
        items = self.arguments(node[3], frame)
        if node[4] > len(node[3]) and is_routes(items):
            self.note(frame.module, node[1], f"of a list of {node[4]} routes the first {len(node[3])} are kept")
        return tuple(items) if node[2] == "tuple" else items

    def arguments(self, nodes: Iterable[Node], frame: Frame) -> list[Value]:
        values: list[Value] = []
        for node in nodes:
            if node[0] == ir.STAR:
                values.extend(items_of(self.value(node[2], frame)) or ())
            else:
                values.append(self.value(node, frame))
        return values

    def dictionary(self, node: Node, frame: Frame) -> Value:
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

    def attribute(self, node: Node, frame: Frame) -> Value:
        return self.names.attribute(self.value(node[2], frame), node[3])

    def subscript(self, node: Node, frame: Frame) -> Value:
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

    def binary(self, node: Node, frame: Frame) -> Value:
        return bounded(arithmetic(node[2], self.value(node[3], frame), self.value(node[4], frame)))

    def boolean(self, node: Node, frame: Frame) -> Value:
        result: Value = UNKNOWN
        for item in node[3]:
            result = self.value(item, frame)
            known = truth_of(result)
            if known is None and node[2] == "and":
                return UNKNOWN
            if known is not None and known == (node[2] == "or"):
                return result
        return result

    def negation(self, node: Node, frame: Frame) -> Value:
        known = truth_of(self.value(node[2], frame))
        return UNKNOWN if known is None else not known

    def unary(self, node: Node, frame: Frame) -> Value:
        operand = self.value(node[2], frame)
        return operand if isinstance(operand, Class | External) else UNKNOWN

    def comparison(self, node: Node, frame: Frame) -> Value:
        operands = [self.value(operand, frame) for operand in node[3]]
        outcomes = [
            compare(operator, left, right)
            for operator, left, right in zip(node[2], operands, operands[1:], strict=False)
        ]
        if False in outcomes:
            return False
        return UNKNOWN if None in outcomes or not outcomes else True

    def conditional(self, node: Node, frame: Frame) -> Value:
        known = self.truth(node[2], frame)
        if known is not None:
            return self.value(node[3] if known else node[4], frame)
        return merged(self.value(node[3], frame), self.value(node[4], frame))

    def comprehension(self, node: Node, frame: Frame) -> Value:
        inner = Frame(frame.module, frame.function, {}, frame)
        found: list[Value] = []
        if not self.clauses(node[4], node[3], inner, found):
            return UNKNOWN
        if node[2] == "dict":
            return {key: value for key, value in found if hashable(key)}
        elements = [item[0] for item in found]
        return {e for e in elements if hashable(e)} if node[2] == "set" else elements

    def clauses(
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
                self.clauses(clauses[1:], elements, frame, found)
        return True

    def yield_(self, node: Node, frame: Frame) -> Value:
        if node[2] is not None:
            value = self.value(node[2], frame)
            frame.yielded.extend((items_of(value) or []) if node[3] else [value])
        return None

    def walrus(self, node: Node, frame: Frame) -> Value:
        frame.names[node[2]] = self.value(node[3], frame)
        return frame.names[node[2]]

    # -- calls -----------------------------------------------------------------------------------------------

    def call_node(self, node: Node, frame: Frame) -> Value:
        if node[2][0] == ir.NAME and node[2][2] == "super":
            return self.names.super_(frame)
        callee = self.value(node[2], frame)
        args = self.arguments(node[3], frame)
        kwargs: dict[str, Value] = {}
        for name, value_node in node[4]:
            value = self.value(value_node, frame)
            if name is not None:
                kwargs[name] = value
            elif isinstance(value, dict):
                kwargs.update({k: v for k, v in value.items() if isinstance(k, str)})
        return self.call(callee, args, kwargs, frame, node[1])

    def call(
        self, callee: Value, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        if isinstance(callee, External):
            if callee.name.startswith("builtins."):
                return builtin(callee.name.removeprefix("builtins."), args, kwargs, self.project)
            return self.library.call(callee.name, args, kwargs, frame, line)
        if isinstance(callee, Function | Closure):
            return self.function(callee, args, kwargs)
        if isinstance(callee, Bound):
            return self.bound(callee, args, kwargs, frame, line)
        if isinstance(callee, Class):
            return self.names.instance(callee, args, kwargs)
        if isinstance(callee, Called):
            return Wrapped(args[0], callee) if args and is_view(args[0]) else Called(callee.name, (), {})
        if args and is_view(args[0]):
            return Wrapped(args[0], callee)
        return args[0] if args and is_routes(args[0]) else UNKNOWN

    def function(
        self, callee: Function | Closure, args: list[Value], kwargs: dict[str, Value], receiver: Value = None
    ) -> Value:
        """Calls a project function; a decorator that wraps its argument gives it back `Wrapped`."""
        function = callee.function if isinstance(callee, Closure) else callee
        outer = callee.frame if isinstance(callee, Closure) else None
        result: Value = UNKNOWN
        if self.depth < MAX_DEPTH:
            self.depth += 1
            try:
                result = self.invoke(function, outer, args if receiver is None else [receiver, *args], kwargs)
            finally:
                self.depth -= 1
        if args and is_view(args[0]) and (result is UNKNOWN or isinstance(result, Closure)):
            return Wrapped(args[0], function)
        return result

    def invoke(
        self, function: Function, outer: Frame | None, args: list[Value], kwargs: dict[str, Value]
    ) -> Value:
        frame = Frame(function.module, function, {}, outer)
        left = list(args)
        named = dict(kwargs)
        for name, kind, _, default in function.params:
            if kind == "*":
                frame.names[name], left = list(left), []
            elif kind == "**":
                frame.names[name], named = named, {}
            elif kind == "pos" and left:
                frame.names[name] = left.pop(0)
            elif name in named:
                frame.names[name] = named.pop(name)
            else:
                top = self.names.frame(function.module)
                frame.names[name] = UNKNOWN if default is None else self.value(default, top)
        ended = self.run(function.body, frame)
        if function.is_generator:
            return frame.yielded
        if ended == "return" and not (frame.maybe and frame.result in (UNKNOWN, None)):
            return frame.result
        return next((value for value in frame.maybe if value is not UNKNOWN), UNKNOWN if frame.maybe else None)

    def bound(
        self, callee: Bound, args: list[Value], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        receiver = callee.receiver
        if callee.function is not None:
            return self.function(callee.function, args, kwargs, receiver)
        if isinstance(receiver, Class | External) and callee.name == "as_view":
            actions = args[0] if args and isinstance(args[0], dict) else None
            told = None if actions is None else {k: v for k, v in actions.items() if isinstance(v, str)}
            return AsView(receiver, kwargs, told)
        if isinstance(receiver, Router):
            return self.library.router_call(receiver, callee.name, args, kwargs, frame, line)
        if isinstance(receiver, Instance) and callee.name == "get_models" and isinstance(receiver.cls, Class):
            return models_of(self.project, receiver.cls)
        if isinstance(receiver, str | list | dict | tuple | set):
            return bounded(method(receiver, callee.name, args, kwargs))
        return args[0] if args and is_routes(args[0]) else UNKNOWN


def items_of(value: Value) -> list[Value] | None:
    """The elements that iterating a value gives; None where they are not known."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, set):
        return sorted(value, key=str)
    return None


def truth_of(value: Value) -> bool | None:
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
    return second if first is UNKNOWN or first is None else first


def bounded(value: Value) -> Value:
    return UNKNOWN if isinstance(value, str | list | tuple) and len(value) > MAX_ITEMS else value


def hashable(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(hashable(item) for item in value)
    return not isinstance(value, list | dict | set)


def plain(value: Value) -> str:
    return str(value) if isinstance(value, int | float) else HOLE


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


_E = Evaluation
_STATEMENTS: Final[dict[int, Callable[[Evaluation, Node, Frame], Signal]]] = {
    ir.ASSIGN: _E.assign,
    ir.ANN: _E.annotated,
    ir.AUG: _E.augment,
    ir.EXPR: _E.expression,
    ir.RETURN: _E.return_,
    ir.IF: _E.if_,
    ir.FOR: _E.for_,
    ir.WITH: _E.with_,
    ir.TRY: _E.try_,
    ir.DEF: _E.define,
    ir.CLASS: _E.define,
    ir.IMPORT: _E.import_,
    ir.FROM: _E.import_,
    ir.RAISE: lambda _e, _s, _f: "return",
    ir.BREAK: lambda _e, _s, _f: "break",
    ir.CONTINUE: lambda _e, _s, _f: "continue",
}
_EXPRESSIONS: Final[dict[int, Callable[[Evaluation, Node, Frame], Value]]] = {
    ir.NAME: _E.name,
    ir.ATTR: _E.attribute,
    ir.CALL: _E.call_node,
    ir.CONST: _E.constant,
    ir.FSTR: _E.text,
    ir.SEQ: _E.sequence,
    ir.DICT: _E.dictionary,
    ir.SUB: _E.subscript,
    ir.BIN: _E.binary,
    ir.BOOL: _E.boolean,
    ir.NOT: _E.negation,
    ir.CMP: _E.comparison,
    ir.IFEXP: _E.conditional,
    ir.COMP: _E.comprehension,
    ir.YIELD: _E.yield_,
    ir.WALRUS: _E.walrus,
    ir.UNARY: _E.unary,
}
