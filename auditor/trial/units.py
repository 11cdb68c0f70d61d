"""A patch cut into the smallest parts that can be tried by themselves.

A unit is a run of changed lines, cut between the statements it adds. Units know which others they can't do without: what uses a new
name needs the unit that defines it; what removes a definition needs the units that remove its uses. Files that are no Python, or do
not parse, are one unit each.
"""

import ast
import difflib
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from auditor.model.text import shorten
from auditor.repo.syntax import syntax_tree

_FETCHED_AS: Final = "to_attr="
_PLAIN: Final = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return)
_ALIKE: Final = 0.6
"""From which share of common text on two statements are versions of one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines `start` to `stop` (0-based, end not included) of the old file become `text`."""

    file: str
    start: int
    stop: int
    text: str
    line: int
    """Where it stands in the new file, 1-based."""
    needs: frozenset[int] = frozenset()
    """Units, by their place in the tuple, without which this one makes no sense; transitive, never itself."""

    @property
    def summary(self) -> str:
        """`file:line: first line`, for a person."""
        first = next((line.strip() for line in self.text.splitlines() if line.strip()), "(lines removed)")
        return f"{self.file}:{self.line}: {shorten(first)}"


@dataclass(slots=True)
class _Draft:
    file: str
    start: int
    stop: int
    new_start: int
    new_stop: int
    text: str
    defines: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    removes: set[str] = field(default_factory=set)
    unuses: set[str] = field(default_factory=set)


def units_of(before: Mapping[str, str | None], after: Mapping[str, str], /) -> tuple[Unit, ...]:
    """The units that lead from `before` (None: no such file) to `after`, by file and line."""
    drafts: list[_Draft] = []
    known: set[str] = set()
    for path in sorted(after):
        old = before.get(path) or ""
        old_tree, new_tree = (
            syntax_tree(text) if path.endswith(".py") else None for text in (old, after[path])
        )
        if old_tree is None or new_tree is None:
            count = len(_lines(old))
            drafts.append(_Draft(path, 0, count, 0, len(_lines(after[path])), after[path]))
            continue
        known |= {name for _, name in _bound(old_tree)}
        drafts += _drafts(path, old, after[path], old_tree, new_tree)
    needs = _closed(_needs(drafts, known))
    return tuple(
        Unit(one.file, one.start, one.stop, one.text, one.new_start + 1, frozenset(needs[index]))
        for index, one in enumerate(drafts)
    )


def with_units(before: Mapping[str, str | None], units: Iterable[Unit], /) -> dict[str, str]:
    """The files that some of the units change, with only those changes."""
    by_file: dict[str, list[Unit]] = {}
    for unit in units:
        by_file.setdefault(unit.file, []).append(unit)
    made: dict[str, str] = {}
    for path, chosen in by_file.items():
        lines = _lines(before.get(path) or "")
        # Insertions at one place keep their order; from the end, so that earlier numbers stay true.
        for unit in sorted(chosen, key=lambda one: (one.start, one.line), reverse=True):
            lines[unit.start : unit.stop] = [unit.text]
        made[path] = "".join(lines)
    return made


def without_leftovers(units: Sequence[Unit], chosen: frozenset[int], /) -> frozenset[int]:
    """What is chosen, without imports, definitions and rows fetched under a new name that only units which are not chosen have a use for."""
    kept = chosen
    while True:
        wanted = frozenset[int]().union(*(units[index].needs for index in kept))
        lost = frozenset[int]().union(*(unit.needs for index, unit in enumerate(units) if index not in kept))
        idle = {
            index
            for index in (kept & lost) - wanted
            if _only_defines(units[index]) or _only_fetches(units[index])
        }
        if not idle:
            return kept
        kept -= idle


def _only_defines(unit: Unit) -> bool:
    tree = syntax_tree(textwrap.dedent(unit.text))
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return tree is not None and bool(tree.body) and all(isinstance(one, kinds) for one in tree.body)


