"""What a project declares: modules, classes and functions, each with the scope it opens.

Built in one pass over the summaries, without evaluating anything; `resolve` answers what a name means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from auditor.index import ir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.index.ir import Node


@dataclass(frozen=True, slots=True)
class External:
    """Something a library defines: its dotted name, with `()` after what was called (`flask.Flask().route`)."""

    name: str


@dataclass(frozen=True, slots=True)
class ImportedName:
    """`from module import name`, with the module made absolute; `name` is None for `import module`."""

    module: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A name bound to an expression; `annotation` where the statement carries one."""

    value: Node | None
    annotation: Node | None
    line: int


@dataclass(eq=False, slots=True)
class Function:
    """A function, method or lambda-like definition. Identity is the object; `qualname` is for people."""

    module: Module
    owner: Class | None
    parent: Function | None
    name: str
    qualname: str
    node: Node
    static: str = ""
    """"" for a plain function or method, else "static", "class", "property" or "cached_property"."""
    locals_: Scope | None = None

    @property
    def line(self) -> int:
        return int(self.node[1])

    @property
    def told(self) -> str:
        """As a sentence names it."""
        return f"`{self.qualname}` ({self.module.path}:{self.line})"

    @property
    def end_line(self) -> int:
        return int(self.node[2])

    @property
    def params(self) -> tuple[tuple[str, str, Node | None, Node | None], ...]:
        return self.node[4]  # type: ignore[no-any-return]  # shape of ir.DEF

    @property
    def decorators(self) -> tuple[Node, ...]:
        return self.node[5]  # type: ignore[no-any-return]  # shape of ir.DEF

    @property
    def body(self) -> tuple[Node, ...]:
        return self.node[6]  # type: ignore[no-any-return]  # shape of ir.DEF

    @property
    def returns(self) -> Node | None:
        return self.node[7]  # type: ignore[no-any-return]  # shape of ir.DEF

    @property
    def is_async(self) -> bool:
        return bool(self.node[8] & ir.ASYNC)

    @property
    def is_generator(self) -> bool:
        return bool(self.node[8] & ir.GENERATOR)

    def __repr__(self) -> str:
        return f"<Function {self.qualname}>"


@dataclass(eq=False, slots=True)
class Class:
    """A class with the names its body binds."""

    module: Module
    parent: Function | Class | None
    name: str
    qualname: str
    node: Node
    scope: Scope = field(default_factory=dict)

    @property
    def line(self) -> int:
        return int(self.node[1])

    @property
    def end_line(self) -> int:
        return int(self.node[2])

    @property
    def bases(self) -> tuple[Node, ...]:
        return self.node[4]  # type: ignore[no-any-return]  # shape of ir.CLASS

    @property
    def keywords(self) -> tuple[tuple[str | None, Node], ...]:
        return self.node[5]  # type: ignore[no-any-return]  # shape of ir.CLASS

    @property
    def decorators(self) -> tuple[Node, ...]:
        return self.node[6]  # type: ignore[no-any-return]  # shape of ir.CLASS

    @property
    def body(self) -> tuple[Node, ...]:
        return self.node[7]  # type: ignore[no-any-return]  # shape of ir.CLASS

    def __repr__(self) -> str:
        return f"<Class {self.qualname}>"


@dataclass(eq=False, slots=True)
class Module:
    """One file. `name` is its dotted name below the root that it belongs to."""

    name: str
    path: str
    role: str
    root: str
    is_package: bool
    body: tuple[Node, ...]
    lines: int
    ignores: tuple[tuple[int, tuple[str, ...], str], ...] = ()
    scope: Scope = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    """Absolute names of the modules star-imported here, in order."""
    functions: list[Function] = field(default_factory=list)
    """Every function of the file, nested ones and methods included, in order of line."""
    classes: list[Class] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Module {self.name}>"


Binding: TypeAlias = Function | Class | ImportedName | Assigned
Scope: TypeAlias = dict[str, list[Binding]]
"""Name → its bindings in order of line; several where a name is bound conditionally or again."""
Symbol: TypeAlias = Module | Class | Function | External | Assigned

_STATIC = {
    "staticmethod": "static",
    "classmethod": "class",
    "property": "property",
    "cached_property": "cached_property",
    "hybrid_property": "property",
    "reify": "cached_property",
    "abstractproperty": "property",
    "lazy_property": "cached_property",
    "memoized_property": "cached_property",
}


def declare(module: Module) -> Module:
    """Fills the scopes of a module from its body."""
    _Declarer(module).block(module.body, module.scope, None, None, module.name)
    return module


def function_scope(function: Function) -> Scope:
    """The names a function's body binds, computed on first use; nested functions were declared with the module."""
    if function.locals_ is None:
        function.locals_ = {}
        _Declarer(function.module, nested=False).block(
            function.body, function.locals_, function.owner, function, function.qualname
        )
        for inner in function.module.functions:
            if inner.parent is function:
                function.locals_.setdefault(inner.name, []).append(inner)
        for cls in function.module.classes:
            if cls.parent is function:
                function.locals_.setdefault(cls.name, []).append(cls)
    return function.locals_


