"""SQLAlchemy's functions by dotted name, and what hangs on the objects they make (`db.session.query`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks import sqlalchemy_building as building
from auditor.frameworks import sqlalchemy_identity as identity
from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks import sqlalchemy_options as options
from auditor.frameworks import sqlalchemy_outside as outside
from auditor.frameworks import sqlalchemy_queries as queries
from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks import sqlalchemy_sessions as sessions
from auditor.frameworks.sqlalchemy_expressions import expression
from auditor.frameworks.sqlalchemy_filters import Scope
from auditor.frameworks.sqlalchemy_statements import execute
from auditor.frameworks.sqlalchemy_text import positional
from auditor.frameworks.sqlalchemy_values import Call, TextClause
from auditor.index.values import UNKNOWN, Const, Ext, ModelValue, Query, Sym, Text, Value, altered

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry

_STATEMENTS: Final = frozenset({"select", "insert", "update", "delete"})
_EXPRESSIONS: Final = frozenset(
    "and_ or_ not_ case cast literal literal_column desc asc distinct nullslast nullsfirst nulls_last "
    "nulls_first null true false tuple_ type_coerce extract between collate over within_group any_ all_ "
    "bindparam column funcfilter aggregate_order_by array label literal_execute try_cast".split()
)
_SET_OPERATIONS: Final = frozenset(
    {"union", "union_all", "except_", "except_all", "intersect", "intersect_all"}
)


_REFINING: Final = {
    "sqlalchemy_utils": {"sort_query"},
    "sqlalchemy_searchable": {"search"},
    "sqlalchemy_filters": {"apply_filters", "apply_sort", "apply_loads"},
    "fastapi_filter": {"apply_filter"},
}
"""Functions of other packages that are given a query and give one of the same rows, in another order or fewer."""


def external(m: Recorder, registry: Registry, name: str, call: Call) -> Value | None:
    """A call of `sqlalchemy.…` or of something made by it; None for one that costs nothing we know of."""
    if names.tail(name) in _REFINING.get(name.partition(".")[0], ()):
        query = call.args[0] if call.args else None
        return query if isinstance(query, (Query, Sym)) else None
    if name.startswith("fastapi_pagination.ext.") and names.tail(name) in {"paginate", "apaginate"}:
        return _page(m, registry, name, call)
    if not names.is_ours(name):
        return outside.ran(m, registry, name, call)
    owner, called, member = name.rpartition("()")
    if called and owner:
        return _of_made(m, registry, owner, member.removeprefix("."), call)
    if names.is_session_type(name) and not names.is_scoped(name):
        return sessions.opened(m, call.node)
    if names.makes_something(name):
        return Ext(f"{name}()")
    extension, member = names.split_extension(name)
    if extension:  # through a class attribute of the project's own subclass
        return _extension(m, registry, member, call)
    holder, _, last = name.rpartition(".")
    if names.tail(holder) == "func":
        return expression(Scope(registry, m.site()), call, last.lower())
    return function(m, registry, last, call)


def _page(m: Recorder, registry: Registry, name: str, call: Call) -> Value | None:
    """`paginate(session, statement)`, `paginate(query)`: a count and one page, which a `transformer` gets as a list."""
    given = (*call.args, *(call.kwargs[k] for k in ("query", "stmt") if k in call.kwargs))
    query = next((a for a in given if isinstance(a, Query)), None)
    residual: Any = getattr(m, "residual", None)
    if query is None and residual is not None and any(isinstance(a, Sym) for a in given):
        made = Sym("call", Ext(name), None)
        residual("call", made, Ext(name), (None, tuple(call.args), dict(call.kwargs)), call.node)
        return made
    if query is None:
        return None
    shape = "flat" if len(query.columns) <= 1 else query.shape
    page = queries.method(
        m, registry, altered(query, kind="query", shape=shape), "paginate", Call([], {}, call.node)
    )
    if "transformer" in call.kwargs and isinstance(page, Query):
        rows = results.listed(m, registry, altered(page, kind="result", in_memory=True))
        m.call(call.kwargs["transformer"], [rows], {}, call.node)
        return UNKNOWN
    return page


def _of_made(m: Recorder, registry: Registry, owner: str, member: str, call: Call) -> Value | None:
    """`owner().member(...)`; `member` is "" for a call of what `owner()` gave."""
    if names.is_extension(owner):
        return _extension(m, registry, member, call)
    if names.is_scoped(owner):
        if member in {"", "registry"}:
            return sessions.session_value()
        return sessions.session_method(m, registry, sessions.session_value(), member, call)
    if names.is_factory(owner):
        if member == "":
            return sessions.opened(m, call.node)
        return sessions.opened(m, call.node, commits=True) if member == "begin" else None
    if names.is_engine_maker(owner):
        return sessions.engine_method(m, registry, member.removeprefix("sync_engine."), call)
    return None


def _extension(m: Recorder, registry: Registry, member: str, call: Call) -> Value | None:
    """A method of Flask-SQLAlchemy's `db`."""
    holder, _, last = member.rpartition(".")
    if member in {"session", "session.registry", "create_scoped_session", "create_session"}:
        return sessions.session_value()
    if member in {"Session", "get_session", "begin"}:
        return sessions.opened(m, call.node, what=f"db.{member}()", commits=member == "begin")
    if holder == "session":
        return sessions.session_method(m, registry, sessions.session_value(), last, call)
    if holder in {"engine", "get_engine"}:
        return sessions.engine_method(m, registry, last, call)
    if holder == "func":
        return expression(Scope(registry, m.site()), call, last.lower())
    if holder:
        return None
    return _shortcut(m, registry, last, call) or function(m, registry, last, call)


def _shortcut(m: Recorder, registry: Registry, last: str, call: Call) -> Value | None:
    """`db.get_or_404(Model, key)`, `db.first_or_404(statement)`, `db.paginate(statement)`."""
    first = call.args[0] if call.args else UNKNOWN
    if last == "get_or_404":
        query = building.built(Scope(registry, m.site()), "query", replace(call, args=call.args[:1]))
        nodes = positional(call.node)
        return identity.get(m, registry, query, nodes[1] if len(nodes) > 1 else None, call.node)
    if not isinstance(first, Query):
        return None
    if last in {"first_or_404", "one_or_404"}:
        done = execute(m, registry, sessions.session_value(), "scalars", call)
        return results.result_method(m, registry, done, "first") if isinstance(done, Query) else UNKNOWN
    if last == "paginate":
        return queries.method(m, registry, replace(first, kind="query"), "paginate", call)
    return None


def function(m: Recorder, registry: Registry, last: str, call: Call) -> Value | None:
    """One of SQLAlchemy's functions by the last part of its name."""
    first = call.args[0] if call.args else UNKNOWN
    scope = Scope(registry, m.site())
    if last in _STATEMENTS:
        return building.built(scope, last, call)
    if last == "text":
        return _text(first)
    if last == "exists":
        return expression(scope, call, "exists")
    if last in _EXPRESSIONS:
        return expression(scope, call)
    if last == "aliased":
        return first
    if last in _SET_OPERATIONS and isinstance(first, Query):
        return first
    if last == "Table" and isinstance(first, Const) and isinstance(first.value, str):
        return ModelValue(registry.table(first.value))
    if last in {"object_session", "async_object_session"}:
        return sessions.session_value()
    return options.option(last, call.args)


def _text(first: Value) -> TextClause:
    sql = first.template if isinstance(first, Text) else first.value if isinstance(first, Const) else None
    return TextClause("sqlalchemy.TextClause", sql if isinstance(sql, str) else None)
