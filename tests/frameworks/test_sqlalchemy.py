"""What SQLAlchemy code costs, traced through the machine. What costs nothing comes first.

The costs were measured against SQLAlchemy 2 on SQLite with a counter on `before_cursor_execute`.
"""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from auditor.frameworks.sqlalchemy import SqlAlchemyOrm
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.machine import Machine
from auditor.trace.summary import Effect

MODELS = """
from sqlalchemy import (
    Column, ForeignKey, Integer, String, Table, Text, and_, create_engine, delete, func, insert, or_, select,
    text, update
)
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import (
    Session, aliased, contains_eager, declarative_base, deferred, joinedload, lazyload, load_only, raiseload,
    relationship, scoped_session, selectinload, sessionmaker, subqueryload, undefer
)

Base = declarative_base()
Factory = sessionmaker()
Scoped = scoped_session(Factory)
engine = create_engine("sqlite://")

book_tags = Table(
    "book_tags",
    Base.metadata,
    Column("book_id", ForeignKey("books.id")),
    Column("tag_id", ForeignKey("tags.id")),
)

class Country(Base):
    __tablename__ = "countries"
    id = Column(Integer, primary_key=True)

class Author(Base):
    __tablename__ = "authors"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    country_id = Column(ForeignKey("countries.id"))
    country = relationship("Country", lazy="joined")
    books = relationship("Book", back_populates="author")
    letters = relationship("Letter", lazy="dynamic")
    forbidden = relationship("Letter", lazy="raise", viewonly=True)

class Letter(Base):
    __tablename__ = "letters"
    id = Column(Integer, primary_key=True)
    author_id = Column(ForeignKey("authors.id"))

class Tag(Base):
    __tablename__ = "tags"
    id = Column(Integer, primary_key=True)
    name = Column(String)

class Book(Base):
    __tablename__ = "books"
    id = Column(Integer, primary_key=True)
    title = Column(String)
    body = deferred(Column(Text))
    author_id = Column(ForeignKey("authors.id"))
    author = relationship("Author", back_populates="books")
    tags = relationship("Tag", secondary=book_tags)
    tag_names = association_proxy("tags", "name")

    @property
    def heading(self):
        return self.author.name
"""


def traced(body: str, parameters: str = "session: Session") -> list[Effect]:
    """What a function with this body does, called from another one that passes nothing."""
    handler = f"def handler({parameters}):\n{indent(dedent(body).strip(), '    ')}\n"
    source = f"{MODELS}\n{handler}\ndef root():\n    handler()\n"
    project = Project([("app.py", "app", lower(source.encode()))])
    machine = Machine(project, load(), [SqlAlchemyOrm(project)])
    functions = {f.name: f for f in project.modules[0].functions}
    # What depends on the session stands with the caller, what does not with the function itself.
    return [*machine.summary(functions["handler"]).effects, *machine.summary(functions["root"]).effects]


def effects(body: str, parameters: str = "session: Session", kind: str = "sql") -> list[str]:
    """`label`, with `xN` where it is in N loops, of each effect of one kind."""
    found = [e for e in traced(body, parameters) if e.kind == kind]
    return [f"{e.label} x{len(e.loops)}" if e.loops else e.label for e in found]


NOTHING = {
    "a query that is only built": "session.query(Book).filter(Book.id == 1)",
    "a select that nothing executes": "select(Book).where(Book.id == 1)",
    "the truth of a query": "if session.query(Book):\n    pass",
    "a condition and its parts": "and_(Book.id == 1, or_(Book.id == 2, func.lower(Book.title) == 'x'))",
    "a subquery": "session.query(Book.id).filter(Book.title == 'x').subquery().c.id",
    "the key of a parent": "book = Book(author_id=1)\nbook.author_id",
    "relations of a row made in Python": "author = Author()\nauthor.books.append(Book())\nlen(author.books)",
    "a scoped session that is handed over": "Scoped()",
    "a statement with options": "select(Book).options(joinedload(Book.tags)).limit(3)",
    "rolling back": "session.rollback()\nsession.close()",
}


