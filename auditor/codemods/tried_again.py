"""Whether something that fails is done again by those who asked for it."""

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from auditor.codemods.places import function_at, parents

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.index.symbols import Function as Known
    from auditor.rules.scene import Scene

_AGAIN: Final = re.compile(r"retry|retries|retrying|backoff|tenacity|stamina|attempt", re.IGNORECASE)


def is_tried_again(source: "Source", path: str, line: int, home: "Known | None", /) -> bool:
    """Whether the place, or a call on the way to it, stands in a loop that catches errors or below a retrying decorator."""
    scene = source.scene
    if scene is None or _is_repeated(source, path, line):
        return True
    above = _callers(scene)
    queue, seen = [home], {id(home)}
    while queue:
        function = queue.pop()
        for path_, line_, caller in above.get(id(function), ()):
            if _is_repeated(source, path_, line_):
                return True
            if id(caller) not in seen:
                seen.add(id(caller))
                queue.append(caller)
    return False


def _callers(scene: "Scene") -> dict[int, list[tuple[str, int, "Known | None"]]]:
    """By the identity of a function: the places that call it, each with the function it is in."""
    found: dict[int, list[tuple[str, int, Known | None]]] = defaultdict(list)
    for scope in scene.scopes:
        for call in scope.calls:
            found[id(call.callee)].append((call.site.module.path, call.site.line, call.site.function))
    return found


def _is_repeated(source: "Source", path: str, line: int) -> bool:
    """Whether the function around a line is decorated to be tried again, or the line is caught inside a loop."""
    spans = source.spans(path)
    if spans is None:
        return True
    function = function_at(spans.tree, line)
    if function is None:
        return False
    if any(_AGAIN.search(ast.unparse(one)) for one in function.decorator_list):
        return True
    above = parents(function)
    for node in ast.walk(function):
        if not (isinstance(node, (ast.Try, ast.TryStar)) and node.lineno <= line <= (node.end_lineno or 0)):
            continue
        at: ast.AST | None = above.get(node)
        while at is not None:
            if isinstance(at, (ast.For, ast.While, ast.AsyncFor)):
                return True
            at = above.get(at)
    return False
