"""Strawberry and strawberry-django: resolvers of query classes and mutations, and those of the types they give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.graphql_types import OPERATIONS, GraphField, GraphTypes, camel_case, resolved
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, Function

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.frameworks.graphql_types import Operation
    from auditor.index.ir import Node
    from auditor.index.project import Project

_PACKAGES: Final = frozenset({"strawberry", "strawberry_django", "strawberry_django_plus", "strawchemy"})
_TYPES: Final = frozenset({"type", "interface", "node"})
_FIELDS: Final = frozenset({"field", "mutation", "subscription", "connection"})
_MANY: Final = frozenset(
    {
        "list",
        "List",
        "Sequence",
        "Iterable",
        "AsyncGenerator",
        "ListConnection",
        "Connection",
        "tuple",
        "Tuple",
    }
)
_SEEN: Final = 40
"""Parts of an annotation looked at."""


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """`QUERY books` and `MUTATION addBook` for what code of the project resolves."""
    schema = _Schema(project)
    found = list(root_fields(project, schema))
    schema.types.fill()
    for root, cls, given in found:
        yield resolved("strawberry", root, given, cls if given.resolver.owner is cls else None)


def root_fields(project: Project, schema: _Schema) -> Iterator[tuple[Operation, Class, GraphField]]:
    """The fields of the root types, each with its operation and the class that declares it."""
    for module in project.modules:
        for cls in module.classes if module.role == "app" else ():
            root = next((r for end, r in OPERATIONS.items() if cls.name.endswith(end)), None)
            if root is not None and schema.is_type(cls):
                for given in schema.own_fields(cls):
                    yield root, cls, given


class _Schema:
    """What a project's classes declare."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.types = GraphTypes(self.fields_of)

    def is_type(self, cls: Class) -> bool:
        """Whether a decorator of the library makes the class a type."""
        return any(self.library_name(cls, d) in _TYPES for d in cls.decorators)

    def library_name(self, cls: Class, node: Node) -> str:
        """Last part of the name of what a decorator or a call is, where it is the library's."""
        called = node[2] if node[0] == ir.CALL else node
        found = self.project.resolve_expression(cls.module, called)
        name = found.name if isinstance(found, External) else ""
        return name.rpartition(".")[2] if name.partition(".")[0] in _PACKAGES else ""

    def own_fields(self, cls: Class) -> Iterator[GraphField]:
        """The fields with a resolver that a class's own body declares."""
        for name, bindings in cls.scope.items():
            last = bindings[-1]
            if isinstance(last, Function):
                if any(self.library_name(cls, d) in _FIELDS for d in last.decorators):
                    yield self.field(cls, name, last, last.returns)
            elif isinstance(last, Assigned) and last.value is not None and last.value[0] == ir.CALL:
                resolver = self.named_resolver(cls, last.value)
                if resolver is not None:
                    yield self.field(cls, name, resolver, last.annotation or resolver.returns)

    def named_resolver(self, cls: Class, value: Node) -> Function | None:
        """The function behind `strawberry.field(resolver=get_books)`."""
        if self.library_name(cls, value) not in _FIELDS:
            return None
        node = next((v for key, v in value[4] if key == "resolver"), value[3][0] if value[3] else None)
        found = None if node is None else self.project.resolve_expression(cls.module, node)
        return found if isinstance(found, Function) else None

    def field(self, cls: Class, name: str, resolver: Function, written: Node | None) -> GraphField:
        target, many = self.given(cls, written)
        return GraphField(camel_case(name), resolver, None if target is None else self.types.of(target), many)

    def given(self, cls: Class, written: Node | None) -> tuple[Class | None, bool]:
        """The type that an annotation names, and whether it is a list of them."""
        many = False
        queue = [] if written is None else [written]
        for _ in range(_SEEN):
            if not queue:
                break
            node = queue.pop(0)
            if node[0] == ir.SUB:
                many = many or (node[2][2] if node[2][0] == ir.NAME else node[2][-1]) in _MANY
                queue += [node[3]]
            elif node[0] == ir.SEQ:
                queue += node[3]
            elif node[0] == ir.BIN:
                queue += [node[3], node[4]]
            elif node[0] in {ir.NAME, ir.ATTR}:
                found = self.project.resolve_expression(cls.module, node)
                if isinstance(found, Class) and self.is_type(found):
                    return found, many
            elif node[0] == ir.CONST and isinstance(node[2], str) and node[2].strip("[]").isidentifier():
                named = self.project.resolve(cls.module, node[2].strip("[]"))
                if isinstance(named, Class) and self.is_type(named):
                    return named, many
        return None, many

    def fields_of(self, cls: Class) -> Iterator[tuple[str, GraphField]]:
        """The fields of a class and its bases that have a resolver of the project's."""
        for base in reversed(self.project.mro(cls)):
            for given in self.own_fields(base) if isinstance(base, Class) else ():
                yield given.name, given
