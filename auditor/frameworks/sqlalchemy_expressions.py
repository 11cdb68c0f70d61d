"""Expressions of a query: what `Model.name` gives, what SQL functions give, and their methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_building as building
from auditor.frameworks import sqlalchemy_options as options
from auditor.frameworks.sqlalchemy_filters import Scope
from auditor.frameworks.sqlalchemy_sessions import session_method
from auditor.frameworks.sqlalchemy_text import positional
from auditor.frameworks.sqlalchemy_values import (
    Call,
    Expression,
    LoadOption,
    SessionValue,
    TableMethod,
    TextClause,
    table_model,
)
from auditor.index.values import UNKNOWN, Const, ExtInst, ModelValue, Query, Row, Value, altered

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.values import Model

_ELEMENT: Final = "sqlalchemy.ColumnElement"
_STATEMENTS: Final = frozenset({"select", "insert", "update", "delete"})
_KEEPS: Final = frozenset(
    {"of_type", "and_", "label", "distinct", "filter", "over", "select_from", "where", "correlate"}
)
"""Methods after which an expression is still the same column, relation or function."""
_QUIET: Final = frozenset({"metadata", "registry", "__mapper__", "__tablename__"})


def expression(scope: Scope, call: Call, function: str = "") -> Expression:
    """A function or condition over its arguments; it belongs to the first model among them."""
    found = (a.model for a in call.args if isinstance(a, Expression | ModelValue | Query | Row))
    model = next((f for f in found if f is not None), None)
    return Expression(_ELEMENT, model or building.mentioned(scope, positional(call.node)), function=function)


def class_attribute(m: Recorder, registry: Registry, model: Model, name: str) -> Value | None:
    """`Model.name`: columns, relations, `query`; None for what is not mapped."""
    if model.key.startswith("table:"):
        if name in {"c", "columns"}:
            return ModelValue(model)
        if name in _STATEMENTS:
            return TableMethod("sqlalchemy.Table", model, name)
        return Expression(_ELEMENT, model, (name,))
    mapped = registry.of(model)
    if mapped is None:
        return None
    name = mapped.synonyms.get(name, name)
    if name in model.relations or name in mapped.declared or name in mapped.proxies:
        return Expression("sqlalchemy.orm.InstrumentedAttribute", model, (name,))
    if name == "query":
        return building.of_model(m, registry, model)
    if name == "__table__":
        return ModelValue(table_model(model.table))
    if name in _STATEMENTS and builds_statements(registry, model):
        return TableMethod("sqlalchemy.orm.Mapper", model, name)
    return UNKNOWN if name in _QUIET else None


def builds_statements(registry: Registry, model: Model) -> bool:
    """Whether a library that builds on SQLAlchemy gives the class methods: `Model.select()` and the like."""
    above = registry.project.external_bases(model.cls)
    return any(
        base.partition(".")[0] not in {"sqlalchemy", "sqlmodel", "builtins", "typing"} for base in above
    )


def library_method(m: Recorder, registry: Registry, receiver: ExtInst, name: str, call: Call) -> Value | None:
    """A method of one of our own values; None for a value of somebody else's."""
    if isinstance(receiver, SessionValue):
        return session_method(m, registry, receiver, name, call)
    if isinstance(receiver, LoadOption):
        return options.extended(receiver, name, call.args)
    if isinstance(receiver, TextClause):
        return receiver
    scope = Scope(registry, m.site())
    if isinstance(receiver, TableMethod):
        return _table_method(scope, receiver, call) if name == "__call__" else None
    return _method(scope, receiver, name, call) if isinstance(receiver, Expression) else None


def _table_method(scope: Scope, receiver: TableMethod, call: Call) -> Value:
    """`table.select()`, and `Model.select()`, whose results are rows."""
    model = receiver.model
    if model is None or model.key.startswith("table:") or receiver.method != "select" or call.args:
        return building.built(scope, receiver.method, call, model=model)
    made = building.built(scope, "select", Call([ModelValue(model)], {}), model=model)
    return altered(made, text=f"select({model.name})")


def _method(scope: Scope, receiver: Expression, name: str, call: Call) -> Value:
    if name == "select":
        return building.built(scope, "select", Call([receiver], {}, call.node), model=receiver.model)
    if name not in _KEEPS:
        return Expression(_ELEMENT, receiver.model)
    first = call.args[0] if call.args else UNKNOWN
    label = first.value if name == "label" and isinstance(first, Const) else receiver.name
    model = receiver.model or building.mentioned(scope, positional(call.node))
    return Expression(receiver.type, model, receiver.path, receiver.function, str(label or ""))
