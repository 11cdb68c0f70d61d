"""What names and attributes mean to setup code: what it bound so far, else what the project declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from auditor.frameworks.literals import UNKNOWN, is_literal
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
)
from auditor.index.symbols import (
    Assigned,
    Binding,
    Class,
    External,
    Function,
    ImportedName,
    Module,
    function_scope,
)

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project


class Evaluator(Protocol):
    """The part of the interpreter that names need."""

    project: Project

    def evaluate(self, node: Node | None, frame: Frame) -> Value:
        """The value of an expression."""

    def result_of(self, call: Call) -> Instance:
        """The object behind the result of a call."""

    def run(
        self,
        function: Function,
        args: tuple[Value, ...],
        kwargs: dict[str, Value],
        receiver: Value,
        outer: Frame | None,
    ) -> Value:
        """The result of a function."""


class Names:
    """Looks names up; `frames` are the executions of modules, `bodies` those of class bodies."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.project = evaluator.project
        self.frames: dict[int, Frame] = {}
        self.bodies: dict[int, Frame] = {}
        self._pending: set[tuple[int, str]] = set()

    def frame(self, module: Module) -> Frame:
        """The execution of a module."""
        return self.frames.setdefault(id(module), Frame(module))

    def lookup(self, name: str, frame: Frame) -> Value:
        """A bare name where `frame` executes."""
        at: Frame | None = frame
        while at is not None:
            if name in at.env:
                return at.env[name]
            if at.function is not None:
                bindings = function_scope(at.function).get(name)
                if bindings:
                    return self.declared(bindings, at.module)
                if any(p[0] == name for p in at.function.params):
                    return UNKNOWN
            at = at.parent
        return self.in_module(frame.module, name)

    def declared(self, bindings: list[Binding], module: Module) -> Value:
        """A name of a function that was not bound yet: an import or a definition says what it is."""
        for binding in bindings:
            if isinstance(binding, ImportedName):
                return self.imported(binding, module)
            if isinstance(binding, Function | Class):
                return binding
        return UNKNOWN

    def in_module(self, module: Module, name: str) -> Value:
        """A name at the top level of `module`."""
        frame = self.frame(module)
        if name in frame.env:
            return frame.env[name]
        if name == "__name__":
            return module.name
        if name == "__package__":
            return module.name if module.is_package else module.name.rpartition(".")[0]
        key = (id(module), name)
        if key in self._pending:
            return UNKNOWN
        self._pending.add(key)
        try:
            return self._in_module(module, name, frame)
        finally:
            self._pending.discard(key)

    def _in_module(self, module: Module, name: str, frame: Frame) -> Value:
        chosen: Value = UNKNOWN
        for binding in reversed(module.scope.get(name, ())):
            value = self.bound(binding, module, frame)
            if isinstance(value, Instance):
                return value
            if chosen is UNKNOWN or (chosen is None and value is not UNKNOWN):
                chosen = value
        if chosen is not UNKNOWN or name in module.scope:
            return chosen
        for star in module.stars:
            source = self.project.module(star, module)
            if source is not None and source is not module:
                value = self.in_module(source, name)
                if value is not UNKNOWN and not is_builtin(value):
                    return value
        symbol = self.project.resolve(module, name)
        return UNKNOWN if symbol is None or isinstance(symbol, Assigned) else symbol

    def bound(self, binding: Binding, module: Module, frame: Frame) -> Value:
        """The value of one binding of a module."""
        if isinstance(binding, ImportedName):
            return self.imported(binding, module)
        if isinstance(binding, Assigned):
            return UNKNOWN if binding.value is None else self.evaluator.evaluate(binding.value, frame)
        return binding

    def imported(self, binding: ImportedName, module: Module) -> Value:
        """What an import gives."""
        target = self.project.module(binding.module, module)
        if binding.name is None:
            return External(binding.module) if target is None or target.role == "library" else target
        # A library stays a name here, modelled or not: what is made of it is told by that name.
        if target is None or target.role == "library":
            return External(f"{binding.module}.{binding.name}")
        value = self.member(target, binding.name)
        if value is UNKNOWN and binding.name not in target.scope and target.role == "stub":
            return External(f"{binding.module}.{binding.name}")
        return value

    def member(self, module: Module, name: str) -> Value:
        """`module.name`: what it binds, else the module below it."""
        if name in module.scope or name in self.frame(module).env or module.stars:
            value = self.in_module(module, name)
            if value is not UNKNOWN and not is_builtin(value):
                return value
        return self.project.module(f"{module.name}.{name}", module) or UNKNOWN

    # -- attributes ------------------------------------------------------------------------------------------

    def attribute(self, base: Value, name: str) -> Value:
        """`base.name`."""
        if isinstance(base, External):
            return External(f"{base.name}.{name}")
        if isinstance(base, Module):
            return self.member(base, name)
        if isinstance(base, Instance):
            return self.of_instance(base, name)
        if isinstance(base, Class):
            return self.of_class(base, name, base)
        if isinstance(base, Parent):
            return self.of_parent(base, name)
        if isinstance(base, LibraryAttribute):
            return LibraryAttribute(base.instance, f"{base.name}.{name}")
        if isinstance(base, ClassAttribute):
            return External(f"{base.name}.{name}")
        if isinstance(base, Call):
            return LibraryAttribute(self.evaluator.result_of(base), name)
        if name == "value" and is_literal(base):  # a member of an enumeration
            return base
        if name == "__name__" and isinstance(base, Function | Closure):
            return base.name if isinstance(base, Function) else base.function.name
        return UNKNOWN

    def of_instance(self, base: Instance, name: str) -> Value:
        """An attribute of an object."""
        if name in base.attributes:
            return base.attributes[name]
        if base.cls is None:
            return LibraryAttribute(base, name)
        found = self.project.member(base.cls, name)
        if found is None:
            return LibraryAttribute(base, name) if base.libraries else UNKNOWN
        return self.of_class(base.cls, name, base)

    def of_class(self, cls: Class, name: str, receiver: Value) -> Value:
        """An attribute of a class, for `receiver`."""
        found = self.project.member(cls, name)
        if found is None:
            outside = self.project.external_bases(cls)
            return ClassAttribute(cls, f"{outside[0]}.{name}") if outside else UNKNOWN
        return self.class_value(found[0], found[1], name, receiver)

    def of_parent(self, base: Parent, name: str) -> Value:
        """An attribute of `super()`: the next class of the receiver's MRO that has it."""
        cls = base.receiver.cls if isinstance(base.receiver, Instance) else base.receiver
        order = self.project.mro(cls) if isinstance(cls, Class) else ()
        after = order[order.index(base.owner) + 1 :] if base.owner in order else ()
        for candidate in after:
            if isinstance(candidate, Class) and name in candidate.scope:
                return self.class_value(candidate, candidate.scope[name], name, base.receiver)
        if isinstance(base.receiver, Instance):
            return LibraryAttribute(base.receiver, name)
        return UNKNOWN

    def class_value(self, owner: Class, bindings: list[Binding], name: str, receiver: Value) -> Value:
        """The value of a name that a class body binds."""
        body = self.bodies.get(id(owner))
        if body is not None and isinstance(body.env.get(name, None), Instance):
            return body.env[name]
        symbol = self.project.pick(owner.module, bindings)
        if isinstance(symbol, Function):
            if symbol.static in {"property", "cached_property"} and isinstance(receiver, Instance):
                return self.evaluator.run(symbol, (), {}, receiver, body)
            return symbol if symbol.static == "static" else Bound(receiver, symbol)
        if isinstance(symbol, Assigned):
            if body is not None and name in body.env:
                return body.env[name]
            return self.evaluator.evaluate(symbol.value, body or self.frame(owner.module))
        return UNKNOWN if symbol is None else symbol


def is_builtin(value: Value) -> bool:
    """Whether a value is a built-in function or class."""
    return isinstance(value, External) and value.name.startswith("builtins.")
