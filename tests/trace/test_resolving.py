"""GraphQL: the resolvers of a type run once for each object of a list, and a dataloader's batch does not."""

import textwrap

import pytest

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of

MODELS = """
    from django.db import models

    class Author(models.Model):
        name = models.CharField(max_length=9)

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    """
GRAPHENE = """
    import graphene
    from promise import Promise
    from promise.dataloader import DataLoader
    from models import Author, Book

    class AuthorById(DataLoader):
        def batch_load_fn(self, keys):
            found = Author.objects.in_bulk(keys)
            return Promise.resolve([found.get(k) for k in keys])

    class AuthorType(graphene.ObjectType):
        name = graphene.String()

    class BookType(graphene.ObjectType):
        author = graphene.Field(AuthorType)
        def resolve_author(root, info):
            return {author}

    class Query(graphene.ObjectType):
        books = graphene.List(BookType)
        def resolve_books(root, info):
            return {books}
    """
STRAWBERRY = """
    import strawberry
    from strawberry.dataloader import DataLoader
    from models import Author, Book as Row

    async def load_authors(keys):
        found = await Author.objects.ain_bulk(keys)
        return [found[k] for k in keys]

    loader = DataLoader(load_fn=load_authors)

    @strawberry.type
    class Person:
        name: str

    @strawberry.type
    class Book:
        @strawberry.field
        async def author(self, info) -> Person:
            return {author}

    @strawberry.type
    class Query:
        @strawberry.field
        def books(self) -> list[Book]:
            return {books}
    """


def cost(source: str, **holes: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Statements of `QUERY books`: sizes → (fewest, most)."""
    files = {"models.py": MODELS, "app.py": source.format(**holes)}
    project = Project([(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    root = next(r for r in trace.entries if r.entry is not None and r.entry.id == "QUERY books")
    return CostTable(trace.machine).root(root).get("sql", {})


@pytest.mark.parametrize(
    ("source", "author", "books"),
    [
        (GRAPHENE, "AuthorById(info.context).load(root.author_id)", "Book.objects.all()"),
        (GRAPHENE, "root.author", 'Book.objects.select_related("author")'),
        (GRAPHENE, "root.author_id", "Book.objects.all()"),
        (STRAWBERRY, "await loader.load(self.author_id)", "Row.objects.all()"),
        (STRAWBERRY, 'await info.context["authors"].load(self.author_id)', "Row.objects.all()"),
        (STRAWBERRY, "self.author", 'Row.objects.select_related("author")'),
    ],
)
def test_nothing_is_paid_per_object(source: str, author: str, books: str) -> None:
    assert cost(source, author=author, books=books) == {(): (1, 1)}


@pytest.mark.parametrize(
    ("source", "author", "books"),
    [
        (GRAPHENE, "root.author", "Book.objects.all()"),
        (GRAPHENE, "Author.objects.get(pk=root.author_id)", "list(Book.objects.all())"),
        (STRAWBERRY, "await Author.objects.aget(pk=self.author_id)", "Row.objects.all()"),
    ],
)
def test_a_resolver_that_queries_is_paid_per_object(source: str, author: str, books: str) -> None:
    assert cost(source, author=author, books=books) == {(): (1, 1), ("books",): (1, 1)}
