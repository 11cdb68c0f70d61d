"""Macros of Jinja's: called where a template names them, with nothing of its own names in sight but their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.values import UNKNOWN, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.frameworks.templates import Macro
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.trace.machine import Machine
    from auditor.trace.rendering import Templates

_MAX_NESTING: Final = 12


class Hook(Value):
    """A function of ours that a template's code calls."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[Machine, list[Value], dict[str, Value], Node | None], Value]) -> None:
        self.call = call


class Namespace(Value):
    """`m` after `{% import "macros.html" as m %}`."""

    __slots__ = ("members",)

    def __init__(self, members: dict[str, Value]) -> None:
        self.members = members


def in_sight(templates: Templates, path: str, depth: int = 0) -> dict[str, Value]:
    """The macros that a template's code can name: its own, and those that it imports."""
    found = templates.template(path)
    if found is None or depth > _MAX_NESTING:
        return {}
    made, function = found
    named = own(templates, path)
    for wanted in made.imports:
        source = templates.find(wanted.path, function.module.path)
        if source is None or source == path:
            continue
        given = own(templates, source)
        if wanted.alias:
            named[wanted.alias] = Namespace(given)
        named.update({bound: given[name] for name, bound in wanted.names if name in given})
    return named


def own(templates: Templates, path: str) -> dict[str, Value]:
    """The macros that stand in a file."""
    found = templates.template(path)
    if found is None:
        return {}
    made, function = found
    return {name: hook(templates, macro, function) for name, macro in made.macros.items()}


def hook(templates: Templates, macro: Macro, function: Function) -> Hook:
    """What calling a macro does."""

    def call(m: Machine, args: list[Value], kwargs: dict[str, Value], _: Node | None) -> Value:
        # One that calls itself, for a tree, does nothing new inside; several such calls would double with each level.
        if templates.depth < 2 * _MAX_NESTING and not m.quiet and id(macro) not in templates.running:
            names, body = macro
            bound = dict.fromkeys(names, UNKNOWN) | dict(zip(names, args, strict=False))
            given = {name: value for name, value in kwargs.items() if name in bound}
            templates.running.add(id(macro))
            try:
                templates.run(m, body, function, {**bound, **given}, {})
            finally:
                templates.running.discard(id(macro))
        return UNKNOWN

    return Hook(call)
