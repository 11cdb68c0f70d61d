"""Sessions of libraries that nobody knows, recognised by what they are handed: SQLAlchemy's statements, mapped classes and rows.

`db = Extension()` with `db.session.scalars(select(…))`, and `with db.Session() as session`. An object that is handed
anything else stays a stranger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_sessions as sessions
from auditor.frameworks.sqlalchemy_statements import EXECUTE
from auditor.frameworks.sqlalchemy_values import Expression, TextClause
from auditor.index.values import ModelValue, Query, Row, Value, options

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.frameworks.sqlalchemy_values import Call

_OF_CLASSES: Final = frozenset({"get", "get_one", "query"})
_OF_ROWS: Final = frozenset({"add", "delete", "merge", "refresh"})
_OF_NOTHING: Final = frozenset({"commit", "flush", "rollback"})


def ran(m: Recorder, registry: Registry, name: str, call: Call) -> Value | None:
    """A call of a method of an outside library's session; None for whatever else `name` may be.

    `name` is dotted, with `()` after each call on the way: `library.Extension().session.scalars`.
    """
    holder, _, method = name.rpartition(".")
    last = holder.removesuffix(".__enter__()").removesuffix(".__aenter__()").rpartition(".")[2]
    if "()" not in holder or last.removesuffix("()").lower() != "session" or not registry.mapped:
        return None
    first = call.args[0] if call.args else None
    return (
        sessions.session_method(m, registry, sessions.session_value(), method, call)
        if is_of_sqlalchemy(method, first)
        else None
    )


def is_of_sqlalchemy(method: str, first: Value | None) -> bool:
    """Whether a session's method is handed what only SQLAlchemy's sessions take."""
    if first is None:
        return method in _OF_NOTHING
    given = options(first)
    if method in EXECUTE:
        return any(
            isinstance(g, (TextClause, Expression)) or (isinstance(g, Query) and g.model.orm == "sqlalchemy")
            for g in given
        )
    if method in _OF_CLASSES:
        return any(isinstance(g, (ModelValue, Expression)) and is_mapped(g) for g in given)
    return method in _OF_ROWS and any(isinstance(g, Row) and g.model.orm == "sqlalchemy" for g in given)


def is_mapped(given: Value) -> bool:
    """Whether a class or an expression belongs to a model of SQLAlchemy's."""
    model = getattr(given, "model", None)
    return model is not None and model.orm == "sqlalchemy"
