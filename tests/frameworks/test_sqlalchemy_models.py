"""The registry: which classes are mapped, and where each relation leads."""

from __future__ import annotations

from textwrap import dedent

import pytest

from auditor.frameworks.sqlalchemy_models import Registry
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.index.values import Model, Relation

HEAD = """
from sqlalchemy import Column, ForeignKey, Integer, String, Table
from sqlalchemy.ext.declarative import declared_attr
from sqlalchemy.orm import DeclarativeBase, Mapped, backref, declarative_base, mapped_column
from sqlalchemy.orm import registry, relationship
Base = declarative_base()
"""


def models(**files: str) -> dict[str, Model]:
    """The mapped classes with a table, by name, of modules given by name."""
    sources = [(f"{name}.py", "app", lower((HEAD + dedent(text)).encode())) for name, text in files.items()]
    made = Registry(Project(sources))
    assert made.unresolved == []
    return {m.model.name: m.model for m in made.mapped.values() if not m.model.abstract}


def facts(relation: Relation) -> tuple[str, bool, str, str | None]:
    return relation.target.rpartition(".")[2], relation.many, relation.kind, relation.column


@pytest.mark.parametrize(
    "text",
    [
        "class Plain:\n    name = Column(String)\n",
        "class Mixin:\n    id = Column(Integer, primary_key=True)\n",
        "class Abstract(Base):\n    __abstract__ = True\n    id = Column(Integer, primary_key=True)\n",
        "class NoTable(Base):\n    pass\n",
        "class Other:\n    __tablename__ = 'x'\n",
    ],
)
def test_is_no_model(text: str) -> None:
    assert models(app=text) == {}


BASES = {
    "declarative_base": "class A(Base):\n",
    "DeclarativeBase": "class B(DeclarativeBase):\n    pass\nclass A(B):\n",
    "an abstract class between": "class B(Base):\n    __abstract__ = True\nclass A(B):\n",
    "Flask-SQLAlchemy": "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\nclass A(db.Model):\n",
    "a project's own SQLAlchemy": (
        "from flask_sqlalchemy import SQLAlchemy\nclass Mine(SQLAlchemy):\n    pass\n"
        "db = Mine()\nclass A(db.Model):\n"
    ),
    "a registry": "mappers = registry()\n@mappers.mapped\nclass A:\n",
    "an unknown base": "from elsewhere import Thing\nclass A(Thing):\n",
}


@pytest.mark.parametrize("head", BASES.values(), ids=BASES.keys())
def test_kinds_of_base(head: str) -> None:
    (made,) = models(
        app=f"{head}    __tablename__ = 'letters'\n    id = Column(Integer, primary_key=True)\n"
    ).values()
    assert (made.name, made.table, list(made.columns)) == ("A", "letters", ["id"])


def test_flask_names_the_table_itself() -> None:
    text = """
        from flask_sqlalchemy import SQLAlchemy
        db = SQLAlchemy()
        class BlogPost(db.Model):
            id = db.Column(db.Integer, primary_key=True)
    """
    assert models(app=text)["BlogPost"].table == "blog_post"


def test_subclasses_share_the_table_of_a_parent_without_one_of_their_own() -> None:
    text = """
        class Person(Base):
            __tablename__ = "people"
            id = Column(Integer, primary_key=True)
        class Member(Person):
            pass
        class Guest(Person):
            __tablename__ = "guests"
            id = Column(ForeignKey("people.id"), primary_key=True)
    """
    found = models(app=text)
    assert {m.name: m.table for m in found.values()} == {
        "Person": "people",
        "Member": "people",
        "Guest": "guests",
    }


KEYS = {
    "the one column of the key": ("id = Column(Integer, primary_key=True)", {"id": True}),
    "one of two in the key": (
        "a = Column(Integer, primary_key=True)\n    b = Column(Integer, primary_key=True)",
        {"a": False, "b": False},
    ),
    "one of two that is unique itself": (
        "a = Column(Integer, primary_key=True, unique=True)\n    b = Column(Integer, primary_key=True)",
        {"a": True, "b": False},
    ),
}


@pytest.mark.parametrize(("columns", "unique"), KEYS.values(), ids=KEYS.keys())
def test_a_part_of_a_key_may_repeat(columns: str, unique: dict[str, bool]) -> None:
    (made,) = models(app=f"class A(Base):\n    __tablename__ = 'letters'\n    {columns}\n").values()
    assert {n: c.unique for n, c in made.columns.items()} == unique
    assert all(c.in_key for c in made.columns.values())


