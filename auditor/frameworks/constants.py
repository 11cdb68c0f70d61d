"""What an expression is worth without running it: texts, numbers, sequences and dicts of these.

Names are followed through imports, classes (settings objects included), `os.environ.get(…, default)` and
the arguments that a caller binds. A text keeps `{?}` where a part of it can't be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from auditor.frameworks import literals
from auditor.frameworks.literals import HOLE, UNKNOWN, Unknown
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function, Module

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project

__all__ = ["HOLE", "UNKNOWN", "Unknown", "fold", "fold_text"]

_MAX_DEPTH: Final = 24
_ENVIRONMENT: Final = frozenset({"os.getenv", "os.environ.get", "environ.get"})
_THROUGH: Final = frozenset({"str", "list", "tuple", "gettext_lazy", "_", "gettext", "cast"})


def fold(
    project: Project,
    module: Module,
    node: Node | None,
    *,
    function: Function | None = None,
    bound: Mapping[str, object] | None = None,
) -> object:
    """The value of `node` as a str, int, float, bool, None, list, tuple or dict, or `UNKNOWN`.

    `function` is where the expression stands, `bound` gives names whose values are known there (parameters).
    Items of a sequence that are unknown stay in it as `UNKNOWN`.
    """
    return _Folder(project, bound or {}).value(module, node, function, 0)


def fold_text(
    project: Project,
    module: Module,
    node: Node | None,
    *,
    function: Function | None = None,
    bound: Mapping[str, object] | None = None,
) -> str:
    """As `fold`, always a text: `{?}` where nothing is known."""
    value = fold(project, module, node, function=function, bound=bound)
    return value if isinstance(value, str) else literals.as_text(value)


class _Folder:
    def __init__(self, project: Project, bound: Mapping[str, object]) -> None:
        self.project = project
        self.bound = bound

    def value(self, module: Module, node: Node | None, function: Function | None, depth: int) -> object:
        if node is None or depth > _MAX_DEPTH:
            return UNKNOWN
        depth += 1
        op = node[0]
        if op == ir.CONST:
            return node[2]
        if op == ir.NAME:
            return self.name(module, node, function, depth)
        if op == ir.ATTR:
            return self.attribute(module, node, function, depth)
        if op == ir.FSTR:
            return literals.joined(node[2], [self.value(module, n, function, depth) for n in node[3]])
        if op == ir.BIN:
            left, right = (self.value(module, n, function, depth) for n in node[3:5])
            return literals.binary(node[2], left, right)
        if op == ir.SEQ:
            return self.sequence(module, node, function, depth)
        if op == ir.DICT:
            return self.mapping(module, node, function, depth)
        if op == ir.SUB:
            container, index = (self.value(module, n, function, depth) for n in node[2:4])
            return literals.item(container, index)
        if op == ir.BOOL:
            return self.boolean(module, node, function, depth)
        if op == ir.NOT:
            held = literals.truth(self.value(module, node[2], function, depth))
            return UNKNOWN if held is None else not held
        if op == ir.CMP:
            return literals.compared(node[2], [self.value(module, n, function, depth) for n in node[3]])
        if op == ir.IFEXP:
            return self.conditional(module, node, function, depth)
        if op == ir.CALL:
            return self.call(module, node, function, depth)
        return UNKNOWN

    def name(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        if node[2] in self.bound:
            return self.bound[node[2]]
        if node[2] == "__name__":
            return module.name
        symbol = self.project.lookup(function, module, node[2])
        if not isinstance(symbol, Assigned):
            return UNKNOWN
        home = self.project.home(module, symbol)
        return self.value(home, symbol.value, function if home is module else None, depth)

    def attribute(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        base = self.project.resolve_expression(module, node[2], function)
        if isinstance(base, Assigned) and node[3] in {"value", "name"}:  # a member of an enumeration
            return self.value(module, node[2], function, depth)
        if isinstance(base, Module):
            symbol = self.project.exported(base, node[3])
            if isinstance(symbol, Assigned):
                return self.value(self.project.home(base, symbol), symbol.value, None, depth)
            return UNKNOWN
        if isinstance(base, Class):
            return self.class_attribute(base, node[3], depth)
        return UNKNOWN

    def class_attribute(self, cls: Class, name: str, depth: int) -> object:
        found = self.project.member(cls, name)
        if found is not None:
            owner, bindings = found
            symbol = self.project.pick(owner.module, bindings)
            return (
                self.value(owner.module, symbol.value, None, depth)
                if isinstance(symbol, Assigned)
                else UNKNOWN
            )
        init = self.project.method(cls, "__init__")
        for s in init.body if init is not None else ():
            if s[0] != ir.ASSIGN or init is None:
                continue
            if any(t[0] == ir.ATTR and t[3] == name and t[2][0] == ir.NAME for t in s[3]):
                return self.value(init.module, s[4], init, depth)
        return UNKNOWN

    def sequence(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        items: list[object] = []
        for n in node[3]:
            if n[0] == ir.STAR:
                spread = self.value(module, n[2], function, depth)
                items.extend(spread if isinstance(spread, list | tuple) else [UNKNOWN])
            else:
                items.append(self.value(module, n, function, depth))
        return tuple(items) if node[2] == "tuple" else items

    def mapping(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        out: dict[object, object] = {}
        for key, n in node[2]:
            value = self.value(module, n, function, depth)
            name = UNKNOWN if key is None else self.value(module, key, function, depth)
            if key is None and isinstance(value, dict):
                out.update(value)
            elif isinstance(name, str | int):
                out[name] = value
        return out

    def boolean(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        values = [self.value(module, n, function, depth) for n in node[3]]
        for value in values[:-1]:
            held = literals.truth(value)
            if held is None:
                # `setting or "/default"`: the constant is what the code falls back to.
                return literals.first_known(values) if node[2] == "or" else UNKNOWN
            if held == (node[2] == "or"):
                return value
        return values[-1]

    def conditional(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        held = literals.truth(self.value(module, node[2], function, depth))
        if held is not None:
            return self.value(module, node[3] if held else node[4], function, depth)
        then, orelse = (self.value(module, n, function, depth) for n in node[3:5])
        return then if orelse is UNKNOWN or orelse is None else orelse

    def call(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        callee, args, kwargs = node[2], node[3], node[4]
        if callee[0] == ir.ATTR:
            base = self.value(module, callee[2], function, depth)
            if isinstance(base, str):
                values = [self.value(module, a, function, depth) for a in args]
                named = {k: self.value(module, v, function, depth) for k, v in kwargs if k is not None}
                return literals.text_method(base, callee[3], values, named)
            if isinstance(base, dict) and callee[3] == "get" and args:
                found = literals.item(base, self.value(module, args[0], function, depth))
                return (
                    self.value(module, args[1], function, depth)
                    if found is UNKNOWN and len(args) > 1
                    else found
                )
        if callee[0] == ir.NAME and callee[2] in _THROUGH and args:
            return self.value(module, args[-1], function, depth)
        return self.default(module, node, function, depth)

    def default(self, module: Module, node: Node, function: Function | None, depth: int) -> object:
        """The default of a setting that is read from outside: an environment variable, a declared field."""
        symbol = self.project.resolve_expression(module, node[2], function)
        if not isinstance(symbol, External):
            return UNKNOWN
        for keyword, n in node[4]:
            if keyword == "default":
                return self.value(module, n, function, depth)
        if symbol.name in _ENVIRONMENT and len(node[3]) > 1:
            return self.value(module, node[3][1], function, depth)
        if symbol.name.endswith(".Field") and node[3]:
            return self.value(module, node[3][0], function, depth)
        return UNKNOWN
