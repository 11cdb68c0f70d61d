"""SQLAlchemy's functions by dotted name, and what hangs on the objects they make (`db.session.query`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_identity as identity
from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks import sqlalchemy_options as options
from auditor.frameworks import sqlalchemy_queries as queries
from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks import sqlalchemy_sessions as sessions
from auditor.frameworks.sqlalchemy_text import positional
from auditor.frameworks.sqlalchemy_values import Expression, TableMethod, TextClause, table_model
from auditor.index.values import UNKNOWN, Const, Ext, ExtInst, Items, ModelValue, Query, Row, Text, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model

EXPRESSION: Final = "sqlalchemy.ColumnElement"
_STATEMENTS: Final = frozenset({"select", "insert", "update", "delete"})
_EXPRESSIONS: Final = frozenset(
    "and_ or_ not_ case cast literal literal_column desc asc distinct nullslast nullsfirst nulls_last nulls_first null true "
    "false tuple_ type_coerce extract between collate over within_group any_ all_ exists bindparam column "
    "func funcfilter aggregate_order_by array label to_tsvector literal_execute nullif coalesce try_cast undefined".split()
)
_SET_OPERATIONS: Final = frozenset(
    {"union", "union_all", "except_", "except_all", "intersect", "intersect_all"}
)


def external(
    m: Recorder,
    registry: Registry,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """A call of `sqlalchemy.…` or of something made by it; None if it is none of these or costs nothing we know."""
    if not names.is_ours(name):
        return None
    owner, made, member = name.rpartition("()")
    if made and owner:
        return _of_made(m, registry, owner, member.removeprefix("."), args, kwargs, node)
    if (
        names.is_extension(name)
        or names.is_factory(name)
        or names.is_scoped(name)
        or names.is_engine_maker(name)
    ):
        return Ext(f"{name}()")
    if names.is_session_type(name):
        return sessions.opened(m, node)
    holder, _, last = name.rpartition(".")
    if (
        names.is_extension(holder) or ".SQLAlchemy." in name
    ):  # reached through a class attribute of the project's subclass
        return _of_made(
            m,
            registry,
            name[: name.index("SQLAlchemy") + 10],
            name[name.index("SQLAlchemy") + 11 :],
            args,
            kwargs,
            node,
        )
    if names.tail(holder) == "func":
        return _function(m, registry, last, args, node)
    return function(m, registry, last, args, kwargs, node)


def _of_made(
    m: Recorder,
    registry: Registry,
    owner: str,
    member: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """`owner().member(...)`; `member` is "" for a call of what `owner()` gave."""
    if names.is_extension(owner):
        return _extension(m, registry, member, args, kwargs, node)
    if names.is_scoped(owner):
        if member in {"", "registry"}:
            return sessions.session_value()
        return sessions.session_method(m, registry, sessions.session_value(), member, args, kwargs, node)
    if names.is_factory(owner):
        if member == "":
            return sessions.opened(m, node)
        return sessions.opened(m, node, commits=True) if member == "begin" else None
    if names.is_engine_maker(owner):
        return sessions.engine_method(m, registry, member.removeprefix("sync_engine."), args, node)
    return None


def _extension(
    m: Recorder,
    registry: Registry,
    member: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """A method of Flask-SQLAlchemy's `db`."""
    holder, _, last = member.rpartition(".")
    if member in {"session", "session.registry", "create_scoped_session", "create_session"}:
        return sessions.session_value()
    if holder == "session":
        return sessions.session_method(m, registry, sessions.session_value(), last, args, kwargs, node)
    if holder in {"engine", "get_engine"}:
        return sessions.engine_method(m, registry, last, args, node)
    if holder == "func":
        return _function(m, registry, last, args, node)
    if holder:
        return None
    if last == "get_or_404":
        query = queries.built(m, registry, "query", args[:1], node, given=positional(node)[:1])
        nodes = positional(node)
        return identity.get(m, registry, query, nodes[1] if len(nodes) > 1 else None, node)
    if last in {"first_or_404", "one_or_404"} and args and isinstance(args[0], Query):
        session = sessions.session_value()
        done = sessions.execute(m, registry, session, "scalars", args, node)
        return (
            results.result_method(m, registry, done, "first", [], node)
            if isinstance(done, Query)
            else UNKNOWN
        )
    if last == "paginate" and args and isinstance(args[0], Query):
        from dataclasses import replace  # noqa: PLC0415  # only here

        return queries.method(m, registry, replace(args[0], kind="query"), "paginate", [], kwargs, node)
    return function(m, registry, last, args, kwargs, node)


