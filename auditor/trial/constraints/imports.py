"""`no-new-import`: what a patch imports that was not imported before.

Every way to import counts that can be read off the text: statements at any depth, `importlib.import_module`, `__import__`.
"""

import ast
from collections.abc import Iterator
from typing import Final

from auditor.model.constraint import NoNewImport
from auditor.trial.constraints.edited import Edited

_PERHAPS: Final = "?"
"""Before a name: `from a import b` loads the module a.b, if b is a module."""


def added_imports(rule: NoNewImport, file: Edited) -> list[str]:
    """One sentence for each module that is newly imported and forbidden."""
    if file.trees is None:
        return []
    before, after = (_imports(tree) for tree in file.trees)
    found = []
    for name, inside in sorted(after - before):
        if inside and rule.inside_functions == "allowed":
            continue
        if (name, not inside) in before and inside:
            continue  # already imported with the module: to do it again inside a function loads nothing
        if name.startswith(_PERHAPS) and _forbidden(name.removeprefix(_PERHAPS).rpartition(".")[0], rule):
            continue  # said of what it is taken from
        if _forbidden(name, rule):
            found.append(
                f"would import `{name.removeprefix(_PERHAPS)}`" + (" inside a function" if inside else "")
            )
    return found


def _forbidden(name: str, rule: NoNewImport) -> bool:
    if not rule.modules:
        return not name.startswith(_PERHAPS)
    return any(f"{name.removeprefix(_PERHAPS)}.".startswith(f"{module}.") for module in rule.modules)


def _imports(tree: ast.Module) -> set[tuple[str, bool]]:
    """Each module imported, and whether that happens only when a function runs."""
    return {(name, inside) for node, inside in _statements(tree) for name in _names(node)}


def _statements(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, inside = stack.pop()
        yield node, inside
        deeper = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        stack += [(child, deeper) for child in ast.iter_child_nodes(node)]


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=0) if module:
            return [module, *(f"{_PERHAPS}{module}.{alias.name}" for alias in names if alias.name != "*")]
        case ast.ImportFrom(module=module, names=names, level=level):
            prefix = "." * level + (module or "")
            return [prefix] if module else [f"{prefix}{alias.name}" for alias in names]
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if _imports_by_name(func):
            return [name]
        case _:
            return []


def _imports_by_name(func: ast.expr) -> bool:
    match func:
        case ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module" | "__import__"):
            return True
        case _:
            return False