class _Declarer:
    def __init__(self, module: Module, *, nested: bool = True) -> None:
        self.module = module
        self.nested = nested

    def block(
        self,
        statements: Iterable[Node],
        scope: Scope | None,
        owner: Class | None,
        parent: Function | None,
        prefix: str,
    ) -> None:
        """Declares what `statements` bind; with `scope` None only nested definitions are collected."""
        for s in statements:
            op = s[0]
            if op == ir.DEF:
                if self.nested:
                    self.function(s, scope, owner, parent, prefix)
            elif op == ir.CLASS:
                if self.nested:
                    self.class_(s, scope, parent or owner, parent, prefix)
            elif scope is not None:
                self.bind(s, scope)
            for block in inner_blocks(s):
                self.block(block, scope, owner, parent, prefix)

    def function(
        self, s: Node, scope: Scope | None, owner: Class | None, parent: Function | None, prefix: str
    ) -> None:
        inside = f"{prefix}.<locals>.{s[3]}" if parent is not None and owner is None else f"{prefix}.{s[3]}"
        function = Function(self.module, owner, parent, s[3], inside, s, static_kind(s[5]))
        self.module.functions.append(function)
        if scope is not None and not is_accessor(s[5]):
            scope.setdefault(s[3], []).append(function)
        self.block(s[6], None, None, function, inside)

    def class_(
        self,
        s: Node,
        scope: Scope | None,
        parent: Function | Class | None,
        inside: Function | None,
        prefix: str,
    ) -> None:
        dotted = f"{prefix}.<locals>.{s[3]}" if inside is not None else f"{prefix}.{s[3]}"
        cls = Class(self.module, parent, s[3], dotted, s)
        self.module.classes.append(cls)
        if scope is not None:
            scope.setdefault(s[3], []).append(cls)
        self.block(s[7], cls.scope, cls, None, dotted)

    def bind(self, s: Node, scope: Scope) -> None:
        op = s[0]
        if op == ir.ASSIGN:
            for target in s[3]:
                bind_target(target, s[4], s[1], scope)
        elif op == ir.ANN and s[3][0] == ir.NAME:
            scope.setdefault(s[3][2], []).append(Assigned(s[5], s[4], s[1]))
        elif op == ir.IMPORT:
            for dotted, alias in s[3]:
                name = alias or dotted.partition(".")[0]
                scope.setdefault(name, []).append(ImportedName(dotted if alias else name, None))
        elif op == ir.FROM:
            source = absolute(self.module, s[3], s[4])
            for name, alias in s[5]:
                if name == "*":
                    self.module.stars.append(source)
                else:
                    scope.setdefault(alias or name, []).append(ImportedName(source, name))


def bind_target(target: Node, value: Node, line: int, scope: Scope) -> None:
    if target[0] == ir.NAME:
        scope.setdefault(target[2], []).append(Assigned(value, None, line))
    elif target[0] == ir.SEQ:
        same = value[0] == ir.SEQ and len(value[3]) == len(target[3])
        for n, item in enumerate(target[3]):
            if item[0] == ir.NAME:
                element = value[3][n] if same else (ir.SUB, line, value, (ir.CONST, line, n))
                scope.setdefault(item[2], []).append(Assigned(element, None, line))


def inner_blocks(s: Node) -> Iterator[tuple[Node, ...]]:
    """The statement lists inside a compound statement, in order of execution; not those of DEF and CLASS."""
    op = s[0]
    if op == ir.IF:
        yield s[4]
        yield s[5]
    elif op == ir.FOR:
        yield s[5]
        yield s[6]
    elif op == ir.WHILE:
        yield s[4]
        yield s[5]
    elif op == ir.WITH:
        yield s[4]
    elif op == ir.TRY:
        yield s[3]
        for handler in s[4]:
            yield handler[2]
        yield s[5]
        yield s[6]
    elif op == ir.MATCH:
        for case in s[4]:
            yield case[2]


def static_kind(decorators: Iterable[Node]) -> str:
    for decorator in decorators:
        name = tail_name(decorator)
        if name in _STATIC:
            return _STATIC[name]
    return ""


def is_accessor(decorators: Iterable[Node]) -> bool:
    """True for `@x.setter`, `.deleter`, `.expression` and the like, which must not hide the getter."""
    return any(
        d[0] == ir.ATTR and d[3] in {"setter", "deleter", "expression", "comparator", "update_expression"}
        for d in decorators
    )


def tail_name(node: Node) -> str:
    """The last name of a dotted or called expression: `a.b.c(...)` gives `c`; "" for anything else."""
    while node[0] in {ir.CALL, ir.SUB}:
        node = node[2]
    if node[0] == ir.NAME:
        return str(node[2])
    return str(node[3]) if node[0] == ir.ATTR else ""


def absolute(module: Module, level: int, source: str) -> str:
    """The dotted name that `from <level dots><source>` means in `module`."""
    if level == 0:
        return source
    parts = module.name.split(".")
    keep = len(parts) - level + (1 if module.is_package else 0)
    if (
        keep <= 0 < module.path.count("/")
    ):  # a folder without `__init__.py`: such modules are found by their path
        folders = module.path.split("/")[:-1]
        parts, keep = folders, len(folders) - level + 1
    base = ".".join(parts[: max(keep, 0)])
    return f"{base}.{source}".strip(".") if source else base