def _only_fetches(unit: Unit) -> bool:
    """One statement, or what is put into one, that has related rows fetched under a name of their own."""
    if _FETCHED_AS not in unit.text:
        return False
    tree = syntax_tree(textwrap.dedent(unit.text))
    return (
        unit.start == unit.stop if tree is None else len(tree.body) == 1 and isinstance(tree.body[0], _PLAIN)
    )


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _drafts(path: str, old: str, new: str, old_tree: ast.Module, new_tree: ast.Module) -> Iterator[_Draft]:
    old_lines, new_lines = _lines(old), _lines(new)
    starts, bodies = _starts(new_tree), _nesting(new_tree)
    names = [(_bound(old_tree), _read(old_tree)), (_bound(new_tree), _read(new_tree))]
    old_starts, old_bodies = _starts(old_tree), _nesting(old_tree)
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for tag, start, stop, new_start, new_stop in matcher.get_opcodes():
        if tag == "equal":
            continue
        new_cuts = [new_start, *_cuts(starts, bodies, new_start, new_stop)]
        if tag == "insert":
            spans = [(start, stop, first, last) for first, last in pairwise([*new_cuts, new_stop])]
        else:
            old_cuts = [start, *_cuts(old_starts, old_bodies, start, stop)]
            spans = _paired([*old_cuts, stop], [*new_cuts, new_stop], old_lines, new_lines)
        for old_first, old_last, first, last in spans:
            draft = _Draft(path, old_first, old_last, first, last, "".join(new_lines[first:last]))
            draft.removes, draft.unuses = (_within(found, old_first, old_last) for found in names[0])
            draft.defines, draft.uses = (_within(found, first, last) for found in names[1])
            yield draft


def _starts(tree: ast.Module) -> set[int]:
    """Lines (0-based) on which a statement begins."""
    return {_first_line(node) - 1 for node in ast.walk(tree) if isinstance(node, ast.stmt)}


def _cuts(starts: set[int], depths: dict[int, int], first: int, last: int) -> list[int]:
    """Where the outermost statements within the lines begin, the first of them left out."""
    outer = min((depths[line] for line in range(first, last) if line in starts), default=0)
    return [line for line in range(first + 1, last) if line in starts and depths[line] == outer]


def _paired(
    old_cuts: list[int], new_cuts: list[int], old: list[str], new: list[str]
) -> list[tuple[int, int, int, int]]:
    """A stretch that was rewritten, cut where statements at its beginning and end are versions of each other."""
    before, after = list(pairwise(old_cuts)), list(pairwise(new_cuts))
    head: list[tuple[int, int, int, int]] = []
    tail: list[tuple[int, int, int, int]] = []
    while min(len(before), len(after)) > 1 and _alike(old, before[-1], new, after[-1]):
        tail.insert(0, (*before.pop(), *after.pop()))
    while min(len(before), len(after)) > 1 and _alike(old, before[0], new, after[0]):
        head.append((*before.pop(0), *after.pop(0)))
    middle = [(before[0][0], before[-1][1], after[0][0], after[-1][1])] if before and after else []
    return [*head, *middle, *tail]


def _alike(old: list[str], before: tuple[int, int], new: list[str], after: tuple[int, int]) -> bool:
    texts = "".join(old[slice(*before)]).strip(), "".join(new[slice(*after)]).strip()
    return difflib.SequenceMatcher(None, *texts, autojunk=False).ratio() >= _ALIKE


def _first_line(node: ast.stmt) -> int:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return node.lineno


def _nesting(tree: ast.Module) -> dict[int, int]:
    """How deep the statement that begins on each line (0-based) lies."""
    depths: dict[int, int] = {}
    stack: list[tuple[ast.AST, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                line = _first_line(child) - 1
                depths[line] = min(depth, depths.get(line, depth))
            stack.append((child, depth + isinstance(child, ast.stmt)))
    return depths


def _bound(tree: ast.Module) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.append((node.lineno, name))
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found += [(node.lineno, (alias.asname or alias.name).partition(".")[0]) for alias in names]
            case ast.keyword(arg="to_attr", value=ast.Constant(value=str(name))):
                found.append((node.value.lineno, name))
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                found.append((node.lineno, name))
            case ast.Attribute(attr=name, ctx=ast.Store()):
                found.append((node.lineno, name))
            case _:
                pass
    return found


def _read(tree: ast.Module) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.append((node.lineno, name))
            case ast.ImportFrom(names=names):
                found += [(node.lineno, alias.name) for alias in names]
            case _:
                pass
    return found


def _within(found: list[tuple[int, str]], first: int, last: int) -> set[str]:
    return {name for line, name in found if first < line <= last}


def _needs(drafts: list[_Draft], known: set[str]) -> list[set[int]]:
    needs: list[set[int]] = []
    for index, one in enumerate(drafts):
        wanted = one.uses - known
        gone = one.removes - one.defines
        needs.append(
            {
                other
                for other, that in enumerate(drafts)
                if other != index and (wanted & (that.defines - known) or gone & (that.unuses - that.uses))
            }
        )
    return needs


def _closed(needs: list[set[int]]) -> list[set[int]]:
    closed: list[set[int]] = []
    for index in range(len(needs)):
        seen: set[int] = set()
        stack = [*needs[index]]
        while stack:
            other = stack.pop()
            if other not in seen:
                seen.add(other)
                stack += needs[other]
        closed.append(seen - {index})
    return closed
