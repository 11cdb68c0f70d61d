"""Graphene: what of a schema is an entry point, and what its fields give."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import graphene
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LONG = 600
"""Types one below the other; a step of Python's for each would be too many."""
LOOK_ALIKES = {
    "a class of the project's own": """
        class ObjectType: ...

        class Query(ObjectType):
            books = List(str)
            def resolve_books(self, info): ...
        """,
    "an object type that is no root": """
        import graphene

        class Book(graphene.ObjectType):
            title = graphene.String()
            def resolve_title(self, info): ...
        """,
    "a field without a resolver": """
        import graphene

        class Query(graphene.ObjectType):
            version = graphene.String()
        """,
    "a model whose name ends like a root's, and what is mixed into it": """
        import graphene
        from graphene_django import DjangoObjectType

        class Dated:
            created = graphene.String()
            def resolve_created(self, info): ...

        class SavedQuery(Dated, DjangoObjectType):
            rows = graphene.List(graphene.String)
            def resolve_rows(self, info): ...
        """,
    "a class named like a root that none is put together from": """
        import graphene

        class Query:
            books = graphene.List(graphene.String)
            def resolve_books(self, info): ...
        """,
    "a resolver without a field": """
        import graphene

        class Query(graphene.ObjectType):
            def resolve_books(self, info): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(graphene, source) == []


SCHEMA = """
    import graphene
    from graphene_django import DjangoObjectType

    class Author(DjangoObjectType):
        name = graphene.String()
        def resolve_name(self, info): ...

    class Book(graphene.ObjectType):
        title = graphene.String()
        author = graphene.Field(lambda: Author)
        def resolve_author(self, info): ...

    class BookConnection(graphene.relay.Connection):
        class Meta:
            node = Book

    class BookQueries(graphene.ObjectType):
        all_books = graphene.NonNull(graphene.List(graphene.NonNull(Book)))
        book = graphene.Field(Book, id=graphene.ID())
        paged = graphene.relay.ConnectionField(BookConnection)
        count = graphene.Int()
        def resolve_all_books(root, info): ...
        @staticmethod
        def resolve_book(root, info, id): ...
        def resolve_paged(root, info, **kwargs): ...
        def resolve_count(root, info): ...

    class Query(BookQueries, graphene.ObjectType): ...

    class AddBook(graphene.Mutation):
        ok = graphene.Boolean()
        def mutate(root, info): ...

    class Mutation(graphene.ObjectType):
        add_book = AddBook.Field()
    """


def test_fields_of_root_types_are_entry_points(entries: Entries) -> None:
    found = {e.id: e for e in entries(graphene, SCHEMA)}
    assert sorted(found) == [
        "MUTATION addBook",
        "QUERY allBooks",
        "QUERY book",
        "QUERY count",
        "QUERY paged",
    ]
    assert found["MUTATION addBook"].name == "app.AddBook.mutate"
    assert {e.kind for e in found.values()} == {"graphql"}


def test_plain_classes_that_a_root_type_is_put_together_from_are_part_of_it(entries: Entries) -> None:
    found = entries(
        graphene,
        """
        import graphene

        class Book(graphene.ObjectType): ...

        class AddBook(graphene.relay.ClientIDMutation):
            def mutate_and_get_payload(cls, root, info): ...

        class BookFields:
            books = graphene.List(Book)
            def resolve_books(self, info): ...

        class BookMutation:
            add_book = AddBook.Field()

        class Query(BookFields, graphene.ObjectType): ...

        class LaterQuery(Query): ...

        class Mutation(BookMutation, graphene.ObjectType): ...
        """,
    )
    assert [e.id for e in found] == ["QUERY books", "MUTATION addBook"]
    assert found[0].name == "app.BookFields.resolve_books"


def test_what_fields_give_is_known(entries: Entries) -> None:
    gives = {e.id: e.gives for e in entries(graphene, SCHEMA)}
    books, one, paged, count = (gives[f"QUERY {n}"] for n in ("allBooks", "book", "paged", "count"))
    assert books is not None
    assert books.many
    assert books.type is not None
    assert sorted(books.type.fields) == ["author"]
    assert books.type.fields["author"].type is not None
    assert sorted(books.type.fields["author"].type.fields) == ["name"]
    assert one is not None
    assert not one.many
    assert one.type is books.type
    assert paged is not None
    assert paged.many
    assert paged.type is books.type
    assert count is not None
    assert count.type is None


def test_types_refer_to_each_other_in_chains_of_any_length(entries: Entries) -> None:
    head = "import graphene\n\nclass Query(graphene.ObjectType):\n    first = graphene.Field(lambda: T0)\n    def resolve_first(self, info): ...\n"
    chain = "".join(
        f"class T{n}(graphene.ObjectType):\n    next = graphene.Field(lambda: T{n + 1})\n    def resolve_next(self, info): ...\n"
        for n in range(LONG)
    )
    [first] = entries(graphene, head + chain)
    kind, followed = first.gives and first.gives.type, 0
    while kind is not None and kind.fields:
        [given] = kind.fields.values()
        kind, followed = given.type, followed + 1
    assert followed == LONG
