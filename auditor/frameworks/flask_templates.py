"""Flask's context processors: they run where a template is rendered, not around every view."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks.callbacks import mentions
from auditor.index import ir
from auditor.index.symbols import Class, Function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.entry import Around, EntryPoint
    from auditor.index.project import Project

_RENDERS: Final = frozenset(
    "render_template render_template_string stream_template stream_template_string render render_to_string".split()
)

_PLAIN: Final = frozenset({"flask.views", "flask_restful", "flask_restx", "builtins"})
"""Modules whose view classes render nothing themselves."""


def without_processors(project: Project, found: EntryPoint, processors: frozenset[Around]) -> EntryPoint:
    """The entry without context processors, where its view seems to render no template."""
    if processors.isdisjoint(found.around) or renders(project, found):
        return found
    return replace(found, around=tuple(a for a in found.around if a not in processors))


def renders(project: Project, found: EntryPoint) -> bool:
    """Whether a view, a method beside it or a function that it calls by name speaks of rendering.

    A view class of a library's may render where nobody sees it.
    """
    outside = () if found.receiver is None else project.external_bases(found.receiver)
    if any(base.rpartition(".")[0] not in _PLAIN for base in outside):
        return True
    functions = [found.handler, *methods(project, found.receiver)]
    if any(mentions(f, _RENDERS) for f in functions):
        return True
    return any(mentions(helper, _RENDERS) for f in functions for helper in called(project, f))


def methods(project: Project, cls: Class | None) -> Iterator[Function]:
    """What stands in a view class and the project's classes above it."""
    for base in () if cls is None else project.mro(cls):
        if isinstance(base, Class):
            yield from (b for bindings in base.scope.values() for b in bindings if isinstance(b, Function))


def called(project: Project, function: Function) -> Iterator[Function]:
    """The project's functions that a function names in its body or above it."""
    stack: list[object] = [*function.decorators, *function.body]
    while stack:
        node = stack.pop()
        if not isinstance(node, tuple) or not node:
            continue
        if node[0] in {ir.NAME, ir.ATTR}:
            symbol = project.resolve_expression(function.module, node, function)
            if isinstance(symbol, Function):
                yield symbol
        stack.extend(node)
