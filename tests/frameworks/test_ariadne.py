"""Ariadne: what is bound to a schema's fields, and what the schema's text says of them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import ariadne
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LOOK_ALIKES = {
    "a field of something else": """
        import ariadne

        class Form:
            def field(self, name): ...

        query = Form()

        @query.field("books")
        def books(*_): ...
        """,
    "an object type alone": """
        from ariadne import ObjectType

        book = ObjectType("Book")

        @book.field("author")
        def author(book, info): ...
        """,
    "a name that is worked out": """
        from ariadne import QueryType
        from settings import NAME

        query = QueryType()

        @query.field(NAME)
        def books(*_): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(ariadne, source) == []


SCHEMA = '''
    from ariadne import MutationType, ObjectType, QueryType, gql

    type_defs = gql("""
        # type Query { wrong: Int }
        type Query {
            "All of them: [Nothing]"
            books(after: ID, first: Int = 10): [Book!]!
            book(id: ID!): Book
        }
        type Book { title: String!  author: Author! }
        type Author { name: String! }
        type Mutation { addBook(title: String!): Book! }
    """)

    query = QueryType()
    mutation = MutationType()
    book = ObjectType("Book")

    @query.field("books")
    def resolve_books(_, info, first=10): ...

    def resolve_book(_, info, id): ...

    query.set_field("book", resolve_book)

    @book.field("author")
    def resolve_author(book, info): ...

    @mutation.field("addBook")
    def resolve_add_book(_, info, title): ...
    '''


def test_fields_of_root_types_are_entry_points(entries: Entries) -> None:
    found = {e.id: e for e in entries(ariadne, SCHEMA)}
    assert sorted(found) == ["MUTATION addBook", "QUERY book", "QUERY books"]
    assert found["QUERY book"].name == "app.resolve_book"


def test_what_fields_give_is_known(entries: Entries) -> None:
    gives = {e.id: e.gives for e in entries(ariadne, SCHEMA)}
    books, one = gives["QUERY books"], gives["QUERY book"]
    assert books is not None
    assert books.many
    assert books.type is not None
    assert sorted(books.type.fields) == ["author"]
    assert one is not None
    assert not one.many
    assert one.type is books.type
