"""Tables and indexes that SQLAlchemy models and Alembic migrations declare."""

from __future__ import annotations

from textwrap import dedent

from auditor.frameworks.sqlalchemy_models import Registry
from auditor.frameworks.sqlalchemy_schema import declarations
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.sql.schema import Schema, build_schema

MODELS = """
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, func
from sqlalchemy.orm import declarative_base
Base = declarative_base()
links = Table(
    "links",
    Base.metadata,
    Column("a_id", ForeignKey("a.id"), primary_key=True),
    Column("b", Integer, index=True),
)
class A(Base):
    __tablename__ = "a"
    __table_args__ = (
        UniqueConstraint("first", "second"),
        Index("ix_desc", "second", "third"),
        Index("ix_lower", func.lower(third)),
        Index("ix_partial", "fourth", postgresql_where=third.is_(None)),
        {"schema": None},
    )
    id = Column(Integer, primary_key=True)
    first = Column(Integer)
    second = Column("second", Integer)
    third = Column(String)
    fourth = Column(Integer)
    fifth = Column(Integer, index=True)
    other_id = Column(ForeignKey("a.id"))
"""


def schema(**files: str) -> Schema:
    sources = [(f"{name}.py", "app", lower(dedent(text).encode())) for name, text in files.items()]
    return build_schema(declarations(Registry(Project(sources))))


def test_a_column_without_an_index_has_none() -> None:
    made = schema(models=MODELS)
    for column in ("third", "fourth", "other_id", "b_id"):
        assert made.has_index_for("a", [column]) is None


def test_indexes_of_models() -> None:
    made = schema(models=MODELS)
    for columns in (["id"], ["first", "second"], ["second", "first"], ["second"], ["fifth"]):
        assert made.has_index_for("a", columns) is not None, columns


def test_an_expression_is_no_column() -> None:
    table = schema(models=MODELS).table("a")
    assert table is not None
    assert [i.columns for i in table.indexes if i.name == "ix_lower"] == [("func.lower(third)",)]


def test_tables_without_a_class() -> None:
    made = schema(models=MODELS)
    assert made.has_index_for("links", ["a_id"]) is not None
    assert made.has_index_for("links", ["b"]) is not None


def migration(revision: str, before: str | None, body: str) -> str:
    names = f"revision = {revision!r}\ndown_revision = {before!r}\n"
    head = f"from alembic import op\nimport sqlalchemy as sa\n{names}"
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    return f"{head}def upgrade():\n{lines}\ndef downgrade():\n    op.drop_table('t')\n"


def test_migrations_are_taken_in_the_order_of_their_revisions() -> None:
    created = migration(
        "1", None, "op.create_table('t', sa.Column('id', sa.Integer), sa.Column('x', sa.Integer))"
    )
    indexed = migration("2", "1", "op.create_index(op.f('ix_t_x'), 't', ['x'], unique=False)")
    dropped = migration("3", "2", "op.drop_index('ix_t_x', table_name='t')")
    assert schema(b=created, c=indexed).has_index_for("t", ["x"]) is not None
    assert schema(z=created, c=indexed, a=dropped).has_index_for("t", ["x"]) is None


def test_a_downgrade_is_not_read() -> None:
    assert (
        schema(a=migration("1", None, "op.create_table('t', sa.Column('id', sa.Integer))")).table("t")
        is not None
    )


def test_the_key_of_a_dropped_column_is_no_key_of_the_table_any_more() -> None:
    made = schema(
        models="",
        first=migration(
            "1",
            None,
            'op.create_table("a", sa.Column("x", sa.Integer()), sa.Column("y", sa.Integer()), sa.PrimaryKeyConstraint("x", "y"))',
        ),
        second=migration("2", "1", 'op.drop_column("a", "y")'),
        third=migration(
            "3", "2", 'with op.batch_alter_table("a") as batch_op:\n        batch_op.drop_column("x")'
        ),
    )
    assert made.has_index_for("a", ["x"]) is None


def test_batches_and_plain_sql() -> None:
    body = """
        with op.batch_alter_table("t") as batch_op:
            batch_op.create_index("ix", ["x", "y"])
            batch_op.add_column(sa.Column("z", sa.Integer()))
        op.execute("CREATE INDEX ix_z ON t (z)")
    """
    made = schema(a=migration("1", None, body))
    assert made.has_index_for("t", ["x", "y"]) is not None
    assert made.has_index_for("t", ["z"]) is not None
