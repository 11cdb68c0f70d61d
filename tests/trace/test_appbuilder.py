"""Flask-AppBuilder's pages of a model: the slopes are those of Flask-AppBuilder 5.3 itself, counted with 3 and 9 rows."""

from __future__ import annotations

import textwrap
from functools import cache
from pathlib import Path

import pytest

import auditor
from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import Trace, analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of

LIBRARY = Path(auditor.__file__).parent / "frameworks" / "library"
APP = """
    from flask_appbuilder import Model, ModelView, expose
    from flask_appbuilder.api import ModelRestApi
    from flask_appbuilder.models.sqla.interface import SQLAInterface
    from flask_sqlalchemy import SQLAlchemy
    from sqlalchemy import Column, ForeignKey, Integer, String
    from sqlalchemy.orm import relationship

    db = SQLAlchemy()


    class Author(Model):
        id = Column(Integer, primary_key=True)
        name = Column(String(50))


    class Book(Model):
        __tablename__ = "book"
        id = Column(Integer, primary_key=True)
        title = Column(String(50))
        author_id = Column(Integer, ForeignKey("author.id"))
        author = relationship("Author", backref="books")

        @property
        def label(self):
            return f"{self.title} by {self.author.name}"

        def short(self):
            return self.title[:9]


    class Plain(ModelView):
        datamodel = SQLAInterface(Book)
        list_columns = ["title", "short"]
        exclude_route_methods = {"delete"}


    class Related(ModelView):
        datamodel = SQLAInterface(Book)
        list_columns = ["title", "author"]
        include_route_methods = {"list"}


    class Dotted(ModelView):
        datamodel = SQLAInterface(Book)
        list_columns = ["author.name"]
        include_route_methods = {"list"}


    class Labelled(ModelView):
        datamodel = SQLAInterface(Book)
        list_columns = ["label"]
        include_route_methods = {"list"}


    class Authors(ModelView):
        datamodel = SQLAInterface(Author)
        list_columns = ["name", "books"]
        include_route_methods = {"list"}


    class Own(ModelView):
        datamodel = SQLAInterface(Book)
        list_columns = ["author"]
        include_route_methods = {"list", "add"}

        @expose("/list/")
        def list(self):
            return "nothing"

        def pre_add(self, item):
            db.session.query(Author).count()


    class PlainApi(ModelRestApi):
        datamodel = SQLAInterface(Book)
        list_columns = ["title", "author.name"]


    class RelatedApi(ModelRestApi):
        datamodel = SQLAInterface(Book)
        resource_name = "related"
        list_columns = ["title", "author"]
        include_route_methods = {"get_list"}
    """


@cache
def trace() -> Trace:
    own = [("app.py", "app", lower(textwrap.dedent(APP).encode()))]
    path = LIBRARY / "auditor_appbuilder" / "__init__.py"
    own.append((f"<library>/{path.relative_to(LIBRARY).as_posix()}", "library", lower(path.read_bytes())))
    made = Project(own)
    return analyse(made, discover(made), knowledge=load(), semantics=Semantics(orms=orms_of(made)))


@cache
def costs() -> dict[str, dict[tuple[str, ...], tuple[int, int]]]:
    """By endpoint: its statements, without those that ask who may see it."""
    table = CostTable(trace().machine)
    return {
        root.entry.id: table.root(root).get("sql", {}) for root in trace().entries if root.entry is not None
    }


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("GET /plain/list/", {(): 2}),
        ("GET /own/list/", {}),
        ("GET /related/list/", {(): 2, ("authors",): 1}),
        ("GET /dotted/list/", {(): 2, ("authors",): 1}),
        ("GET /labelled/list/", {(): 2, ("authors",): 1}),
        ("GET /authors/list/", {(): 2, ("authors",): 1}),
        ("GET /api/v1/plainapi/", {(): 2}),
        ("GET /api/v1/related/", {(): 2, ("authors",): 1}),
        ("GET /plain/show/{pk}", {(): 1}),
        ("POST /plain/add", {(): 1}),
        ("POST /own/add", {(): 2}),
        ("POST /plain/edit/{pk}", {(): 2}),
        ("DELETE /api/v1/plainapi/{pk}", {(): 2}),
    ],
)
def test_a_page_asks_for_its_rows(endpoint: str, expected: dict[tuple[str, ...], int]) -> None:
    assert costs()[endpoint] == {sizes: (often, often) for sizes, often in expected.items()}


def test_pages_are_those_that_a_view_keeps() -> None:
    assert {e for e in costs() if e.split()[1].startswith(("/plain", "/related"))} == {
        "GET /plain/list/", "GET /plain/show/{pk}", "GET /plain/add", "POST /plain/add",
        "GET /plain/edit/{pk}", "POST /plain/edit/{pk}", "GET /related/list/",
    }  # fmt: skip
    assert "DELETE /api/v1/related/{pk}" not in costs()


def test_what_a_column_asks_is_told_at_the_list_of_columns() -> None:
    found = {
        effect.site.line
        for root in trace().entries
        if root.entry is not None and root.entry.id == "GET /related/list/"
        for effect in root.summary.effects
        if effect.cause == "lazy-load"
    }
    lines = textwrap.dedent(APP).splitlines()
    assert [lines[line - 1].strip() for line in found] == ['list_columns = ["title", "author"]']
