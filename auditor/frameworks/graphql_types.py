"""What GraphQL frameworks declare alike: object types, the fields that they have, and who resolves these.

A field's resolver runs once for each object that the resolver above it gave, so the trace needs to know which type a field
gives, and whether it gives many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from auditor.frameworks.entry import EntryPoint

if TYPE_CHECKING:
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