@pytest.mark.parametrize("body", NOTHING.values(), ids=NOTHING.keys())
def test_costs_nothing(body: str) -> None:
    assert effects(body) == []


ONE_SELECT = {
    "a local key": "for book in session.query(Book):\n    book.author_id",
    "joinedload": (
        "for book in session.query(Book).options(joinedload(Book.author)).all():\n    book.author.name"
    ),
    "joinedload, 2.0": (
        "for b in session.scalars(select(Book).options(joinedload(Book.author))):\n    b.author.name"
    ),
    "an option by name": "for b in session.query(Book).options(joinedload('author')):\n    b.author.name",
    "a chained option": (
        "for a in session.query(Author).options(joinedload(Author.books).joinedload(Book.tags)).all():\n"
        "    for b in a.books:\n        for t in b.tags:\n            t.name"
    ),
    "contains_eager": (
        "for b in session.query(Book).join(Book.author).options(contains_eager(Book.author)):\n"
        "    b.author.name"
    ),
    "the mapper's own joined": "for a in session.query(Author):\n    a.country.id",
    "the mapper's own joined, one further": (
        "for b in session.query(Book).options(joinedload(Book.author)).all():\n    b.author.country.id"
    ),
    "a relation that raises": "for a in session.query(Author):\n    a.forbidden",
    "raiseload": "for b in session.query(Book).options(raiseload(Book.author)):\n    b.author",
    "raiseload of everything": "for b in session.query(Book).options(raiseload('*')):\n    b.tags",
    "options that are not known": "for b in session.query(Book).options(*unknown()):\n    b.author",
    "the result of all(), twice": (
        "books = session.query(Book).all()\nlen(books)\nfor b in books:\n    b.title"
    ),
    "the result of execute, walked": "for (b,) in session.execute(select(Book)):\n    b.title",
    "a result as mappings": "session.execute(select(Book.id, Book.title)).mappings().all()",
    "the same get twice": "session.get(Book, 1).title\nsession.get(Book, 1).title",
    "an undeferred column": "for b in session.query(Book).options(undefer(Book.body)):\n    b.body",
    "a slice": "Scoped.query(Book)[0:5]",
    "an index": "Scoped.query(Book)[0]",
    "columns": "[title for title, in session.query(Book.title)]",
    "a property on a loaded relation": (
        "for b in session.query(Book).options(joinedload(Book.author)):\n    b.heading"
    ),
}


@pytest.mark.parametrize("body", ONE_SELECT.values(), ids=ONE_SELECT.keys())
def test_costs_one_select(body: str) -> None:
    found = effects(body)
    assert len(found) == 1
    assert found[0].startswith("SELECT ")