def test_the_key_of_a_parents_table_is_no_part_of_the_childs() -> None:
    text = """
        class Person(Base):
            __tablename__ = "people"
            id = Column(Integer, primary_key=True)
        class Guest(Person):
            __tablename__ = "guests"
            guest_id = Column(ForeignKey("people.id"), primary_key=True)
    """
    guest = next(m for m in models(app=text).values() if m.name == "Guest")
    assert {n: c.unique for n, c in guest.columns.items()} == {"id": True, "guest_id": True}


PAIR = """
    class Parent(Base):
        __tablename__ = "parents"
        id = Column(Integer, primary_key=True)
        {parent}
    class Child(Base):
        __tablename__ = "children"
        id = Column(Integer, primary_key=True)
        parent_id = Column(ForeignKey("parents.id"))
        {child}
"""
RELATIONS = {
    "by name": ('x = relationship("Child")', "", ("Child", True, "reverse-fk", None)),
    "by dotted name": ('x = relationship("app.Child")', "", ("Child", True, "reverse-fk", None)),
    "by lambda": ("x = relationship(lambda: Child)", "", ("Child", True, "reverse-fk", None)),
    "one of them": ('x = relationship("Child", uselist=False)', "", ("Child", False, "reverse-o2o", None)),
    "annotated list": ('x: Mapped[list["Child"]] = relationship()', "", ("Child", True, "reverse-fk", None)),
    "annotated text": ('x: Mapped["list[Child]"] = relationship()', "", ("Child", True, "reverse-fk", None)),
    "annotated scalar": (
        'x: Mapped["Child | None"] = relationship()',
        "",
        ("Child", False, "reverse-o2o", None),
    ),
    "many to one": ("", "x = relationship(Parent)", ("Parent", False, "fk", "parent_id")),
    "annotated many to one": ("", "x: Mapped[Parent] = relationship()", ("Parent", False, "fk", "parent_id")),
    "foreign_keys": (
        "",
        'x = relationship("Parent", foreign_keys=[parent_id])',
        ("Parent", False, "fk", "parent_id"),
    ),
    "foreign_keys over there": (
        'x = relationship("Child", foreign_keys="Child.parent_id")',
        "",
        ("Child", True, "reverse-fk", None),
    ),
    "declared attribute": (
        "",
        "@declared_attr\n        def x(cls):\n            return relationship(Parent)",
        ("Parent", False, "fk", "parent_id"),
    ),
    "backref": ("", 'other = relationship("Parent", backref="x")', ("Child", True, "reverse-fk", None)),
    "backref to one": (
        "",
        'other = relationship("Parent", backref=backref("x", uselist=False))',
        ("Child", False, "reverse-o2o", None),
    ),
    "backref of a collection": (
        'other = relationship("Child", backref="x")',
        "",
        ("Parent", False, "fk", "parent_id"),
    ),
    "many to many": ('x = relationship("Child", secondary="links")', "", ("Child", True, "m2m", None)),
}


@pytest.mark.parametrize(("parent", "child", "expected"), RELATIONS.values(), ids=RELATIONS.keys())
def test_relations(parent: str, child: str, expected: tuple[str, bool, str, str | None]) -> None:
    found = models(app=PAIR.format(parent=parent or "pass", child=child or "pass"))
    relation = next(m.relations["x"] for m in found.values() if "x" in m.relations)
    assert facts(relation) == expected


def test_trees_refer_to_themselves() -> None:
    text = """
        class Node(Base):
            __tablename__ = "nodes"
            id = Column(Integer, primary_key=True)
            parent_id = Column(ForeignKey("nodes.id"))
            children = relationship("Node")
            parent = relationship("Node", remote_side=[id])
    """
    found = models(app=text)["Node"].relations
    assert facts(found["children"]) == ("Node", True, "reverse-fk", None)
    assert facts(found["parent"]) == ("Node", False, "fk", "parent_id")


@pytest.mark.parametrize(
    ("given", "strategy"),
    [
        ("", "select"),
        (", lazy=True", "select"),
        (", lazy=False", "joined"),
        (", lazy=None", "noload"),
        (', lazy="selectin"', "selectin"),
        (', lazy="dynamic"', "dynamic"),
    ],
)
def test_loading_strategy_of_the_mapper(given: str, strategy: str) -> None:
    found = models(app=PAIR.format(parent=f'x = relationship("Child"{given})', child="pass"))
    assert found["Parent"].relations["x"].lazy == strategy


