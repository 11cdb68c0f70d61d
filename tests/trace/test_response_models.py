"""FastAPI: the answer is made by reading the fields of the response model from what the handler gives."""

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
    from pydantic import BaseModel, ConfigDict
    from sqlalchemy import Column, ForeignKey, Integer, String, create_engine
    from sqlalchemy.orm import Session, declarative_base, joinedload, relationship

    Base = declarative_base()
    engine = create_engine("sqlite://")
    app = FastAPI()

    class Author(Base):
        __tablename__ = "authors"
        id = Column(Integer, primary_key=True)
        name = Column(String)

    class Book(Base):
        __tablename__ = "books"
        id = Column(Integer, primary_key=True)
        author_id = Column(ForeignKey("authors.id"))
        author = relationship(Author)

    class AuthorOut(BaseModel):
        model_config = {config}
        name: str

    class BookOut(BaseModel):
        model_config = {config}
        id: int
        {field}

    def shown(book):
        return BookOut.model_validate(book)

    @app.get("/books"{decorator})
    def books(){returns}:
        with Session(engine) as session:
            return {result}
    """
PLAIN = {
    "config": "ConfigDict(from_attributes=True)",
    "field": "author: AuthorOut",
    "decorator": ", response_model=list[BookOut]",
    "returns": "",
    "result": "session.query(Book).all()",
}


def cost(**changed: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Statements of `GET /books`: sizes → (fewest, most)."""
    text = textwrap.dedent(SOURCE).format(**PLAIN | changed)
    project = Project([("app.py", "app", lower(text.encode()))])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    return CostTable(trace.machine).root(trace.entries[0]).get("sql", {})


@pytest.mark.parametrize(
    "changed",
    [
        {"result": "session.query(Book).options(joinedload(Book.author)).all()"},
        {"field": "author_id: int"},
        {"config": "ConfigDict(extra='forbid')"},
        {"decorator": ""},
        {"decorator": ", response_model=None", "returns": " -> list[BookOut]"},
        {"decorator": "", "returns": " -> list[dict]"},
        {"result": "[dict(id=b.id) for b in session.query(Book).all()]"},
    ],
    ids=[
        "loaded",
        "key alone",
        "reads no attributes",
        "no model",
        "none on purpose",
        "dicts",
        "made by hand",
    ],
)
def test_nothing_is_read_row_by_row(changed: dict[str, str]) -> None:
    assert set(cost(**changed)) == {()}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"config": "{{'from_attributes': True}}".replace("{{", "{").replace("}}", "}")},
        {"decorator": "", "returns": " -> list[BookOut]"},
        {"field": "author: AuthorOut | None = None"},
    ],
    ids=["by the decorator", "settings as a dictionary", "by the annotation", "may be missing"],
)
def test_relations_that_the_model_declares_are_read(changed: dict[str, str]) -> None:
    assert cost(**changed) == {(): (1, 1), ("authors",): (1, 1)}


BUILT = {"decorator": "", "result": "[BookOut.model_validate(b) for b in session.query(Book).all()]"}


@pytest.mark.parametrize(
    "changed",
    [
        {
            "result": "[BookOut.model_validate(b) for b in session.query(Book).options(joinedload(Book.author))]"
        },
        {"field": "author_id: int"},
        {"config": "ConfigDict(extra='forbid')"},
        {"result": '[BookOut.model_validate({"id": b.id}) for b in session.query(Book).all()]'},
    ],
    ids=["loaded", "key alone", "reads no attributes", "a dictionary"],
)
def test_a_model_that_is_built_of_what_is_there_asks_nothing(changed: dict[str, str]) -> None:
    assert cost(**BUILT | changed) == {(): (1, 1)}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {
            "config": '{"from_attributes": True}',
            "result": "[BookOut.from_orm(b) for b in session.query(Book)]",
        },
        {
            "config": "ConfigDict(extra='forbid')",
            "result": "[BookOut.model_validate(b, from_attributes=True) for b in session.query(Book)]",
        },
        {"result": "list(map(shown, session.query(Book).all()))"},
    ],
    ids=["model_validate", "from_orm", "said in the call", "in a function"],
)
def test_a_model_that_is_built_of_a_row_reads_the_relations_of_each(changed: dict[str, str]) -> None:
    assert cost(**BUILT | changed) == {(): (1, 1), ("authors",): (1, 1)}
