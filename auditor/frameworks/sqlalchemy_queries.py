"""The methods of queries: the ones that run them, and what is left to whoever executes a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_building as building
from auditor.frameworks import sqlalchemy_identity as identity
from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks.sqlalchemy_filters import Scope
from auditor.frameworks.sqlalchemy_text import keyword, positional
from auditor.frameworks.sqlalchemy_values import Call, Columns, Expression, constant_int
from auditor.index.values import UNKNOWN, Items, Query, Value, altered, stepped

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node

_SUBQUERIES: Final = frozenset({"subquery", "cte", "alias", "lateral", "tablesample"})
_SCALARS: Final = frozenset({"scalar_subquery", "as_scalar", "label", "exists", "in_", "self_group"})


_ROWS: Final = frozenset({"all", "one", "one_or_none", "first", "scalar", "first_or_404", "one_or_404"})
_COLUMNS: Final = frozenset({"c", "columns", "selected_columns", "exported_columns"})


def method(m: Recorder, registry: Registry, query: Query, name: str, call: Call) -> Value | None:
    """`query.name(...)`; None where queries of this kind have no such method."""
    query = building.settled(registry, query)
    if query.kind in {"result", "page"}:
        return results.result_method(m, registry, query, name)
    if query.kind == "writeonly":
        return _write_only(query, name)
    made = building.chained(Scope(registry, m.site()), query, name, call)
    if made is not None:
        return made
    if name in _SUBQUERIES:
        return altered(query, kind="subquery", text=f"{query.text}.{name}()")
    if name in _SCALARS:
        function = "exists" if name == "exists" else ""
        return Expression("sqlalchemy.ColumnElement", query.model, function=function)
    if query.kind == "query":
        return _legacy(m, registry, query, name, call)
    return UNKNOWN if name in {"compile", "is_derived_from", "get_children"} else None


def _write_only(query: Query, name: str) -> Value | None:
    if name in {"select", "update", "delete", "insert"}:
        return altered(query, kind=name)
    return UNKNOWN if name in {"add", "add_all", "remove"} else None


def _legacy(m: Recorder, registry: Registry, query: Query, name: str, call: Call) -> Value | None:
    """The methods of `Query` that run it. Each call runs it again: it keeps no rows."""
    node = call.node
    site = m.site()
    query = altered(query, site=site, steps=stepped(query, site))
    if name in _ROWS:
        return _rows(m, registry, query, name, node)
    if name in {"get", "get_or_404"}:
        key = positional(node)[0] if positional(node) else keyword(node, "ident")
        return identity.get(m, registry, query, key, node)
    if name == "count":
        results.run(m, registry, altered(query, text=f"{query.text}.count()"), node, verb="COUNT")
        return UNKNOWN
    if name in {"update", "delete"}:
        results.run(m, registry, altered(query, kind=name, text=f"{query.text}.{name}()"), node)
        return UNKNOWN
    if name == "paginate":
        return _page(m, registry, query, call)
    if name == "__getitem__":
        one = altered(query, bound=1, limited=True)
        results.run(m, registry, one, node)
        return results.element(m, registry, one)
    if name == "__slice__":
        part = building.sliced(Scope(registry, m.site()), query, call)
        results.run(m, registry, part, node)
        return results.listed(m, registry, part)
    if name == "__call__":  # a project that puts a function in place of `Model.query`: conditions by keyword
        return building.filtered_by(Scope(registry, m.site()), query, call)
    if name in {"append", "extend", "remove", "add", "clear"} and query.owner is not None:
        return UNKNOWN  # a dynamic collection: written at the flush, nothing is read
    return None


def _page(m: Recorder, registry: Registry, query: Query, call: Call) -> Query:
    """Flask-SQLAlchemy's `paginate`: a count and one page."""
    results.run(m, registry, query, call.node, verb="COUNT")
    paged = altered(query, limited=True, bound=constant_int(call.kwargs.get("per_page")))
    results.run(m, registry, paged, call.node)
    return altered(paged, kind="page", in_memory=True, fetched=[True])


def _rows(m: Recorder, registry: Registry, query: Query, name: str, node: Node | None) -> Value:
    if name.startswith("first"):
        query = altered(query, bound=1, limited=True)
    elif name != "all":
        query = altered(query, bound=1)
    results.run(m, registry, query, node)
    if name == "all":
        return results.listed(m, registry, query)
    found = results.element(m, registry, query)
    return found.items[0] if name == "scalar" and isinstance(found, Items) else found


def attribute(m: Recorder, registry: Registry, query: Query, name: str) -> Value | None:
    """`query.name` without a call."""
    if query.kind in {"subquery", "select"} and name in _COLUMNS:
        return Columns("sqlalchemy.ColumnCollection", query)
    if name == "session" and query.binding is not None:
        return query.binding
    return results.result_attribute(m, registry, query, name)


def fetch(m: Recorder, registry: Registry, query: Query, node: Node | None, how: str) -> None:
    """Consuming a query: only `Query` and dynamic collections run, and each time again."""
    if query.kind != "query" or query.in_memory or query.empty:
        return
    if how in {"bool", "len"}:
        return  # a Query has neither a truth value nor a length of its own
    results.run(m, registry, query, node)
