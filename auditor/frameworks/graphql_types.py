"""What GraphQL frameworks declare alike: object types, the fields that they have, and who resolves these.

A field's resolver runs once for each object that the resolver above it gave, so the trace needs to know which type a field
gives, and whether it gives many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.frameworks.entry import EntryPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.index.symbols import Class, Function

Operation: TypeAlias = Literal["QUERY", "MUTATION", "SUBSCRIPTION"]
OPERATIONS: Final[dict[str, Operation]] = {
    "Query": "QUERY",
    "Mutation": "MUTATION",
    "Subscription": "SUBSCRIPTION",
}
"""The root types, by their usual names."""


@dataclass(eq=False, slots=True)
class GraphType:
    """An object type of the schema; its fields are filled once all types are known, for they refer to each other."""

    name: str
    fields: dict[str, GraphField] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class GraphField:
    """A field that code of the project resolves."""

    name: str
    resolver: Function
    type: GraphType | None
    """The object type it gives; None for plain values and for what cannot be told."""
    many: bool
    filters: Class | None = None
    """The filter set that what the resolver gave goes through, where the framework has one for the type."""


class GraphTypes:
    """The object types that are made of a project's classes, each made once."""

    def __init__(self, fields_of: Callable[[Class], Iterable[tuple[str, GraphField]]]) -> None:
        self._fields_of = fields_of
        """The fields of a class and its bases, by name; may ask for types again."""
        self._types: dict[int, GraphType] = {}
        self._empty: list[Class] = []

    def of(self, cls: Class) -> GraphType:
        """The type of a class; it has its fields after `fill`."""
        known = self._types.get(id(cls))
        if known is None:
            known = self._types[id(cls)] = GraphType(cls.name)
            self._empty.append(cls)
        return known

    def fill(self) -> None:
        """Gives all types their fields, one type after the other: they refer to each other in chains of any length."""
        while self._empty:
            cls = self._empty.pop()
            self._types[id(cls)].fields.update(self._fields_of(cls))


def resolved(framework: str, operation: Operation, given: GraphField, receiver: Class | None) -> EntryPoint:
    """The entry point of a field of a root type: `QUERY books`."""
    function = given.resolver
    name = function.qualname if receiver is None else f"{receiver.qualname}.{function.name}"
    return EntryPoint(
        "graphql",
        operation,
        given.name,
        framework,
        function,
        receiver,
        name,
        function.module.path,
        function.line,
        gives=given,
    )


def camel_case(name: str) -> str:
    """`first_name` as GraphQL spells it: `firstName`."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