COSTS = {
    "iterating a Query twice runs it twice": (
        "q = session.query(Book)\nfor b in q:\n    pass\nfor b in q:\n    pass",
        ["SELECT Book", "SELECT Book"],
    ),
    "a lazy many-to-one": (
        "for b in session.query(Book).all():\n    b.author.name",
        ["SELECT Book", "Book.author x1"],
    ),
    "a lazy collection, measured then walked": (
        "for a in session.query(Author):\n    len(a.books)\n    for b in a.books:\n        b.title",
        ["SELECT Author", "Author.books x1"],
    ),
    "a relation of what was loaded with the rows": (
        (
            "for a in session.query(Author).options(selectinload(Author.books)).all():\n"
            "    for b in a.books:\n        for t in b.tags:\n            t.name"
        ),
        ["SELECT Author", "SELECT Book (prefetch books)", "Book.tags x2"],
    ),
    "the way back from a collection is in the session": (
        "for a in session.query(Author):\n    for b in a.books:\n        b.author.name",
        ["SELECT Author", "Author.books x1"],
    ),
    "a property that reads a lazy relation": (
        "for b in session.query(Book):\n    b.heading",
        ["SELECT Book", "Book.author x1"],
    ),
    "an association proxy": (
        "for b in session.query(Book):\n    list(b.tag_names)",
        ["SELECT Book", "Book.tags x1"],
    ),
    "selectinload and subqueryload": (
        "session.query(Book).options(selectinload(Book.tags), subqueryload(Book.author)).all()",
        ["SELECT Book", "SELECT Author (prefetch author)", "SELECT Tag (prefetch tags)"],
    ),
    "lazyload over the mapper's joined": (
        "for a in session.query(Author).options(lazyload(Author.country)):\n    a.country.id",
        ["SELECT Author", "Author.country x1"],
    ),
    "a dynamic relation, each time": (
        (
            "a = session.get(Author, 1)\nlist(a.letters)\nlist(a.letters)\n"
            "a.letters.filter(Letter.id > 3).count()"
        ),
        [
            "SELECT Author",
            "SELECT Letter via letters",
            "SELECT Letter via letters",
            "COUNT Letter via letters",
        ],
    ),
    "a deferred column": (
        "for b in session.query(Book):\n    b.body",
        ["SELECT Book", "Book.body x1"],
    ),
    "a column that load_only left out": (
        "for b in Scoped.query(Book).options(load_only(Book.id)):\n    b.id\n    b.title",
        ["SELECT Book", "Book.title x1"],
    ),
    "count": ("session.query(Book).filter_by(title='x').count()", ["COUNT Book"]),
    "count, 2.0": ("session.scalar(select(func.count(Book.id)))", ["COUNT Book"]),
    "exists": ("session.query(session.query(Book).exists()).scalar()", ["EXISTS Book"]),
    "get in two branches": (
        "if flag:\n    session.get(Book, 1)\nelse:\n    session.get(Book, 1)",
        ["SELECT Book", "SELECT Book"],
    ),
    "get of rows that were fetched by their keys": (
        "books = session.query(Book).filter(Book.id.in_(ids)).all()\nfor i in ids:\n    session.get(Book, i)",
        ["SELECT Book"],
    ),
    "get of rows of which only some were fetched": (
        "books = session.query(Book).filter(Book.title == x).all()\nfor i in ids:\n    session.get(Book, i)",
        ["SELECT Book", "SELECT Book x1"],
    ),
    "get after a condition that is not understood": (
        "books = session.query(Book).filter(unknown()).all()\nfor i in ids:\n    session.get(Book, i)",
        ["SELECT Book", "SELECT Book x1"],
    ),
    "a many-to-one to rows that the session holds": (
        "authors = session.query(Author).all()\nfor b in session.query(Book):\n    b.author.name",
        ["SELECT Author", "SELECT Book"],
    ),
    "get in a loop": ("for i in ids:\n    session.get(Book, i)", ["SELECT Book x1"]),
    "the same query twice": (
        "session.query(Book).filter_by(id=1).one()\nsession.query(Book).filter_by(id=1).one()",
        ["SELECT Book", "SELECT Book"],
    ),
    "rows added in a loop, flushed once": (
        "for i in ids:\n    session.add(Book())\nsession.flush()",
        ["INSERT Book"],
    ),
    "rows flushed one by one": (
        "for i in ids:\n    session.add(Book())\n    session.flush()",
        ["INSERT Book", "FLUSH x1"],
    ),
    "update and delete through Query": (
        "session.query(Book).filter(Book.id == 1).update({'title': 'x'})\nsession.query(Book).delete()",
        ["UPDATE Book", "DELETE Book"],
    ),
    "statements that write": (
        (
            "session.execute(insert(Book), rows)\n"
            "session.execute(update(Book).where(Book.id == 1).values(title='x'))\n"
            "session.execute(delete(Book))"
        ),
        ["INSERT Book", "UPDATE Book", "DELETE Book"],
    ),
    "merge and refresh": (
        "book = session.merge(Book())\nsession.refresh(book)",
        ["SELECT Book (merge)", "SELECT Book (refresh)"],
    ),
    "literal SQL": ("session.execute(text('SELECT id FROM books'))", ["SELECT id FROM books"]),
    "a connection": (
        "with engine.connect() as connection:\n    connection.execute(text('SELECT 1'))",
        ["SELECT 1"],
    ),
    "an alias": ("a = aliased(Book)\nsession.query(a).all()", ["SELECT Book"]),
    "two entities": (
        (
            "for book, author in session.execute(select(Book, Author)):\n    book.author\n"
            "    author.country\n    author.books"
        ),
        ["SELECT Book", "Book.author x1", "Author.books x1"],
    ),
    "a core table": ("session.execute(book_tags.insert().values(book_id=1))", ["INSERT book_tags"]),
}


