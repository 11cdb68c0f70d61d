"""Statements run on something that nobody can tell the type of, told by their text.

`request.app["pool"]`, `g.db`, `self.connection` of a class that is handed one: what keeps a connection is often out of
sight, and `execute("SELECT name FROM people WHERE id = ?", ...)` says all the same what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_statements import EXECUTE
from auditor.frameworks.sqlalchemy_values import CONNECTION, SessionValue, TextClause
from auditor.index import ir
from auditor.index.values import Ext, ExtInst, Query, Value
from auditor.trace import calls, driver_rows, libraries

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.knowledge.facts import CallFact
    from auditor.trace.machine import Machine

_STATEMENT: Final = re.compile(
    r"\s*(?:(?:--[^\n]*\n|/\*[^*]*\*+(?:[^*/][^*]*\*+)*/)\s*)*"
    r"(?:SELECT\s.*\sFROM\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|REPLACE\s+INTO\s|UPDATE\s.*\sSET\s|DELETE\s+FROM\s"
    r"|WITH\s+(?:RECURSIVE\s+)?\w+\s*(?:\([^()]*\)\s*)?AS\s*(?:NOT\s+)?(?:MATERIALIZED\s*)?\()",
    re.IGNORECASE | re.DOTALL,
)
METHODS: Final = frozenset(
    "scalar scalars stream execute executemany execute_many executescript execute_insert execute_fetchall fetch fetch_all fetchrow fetchval "
    "fetch_one fetch_val iterate commit rollback".split()
)
"""What such methods are called."""
_ENDING: Final = frozenset({"commit", "rollback"})
_BUILT: Final = frozenset({"select", "insert", "update", "delete"})
"""Kinds of those that are no `session.query(...)`, which runs by itself."""
DRIVERS: Final = frozenset(
    "sqlite3 psycopg2 psycopg psycopg_pool pymysql MySQLdb asyncpg aiosqlite aiomysql aiopg pyodbc oracledb databases".split()
)


def ran(
    m: Machine, receiver: Value, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None
) -> Value | None:
    """What a method of an unknown object gives where it is handed a statement of SQL; None where it is not.

    A `commit()` without arguments is told too, in a project that imports a driver.
    """
    if name not in METHODS:
        return None
    handle = ExtInst("async_dbapi.Handle" if is_async(m) else "dbapi.Handle")
    fact = m.knowledge.types[handle.type].method(name)
    if fact is not None:
        args, kwargs = driver_rows.leading(fact, args, kwargs)
    if name in EXECUTE and args and is_built(args[0]):
        return libraries.library_method(m, SessionValue(CONNECTION), name, args, kwargs, node)
    if fact is None:
        return None
    if name in _ENDING:
        if args or kwargs or not m.imports_driver or is_of_library(m, receiver):
            return None
    elif fact.sql_argument is None or not args or not is_statement(args[0]):
        return None
    known_from_here(m, receiver, handle, node)
    m.lost.discard(id(node))
    m.followed.add(id(node))
    return libraries.library_method(m, handle, name, args, kwargs, node)


def ran_built(m: Machine, fact: CallFact, args: list[Value], node: Node | None) -> Value:
    """What a driver gives that is handed a statement of SQLAlchemy's: `database.fetch_all(notes.select())`."""
    result = libraries.library_method(m, SessionValue(CONNECTION), "execute", args[:1], {}, node)
    taking = {"all": "fetchall", "many": "fetchall", "one": "first"}.get(fact.fetch or "")
    return result if taking is None else calls.call_method(m, result, taking, [], {}, node)


def is_built(value: Value) -> bool:
    """Whether an argument is a statement that SQLAlchemy's functions made: `text(...)`, `select(...)`, `insert(...)`."""
    return isinstance(value, TextClause) or (
        isinstance(value, Query) and value.orm == "sqlalchemy" and value.kind in _BUILT
    )


def is_statement(value: Value) -> bool:
    """Whether an argument is the text of a statement that reads or writes rows."""
    text = driver_rows.statement(value)
    return text is not None and _STATEMENT.match(text) is not None


def is_of_library(m: Machine, receiver: Value) -> bool:
    """Whether a value comes from a library that something is known of, so that its methods are not a database's."""
    return isinstance(receiver, Ext) and receiver.name.partition(".")[0] in m.knowledge.module_roots


def is_async(m: Machine) -> bool:
    """Whether the call stands in an `async def`, where a method of an unknown object is taken to be awaited."""
    function = m.cx.function
    return function is not None and function.is_async


def known_from_here(m: Machine, receiver: Value, handle: ExtInst, node: Node | None) -> None:
    """What ran a statement is a connection or a cursor below that line as well."""
    if node is None or node[0] != ir.CALL or node[2][0] != ir.ATTR:
        return
    holder = node[2][2]
    held = m.cx.env.get(holder[2]) if holder[0] == ir.NAME else None
    if held is receiver or (
        isinstance(held, Ext) and isinstance(receiver, Ext) and held.name == receiver.name
    ):
        m.cx.env[holder[2]] = handle
