"""`no-cache`: what a patch begins to remember on the way of an endpoint.

Read off the text alone: decorators and calls that are named after remembering, and containers at module or class level that a
function writes to. What is remembered by other means is for the freshness checks of the contract to find.
"""

import ast
import re
from typing import Final

from auditor.model.constraint import NoCache
from auditor.trial.constraints.edited import Edited

_REMEMBERS: Final = re.compile(
    r"(^|_)(lru_)?(cache[ds]?|caching|memo(ize|ise)?d?|cached_property|ttl_?cache)($|_)", re.IGNORECASE
)
_KEEPERS: Final = ("append", "setdefault", "update", "add", "extend", "insert", "__setitem__")


def added_caches(rule: NoCache, file: Edited) -> list[str]:
    """One sentence for each thing that the file would begin to remember; files off the endpoint's way are not meant."""
    if file.trees is None or (file.endpoints and rule.endpoint not in file.endpoints):
        return []
    before, after = (_keeps(tree) for tree in file.trees)
    return [f"would remember between requests: {text}" for text in sorted(after - before)]


def _keeps(tree: ast.Module) -> set[str]:
    return {_by_name(node) for node in ast.walk(tree)} - {""} | _written_globals(tree)


def _by_name(node: ast.AST) -> str:
    match node:
        case (
            ast.FunctionDef(name=name, decorator_list=decorators)
            | ast.AsyncFunctionDef(name=name, decorator_list=decorators)
        ):
            for one in decorators:
                text = ast.unparse(one.func if isinstance(one, ast.Call) else one)
                if _REMEMBERS.search(text.rpartition(".")[2]):
                    return f"`@{text}` on `{name}`"
        case ast.Call(
            func=ast.Attribute(value=owner, attr="set" | "add" | "set_many" | "get_or_set" as verb)
        ):
            text = ast.unparse(owner)
            if _REMEMBERS.search(text.rpartition(".")[2]):
                return f"`{text}.{verb}(…)`"
        case _:
            pass
    return ""


def _written_globals(tree: ast.Module) -> set[str]:
    containers = {
        target.id
        for statement in tree.body
        for target, value in _assigned(statement)
        if isinstance(value, (ast.Dict, ast.List, ast.Set, ast.Call)) and isinstance(target, ast.Name)
    }
    written: set[str] = set()
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        local = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        for node in ast.walk(function):
            name = _written(node)
            if name in containers and name not in local:
                written.add(f"`{name}`, written by `{function.name}`")
            if isinstance(node, ast.Global):
                written |= {f"the global `{name}`, written by `{function.name}`" for name in node.names}
    return written


def _assigned(statement: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
    match statement:
        case ast.Assign(targets=targets, value=value):
            return [(target, value) for target in targets]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return [(target, value)]
        case _:
            return []


def _written(node: ast.AST) -> str:
    match node:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in _KEEPERS:
            return name
        case _:
            return ""