def function(
    m: Recorder,
    registry: Registry,
    last: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """One of SQLAlchemy's functions by the last part of its name."""
    del kwargs
    if last in _STATEMENTS:
        return queries.built(m, registry, last, args, node)
    if last == "text":
        return _text(args)
    if last == "exists":
        return _expression(m, registry, args, node, function_="exists")
    if last == "aliased":
        return args[0] if args else UNKNOWN
    if last == "Table" and args and isinstance(args[0], Const) and isinstance(args[0].value, str):
        return ModelValue(registry.table(args[0].value))
    if last in {"object_session", "async_object_session"}:
        return sessions.session_value()
    if last in _SET_OPERATIONS and args and isinstance(args[0], Query):
        return args[0]
    if last in _EXPRESSIONS:
        return _expression(m, registry, args, node)
    return options.option(last, args)


def _text(args: Sequence[Value]) -> TextClause:
    first = args[0] if args else UNKNOWN
    sql = first.template if isinstance(first, Text) else first.value if isinstance(first, Const) else None
    return TextClause("sqlalchemy.TextClause", sql if isinstance(sql, str) else None)


def _function(
    m: Recorder, registry: Registry, last: str, args: Sequence[Value], node: Node | None
) -> Expression:
    return _expression(m, registry, args, node, function_=last.lower())


def _expression(
    m: Recorder, registry: Registry, args: Sequence[Value], node: Node | None, *, function_: str = ""
) -> Expression:
    found = [a.model for a in args if isinstance(a, Expression | ModelValue | Query | Row)]
    model = next((f for f in found if f is not None), None) or queries.mentioned(
        m, registry, positional(node)
    )
    return Expression(EXPRESSION, model, function=function_)


# -- attributes and methods of values --------------------------------------------------------------------------


def class_attribute(m: Recorder, registry: Registry, model: Model, name: str) -> Value | None:
    """`Model.name`: columns, relations, `query`; None for what is not mapped."""
    if model.key.startswith("table:"):
        if name in {"c", "columns"}:
            return ModelValue(model)
        if name in _STATEMENTS:
            return TableMethod("sqlalchemy.Table", model, name)
        return Expression(EXPRESSION, model, (name,))
    mapped = registry.of(model)
    if mapped is None:
        return None
    name = mapped.synonyms.get(name, name)
    if name in model.relations or name in mapped.declared or name in mapped.proxies:
        return Expression("sqlalchemy.orm.InstrumentedAttribute", model, (name,))
    if name in {"query", "flask_query"}:
        return queries.of_model(m, registry, model)
    if name in {"c", "columns"} or name == "__table__":
        return ModelValue(table_model(model.table)) if name == "__table__" else None
    return UNKNOWN if name in {"metadata", "registry", "__mapper__", "__tablename__"} else None


def library_method(
    m: Recorder,
    registry: Registry,
    receiver: ExtInst,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """A method of one of our own values."""
    if isinstance(receiver, sessions.SessionValue):
        return sessions.session_method(m, registry, receiver, name, args, kwargs, node)
    if isinstance(receiver, options.LoadOption):
        return options.extended(receiver, name, args)
    if isinstance(receiver, TableMethod):
        made = queries.built(m, registry, receiver.method, args, node, model=receiver.model)
        return made if name == "__call__" else None
    if isinstance(receiver, TextClause):
        return receiver
    if isinstance(receiver, Expression):
        return _expression_method(m, registry, receiver, name, args, node)
    return None


def _expression_method(
    m: Recorder, registry: Registry, receiver: Expression, name: str, args: Sequence[Value], node: Node | None
) -> Value:
    if name in {
        "of_type",
        "and_",
        "label",
        "distinct",
        "filter",
        "over",
        "select_from",
        "where",
        "correlate",
        "self_group",
    }:
        given = args[0].value if name == "label" and args and isinstance(args[0], Const) else receiver.name
        model = receiver.model or queries.mentioned(m, registry, positional(node))
        return Expression(receiver.type, model, receiver.path, receiver.function, str(given or ""))
    if name == "select":
        return queries.built(m, registry, "select", [receiver], node)
    return Expression(EXPRESSION, receiver.model)


__all__ = ["Items", "class_attribute", "external", "library_method"]