@pytest.mark.parametrize(("body", "expected"), COSTS.values(), ids=COSTS.keys())
def test_costs(body: str, expected: list[str]) -> None:
    assert effects(body) == expected


SESSIONS = {
    "a session handed in": ("session.query(Book).all()", []),
    "a session made": ("s = Session(engine)\ns.query(Book).all()", ["Session()"]),
    "a session made by a factory": ("with Factory() as s:\n    s.query(Book).all()", ["Session()"]),
    "one per turn": ("for i in ids:\n    with Factory() as s:\n        s.get(Book, i)", ["Session() x1"]),
    "a connection": ("with engine.begin() as c:\n    c.execute(text('SELECT 1'))", ["engine.begin()"]),
    "the scoped one": ("Scoped.query(Book).all()", []),
}


@pytest.mark.parametrize(("body", "expected"), SESSIONS.values(), ids=SESSIONS.keys())
def test_sessions(body: str, expected: list[str]) -> None:
    assert effects(body, kind="session") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("session.query(Book).all()", []),
        ("session.flush()", []),
        ("session.commit()", ["COMMIT"]),
        ("for i in ids:\n    session.add(Book())\n    session.commit()", ["COMMIT x1"]),
        ("with Factory.begin() as s:\n    s.add(Book())", ["COMMIT"]),
        ("with session.begin():\n    session.add(Book())", ["COMMIT"]),
    ],
)
def test_transactions(body: str, expected: list[str]) -> None:
    assert effects(body, kind="transaction") == expected


def test_async_session_costs_the_same() -> None:
    body = """
        result = session.execute(select(Book))
        for b in result.scalars().all():
            b.awaitable_attrs.author
    """
    assert effects(body, "session: AsyncSession") == ["SELECT Book", "Book.author x1"]


def test_a_session_that_nobody_declared_is_taken_for_one_by_its_name() -> None:
    assert effects("session.query(Book).all()", "session") == ["SELECT Book"]


def test_filters_of_joined_models_go_through_the_relation() -> None:
    (query,) = traced(
        """
        session.query(Book).join(Book.author).filter(
            Book.title.ilike('a%'), Author.name == n, Book.author_id == 3, or_(Book.id == 1, Book.id == 2)
        ).all()
        """
    )
    assert query.query is not None
    assert query.query.filters == (("title", "istartswith"), ("author.name", "exact"), ("author_id", "exact"))


TWO_QUERIES = """
    loud = select(Book).options(joinedload(Book.author), raiseload(Book.tags))
    full = select(Book).options(selectinload(Book.tags), raiseload(Book.author))
"""


@pytest.mark.parametrize(
    "rows",
    [
        "for stmt in [loud, full]:\n    for b in session.scalars(stmt): b.author, b.tags",
        "for b in list(session.scalars(loud)) + list(session.scalars(full)): b.author, b.tags",
        "if x: loud = full\nfor b in session.scalars(loud): b.author, b.tags",
    ],
)
def test_rows_of_two_queries_keep_what_each_of_them_loads(rows: str) -> None:
    assert [e for e in effects(f"{dedent(TWO_QUERIES)}\n{rows}") if e.startswith("Book.")] == []


def test_what_neither_of_two_queries_loads_is_lazy() -> None:
    found = effects("""
        for stmt in [select(Book).options(joinedload(Book.author)), select(Book)]:
            for book in session.scalars(stmt):
                book.author
    """)
    assert [e for e in found if e.startswith("Book.")] == ["Book.author x1"]
