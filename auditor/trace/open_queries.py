"""SQLAlchemy's queries of an entity that a parameter decides: `def one(model, key): return session.query(model)...`.

What runs such a query waits for the caller, like everything else that a parameter decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_names import is_held_session
from auditor.frameworks.sqlalchemy_statements import EXECUTE
from auditor.frameworks.sqlalchemy_values import ANYTHING, SESSION, SessionValue
from auditor.index.values import ClassValue, ManagerValue, Query, Row, Sym
from auditor.trace import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.index.values import Value

RUNNING: Final = frozenset(
    "all one one_or_none first scalar first_or_404 one_or_404 get get_or_404 count paginate".split()
)
"""Methods of a query that run it."""
_BY_NAME: Final = "filter_by"
_BY_KEY: Final = frozenset({"get", "get_one"})


def is_open(value: Query | ManagerValue) -> bool:
    """Whether only a caller knows of which entity the query is."""
    if not isinstance(value, Query) or value.orm != "sqlalchemy" or value.model is not ANYTHING:
        return False
    return bool(value.columns) and is_undecided(value.columns[0])


def is_put_off(value: Query | ManagerValue, name: str, kwargs: Mapping[str, Value]) -> bool:
    """Whether a call on such a query waits: it runs it, or compares columns that `**kwargs` names."""
    return (name in RUNNING or (name == _BY_NAME and arguments.STARS in kwargs)) and is_open(value)


def is_run_on(receiver: Value, name: str, args: list[Value]) -> bool:
    """Whether a session is told to run such a query, or to get a row of such an entity by its key."""
    if not args or not isinstance(receiver, SessionValue):
        return False
    first = args[0]
    if name in EXECUTE:
        return is_handed_in(first) or (isinstance(first, Query) and is_open(first))
    return name in _BY_KEY and is_undecided(first)


def is_handed_in(value: Value) -> bool:
    """Whether a statement is a parameter: what it says, the callers know, each for itself."""
    return isinstance(value, Sym) and value.op == "param"


def session_named(name: str, args: list[Value]) -> SessionValue | None:
    """The session that `db.session.get(cls, key)` is called on, by its dotted name, if that call has to wait."""
    holder, _, method = name.rpartition(".")
    if not args or (method not in EXECUTE and method not in _BY_KEY) or not is_held_session(holder):
        return None
    session = SessionValue(SESSION)
    return session if is_run_on(session, method, args) else None


def is_undecided(value: Value) -> bool:
    """A parameter, or what is read from one, of which nothing is declared that could be an entity.

    `cls` of a class that is no model's own could be any; and a row is none, whoever declares one.
    """
    if not isinstance(value, Sym) or value.op not in {"param", "attr"}:
        return False
    return value.hint is None or isinstance(value.hint, (ClassValue, Row))
