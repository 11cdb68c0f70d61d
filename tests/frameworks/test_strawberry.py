"""Strawberry: what of a schema is an entry point, and what its fields give."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from auditor.frameworks import strawberry
from auditor.frameworks.entry import EntryPoint

Entries = Callable[[ModuleType, str], list[EntryPoint]]
LONG = 600
"""Types one below the other; a step of Python's for each would be too many."""
LOOK_ALIKES = {
    "a dataclass": """
        from dataclasses import dataclass, field

        @dataclass
        class Query:
            books: list = field(default_factory=list)
        """,
    "a type that is no root": """
        import strawberry

        @strawberry.type
        class Book:
            @strawberry.field
            def title(self) -> str: ...
        """,
    "a method that is no field": """
        import strawberry

        @strawberry.type
        class Query:
            def books(self) -> list[str]: ...
        """,
    "a field that the library resolves": """
        import strawberry
        import strawberry_django

        @strawberry.type
        class Query:
            books: list[str] = strawberry_django.field()
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(entries: Entries, source: str) -> None:
    assert entries(strawberry, source) == []


SCHEMA = """
    import strawberry
    from strawberry.types import Info

    @strawberry.type
    class Author:
        name: str

    @strawberry.type
    class Book:
        title: str
        @strawberry.field
        def author(self, info: Info) -> Author | None: ...
        @strawberry.field
        async def similar(self) -> list["Book"]: ...

    def get_books() -> list[Book]: ...

    @strawberry.type
    class Query:
        books: list[Book] = strawberry.field(resolver=get_books)
        @strawberry.field
        def one_book(self, id: strawberry.ID) -> Book: ...

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def add_book(self, title: str) -> Book: ...
    """


def test_fields_of_root_types_are_entry_points(entries: Entries) -> None:
    found = {e.id: e for e in entries(strawberry, SCHEMA)}
    assert sorted(found) == ["MUTATION addBook", "QUERY books", "QUERY oneBook"]
    assert found["QUERY books"].name == "app.get_books"


def test_what_fields_give_is_known(entries: Entries) -> None:
    gives = {e.id: e.gives for e in entries(strawberry, SCHEMA)}
    books, one = gives["QUERY books"], gives["QUERY oneBook"]
    assert books is not None
    assert books.many
    assert books.type is not None
    assert one is not None
    assert not one.many
    assert one.type is books.type
    fields = books.type.fields
    assert {n: (f.many, f.type and f.type.name) for n, f in fields.items()} == {
        "author": (False, "Author"),
        "similar": (True, "Book"),
    }


def test_types_refer_to_each_other_in_chains_of_any_length(entries: Entries) -> None:
    head = 'import strawberry\n\n@strawberry.type\nclass Query:\n    @strawberry.field\n    def first(self) -> "T0": ...\n'
    chain = "".join(
        f'@strawberry.type\nclass T{n}:\n    @strawberry.field\n    def next(self) -> "T{n + 1}": ...\n'
        for n in range(LONG)
    )
    [first] = entries(strawberry, head + chain)
    kind, followed = first.gives and first.gives.type, 0
    while kind is not None and kind.fields:
        [given] = kind.fields.values()
        kind, followed = given.type, followed + 1
    assert followed == LONG
