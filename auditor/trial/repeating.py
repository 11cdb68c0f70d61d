"""Whether a patch is one that failed already, in other words.

Two patches are the same when the code they lead to is the same but for the names of local variables, the order of definitions and
imports, formatting, comments and docstrings. What is compared is the code after the patch: how it is cut into edits means nothing.
"""

import ast
import copy
import hashlib
from collections.abc import Iterable

from auditor.trial.constraints.edited import Edited

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def normal_form(files: Iterable[Edited], /) -> str:
    """A hash that is equal for patches that are the same; of the same tree only."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda one: one.path):
        digest.update(file.path.encode() + b"\0" + _content(file) + b"\0")
    return digest.hexdigest()


def _content(file: Edited) -> bytes:
    if file.trees is not None:
        try:
            return _module(file.trees[1]).encode()
        except RecursionError:  # an expression of thousands of terms
            pass
    return b"\n".join(line.strip() for line in file.after.splitlines() if line.strip())


def _module(tree: ast.Module) -> str:
    tree = copy.deepcopy(tree)
    tree.body = _plain(tree.body)
    return "\n".join(ast.dump(node) for node in tree.body)


def _plain(body: list[ast.stmt]) -> list[ast.stmt]:
    """Without docstrings; runs of imports and of definitions in an order of their own, local names by number."""
    kept = [_statement(node) for node in body if not _is_text(node)]
    ordered: list[ast.stmt] = []
    run: list[ast.stmt] = []
    for node in [*kept, None]:
        if node is not None and (not run or _kind(node) == _kind(run[0]) != "other"):
            run.append(node)
            continue
        ordered += sorted(run, key=ast.dump) if run and _kind(run[0]) != "other" else run
        run = [] if node is None else [node]
    return ordered


def _statement(node: ast.stmt) -> ast.stmt:
    if isinstance(node, ast.ClassDef):
        node.body = _plain(node.body)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        node.body = [one for one in node.body if not _is_text(one)] or [ast.Pass()]
        _Renaming(node).visit(node)
    elif isinstance(node, ast.ImportFrom):
        node.names.sort(key=lambda alias: (alias.name, alias.asname or ""))
    return node


def _kind(node: ast.stmt) -> str:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return "import"
    return "definition" if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else "other"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Renaming(ast.NodeTransformer):
    """Numbers the local names of one function in the order of their appearance; parameters keep theirs, callers use them."""

    def __init__(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        free: set[str] = {
            argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)
        }
        bound: dict[str, str] = {}
        for node in ast.walk(function):
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                free |= set(node.names)
        for node in _in_order(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in free:
                bound.setdefault(node.id, f"_{len(bound)}")
        self._names = bound

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node


def _in_order(node: ast.AST) -> Iterable[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)
