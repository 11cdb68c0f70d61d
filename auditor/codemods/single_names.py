"""Names that stand for one value, read in one place."""

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.codemods.places import Function


def bindings(function: "Function", name: str, /) -> list[ast.AST]:
    """Everything that binds a name in a function: stores, parameters, `global` and `nonlocal`."""
    found: list[ast.AST] = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    found += [node for node in ast.walk(function.args) if isinstance(node, ast.arg) and node.arg == name]
    found += [
        node
        for node in ast.walk(function)
        if (isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names)
        or (isinstance(node, ast.ExceptHandler) and node.name == name)
    ]
    return found


def loads(function: "Function", name: str, /) -> list[ast.Name]:
    """Everywhere a name is read in a function, those inside it included."""
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def assignment(function: "Function", name: str, /) -> ast.Assign | None:
    """The one plain assignment that binds a name, if nothing else does."""
    if len(bindings(function, name)) != 1:
        return None
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=found)]) if found == name:
                return node
            case _:
                pass
    return None


def values_of(function: "Function", name: str, /) -> list[ast.expr]:
    """What a name is bound to, where each binding is a plain assignment; nothing otherwise."""
    values = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == name
    ]
    return values if len(values) == len(bindings(function, name)) else []


def only_value(function: "Function", node: ast.Name, /) -> ast.expr | None:
    """What a name stands for that is bound once and read only at `node`."""
    bound = assignment(function, node.id)
    if bound is None or loads(function, node.id) != [node]:
        return None
    return bound.value
