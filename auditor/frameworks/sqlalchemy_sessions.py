"""Sessions, connections and engines: opening them and using them.

A session is a `SessionValue`, which a project's own functions pass, return and yield like any other value.
One that is handed in was opened by somebody else; a `session` effect stands where one is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_building as building
from auditor.frameworks import sqlalchemy_identity as identity
from auditor.frameworks import sqlalchemy_options as options
from auditor.frameworks.sqlalchemy_filters import Scope
from auditor.frameworks.sqlalchemy_statements import EXECUTE, execute
from auditor.frameworks.sqlalchemy_text import keyword, positional
from auditor.frameworks.sqlalchemy_values import CONNECTION, SESSION, Call, SessionValue
from auditor.frameworks.sqlalchemy_writes import WRITES, committed, write
from auditor.index import ir
from auditor.index.values import UNKNOWN, Ext, Value

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node

_QUIET: Final = frozenset(
    "close close_all remove rollback expunge expunge_all expire expire_all in_transaction is_modified "
    "invalidate configure get_bind enable_relationship_loading prepare in_nested_transaction reset "
    "get_transaction get_nested_transaction __aexit__ __exit__ dialect aclose detach".split()
)
_SAME: Final = frozenset({"execution_options", "no_autoflush", "begin_nested", "__call__"})
_KNOWN: Final = frozenset(
    {*EXECUTE, *WRITES, *_QUIET, *_SAME, "query", "get", "get_one", "begin", "connection"}
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
    return SessionValue(type_)


def session_method(m: Recorder, registry: Registry, session: Value, name: str, call: Call) -> Value | None:
    """`session.name(...)`, for sessions and connections; None where they have no such method."""
    if name in EXECUTE:
        return execute(m, registry, session, name, call)
    if name == "query":
        return building.built(Scope(registry, m.site()), "query", call, binding=session)
    if name in {"get", "get_one"} and _names_a_row(call):
        return _get(m, registry, session, call)
    if name in WRITES or name.startswith("bulk_"):
        given = write(m, name, call)
        registry.events.wrote(m, session, name, call.args or list(call.kwargs.values())[:1], call.node)
        return given
    if name == "begin":
        committed(m, call.node)
        registry.events.wrote(m, session, "commit", (), call.node)
        return session
    if name == "connection":
        return SessionValue(CONNECTION)
    if name in {"__enter__", "__aenter__"}:
        return _entered(m, session, call.node)
    if name == "run_sync" and call.args:
        return m.call(call.args[0], [session, *call.args[1:]], dict(call.kwargs), call.node)
    if name in _SAME:
        return session
    return UNKNOWN if name in _QUIET else None


def _names_a_row(call: Call) -> bool:
    """Whether an entity and its key are given: `session.get("user_id")` asks a web framework's session, a mapping."""
    return bool(call.args) and (
        len(call.args) > 1 or bool(call.kwargs) or any(n[0] == ir.STAR for n in positional(call.node))
    )


def _entered(m: Recorder, session: Value, node: Node | None) -> Value:
    if isinstance(session, SessionValue) and not session.opened:
        opened(m, node)
        return replace(session, opened=True)
    return session


def _get(m: Recorder, registry: Registry, session: Value, call: Call) -> Value:
    query = building.built(
        Scope(registry, m.site()), "query", replace(call, args=call.args[:1]), binding=session
    )
    if "options" in call.kwargs:
        query = options.apply(registry, query, [call.kwargs["options"]])
    nodes = positional(call.node)
    key = nodes[1] if len(nodes) > 1 else keyword(call.node, "ident")
    return identity.get(m, registry, query, key, call.node)


def engine_method(m: Recorder, registry: Registry, name: str, call: Call) -> Value | None:
    """`engine.name(...)`."""
    if name in {"connect", "begin", "raw_connection"}:
        made = opened(m, call.node, what=f"engine.{name}()", type_=CONNECTION, commits=name == "begin")
        return Ext("sqlite3.Connection") if name == "raw_connection" else made
    if name in {"execute", "scalar"}:
        session = opened(m, call.node, what=f"engine.{name}()", type_=CONNECTION)
        return execute(m, registry, session, name, call)
    return UNKNOWN if name in {"dispose", "execution_options", "has_table", "table_names"} else None
