"""Expressions of setup code, and calls: of the project's functions, of classes, of what libraries make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import literals
from auditor.frameworks.literals import UNKNOWN
from auditor.frameworks.wiring import builtin_calls
from auditor.frameworks.wiring.configurator import CONFIGURATORS, STANDING_FOR, include
from auditor.frameworks.wiring.names import Names
from auditor.frameworks.wiring.parameters import bind
from auditor.frameworks.wiring.statements import MAX_NESTING, Statements
from auditor.frameworks.wiring.values import (
    Bound,
    Call,
    ClassAttribute,
    Closure,
    Frame,
    Instance,
    LibraryAttribute,
    Parent,
    Value,
    around,
    callable_value,
    identity,
)
from auditor.index import ir
from auditor.index.symbols import Class, External, Function, Module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.index.ir import Node
    from auditor.index.project import Project

MAX_RUNS: Final = 4096
"""Executions of one function with different arguments."""
MAX_STEPS: Final = 100_000
"""Expressions evaluated for one module, root or question; an end for what a program could keep busy for ever."""


class Interpreter:
    """Executes setup code once; every library object made on the way is in `instances`, in order."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.names = Names(self)
        self.statements = Statements(self)
        self.instances: list[Instance] = []
        self.executed: set[int] = set()
        """Functions (by id) that were run."""
        self._results: dict[object, Value] = {}
        self._alive: dict[int, object] = {}
        self._runs: dict[int, int] = {}
        self.nesting = 0
        self._steps = 0

    # -- expressions -----------------------------------------------------------------------------------------

    def evaluate(self, node: Node | None, frame: Frame) -> Value:
        """The value of an expression in a frame; `UNKNOWN` beyond the limits."""
        if node is None or self.nesting > MAX_NESTING or self._steps > MAX_STEPS:
            return UNKNOWN
        self.nesting += 1
        self._steps += 1
        try:
            return self._evaluate(node, frame)
        finally:
            self.nesting -= 1

    def _evaluate(self, node: Node, frame: Frame) -> Value:
        match node[0]:
            case ir.CONST:
                return node[2]
            case ir.NAME:
                return self.names.lookup(node[2], frame)
            case ir.ATTR:
                return self.names.attribute(self.evaluate(node[2], frame), node[3])
            case ir.CALL:
                return self.call_once(node, frame)
            case ir.FSTR:
                return literals.joined(node[2], [self.evaluate(n, frame) for n in node[3]])
            case ir.BIN:
                return literals.binary(node[2], self.evaluate(node[3], frame), self.evaluate(node[4], frame))
            case ir.SEQ:
                items = list(self.spread(node[3], frame))
                return tuple(items) if node[2] == "tuple" else items
            case ir.DICT:
                return self.mapping(node, frame)
            case ir.SUB:
                base = self.evaluate(node[2], frame)
                # A subscripted class is the class: `Router[State]()`.
                return base if isinstance(base, Class | External) else self.item(base, node[3], frame)
            case ir.BOOL:
                return self.boolean(node, frame)
            case ir.NOT:
                held = literals.truth(self.evaluate(node[2], frame))
                return UNKNOWN if held is None else not held
            case ir.CMP:
                return literals.compared(node[2], [self.evaluate(n, frame) for n in node[3]])
            case ir.IFEXP:
                return self.conditional(node, frame)
            case ir.AWAIT | ir.STAR:
                return self.evaluate(node[2], frame)
            case ir.WALRUS:
                frame.env[node[2]] = value = self.evaluate(node[3], frame)
                return value
            case ir.COMP:
                return self.comprehension(node, frame)
        return UNKNOWN

    def item(self, base: Value, index: Node, frame: Frame) -> Value:
        """`base[index]`."""
        if isinstance(base, LibraryAttribute):
            return UNKNOWN
        return literals.item(base, self.evaluate(index, frame))

    def spread(self, nodes: Iterable[Node], frame: Frame) -> Iterable[Value]:
        """The values of arguments or items, `*values` taken apart."""
        for n in nodes:
            value = self.evaluate(n, frame)
            if n[0] == ir.STAR:
                yield from builtin_calls.iterated(value) or ()
            else:
                yield value

    def mapping(self, node: Node, frame: Frame) -> dict[Value, Value]:
        """A dict display; a key that is unknown is numbered, so its value stays."""
        out: dict[Value, Value] = {}
        for key, n in node[2]:
            value = self.evaluate(n, frame)
            if key is None:
                out.update(value if isinstance(value, dict) else {})
            else:
                name = self.evaluate(key, frame)
                out[name if isinstance(name, str | int) else len(out)] = value
        return out

    def boolean(self, node: Node, frame: Frame) -> Value:
        """`and`, `or`: what is known decides, else the first known value of an `or`."""
        values = [self.evaluate(n, frame) for n in node[3]]
        for value in values[:-1]:
            held = True if isinstance(value, Instance | Function | Class) else literals.truth(value)
            if held is None:
                return literals.first_known(values) if node[2] == "or" else UNKNOWN
            if held == (node[2] == "or"):
                return value
        return values[-1]

    def conditional(self, node: Node, frame: Frame) -> Value:
        """`a if c else b`: where `c` is unknown, the branch that gives something, the last first."""
        held = literals.truth(self.evaluate(node[2], frame))
        if held is not None:
            return self.evaluate(node[3] if held else node[4], frame)
        then, orelse = self.evaluate(node[3], frame), self.evaluate(node[4], frame)
        return then if orelse is UNKNOWN or orelse is None else orelse

    def comprehension(self, node: Node, frame: Frame) -> Value:
        """A comprehension over known values, unrolled."""
        if len(node[4]) != 1:
            return UNKNOWN
        target, iterable, conditions, _ = node[4][0]
        items = builtin_calls.iterated(self.evaluate(iterable, frame))
        if items is None:
            return UNKNOWN
        inner = Frame(frame.module, None, frame, owner=frame.owner)
        out = []
        for n, value in enumerate(items):
            inner.turn = n
            self.statements.bind(target, value, inner)
            if any(literals.truth(self.evaluate(c, inner)) is False for c in conditions):
                continue
            out.append(tuple(self.evaluate(e, inner) for e in node[3]))
        if node[2] == "dict":
            return {k: v for k, v in out if isinstance(k, str | int)}
        return [values[0] for values in out]

    # -- calls -----------------------------------------------------------------------------------------------

    def call_once(self, node: Node, frame: Frame) -> Value:
        """A call stands for one object however often its name is looked up in the same execution."""
        key = (id(node), id(frame), frame.turn)
        if key not in self._results:
            self._results[key] = UNKNOWN
            self._alive[id(frame)] = frame
            self._results[key] = self.call_node(node, frame)
        return self._results[key]

    def call_node(self, node: Node, frame: Frame) -> Value:
        """A call with its arguments evaluated."""
        callee = node[2]
        if callee[0] == ir.NAME and callee[2] == "super":
            return self.super_(node, frame)
        args = tuple(self.spread(node[3], frame))
        kwargs: dict[str, Value] = {}
        for name, n in node[4]:
            value = self.evaluate(n, frame)
            if name is not None:
                kwargs[name] = value
            elif isinstance(value, dict):
                kwargs.update({k: v for k, v in value.items() if isinstance(k, str)})
        if callee[0] == ir.ATTR:
            base = self.evaluate(callee[2], frame)
            if isinstance(base, str | list | dict):
                return builtin_calls.container_method(base, callee[3], args, kwargs)
        return self.call(self.evaluate(callee, frame), args, kwargs, frame, node[1])

    def super_(self, node: Node, frame: Frame) -> Value:
        """`super()` and `super(Class, self)`."""
        at: Frame | None = frame
        while at is not None and (at.owner is None or at.function is None):
            at = at.parent
        if at is None or at.owner is None or at.function is None or not at.function.params:
            return UNKNOWN
        owner = self.evaluate(node[3][0], frame) if node[3] else at.owner
        receiver = at.env.get(at.function.params[0][0], UNKNOWN)
        return Parent(receiver, owner if isinstance(owner, Class) else at.owner)

    def call(
        self, callee: Value, args: tuple[Value, ...], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        """What calling a value gives; a library's method is noted on its instance."""
        if isinstance(callee, Function):
            return self.run(callee, args, kwargs, None, None)
        if isinstance(callee, Closure):
            return self.run(callee.function, args, kwargs, None, callee.frame)
        if isinstance(callee, Bound):
            return self.run(
                callee.function, args, kwargs, callee.receiver, self.around_class(callee.function.owner)
            )
        if isinstance(callee, External):
            return self.call_external(callee.name, args, kwargs, frame, line)
        if isinstance(callee, Class):
            return self.instantiate(callee, args, kwargs, frame, line)
        if isinstance(callee, LibraryAttribute):
            return self.call_library(callee, args, kwargs, frame, line)
        if isinstance(callee, ClassAttribute):
            # A class method of the library: the class is its first argument.
            return self.call_external(callee.name, (callee.cls, *args), kwargs, frame, line)
        if isinstance(callee, Call):
            callee.targets.extend(args)
            return args[0] if args else UNKNOWN
        if isinstance(callee, Instance):
            return self.call_instance(callee, args, kwargs, frame, line)
        return UNKNOWN

    def call_library(
        self,
        callee: LibraryAttribute,
        args: tuple[Value, ...],
        kwargs: dict[str, Value],
        frame: Frame,
        line: int,
    ) -> Value:
        """Notes a call of a library's method on its instance."""
        instance = callee.instance
        if callee.name == "__init__":
            instance.args, instance.kwargs = args, kwargs
            return None
        call = Call(instance, callee.name, args, kwargs, frame.module, line)
        instance.calls.append(call)
        if callee.name == "include" and not CONFIGURATORS.isdisjoint(instance.libraries):
            include(self, call, frame)
        return call

    def result_of(self, call: Call) -> Instance:
        """The object that a library's method gives, named after it: `flask_restx.Api.namespace()`."""
        if call.result is None:
            library = call.instance.libraries[0] if call.instance.libraries else ""
            made = Instance(
                (f"{library}.{call.method}()",), None, call.module, call.line, call.args, call.kwargs
            )
            call.result = made
            self.instances.append(made)
        return call.result

    def call_instance(
        self, callee: Instance, args: tuple[Value, ...], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        """Calls an object: its `__call__`, else what the library does with it is noted."""
        method = None if callee.cls is None else self.project.method(callee.cls, "__call__")
        if method is not None:
            return self.run(method, args, kwargs, callee, None)
        callee.calls.append(Call(callee, "()", args, kwargs, frame.module, line, list(args)))
        return next((a for a in args if callable_value(a) or isinstance(a, Class)), UNKNOWN)

    def call_external(
        self, name: str, args: tuple[Value, ...], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        """Calls a function or class of a library: gives an object that remembers its arguments."""
        if name == "importlib.import_module" and args and isinstance(args[0], str):
            return self.project.module(args[0], frame.module) or UNKNOWN
        if name in {"typing.cast", "typing_extensions.cast"} and len(args) > 1:
            return args[1]
        if name == "builtins.getattr" and len(args) > 1 and isinstance(args[1], str):
            return self.names.attribute(args[0], args[1])
        if name == "builtins.setattr" and len(args) > 2 and isinstance(args[0], Instance):
            args[0].attributes[str(args[1])] = args[2]
            return None
        made, _, last = name.rpartition(".")
        if last == "__init__" and args and isinstance(args[0], Instance) and made in args[0].libraries:
            args[0].args, args[0].kwargs = args[1:], kwargs  # `Application.__init__(self, handlers)`
            return None
        if name in STANDING_FOR:
            return STANDING_FOR[name](self, args, frame, line)
        known = builtin_calls.call_builtin(name, args, kwargs)
        if known is not builtin_calls.NOT_KNOWN:
            return known
        instance = Instance((name,), None, frame.module, line, args, kwargs)
        self.instances.append(instance)
        return instance

    def instantiate(
        self, cls: Class, args: tuple[Value, ...], kwargs: dict[str, Value], frame: Frame, line: int
    ) -> Value:
        """Makes an instance of a project class and runs its `__init__`."""
        instance = Instance(self.project.external_bases(cls), cls, frame.module, line, args, dict(kwargs))
        self.instances.append(instance)
        init = self.project.method(cls, "__init__")
        if init is not None:
            self.run(init, args, kwargs, instance, self.around_class(init.owner))
        elif not instance.libraries:
            instance.attributes.update(kwargs)
        return instance

    def around_class(self, cls: Class | None) -> Frame | None:
        """The names that a method sees beside its module's: those of the function its class stands in."""
        body = None if cls is None else self.names.bodies.get(id(cls))
        return None if body is None or body.parent is None or body.parent.function is None else body.parent

    def run(
        self,
        function: Function,
        args: tuple[Value, ...],
        kwargs: dict[str, Value],
        receiver: Value,
        outer: Frame | None,
    ) -> Value:
        """Executes a function; the same arguments give the same result object."""
        key = (
            id(function),
            id(outer),
            identity(receiver),
            tuple(identity(a) for a in args),
            tuple((k, identity(v)) for k, v in kwargs.items()),
        )
        if key in self._results:
            return self._results[key]
        runs = self._runs[id(function)] = self._runs.get(id(function), 0) + 1
        if runs > MAX_RUNS or self.nesting > MAX_NESTING:
            return UNKNOWN
        self._results[key] = UNKNOWN
        for held in (outer, receiver, *args, *kwargs.values()):  # an id in a key must stay taken
            self._alive[id(held)] = held
        self.executed.add(id(function))
        frame = Frame(function.module, function, outer, owner=function.owner)
        bind(function, args, kwargs, receiver=receiver, frame=frame, evaluator=self)
        self.nesting += 1
        try:
            self.statements.block(function.body, frame)
        finally:
            self.nesting -= 1
        self._results[key] = returned(frame.returns)
        return self._results[key]

    def apply_decorator(self, decorator: Value, target: Value, frame: Frame, line: int) -> Value:
        """What a decorated name stands for afterwards: the definition, unless it was replaced."""
        result = self.call(decorator, (target,), {}, frame, line)
        if isinstance(result, Closure) and result is not target:
            return around(result, target)
        if isinstance(result, Instance) and isinstance(target, Class | Function | Closure):
            return target
        return result if isinstance(result, Function | Class | Closure) else target

    def call_module(self, module: Module) -> None:
        """Executes the top level of a module."""
        self.begin()
        self.statements.block(module.body, self.names.frame(module))

    def begin(self) -> None:
        """Starts counting steps anew: what one module uses up (a generator of code, say) is not taken from another."""
        self._steps = 0


def returned(values: list[Value]) -> Value:
    """What a function gives: the object it makes, else the function or class, else what it says last."""
    for kind in (Instance, Closure | Function | Bound | Class):
        for value in values:
            if isinstance(value, kind):
                return value
    known = [v for v in values if v is not UNKNOWN and v is not None]
    return known[-1] if known else values[-1] if values else None