def test_equal_names_are_told_apart_by_what_the_module_imports() -> None:
    table = "class Tag(Base):\n    __tablename__ = '{}'\n    id = Column(Integer, primary_key=True)\n"
    user = """
        from two import Tag
        class Post(Base):
            __tablename__ = "posts"
            id = Column(Integer, primary_key=True)
            tag_id = Column(ForeignKey("two.id"))
            tag = relationship("Tag")
    """
    found = models(one=table.format("one"), two=table.format("two"), user=user)
    assert found["Post"].relations["tag"].target == "two.Tag"


def test_a_relation_to_nothing_known_is_listed() -> None:
    text = HEAD + dedent(PAIR.format(parent='x = relationship("Missing")', child="pass"))
    made = Registry(Project([("app.py", "app", lower(text.encode()))]))
    assert made.unresolved == [("app.Parent", "x")]


def test_columns_tell_keys_and_indexes() -> None:
    text = """
        class Mixin:
            created = Column("created_at", Integer, index=True)
        class A(Mixin, Base):
            __tablename__ = "a"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str | None] = mapped_column(String(20), unique=True)
            plain: Mapped[int]
            b_id = Column(Integer, ForeignKey("b.id"), nullable=False)
    """
    columns = models(app=text)["A"].columns
    assert columns["created"].column == "created_at"
    assert {n for n, c in columns.items() if c.indexed} == {"created", "id", "name"}
    assert columns["b_id"].foreign_key == "b.id"
    assert {n: c.nullable for n, c in columns.items()} == {
        "created": True,
        "id": False,
        "name": True,
        "plain": False,
        "b_id": False,
    }


TABLES = """
    boxes = Table("boxes", None, Column("id", Integer, primary_key=True), Column("name", String, nullable=False))
    things = Table(
        "things", None, Column("id", Integer, primary_key=True), Column("box_id", ForeignKey("boxes.id"), index=True)
    )
"""


@pytest.mark.parametrize(
    "mapping",
    [
        (
            "mappers.map_imperatively(domain.Thing, tables.things)\n"
            "mappers.map_imperatively(domain.Box, tables.boxes, properties={\n"
            "    'things': relationship(domain.Thing, backref='box')})\n"
        ),
        (
            "def start():\n"
            "    one = mapper(domain.Thing, tables.things)\n"
            "    mapper(domain.Box, tables.boxes, properties={'things': relationship(one, backref='box')})\n"
        ),
    ],
    ids=["map_imperatively", "mapper in a function"],
)
def test_a_class_mapped_by_a_call_has_the_columns_of_its_table(mapping: str) -> None:
    made = models(
        domain="class Box:\n    name: Mapped[str]\nclass Thing:\n    pass\nclass Other:\n    pass\n",
        tables=TABLES,
        mapping=f"from sqlalchemy.orm import mapper\nimport domain, tables\nmappers = registry()\n{mapping}",
    )
    assert sorted(made) == ["Box", "Thing"]
    box, thing = made["Box"], made["Thing"]
    assert (box.table, thing.table) == ("boxes", "things")
    assert {n: (c.unique, c.nullable) for n, c in box.columns.items()} == {
        "id": (True, False),
        "name": (False, False),
    }
    assert facts(box.relations["things"]) == ("Thing", True, "reverse-fk", None)
    assert facts(thing.relations["box"]) == ("Box", False, "fk", "box_id")
    assert ("box_id",) in thing.indexes


@pytest.mark.parametrize(
    "mapping",
    [
        "mappers.map_imperatively(domain.Thing, unknown)\n",
        "mappers.map_imperatively(domain.nothing, tables.things)\n",
        "def mapper(a, b): ...\nmapper('x', 'y')\n",
    ],
)
def test_a_call_without_class_or_table_maps_nothing(mapping: str) -> None:
    text = f"import domain, tables\nmappers = registry()\n{mapping}"
    assert models(domain="class Thing:\n    pass\n", tables=TABLES, mapping=text) == {}


def test_a_class_whose_table_another_module_makes_has_its_columns() -> None:
    made = models(
        tables=TABLES,
        shelf="import tables\nfrom tables import boxes\n"
        "class Box(Base):\n    __table__ = boxes\n"
        "class Thing(Base):\n"
        "    __table__ = tables.things\n"
        "    box = relationship(Box, backref='things', foreign_keys=[__table__.c.box_id])\n",
    )
    box, thing = made["Box"], made["Thing"]
    assert (box.table, thing.table) == ("boxes", "things")
    assert thing.columns["id"].unique
    assert facts(thing.relations["box"]) == ("Box", False, "fk", "box_id")
    assert facts(box.relations["things"]) == ("Thing", True, "reverse-fk", None)
