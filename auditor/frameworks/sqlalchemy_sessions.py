"""Sessions, connections and engines: opening them, running statements on them, writing through them.

A session is a `SessionValue`, which a project's own functions pass, return and yield like any other value.
Adding rows costs one INSERT for each `add` in the source, whatever loops it is in: a flush sends the rows of a
table together. Where the flush or the commit is in the loop, that is what is counted once per turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_identity as identity
from auditor.frameworks import sqlalchemy_queries as queries
from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks.sqlalchemy_options import flattened
from auditor.frameworks.sqlalchemy_text import keyword, positional, source
from auditor.frameworks.sqlalchemy_values import (
    ANYTHING,
    CONNECTION,
    SESSION,
    Columns,
    Expression,
    SessionValue,
    TextClause,
)
from auditor.index.values import UNKNOWN, Const, Ext, ModelValue, Query, Row, Text, Value
from auditor.index.values import options as alternatives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model

_EXECUTE: Final = {
    "execute": "tuples",
    "stream": "tuples",
    "exec": "rows",
    "scalars": "flat",
    "stream_scalars": "flat",
    "scalar": "flat",
    "exec_driver_sql": "tuples",
    "scalar_one": "flat",
}
_QUIET: Final = frozenset(
    "close close_all remove rollback expunge expunge_all expire expire_all no_autoflush in_transaction is_modified "
    "invalidate configure get_bind enable_relationship_loading execution_options begin_nested prepare "
    "register_type in_nested_transaction reset get_transaction sync_session get_nested_transaction __aexit__ __exit__ "
    "run_callable dialect aclose detach".split()
)


_KNOWN: Final = frozenset(
    {*_EXECUTE, *_QUIET, "query", "get", "add", "add_all", "delete", "commit", "flush", "begin", "merge"}
)


def is_own(name: str) -> bool:
    """False for a method whose meaning a project's session class does not change by extending it."""
    return name not in _KNOWN


def session_value() -> SessionValue:
    """A session that somebody else opened."""
    return SessionValue(SESSION)


def opened(
    m: Recorder, node: Node | None, *, what: str = "Session()", type_: str = SESSION, commits: bool = False
) -> SessionValue:
    """A session made here: a connection is taken from the pool when it is first used."""
    m.effect("session", what, None, cause="call", node=node)
    if commits:
        committed(m, node)
    return SessionValue(type_, commits=commits)


def committed(m: Recorder, node: Node | None) -> None:
    m.effect("transaction", "COMMIT", "write", cause="commit", node=node)


