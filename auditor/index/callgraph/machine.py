"""The machine: modules first, in the order in which they import each other, then what nobody has called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.callgraph import calls, statements
from auditor.index.callgraph.objects import (
    NOTHING,
    ClassObject,
    ConstantObject,
    ExternalObject,
    Frame,
    FunctionObject,
    InstanceObject,
    ModuleObject,
    Object,
    Values,
    joined,
    only,
)

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Class, Function, Module

MAX_RUNS: Final = 12
"""Executions of one function with different arguments; later ones are taken together."""
MAX_DEPTH: Final = 30
"""Calls in calls; what lies deeper is read on its own."""
MAX_NESTING: Final = 140
"""Statements and expressions in each other, calls included: well within the interpreter's own stack."""
MAX_STEPS: Final = 4_000_000
"""Expressions; afterwards what is left is read once, with nothing known of its arguments."""


class Machine:
    """Reads a program; `edges` fills on the way."""

    def __init__(self, project: Project, *, by_path: bool = False) -> None:
        self.project = project
        self.by_path = by_path
        """Whether modules are called after their paths from the root of the tree, not as imports call them."""
        self.edges: dict[tuple[str, str], int] = {}
        """(caller, callee) → among how many the call chooses, at its most certain place."""
        self.units: set[str] = set()
        own = [m for m in project.modules if m.role != "library"]
        self.declared_functions = {id(f.node): f for m in own for f in m.functions}
        """By the statement (by id) that declares it."""
        self.declared_classes = {id(c.node): c for m in own for c in m.classes}
        self.frames: dict[int, Frame] = {}
        self.classes: dict[int, ClassObject] = {}
        self.functions: dict[tuple[int, int], FunctionObject] = {}
        self.by_function: dict[int, FunctionObject] = {}
        self.called: set[int] = set()
        self.allocated: dict[object, Object] = {}
        self.results: dict[object, Values] = {}
        self.gathered_names: dict[int, dict[str, Values]] = {}
        """By function object that was run too often, what its parameters have been."""
        self.last: dict[int, Values] = {}
        self.lambdas: dict[str, dict[int, int]] = {}
        self.containers: dict[int, Object] = {}
        """The container that a method of one (by id) belongs to."""
        self.runs: dict[int, int] = {}
        self.depth = 0
        self.nesting = 0
        self.steps = 0
        self.unsure = 0
        """Above 0 where it is not certain that what is read is run: then nothing is overwritten."""
        self.complete = True

    def run(self) -> None:
        """All modules, then every function that was not called on the way."""
        modules = [m for m in self.project.modules if m.role != "library"]
        for module in modules:
            self.module(module)
        self.unsure += 1
        for module in modules:
            for function in module.functions:
                self.units.add(self.name_of(function))
                if id(function) not in self.called:
                    self.alone(function)
        self.unsure -= 1

    def module(self, module: Module) -> Frame:
        """The names of a module, which is executed when it is met first."""
        frame = self.frames.get(id(module))
        if frame is None:
            frame = self.frames[id(module)] = Frame(self.module_name(module), module)
            self.units.add(self.module_name(module))
            unsure, self.unsure = self.unsure, 0
            statements.block(self, module.body, frame)
            self.unsure = unsure
        return frame

    def alone(self, function: Function) -> None:
        """A function that nobody called: on an instance of its class, with nothing known of its other arguments."""
        made = self.by_function.get(id(function))
        if made is None:
            made = self.made(function, self.module(function.module), {})
        receiver = NOTHING
        if function.owner is not None and function.static != "static":
            owner = self.class_object(function.owner)
            receiver = only(owner if function.static == "class" else self.generic(owner))
        calls.run_function(self, made, [receiver] if receiver else [], {}, receiver)

    # -- names -----------------------------------------------------------------------------------------------

    def module_name(self, module: Module) -> str:
        """What a module is called in the graph."""
        if not self.by_path:
            return module.name
        return module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def name_of(self, symbol: Function | Class) -> str:
        """What a function or class is called in the graph: `module.function.inner`."""
        below = symbol.qualname.removeprefix(symbol.module.name)
        return self.module_name(symbol.module) + below.replace(".<locals>", "")

    # -- objects ---------------------------------------------------------------------------------------------

    def made(self, function: Function, frame: Frame, defaults: dict[str, Values]) -> FunctionObject:
        """The object of a function defined in a frame; one for each pair."""
        key = (id(function), id(frame))
        found = self.functions.get(key)
        if found is None:
            found = self.functions[key] = FunctionObject(function, frame, defaults)
            self.by_function.setdefault(id(function), found)
        else:
            for name, values in defaults.items():
                found.defaults[name] = joined(found.defaults.get(name, NOTHING), values)
        return found

    def class_object(self, cls: Class) -> ClassObject:
        """The object of a class; its body is executed when its module is, or now where it was not reached."""
        found = self.classes.get(id(cls))
        if found is None:
            self.module(cls.module)
            found = self.classes.get(id(cls))
        if found is None:
            frame = Frame(self.name_of(cls), cls.module, self.module(cls.module), owner=cls)
            found = self.classes[id(cls)] = ClassObject(cls, frame)
            statements.block(self, cls.body, frame)
        return found

    def generic(self, of: ClassObject) -> InstanceObject:
        """An instance that stands for those nobody was seen to make."""
        return self.allocate(("instance", id(of)), lambda: InstanceObject(of))  # type: ignore[return-value]

    def allocate(self, key: object, make: object) -> Object:
        """The one object that a place of the program makes."""
        found = self.allocated.get(key)
        if found is None:
            found = self.allocated[key] = make()  # type: ignore[operator]  # a function without arguments
        return found

    def constant(self, value: object) -> Values:
        """A text or number; nothing for other literals."""
        if not isinstance(value, str | int) or isinstance(value, bool):
            return NOTHING
        return only(self.allocate(("constant", type(value), value), lambda: ConstantObject(value)))

    def external(self, name: str) -> Values:
        """Something of a library or of Python itself."""
        return only(self.allocate(("external", name), lambda: ExternalObject(name)))

    def module_object(self, module: Module) -> Values:
        """A module as a value."""
        return only(self.allocate(("module", id(module)), lambda: ModuleObject(module)))

    # -- edges -----------------------------------------------------------------------------------------------

    def edge(self, frame: Frame, callee: str, *, among: int = 1) -> None:
        """`frame`'s unit calls `callee`, which is one of `among` that the call may mean."""
        key = (frame.unit, callee)
        known = self.edges.get(key)
        self.edges[key] = among if known is None else min(known, among)

    def step(self, node: Node) -> bool:
        """Counts an expression; False when the limit is reached."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.complete = False
            return node[0] in {ir.NAME, ir.ATTR, ir.CALL}
        return True
