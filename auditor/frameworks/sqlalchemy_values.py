"""Values of SQLAlchemy that are neither models, queries nor rows.

All are `ExtInst`s, so that a method call on one of them comes back through the ORM's `library_method`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Class, Module
from auditor.index.values import Const, ExtInst, Model

SESSION: Final = "sqlalchemy.orm.Session"
CONNECTION: Final = "sqlalchemy.engine.Connection"
ENGINE: Final = "sqlalchemy.engine.Engine"

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.index.ir import Node
    from auditor.index.values import Value


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What a call passes, and its expression where it is known."""

    args: Sequence[Value] = ()
    kwargs: Mapping[str, Value] = field(default_factory=dict)
    node: Node | None = None


@dataclass(slots=True, eq=False)
class SessionValue(ExtInst):
    """A session or a connection; `type` is SESSION or CONNECTION."""

    cls: Class | None = None
    """The project's own subclass, whose other methods it has."""
    opened: bool = True
    """Its `session` effect was recorded, or it was handed in by whoever opened it."""
    commits: bool = False
    """Leaving its `with` block commits."""


@dataclass(slots=True, eq=False)
class Expression(ExtInst):
    """A column, relation, function or condition of a query."""

    model: Model | None = None
    path: tuple[str, ...] = ()
    """Attributes from the model, for a column or a relation."""
    function: str = ""
    """"count", "exists", "max"…: the SQL function at its top."""
    name: str = ""
    """What `.label()` calls it."""


@dataclass(slots=True, eq=False)
class TextClause(ExtInst):
    """Literal SQL; `sql` is None where it is not known."""

    sql: str | None = None


@dataclass(slots=True, eq=False)
class LoadOption(ExtInst):
    """What `joinedload(...)` and its relatives give to `.options()`."""

    root: Model | None = None
    """None where it was given as text, which counts from the query's own model."""
    steps: tuple[tuple[str, str], ...] = ()
    """(relation path, strategy); column options ("only", "defer", "undefer") have the path of a column."""
    at: str = ""
    """The path that a chained call goes on from."""
    target: Model | None = None


@dataclass(slots=True, eq=False)
class TableMethod(ExtInst):
    """`table.insert` and the like, before it is called."""

    model: Model | None = None
    method: str = ""


@dataclass(slots=True, eq=False)
class Columns(ExtInst):
    """`subquery.c`: any attribute is a column of no known model."""

    of: Value | None = None


_NOWHERE: Final = Module("", "", "app", "", is_package=False, body=(), lines=0)


def table_model(name: str) -> Model:
    """A mapping that stands for a table without a class; `name` is "" for a statement of unknown tables."""
    cls = Class(_NOWHERE, None, name, f"<table {name}>", (ir.CLASS, 0, 0, name, (), (), (), ()))
    return Model("sqlalchemy", f"table:{name}", cls, name, name, plural=name or "rows")


ANYTHING: Final = table_model("")
"""The model of a statement whose entities are not known."""


def constant_int(value: Value | None) -> int | None:
    """The number that a literal is; None for anything else."""
    return value.value if isinstance(value, Const) and type(value.value) is int else None
