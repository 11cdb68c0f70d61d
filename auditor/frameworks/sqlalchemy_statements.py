"""`session.execute(statement)` and its relatives: a statement, or SQL as text, runs here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_building as building
from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks.sqlalchemy_filters import Scope
from auditor.frameworks.sqlalchemy_values import ANYTHING, Call, Expression, TextClause
from auditor.index.values import UNKNOWN, Const, Query, Text, Value, options

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node

EXECUTE: Final = {
    "execute": "tuples",
    "stream": "tuples",
    "exec": "rows",
    "scalars": "flat",
    "stream_scalars": "flat",
    "scalar": "flat",
    "exec_driver_sql": "tuples",
}
"""Methods that run a statement, with the shape of what they give."""
_MAX_LABEL: Final = 80


def execute(m: Recorder, registry: Registry, session: Value, name: str, call: Call) -> Value:
    """Runs what the first argument is; where alternatives were passed, the first that is known."""
    choices = options(call.args[0]) if call.args else (UNKNOWN,)
    statement = next((c for c in choices if isinstance(c, Query | TextClause)), choices[0])
    if isinstance(statement, Query):
        settled = building.settled(registry, statement)
        return _run(m, registry, replace(settled, binding=session), name, call.node)
    if isinstance(statement, Expression):
        scope, model = Scope(registry, m.site()), statement.model or ANYTHING
        made = building.built(scope, "select", replace(call, args=[statement]), binding=session, model=model)
        return _run(m, registry, made, name, call.node)
    return _text(m, session, _literal(statement), name, call.node)


def _run(m: Recorder, registry: Registry, statement: Query, name: str, node: Node | None) -> Value:
    shape = EXECUTE[name]
    if name == "scalar":
        statement = replace(statement, bound=statement.bound or 1)
    if name == "exec":  # SQLModel: one entity gives rows, several give tuples
        shape = "rows" if len(statement.columns) <= 1 else "tuples"
    results.run(m, registry, statement, node)
    done = results.executed(statement, shape)
    return results.element(m, registry, done) if name == "scalar" else done


def _text(m: Recorder, session: Value, sql: str | None, name: str, node: Node | None) -> Value:
    label = "(statement)" if sql is None else " ".join(sql.split())[:_MAX_LABEL]
    target = "" if sql is None else "sqlalchemy.text"
    m.effect("sql", label, _operation(sql), cause="call", node=node, target=target)
    if name == "scalar":
        return UNKNOWN
    made = Query(
        "sqlalchemy", ANYTHING, m.site(), binding=session, columns=(UNKNOWN,), text=sql or "", kind="select"
    )
    return results.executed(made, "tuples")


def _literal(value: Value) -> str | None:
    """The SQL that a value is, holes as `{}`; None where it is not known."""
    if isinstance(value, TextClause):
        return value.sql
    if isinstance(value, Text):
        return value.template
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else None


def _operation(sql: str | None) -> str | None:
    if sql is None:
        return None
    from auditor.sql.read import read_statement  # noqa: PLC0415  # sqlglot takes long to import

    found = read_statement(sql)
    if found is None:
        return None
    return "write" if found.kind in {"insert", "update", "delete", "ddl"} else "read"
