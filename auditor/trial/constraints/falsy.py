"""`keep-falsy`: where a patch stops asking whether a parameter is there, and goes on using it.

`limit or 20`, `if limit:` and `x if limit else y` all treat 0, '' and nothing alike. A function that used to ask so and now uses the
value without asking (or asks `is not None`, which 0 passes) means another thing by 0.
"""

import ast
from collections.abc import Iterator

from auditor.model.constraint import KeepFalsy
from auditor.trial.constraints.edited import Edited


def falsy_lost(rule: KeepFalsy, file: Edited) -> list[str]:
    """One sentence for each function that no longer asks; files off the endpoint's way are not meant."""
    if file.endpoints and rule.endpoint is not None and rule.endpoint not in file.endpoints:
        return []
    return [
        f"`{function}` would use `{name}` without asking whether it is there: 0 and '' would mean another thing"
        for function, name in dropped_tests(file)
        if name == rule.parameter
    ]


def dropped_tests(file: Edited, /) -> list[tuple[str, str]]:
    """Function and name, sorted: asked for its truth before, used after without being asked."""
    if file.trees is None:
        return []
    before, after = (dict(_functions(tree)) for tree in file.trees)
    return sorted(
        (function, name)
        for function, node in before.items()
        if function in after
        for name in _tested(node) - _tested(after[function])
        if name in _used(after[function])
    )


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        path, node = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = f"{path}.{child.name}".lstrip(".")
                if not isinstance(child, ast.ClassDef):
                    yield name, child
                stack.append((name, child))
            else:
                stack.append((path, child))


def _tested(function: ast.AST) -> set[str]:
    """Names whose truth decides something."""
    found: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.Assert(test=test):
                found |= _names(test)
            case ast.BoolOp(values=values):
                for value in values:
                    found |= _names(value)
            case ast.comprehension(ifs=tests):
                for test in tests:
                    found |= _names(test)
            case _:
                pass
    return found


def _names(test: ast.expr) -> set[str]:
    match test:
        case ast.Name(id=name):
            return {name}
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _names(inner)
        case ast.BoolOp(values=values):
            return set().union(*map(_names, values))
        case ast.NamedExpr(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()


def _used(function: ast.AST) -> set[str]:
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
