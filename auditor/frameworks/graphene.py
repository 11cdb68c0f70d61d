"""Graphene and graphene-django: the resolvers of query classes, mutations, and the resolvers of the types they give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditor.frameworks.graphql_types import OPERATIONS, GraphField, GraphTypes, camel_case, resolved
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, tail_name

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.frameworks.graphql_types import Operation
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Function, Module, Symbol

_OBJECTS: Final = frozenset(
    {"ObjectType", "DjangoObjectType", "SQLAlchemyObjectType", "MongoengineObjectType", "Interface"}
)
_ROOT_BASES: Final = frozenset({"ObjectType"})
"""A root type stands for no model: `class SavedQuery(DjangoObjectType)` is a type like any other."""
_MUTATIONS: Final = frozenset(
    {"Mutation", "ClientIDMutation", "DjangoFormMutation", "DjangoModelFormMutation", "SerializerMutation"}
)
_PACKAGES: Final = (
    "graphene.",
    "graphene_django.",
    "graphene_sqlalchemy.",
    "graphene_mongo.",
    "graphene_federation.",
)
_MUTATING: Final = ("mutate_and_get_payload", "perform_mutation", "mutate")
"""Methods of a mutation, the one that the project most likely wrote itself first."""
_MANY: Final = ("List", "ConnectionField", "Connection")
_ROOTS: Final = {
    "queries": "Query",
    "query": "Query",
    "mutations": "Mutation",
    "mutation": "Mutation",
    "subscription": "Subscription",
}
"""Ends of the names of root types and of their parts."""


def entry_points(project: Project) -> Iterator[EntryPoint]:
    """`QUERY books` and `MUTATION createBook` for what code of the project resolves."""
    schema = _Schema(project)
    found = list(root_fields(project, schema))
    schema.types.fill()
    for operation, cls, given in found:
        yield resolved("graphene", operation, given, cls)


def root_fields(project: Project, schema: _Schema) -> Iterator[tuple[Operation, Class, GraphField]]:
    """The fields of the root types, each with its operation and the class whose method resolves it."""
    for cls, operation in schema.roots():
        for name, statement in assigned(cls):
            if statement.value is None or statement.value[0] != ir.CALL:
                continue
            mutation = schema.mutation(cls, statement.value)
            if mutation is not None:
                yield "MUTATION", mutation[0], GraphField(camel_case(name), mutation[1], None, many=False)
            elif (resolver := project.method(cls, f"resolve_{name}")) is not None:
                yield operation, cls, schema.field(cls, name, statement.value, resolver)


def root_operation(cls: Class) -> Operation | None:
    """The operation that a class declares fields of, going by its name: `Query`, `AccountQueries`."""
    lowered = cls.name.lower()
    root = next((r for end, r in _ROOTS.items() if lowered.endswith(end)), None)
    return None if root is None else OPERATIONS[root]


def assigned(cls: Class) -> Iterator[tuple[str, Assigned]]:
    """What a class's own body assigns, by name."""
    for name, bindings in cls.scope.items():
        if isinstance(bindings[-1], Assigned):
            yield name, bindings[-1]


