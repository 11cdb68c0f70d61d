"""Ariadne: resolvers bound to fields by name, with the types that the schema's text says they give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.graphql_types import OPERATIONS, GraphField, GraphType, resolved
from auditor.frameworks.wiring import Instance, wire
from auditor.index import ir
from auditor.index.symbols import Assigned, Function

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.index.project import Project

_ROOTS: Final = {"QueryType": "Query", "MutationType": "Mutation", "SubscriptionType": "Subscription"}
_OTHERS: Final = ("ObjectType", "InterfaceType")
_NOISE: Final = re.compile(r'"""[\s\S]*?"""|"[^"\n]*"|#[^\n]*')
_TYPE: Final = re.compile(r"\b(?:type|interface)\s+(\w+)[^{}]*\{([^{}]*)\}")
_FIELD: Final = re.compile(r"(\w+)\s*(?:\([^)]*\))?\s*:\s*(\[?)\s*(\w+)")
_LONGEST: Final = 200_000


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """`QUERY books` and `MUTATION addBook` for what is bound to a root type."""
    bound = list(bindings(project))
    if not bound:
        return
    written = schema_text(project)
    types: dict[str, GraphType] = {}
    for owner, name, function in bound:
        types.setdefault(owner, GraphType(owner))
        types[owner].fields.setdefault(name, GraphField(name, function, None, many=False))
    for owner, kind in types.items():
        for name, given in list(kind.fields.items()):
            target, many = written.get((owner, name), ("", False))
            kind.fields[name] = GraphField(name, given.resolver, types.get(target), many)
    for root, operation in OPERATIONS.items():
        for given in types[root].fields.values() if root in types else ():
            yield resolved("ariadne", operation, given, None)


def bindings(project: Project) -> Iterator[tuple[str, str, Function]]:
    """(type, field, function) of what `@query.field("books")` and `book.set_field("author", f)` bind."""
    wiring = wire(project)
    for last in (*_ROOTS, *_OTHERS):
        for made in wiring.made_from(f"ariadne.{last}"):
            owner = _ROOTS.get(last) or made.argument(0, "name")
            if isinstance(owner, str):
                yield from bound_to(made, owner)


def bound_to(made: Instance, owner: str) -> Iterator[tuple[str, str, Function]]:
    for call in made.calls:
        name = call.argument(0, "name")
        if call.method not in {"field", "set_field", "source"} or not isinstance(name, str):
            continue
        given = call.argument(1, "resolver") if call.method == "set_field" else None
        for target in call.targets if given is None else (given,):
            if isinstance(target, Function):
                yield owner, name, target


def schema_text(project: Project) -> dict[tuple[str, str], tuple[str, bool]]:
    """What each field gives and whether it is a list, by type and name, from the schema's text in the modules."""
    found: dict[tuple[str, str], tuple[str, bool]] = {}
    for module in project.modules:
        if module.role != "app":
            continue
        for names in module.scope.values():
            for bound in names:
                value = bound.value if isinstance(bound, Assigned) else None
                if value is not None and value[0] == ir.CALL and value[3]:
                    value = value[3][0]
                if value is not None and value[0] == ir.CONST and isinstance(value[2], str):
                    for owner, body in _TYPE.findall(_NOISE.sub(" ", value[2][:_LONGEST])):
                        for name, listed, target in _FIELD.findall(body):
                            found[owner, name] = (target, bool(listed))
    return found
