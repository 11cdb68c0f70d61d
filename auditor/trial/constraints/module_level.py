"""`no-module-level-code`: what a patch makes happen when a module is imported."""

import ast
from collections import Counter
from typing import Final

from auditor.model.constraint import NoModuleLevelCode
from auditor.trial.constraints.edited import Edited

_QUIET: Final = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Import,
    ast.ImportFrom,
    ast.Pass,
    ast.Global,
)


def added_module_code(_rule: NoModuleLevelCode, file: Edited) -> list[str]:
    """One sentence for each new statement that does something; the same statement moved is not new."""
    if file.trees is None:
        return []
    before, after = (Counter(_active(tree.body)) for tree in file.trees)
    return [f"would run at import: `{_first_line(text)}`" for text in (after - before)]


def _active(body: list[ast.stmt]) -> list[str]:
    found: list[str] = []
    for statement in body:
        match statement:
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                found += [f"@{ast.unparse(one)}" for one in decorators if _does_something(one)]
            case ast.ClassDef(body=inner):
                found += _active(inner)
            case ast.If(test=test) if _is_type_checking(test):
                continue
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if not _does_something(
                value
            ):
                continue
            case ast.AnnAssign(value=None):
                continue
            case _ if not isinstance(statement, _QUIET):
                found.append(ast.unparse(statement))
    return found


def _does_something(node: ast.expr) -> bool:
    """Whether evaluating it calls anything: a constant, a literal of constants, a name or a lambda do not."""
    if isinstance(node, ast.Lambda):
        return False
    calls = (
        ast.Call,
        ast.Await,
        ast.Yield,
        ast.YieldFrom,
        ast.ListComp,
        ast.SetComp,
        ast.DictComp,
        ast.GeneratorExp,
    )
    return any(isinstance(part, calls) for part in ast.walk(node))


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test).rpartition(".")[2] == "TYPE_CHECKING"


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 80 else f"{line[:77]}…"