def session_method(
    m: Recorder,
    registry: Registry,
    session: Value,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """`session.name(...)`, for sessions and connections; None where they have no such method."""
    if name in _EXECUTE:
        return execute(m, registry, session, name, args, node)
    if name == "query":
        return queries.built(m, registry, "query", args, node, binding=session)
    if name in {"get", "get_one"} and args:
        return _get(m, registry, session, args, kwargs, node)
    written = _write(m, registry, name, args, kwargs, node)
    if written is not None:
        return written
    if name in {"commit", "flush"}:
        _finish(m, name, node)
        return UNKNOWN
    if name == "begin":
        committed(m, node)
        return session
    if name == "connection":
        return SessionValue(CONNECTION)
    if name in {"__enter__", "__aenter__"}:
        return _entered(m, session, node)
    if name == "run_sync" and args:
        return m.call(args[0], [session, *args[1:]], kwargs, node)
    if name in _QUIET:
        return session if name in {"execution_options", "no_autoflush", "begin_nested"} else UNKNOWN
    return session if name == "__call__" else None


def _entered(m: Recorder, session: Value, node: Node | None) -> Value:
    if isinstance(session, SessionValue) and not session.opened:
        m.effect("session", "Session()", None, cause="call", node=node)
        return replace(session, opened=True)
    return session


# -- statements ------------------------------------------------------------------------------------------------


def execute(
    m: Recorder, registry: Registry, session: Value, name: str, args: Sequence[Value], node: Node | None
) -> Value:
    """`session.execute(statement)` and its relatives: the statement runs here."""
    choices = alternatives(args[0]) if args else (UNKNOWN,)
    statement = next((c for c in choices if isinstance(c, Query | TextClause)), choices[0])
    if isinstance(statement, Query):
        settled = queries.settled(registry, statement)
        return _run(m, registry, replace(settled, binding=session), name, node)
    if isinstance(statement, Expression):
        model = statement.model or ANYTHING
        made = queries.built(m, registry, "select", [statement], node, binding=session, model=model)
        return _run(m, registry, made, name, node)
    sql = _literal(statement)
    m.effect(
        "sql", _shown(sql), _operation(sql), cause="call", node=node, target="sqlalchemy.text" if sql else ""
    )
    made = Query(
        "sqlalchemy", ANYTHING, m.site(), binding=session, columns=(UNKNOWN,), text=sql or "", kind="select"
    )
    return UNKNOWN if name in {"scalar", "scalar_one"} else results.executed(made, "tuples")


def _run(m: Recorder, registry: Registry, statement: Query, name: str, node: Node | None) -> Value:
    shape = _EXECUTE[name]
    if name.startswith("scalar") and name != "scalars":
        statement = replace(statement, bound=statement.bound or 1)
    results.run(m, registry, statement, node)
    if name == "exec":  # SQLModel: one entity gives rows, several give tuples
        shape = "rows" if len(statement.columns) <= 1 else "tuples"
    done = results.executed(statement, shape)
    if name in {"scalar", "scalar_one"}:
        return results.element(m, registry, done)
    return done


def _literal(value: Value) -> str | None:
    """The SQL that a value is, holes as `{}`; None where it is not known."""
    if isinstance(value, TextClause):
        return value.sql
    if isinstance(value, Text):
        return value.template
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else None


def _shown(sql: str | None) -> str:
    return "(statement)" if sql is None else " ".join(sql.split())[:80]


def _operation(sql: str | None) -> str | None:
    if sql is None:
        return None
    from auditor.sql.read import read_statement  # noqa: PLC0415  # sqlglot takes long to import

    found = read_statement(sql)
    if found is None:
        return None
    return "write" if found.kind in {"insert", "update", "delete", "ddl"} else "read"


def _get(
    m: Recorder,
    registry: Registry,
    session: Value,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value:
    query = queries.built(m, registry, "query", args[:1], node, binding=session, given=positional(node)[:1])
    if "options" in kwargs:
        query = queries.options.apply(registry, query, [kwargs["options"]])
    nodes = positional(node)
    key = nodes[1] if len(nodes) > 1 else keyword(node, "ident")
    return identity.get(m, registry, query, key, node)


# -- writing ---------------------------------------------------------------------------------------------------


def _write(
    m: Recorder,
    registry: Registry,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    given = [args[0]] if args else list(kwargs.values())[:1]
    rows = list(flattened(given))
    models = _models(rows)
    if name in {"add", "add_all", "delete"}:
        verb = "DELETE" if name == "delete" else "INSERT"
        for model, is_new in models:
            if is_new or verb == "DELETE":
                _written(m, verb, model, node, loops=())
        return UNKNOWN
    if name.startswith("bulk_"):
        verb = "UPDATE" if "update" in name else "INSERT"
        first = next((model for model, _ in models), None)
        _written(m, verb, first, node, loops=None)
        return UNKNOWN
    if name in {"refresh", "merge"}:
        row = next((r for r in rows if isinstance(r, Row)), None)
        model = row.model if row is not None else ANYTHING
        query = Query(
            "sqlalchemy",
            model,
            m.site(),
            bound=1,
            limited=True,
            text=f"{name}({source(_first(node))})",
            kind="query",
        )
        m.effect("sql", f"SELECT {model.name or '(unknown)'} ({name})", "read", query=query, node=node)
        del registry
        return UNKNOWN if row is None else row
    return None


def _first(node: Node | None) -> Node | None:
    nodes = positional(node)
    return nodes[0] if nodes else None


def _models(rows: Sequence[Value]) -> list[tuple[Model, bool]]:
    """(model, whether it was made in Python) of each value, each model once."""
    found: dict[str, tuple[Model, bool]] = {}
    for value in rows:
        if isinstance(value, Row):
            found.setdefault(value.model.key, (value.model, value.fresh))
        elif isinstance(value, ModelValue):
            found.setdefault(value.model.key, (value.model, True))
    return list(found.values())


def _written(
    m: Recorder, verb: str, model: Model | None, node: Node | None, *, loops: tuple[object, ...] | None
) -> None:
    entity = model or ANYTHING
    kind = {"INSERT": "insert", "UPDATE": "update", "DELETE": "delete"}[verb]
    query = Query("sqlalchemy", entity, m.site(), text=f"{kind}({entity.name})", kind=kind)
    m.effect("sql", results.label(query), "write", cause="write", query=query, node=node, loops=loops)


def _finish(m: Recorder, name: str, node: Node | None) -> None:
    """What was added is written together; a flush in a loop writes once per turn."""
    if name == "commit":
        committed(m, node)
    elif m.current_loops():
        m.effect("sql", "FLUSH", "write", cause="write", node=node)


# -- engines ---------------------------------------------------------------------------------------------------


def engine_method(
    m: Recorder, registry: Registry, name: str, args: Sequence[Value], node: Node | None
) -> Value | None:
    """`engine.name(...)`."""
    if name in {"connect", "begin", "raw_connection"}:
        made = opened(m, node, what=f"engine.{name}()", type_=CONNECTION, commits=name == "begin")
        return Ext("sqlite3.Connection") if name == "raw_connection" else made
    if name in {"execute", "scalar"}:
        session = opened(m, node, what=f"engine.{name}()", type_=CONNECTION)
        return execute(m, registry, session, name, args, node)
    return UNKNOWN if name in {"dispose", "execution_options", "has_table", "table_names"} else None


__all__ = ["Columns", "engine_method", "execute", "opened", "session_method", "session_value"]
