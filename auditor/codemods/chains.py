"""Chains of attributes and calls, as queries are written: `Book.objects.filter(x=1).order_by("y")[:10]`."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.codemods.places import parents


@dataclass(frozen=True, slots=True)
class Step:
    """One `.name`, `.name(...)` or `[...]` (named `[]`) of a chain."""

    name: str
    node: ast.expr
    """The chain up to and including this step."""
    call: ast.Call | None
    """None for an attribute that is not called, and for a subscript."""


@dataclass(frozen=True, slots=True)
class Chain:
    """An expression as its root and what is done to it, left to right."""

    root: ast.expr
    steps: tuple[Step, ...]

    @property
    def node(self) -> ast.expr:
        return self.steps[-1].node if self.steps else self.root

    def last(self, names: frozenset[str], /) -> int | None:
        """The position of the last call among `names`."""
        found = [n for n, step in enumerate(self.steps) if step.call is not None and step.name in names]
        return found[-1] if found else None

    def named(self, *names: str) -> Step | None:
        """The last call with one of these names."""
        found = [step for step in self.steps if step.call is not None and step.name in names]
        return found[-1] if found else None


def chain(node: ast.expr, /) -> Chain:
    """Takes an expression apart."""
    steps: list[Step] = []
    at = node
    while True:
        match at:
            case ast.Call(func=ast.Attribute(value=below, attr=name)):
                steps.append(Step(name, at, at))
            case ast.Attribute(value=below, attr=name):
                steps.append(Step(name, at, None))
            case ast.Subscript(value=below):
                steps.append(Step("[]", at, None))
            case _:
                return Chain(at, tuple(reversed(steps)))
        at = below


def chains(tree: ast.AST, start: int, end: int, /) -> Iterator[Chain]:
    """Every whole chain that begins and ends within the lines, outermost first."""
    above = parents(tree)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
            continue
        if node.lineno < start or (node.end_lineno or node.lineno) > end:
            continue
        parent = above.get(node)
        is_inner = (isinstance(parent, (ast.Attribute, ast.Subscript)) and parent.value is node) or (
            isinstance(parent, ast.Call) and parent.func is node
        )
        if not is_inner:
            yield chain(node)


def mentions(node: ast.AST, names: frozenset[str], /) -> frozenset[str]:
    """Which of the names stand in it as a name or attribute."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    found |= {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return names & found
