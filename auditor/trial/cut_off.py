"""What a change begins to cut off: a list of at most so many, where nothing said before how many there may be.

A workload on a few rows never comes to such an end, and what lies beyond it is gone without a word. A number that stood in the changed
files already, as what a page shows or a slice kept, is that very limit put elsewhere.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.trial.constraints.edited import Edited

_FEW: Final = 2
"""The first, or whether there is more than one."""
_LONG: Final = 100
"""From here on a slice is of a list: texts and digests are cut shorter."""
_CALLS: Final = frozenset({"limit", "fetchmany", "islice"})
_OF_TEXTS: Final = frozenset({"encode", "decode", "strip", "rstrip", "lower", "upper", "hex"})
_IN_TEXT: Final = re.compile(r"\bSELECT\b.*\bLIMIT\s+(\d+)", re.IGNORECASE | re.DOTALL)
_LOOPS: Final = ast.For | ast.AsyncFor | ast.While
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An end that was not there."""

    file: str
    text: str
    """For a person."""


def cut_off(files: Iterable[Edited], /) -> tuple[Cut, ...]:
    """The ends that a change brings of itself; what is asked for part after part in a loop has none."""
    pairs = [(file.path, file.trees) for file in files if file.trees is not None]
    known = {number for _, (before, _) in pairs for number in _numbers(before)}
    again = {name for _, (_, after) in pairs for name in _called_in_loops(after)}
    found: dict[Cut, None] = {}
    for path, (_, after) in pairs:
        for function, number in _ends(after):
            if number not in known and function not in again:
                text = f"`{function}` keeps {number} at most, and nothing said so before"
                found[Cut(file=path, text=text)] = None
    return tuple(found)


def _called_in_loops(tree: ast.Module) -> Iterator[str]:
    """What is asked part after part: it is its caller who comes to an end."""
    for loop in ast.walk(tree):
        if isinstance(loop, _LOOPS):
            for node in ast.walk(loop):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                    yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr


def _numbers(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if type(node.value) is int:
                yield node.value
            elif isinstance(node.value, str):
                yield from map(int, re.findall(r"(?<![\w.])\d{1,9}(?![\w.])", node.value))


def _ends(tree: ast.Module) -> Iterator[tuple[str, int]]:
    named = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and type(node.value.value) is int
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for function in ast.walk(tree):
        if isinstance(function, _Function):
            yield from ((function.name, number) for number in _of(function, named))


def _of(function: _Function, named: Mapping[str, int]) -> Iterator[int]:
    """Of its own statements, those of loops left out."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, _Function | _LOOPS | ast.Lambda):
            if isinstance(node, ast.For | ast.AsyncFor):
                stack.append(node.iter)
            continue
        if (
            isinstance(node, ast.Attribute)
            and node.attr in _OF_TEXTS
            and isinstance(node.value, ast.Subscript)
        ):
            node = node.value.value
        stack.extend(ast.iter_child_nodes(node))
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[*_, last]) if (
                name in _CALLS
            ):
                number, least = _number(last, named), _FEW
            case ast.Subscript(slice=ast.Slice(lower=None, upper=ast.expr() as upper, step=None)):
                number, least = _number(upper, named), _LONG - 1
            case ast.Constant(value=str(text)) if found := _IN_TEXT.search(text):
                number, least = int(found[1]), _FEW
            case _:
                continue
        if number is not None and number > least:
            yield number


def _number(node: ast.expr, named: Mapping[str, int]) -> int | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return named.get(node.id) if isinstance(node, ast.Name) else None
