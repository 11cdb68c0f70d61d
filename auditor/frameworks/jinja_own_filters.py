"""Filters that a project gives its Jinja templates: `@app.template_filter()`, `env.filters["name"] = function`, and the like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_template_tags import text_of
from auditor.index import ir
from auditor.index.symbols import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

_REGISTERING: Final = frozenset({"add_template_filter", "add_app_template_filter"})
_CONTEXT: Final = (
    "pass_context",
    "pass_environment",
    "pass_eval_context",
    "contextfilter",
    "environmentfilter",
    "evalcontextfilter",
)
"""Decorators of functions that get something of Jinja's before the value."""


@dataclass(frozen=True, slots=True)
class JinjaFilter:
    """One function, as templates know it."""

    name: str
    function: Function
    takes_context: bool


class JinjaFilters:
    """Those of a project, by name; looked for when a template first uses a filter that is not Jinja's."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._filters: dict[str, list[JinjaFilter]] | None = None

    def named(self, name: str) -> JinjaFilter | None:
        """The filter of that name; None where there is none, or several could be meant."""
        if self._filters is None:
            found: dict[str, dict[int, JinjaFilter]] = {}
            for module in self._project.modules:
                if module.role in {"app", "script"}:
                    for known, function in registered(self._project, module):
                        takes = any(tail(d) in _CONTEXT for d in function.decorators)
                        made = JinjaFilter(known, function, takes)
                        found.setdefault(known, {})[id(function)] = made
            self._filters = {known: list(made.values()) for known, made in found.items()}
        meant = self._filters.get(name, [])
        return meant[0] if len(meant) == 1 else None


def registered(project: Project, module: Module) -> Iterator[tuple[str, Function]]:
    """The names of filters in a module, each with its function."""
    for function in module.functions:
        if function.owner is None:
            yield from ((name, function) for d in function.decorators for name in by_decorator(function, d))
    for around, body in ((None, module.body), *((f, f.body) for f in module.functions)):
        for name, given in written(body):
            symbol = project.resolve_expression(module, given, around)
            if isinstance(symbol, Function):
                yield name, symbol


def by_decorator(function: Function, decorator: Node) -> Iterator[str]:
    """What `@app.template_filter("name")`, or a decorator that is called like one, makes of a function."""
    if not tail(decorator).endswith("filter"):
        return
    name = text_of(decorator[3][0]) if decorator[0] == ir.CALL and decorator[3] else None
    named = dict(decorator[4]).get("name") if decorator[0] == ir.CALL else None
    yield name or text_of(named) or function.name


def written(body: tuple[Node, ...]) -> Iterator[tuple[str, Node]]:
    """`env.filters["name"] = f`, `env.filters.update(name=f)`, `app.add_template_filter(f, "name")`; inner functions left out."""
    stack: list[object] = list(body)
    while stack:
        part = stack.pop()
        if not isinstance(part, tuple):
            continue
        if len(part) > 2 and isinstance(part[0], int) and isinstance(part[1], int):
            if part[0] == ir.DEF:
                continue
            if part[0] == ir.ASSIGN:
                yield from assigned(part)
            elif part[0] == ir.CALL and part[2][0] == ir.ATTR:
                yield from handed(part)
        stack.extend(part)


def assigned(statement: Node) -> Iterator[tuple[str, Node]]:
    for target in statement[3]:
        if target[0] == ir.SUB and is_filters(target[2]) and (name := text_of(target[3])):
            yield name, statement[4]
        elif is_filters(target):
            yield from entries(statement[4])


def handed(call: Node) -> Iterator[tuple[str, Node]]:
    if call[2][3] == "update" and is_filters(call[2][2]):
        yield from ((name, value) for name, value in call[4] if name)
        for given in call[3]:
            yield from entries(given)
    elif call[2][3] in _REGISTERING and call[3]:
        given = call[3][0]
        said = call[3][1] if len(call[3]) > 1 else dict(call[4]).get("name")
        name = text_of(said) or (given[2] if given[0] == ir.NAME else tail(given))
        yield name, given


def entries(node: Node) -> Iterator[tuple[str, Node]]:
    """What a dictionary that is written down holds."""
    if node[0] == ir.DICT:
        for key, value in node[2]:
            if key is not None and (name := text_of(key)):
                yield name, value


def is_filters(node: Node) -> bool:
    """`env.filters`, whatever the environment is called."""
    return bool(node[0] == ir.ATTR and node[3] == "filters")


def tail(node: Node) -> str:
    """The last name of a decorator, called or not."""
    callee = node[2] if node[0] == ir.CALL else node
    return str(callee[3]) if callee[0] == ir.ATTR else str(callee[2]) if callee[0] == ir.NAME else ""
