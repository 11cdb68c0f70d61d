"""fastapi-pagination: a count and a page, whose items are read as the response model of the page says."""

import textwrap

import pytest

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of

SOURCE = """
    from fastapi import FastAPI
    from fastapi_pagination import Page, paginate as page_of
    from fastapi_pagination.ext.sqlalchemy import apaginate, paginate
    from pydantic import BaseModel, ConfigDict
    from sqlalchemy import ForeignKey, select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship

    app = FastAPI()

    class Base(DeclarativeBase):
        pass

    class Author(Base):
        __tablename__ = "authors"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    class Book(Base):
        __tablename__ = "books"
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
        author: Mapped[Author] = relationship()

    class AuthorOut(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        name: str

    class BookOut(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        id: int
        author: AuthorOut

    class Short(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        id: int

    def cards(books):
        return [book.author.name for book in books]

    @app.get("/books")
    def books(session: Session) -> Page[{model}]:
        return {result}
    """


def cost(model: str, result: str) -> str:
    """What the endpoint asks the database."""
    source = textwrap.dedent(SOURCE).replace("{model}", model).replace("{result}", result)
    project = Project([("app.py", "app", lower(source.encode()))])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    (root,) = trace.entries
    terms = CostTable(trace.machine).root(root)["sql"]
    return " + ".join("·".join((str(high), *sizes)) for sizes, (_, high) in sorted(terms.items()))


@pytest.mark.parametrize(
    ("model", "result", "expected"),
    [
        ("Short", "paginate(session, select(Book))", "2"),
        ("BookOut", "paginate(session, select(Book).options(joinedload(Book.author)))", "2"),
        ("BookOut", "page_of(session.query(Book).options(joinedload(Book.author)).all())", "1"),
        ("BookOut", "paginate(session, select(Book))", "2 + 1·authors"),
        ("BookOut", "paginate(session.query(Book))", "2 + 1·authors"),
        ("str", "paginate(session, select(Book), transformer=cards)", "2 + 1·authors"),
    ],
)
def test_a_page_is_counted_fetched_and_read(model: str, result: str, expected: str) -> None:
    assert cost(model, result) == expected
