"""Which requests run what a change touches, as far as can be told from what the baseline ran."""

import ast
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.repo.decode import decode
from auditor.repo.syntax import syntax_tree
from auditor.trial.constraints.edited import Edited
from auditor.trial.reach import Lines, Reached

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


def could_run(
    files: Iterable[Edited], entered: Mapping[str, Lines], baseline: Callable[[str], bytes | None], /
) -> frozenset[str] | None:
    """Ids of the requests that may come to what is changed; None where that can't be said.

    Until a request comes to something that is changed it goes as it went on the baseline. So it has entered one of the changed functions
    there, or comes to none of what is changed: new functions are met by way of the changed ones alone, but for those that are called
    without their name (methods, what a decorator hands on).

    Args:
        files: before and after the change, on the baseline itself.
        entered: by request, the first lines of the functions that it ran on the baseline, whatever it was answered with.
        baseline: reads a file of the baseline.
    """
    found: set[str] = set()
    for file in files:
        spans = None if baseline(file.path) != file.before else _ways_in(file)
        if spans is None:
            return None
        found |= {
            id_
            for id_, lines in entered.items()
            if any(first <= at <= last for at in lines.get(file.path, ()) for first, last in spans)
        }
    return frozenset(found)


def _ways_in(file: Edited) -> list[Span] | None:
    """The old functions by which alone one comes to what is changed."""
    homes = _changed(file)
    if homes is None or file.trees is None or _rebinds(*file.trees):
        return None
    old, new = map(_functions, file.trees)
    bound = set(_bound(file.trees[0]))
    spans: list[Span] = []
    for home in homes:
        name = home
        while name not in old and (outer := name.rpartition(".")[0]) in new:
            name = outer  # a function in a function
        if name in old:
            spans.append(old[name].entry)
        elif "." in name or name in bound or name.startswith("__") or new[name].decorated:
            return None
    return spans


def _rebinds(old: ast.Module, new: ast.Module) -> bool:
    """Whether a name that the old module had comes from somewhere else in the new one, or is read there and comes from nowhere."""
    before, after = dict(_imported(old)), dict(_imported(new))
    bound = set(_bound(old))
    read = {node.id for node in ast.walk(new) if isinstance(node, ast.Name)}
    gone = before.keys() - after.keys()
    elsewhere = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    return bool(elsewhere or gone & read or (after.keys() - before.keys()) & bound)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            origin = f"{node.level}{node.module}" if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                yield alias.asname or alias.name, f"{origin} {alias.name}"


def _bound(tree: ast.Module) -> Iterator[str]:
    """Names that a module gives something, at whatever depth of it."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@dataclass(frozen=True, slots=True)
class _Function:
    whole: Span
    body: Span
    entry: Span
    """With its decorators."""

    @property
    def decorated(self) -> bool:
        """Whether something is handed it when it is made."""
        return self.entry[0] < self.whole[0]


def _touched(file: Edited, baseline: bytes | None) -> tuple[Span, ...] | None:
    """The bodies of the changed functions in the baseline's file; None where something else changes than functions and imports."""
    tree = None if baseline is None else syntax_tree(baseline)
    homes = _changed(file)
    if homes is None or tree is None:
        return None
    known = _functions(tree)
    return tuple(known[name].body for name in homes if name in known)


def _changed(file: Edited) -> set[str] | None:
    """The innermost functions, old and new, that hold what is changed; None where something else changes than functions and imports."""
    if file.trees is None or file.before is None:
        return None
    old, new = decode(file.before).text.splitlines(), decode(file.after).text.splitlines()
    homes: set[str | None] = set()
    for tag, start, stop, new_start, new_stop in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            homes |= _homes(file.trees[0], old, range(start + 1, stop + 1))
            homes |= _homes(file.trees[1], new, range(new_start + 1, new_stop + 1))
    return None if None in homes else {name for name in homes if name is not None}


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
                    first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
                    found[name] = _Function(
                        whole=(child.lineno, end), body=(child.body[0].lineno, end), entry=(first, end)
                    )
                walk(child, f"{name}.")
            else:
                walk(child, outer)

    walk(tree, "")
    return found