class _Schema:
    """What a project's classes declare."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.classes = [c for m in project.modules if m.role == "app" for c in m.classes if c.bases]
        self._objects: dict[int, bool] = {}
        self.types = GraphTypes(self.fields_of)

    def is_object(self, cls: Class) -> bool:
        return self._is(cls, _OBJECTS)

    def roots(self) -> Iterator[tuple[Class, Operation]]:
        """The root types and, after each, the classes it is put together from; each once."""
        seen: set[int] = set()
        for cls in self.classes:
            operation = root_operation(cls)
            if operation is None or not self._is(cls, _ROOT_BASES):
                continue
            for part in self.project.mro(cls):
                if isinstance(part, Class) and part.module.role == "app" and id(part) not in seen:
                    seen.add(id(part))
                    yield part, operation

    def _is(self, cls: Class, names: frozenset[str]) -> bool:
        return any(
            b.startswith(_PACKAGES) and b.rpartition(".")[2] in names
            for b in self.project.external_bases(cls)
        )

    def mutation(self, cls: Class, value: Node) -> tuple[Class, Function] | None:
        """The class and method behind `CreateBook.Field()`."""
        if value[2][0] != ir.ATTR or value[2][3] != "Field":
            return None
        found = self.project.resolve_expression(cls.module, value[2][2])
        if not isinstance(found, Class) or not self._is(found, _MUTATIONS):
            return None
        methods = (self.project.method(found, name) for name in _MUTATING)
        own = [m for m in methods if m is not None and m.module.role != "library"]
        return (found, own[0]) if own else None

    def field(self, cls: Class, name: str, value: Node, resolver: Function) -> GraphField:
        """A field by its declaration: `graphene.List(BookType)`, `Field(lambda: Book)`, `ConnectionField(BookConnection)`."""
        target, many = self.given(cls, value)
        kind = None if target is None else self.types.of(target)
        return GraphField(camel_case(name), resolver, kind, many, self.filters(cls, value, target))

    def filters(self, cls: Class, value: Node, target: Class | None) -> Class | None:
        """The filter set of a `DjangoFilterConnectionField`: the one it is given, else its type's."""
        if value[0] != ir.CALL or not tail_name(value[2]).endswith("FilterConnectionField"):
            return None
        module, named = cls.module, ir.argument(value, "filterset_class")
        if named is None and target is not None:
            meta = target.scope.get("Meta", (None,))[-1]
            stated = meta.scope.get("filterset_class", (None,))[-1] if isinstance(meta, Class) else None
            module, named = target.module, stated.value if isinstance(stated, Assigned) else None
        found = None if named is None else self.project.resolve_expression(module, named)
        return found if isinstance(found, Class) and found.module.role != "library" else None

    def given(self, cls: Class, value: Node) -> tuple[Class | None, bool]:
        """The object type that a declaration names, and whether it gives many of them."""
        many = False
        queue = [value]
        while queue:
            node = queue.pop(0)
            if node[0] == ir.CALL:
                many = many or tail_name(node[2]).endswith(_MANY)
                queue.extend(node[3])
                queue.extend(v for key, v in node[4] if key in {"type_", "of_type"})
            elif node[0] == ir.LAMBDA:
                queue.append(node[3])
            elif node[0] in {ir.NAME, ir.ATTR, ir.CONST}:
                found = (
                    self.written(cls.module, node[2])
                    if node[0] == ir.CONST
                    else self.project.resolve_expression(cls.module, node)
                )
                if isinstance(found, Class):
                    return self.behind(found, many)
        return None, many

    def written(self, module: Module, text: object) -> Symbol | None:
        """What a type's name in quotes means, imported late: `List("shop.schema.BookType")`."""
        home, _, name = text.rpartition(".") if isinstance(text, str) else ("", "", "")
        found = (self.project.module(home, module) or self.project.module(home)) if home else None
        return None if found is None else self.project.exported(found, name)

    def behind(self, found: Class, many: bool) -> tuple[Class | None, bool]:  # noqa: FBT001  handed through
        """The type of a connection's nodes; an object type itself."""
        bindings = found.scope.get("Meta")
        meta = None if bindings is None else bindings[-1]
        node = meta.scope.get("node") if isinstance(meta, Class) else None
        if node is not None and isinstance(node[-1], Assigned) and node[-1].value is not None:
            inner = self.project.resolve_expression(found.module, node[-1].value)
            if isinstance(inner, Class):
                return inner, True
        return (found if self.is_object(found) else None), many

    def fields_of(self, cls: Class) -> Iterator[tuple[str, GraphField]]:
        """The fields of a class and its bases that have a resolver of the project's."""
        for base in reversed(self.project.mro(cls)):
            for name, statement in assigned(base) if isinstance(base, Class) else ():
                resolver = self.project.method(cls, f"resolve_{name}")
                if statement.value is not None and resolver is not None and isinstance(base, Class):
                    yield name, self.field(base, name, statement.value, resolver)
