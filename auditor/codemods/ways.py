"""The way from a loop down to a query, call by call, in the syntax trees of the files it leads through."""

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import Function, parents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.symbols import Function as Known
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Effect

_WAYS: Final = 64
_DEPTH: Final = 8
"""Ways to a query, and calls on one, that are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One function on the way."""

    known: "Known"
    node: Function
    owner: ast.ClassDef | None
    spans: "Spans"
    path: str
    call: ast.Call | None
    """The call that leads on; None in the last one, which runs the query."""
    above: dict[ast.AST, ast.AST]

    def around(self, anchor: ast.AST, /) -> "Iterator[tuple[ast.AST, ast.AST]]":
        """What stands around a place in the function, innermost first, each with its part that holds the place.

        A comprehension whose first items are made there is left out: they are made once, before it begins.
        """
        child = anchor
        node = self.above.get(child)
        while node is not None and node is not self.node:
            if isinstance(node, ast.comprehension) and child is node.iter:
                outer = self.above[node]
                if outer.generators[0] is node:  # type: ignore[attr-defined]  # only comprehensions hold clauses
                    child, node = outer, self.above.get(outer)
                    continue
            yield child, node
            child, node = node, self.above.get(node)

    def parameter(self, name: str, /) -> int | None:
        """The position of a parameter that is given by position or by name."""
        names = [one.arg for one in self.node.args.args]
        return names.index(name) if name in names else None


Hops = tuple[tuple["Known", int], ...]
"""Functions from the outermost to the one that runs a query, each with the line by which it goes on, or asks."""


def ways_to(effect: "Effect", scene: "Scene", /) -> list[Hops]:
    """Every way by which calls lead to the place of an effect, with all its beginnings; longest first, then by place."""
    callers = _callers(scene)
    function = effect.site.function
    if function is None:
        return []
    finished: list[Hops] = []
    open_: list[Hops] = [((function, effect.site.line),)]
    while open_ and len(finished) < _WAYS:
        way = open_.pop()
        above = [
            (caller, line)
            for caller, line in callers.get(_key(way[0][0]), ())
            if len(way) < _DEPTH and all(_key(caller) != _key(known) for known, _ in way)
        ]
        if not above:
            finished.append(way)
        open_ += [((caller, line), *way) for caller, line in above]
    return sorted(finished, key=lambda way: (-len(way), [(f.module.path, line) for f, line in way]))


def _key(function: "Known") -> tuple[str, int]:
    """The same for a function and its variants."""
    return (function.module.path, function.line)


@lru_cache(maxsize=1)
def _callers(scene: "Scene") -> "dict[tuple[str, int], list[tuple[Known, int]]]":
    """Who calls each function, from which line."""
    found: dict[tuple[str, int], dict[tuple[str, int, int], tuple[Known, int]]] = {}
    for scope in scene.scopes:
        for call in scope.calls:
            caller = call.site.function
            if caller is not None and not call.deferred and not call.offloaded:
                at = (*_key(caller), call.site.line)
                found.setdefault(_key(call.callee), {}).setdefault(at, (caller, call.site.line))
    return {key: [those[at] for at in sorted(those)] for key, those in found.items()}


def stages_of(way: Hops, source: "Source", /) -> tuple[Stage, ...] | str:
    """A way in syntax trees: what lies above a call that can't be found in them is left out."""
    stages: list[Stage] = []
    files: dict[str, Spans] = {}
    for n, (known, line) in enumerate(way):
        path = known.module.path
        spans = files.get(path) or source.spans(path)
        found = None if spans is None else definition(spans.tree, known)
        if spans is None or found is None:
            if n + 1 == len(way):
                return f"`{known.name}` can't be read"
            stages.clear()  # a library, a decorator: what lies above is not followed
            continue
        files[path] = spans
        node, owner = found
        call = None
        if n + 1 < len(way):
            call = _call(node, line, way[n + 1][0].name)
            if call is None:
                stages.clear()  # called by a framework, or twice on a line
                continue
        stages.append(Stage(known, node, owner, spans, path, call, parents(node)))
    return tuple(stages)


def definition(tree: ast.Module, known: "Known") -> tuple[Function, ast.ClassDef | None] | None:
    found = [
        (one, owner)
        for owner, one in _functions(tree, None)
        if one.name == known.name and _first(one) <= known.line <= (one.end_lineno or one.lineno)
    ]
    if not found:
        return None
    return min(found, key=lambda pair: abs(pair[0].lineno - known.line))


def _first(node: Function) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _functions(tree: ast.AST, owner: ast.ClassDef | None) -> "list[tuple[ast.ClassDef | None, Function]]":
    """Functions of a module and methods of its classes; none that stand in other functions."""
    found: list[tuple[ast.ClassDef | None, Function]] = []
    for node in getattr(tree, "body", ()):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append((owner, node))
        elif isinstance(node, ast.ClassDef) and owner is None:
            found += _functions(node, node)
    return found


def _call(node: Function, line: int, name: str) -> ast.Call | None:
    """The one call of `name` at a line."""
    found = [
        one
        for one in ast.walk(node)
        if isinstance(one, ast.Call)
        and one.lineno <= line <= (one.end_lineno or one.lineno)
        and (
            (isinstance(one.func, ast.Name) and one.func.id == name)
            or (isinstance(one.func, ast.Attribute) and one.func.attr == name)
        )
    ]
    return found[0] if len(found) == 1 else None
