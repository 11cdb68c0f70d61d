"""Which requests run what a change touches, as far as can be told from what the baseline ran."""

import ast
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from auditor.repo.decode import decode
from auditor.repo.syntax import syntax_tree
from auditor.trial.constraints.edited import Edited
from auditor.trial.reach import Reached

Span = tuple[int, int]
"""First and last line."""


def affected(
    files: Iterable[Edited], reach: Mapping[str, Reached], baseline: Callable[[str], bytes | None], /
) -> frozenset[str]:
    """Ids of the requests that ran a function which the change touches; all of them where that can't be said.

    It can't where something else changes than functions and imports (a constant, a class, a decorator), where only functions change
    that the baseline does not have, where a file is made or is no Python.

    Args:
        files: before and after the change.
        reach: what the requests ran on the baseline.
        baseline: reads a file of the baseline, whose lines those are.
    """
    found: set[str] = set()
    for file in files:
        spans = _touched(file, baseline(file.path))
        if spans is None:
            return frozenset(reach)
        lines = {line for first, last in spans for line in range(first, last + 1)}
        found |= _running(file.path, lines, reach)
    return frozenset(found) or frozenset(reach)


def _running(path: str, lines: set[int], reach: Mapping[str, Reached]) -> set[str]:
    """Those with one of the lines on the way to an effect, and all that are like one that was seen to run it."""
    direct = {id_ for id_, one in reach.items() if lines & one.frames.get(path, frozenset())}
    seen = [
        one for id_, one in reach.items() if id_ not in direct and lines & one.lines.get(path, frozenset())
    ]
    paths, outer = {one.request.path for one in seen}, {one.outer for one in seen}
    return direct | {id_ for id_, one in reach.items() if one.request.path in paths or one.outer in outer}


@dataclass(frozen=True, slots=True)
class _Function:
    whole: Span
    body: Span


def _touched(file: Edited, baseline: bytes | None) -> tuple[Span, ...] | None:
    """The bodies of the changed functions in the baseline's file; None where something else changes than functions and imports."""
    if file.trees is None or file.before is None or baseline is None:
        return None
    old, new = decode(file.before).text.splitlines(), decode(file.after).text.splitlines()
    homes: set[str | None] = set()
    for tag, start, stop, new_start, new_stop in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            homes |= _homes(file.trees[0], old, range(start + 1, stop + 1))
            homes |= _homes(file.trees[1], new, range(new_start + 1, new_stop + 1))
    if None in homes:
        return None
    tree = syntax_tree(baseline)
    if tree is None:
        return None
    known = _functions(tree)
    return tuple(known[name].body for name in homes if name in known)


def _homes(tree: ast.Module, text: list[str], lines: Iterable[int]) -> set[str | None]:
    """The innermost functions that hold the lines; None for code outside functions that is no import."""
    functions = _functions(tree)
    imports = {
        line
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    found: set[str | None] = set()
    for line in lines:
        content = text[line - 1].strip()
        if not content or content.startswith("#") or line in imports:
            continue
        holding = [
            (one.whole[1] - one.whole[0], name)
            for name, one in functions.items()
            if one.whole[0] <= line <= one.whole[1]
        ]
        found.add(min(holding)[1] if holding else None)
    return found


def _functions(tree: ast.Module) -> dict[str, _Function]:
    """By qualified name, without their decorators; of several of one name the last."""
    found: dict[str, _Function] = {}

    def walk(node: ast.AST, outer: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = f"{outer}{child.name}"
                if not isinstance(child, ast.ClassDef):
                    end = child.end_lineno or child.lineno
                    found[name] = _Function((child.lineno, end), (child.body[0].lineno, end))
                walk(child, f"{name}.")
            else:
                walk(child, outer)

    walk(tree, "")
    return found
