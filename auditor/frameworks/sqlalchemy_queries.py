"""Building queries, `session.query(...)` and `select(...)` alike, and running the ones that run themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_identity as identity
from auditor.frameworks import sqlalchemy_options as options
from auditor.frameworks import sqlalchemy_results as results
from auditor.frameworks.sqlalchemy_filters import Scope, conditions, first_model
from auditor.frameworks.sqlalchemy_text import arguments, keyword, positional, source
from auditor.frameworks.sqlalchemy_values import ANYTHING, Columns, Expression
from auditor.index.values import (
    UNKNOWN,
    Const,
    Items,
    Model,
    ModelValue,
    Query,
    Sym,
    Value,
)
from auditor.index.values import options as alternatives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node

_PLAIN: Final = frozenset(
    "join outerjoin full_join having execution_options enable_eagerloads populate_existing correlate correlate_except "
    "params from_self set_label_style enable_assertions autoflush with_hint with_statement_hint prefix_with suffix_with "
    "reset_joinpoint add_columns add_column add_entity values returning on_conflict_do_nothing on_conflict_do_update "
    "on_duplicate_key_update from_select union union_all except_ except_all intersect intersect_all with_session "
    "select_entity_from join_from outerjoin_from with_labels apply_labels only_return_tuples tuples from_statement "
    "inline ordered_values return_defaults with_dialect_options add_cte with_parent bindparams filter_if correlate "
    "with_transformation with_polymorphic set_return_defaults merge_result lazy_load sort_by_parameter_order".split()
)
_SUBQUERIES: Final = frozenset({"subquery", "cte", "alias", "lateral", "tablesample"})
_SCALARS: Final = frozenset({"scalar_subquery", "as_scalar", "label", "exists", "in_", "self_group"})


# -- building --------------------------------------------------------------------------------------------------


def built(
    m: Recorder,
    registry: Registry,
    kind: str,
    args: Sequence[Value],
    node: Node | None,
    *,
    binding: Value | None = None,
    model: Model | None = None,
    given: Sequence[Node] | None = None,
) -> Query:
    """`session.query(A)`, `select(A.id, B)`, `insert(A)`…: a query of the first entity that is named."""
    nodes = positional(node) if given is None else given
    columns = _columns(args)
    entity = model or _entity(m, registry, columns, nodes)
    made = Query(
        "sqlalchemy",
        entity,
        m.site(),
        columns=() if kind not in {"select", "query"} else tuple(columns),
        binding=binding,
        text=f"{kind}({', '.join(source(n) for n in nodes)})",
        kind=kind,
    )
    return options.loaded(registry, made)


def _columns(args: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for a in args:
        value = next(iter(alternatives(a)))
        found.extend(_columns(value.items) if isinstance(value, Items) else [value])
    return found


def _entity(m: Recorder, registry: Registry, columns: Sequence[Value], nodes: Sequence[Node]) -> Model:
    for c in columns:
        known = c.hint if isinstance(c, Sym) else c
        if isinstance(known, ModelValue):
            return known.model
    for c in columns:
        model = c.model if isinstance(c, Expression | Query) else None
        if model is not None and model is not ANYTHING:
            return model
    return mentioned(m, registry, nodes) or ANYTHING


def mentioned(m: Recorder, registry: Registry, nodes: Sequence[Node]) -> Model | None:
    """The first model that these expressions name."""
    scope = Scope(registry, m.site())
    found = (first_model(scope, n) for n in nodes)
    return next((f for f in found if f is not None), None)


def settled(registry: Registry, query: Query) -> Query:
    """A query of an entity that was a parameter where it was built, once it is known what was passed."""
    first = query.columns[0] if query.columns else None
    if not isinstance(first, ModelValue) or first.model is query.model:
        return query
    if query.model is not ANYTHING and (
        query.owner is not None
        or any(isinstance(c, ModelValue) and c.model is query.model for c in query.columns)
    ):
        return query
    return options.loaded(registry, replace(query, model=first.model))


def of_model(m: Recorder, registry: Registry, model: Model) -> Query:
    """`Model.query`."""
    cls = registry.query_class(model)
    made = Query(
        "sqlalchemy",
        model,
        m.site(),
        text=f"query({model.name})",
        kind="query",
        cls=cls,
        columns=(ModelValue(model),),
    )
    return options.loaded(registry, made)


def chained(
    m: Recorder,
    registry: Registry,
    query: Query,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query | None:
    """The query that a call like `.filter(...)` makes of another one; nothing runs. None for other methods."""
    change = _CHANGES.get(name)
    if change is None and name not in _PLAIN:
        return None
    text = f"{query.text}.{name}({arguments(node)})"
    made = replace(query, text=text, site=m.site(), fetched=[])
    if made.model is ANYTHING and name in {
        "select_from",
        "join",
        "outerjoin",
        "filter",
        "where",
        "join_from",
    }:
        made = replace(made, model=_entity(m, registry, list(args), positional(node)))
    return made if change is None else change(m, registry, made, args, kwargs, node)


_Change = Callable[
    ["Recorder", "Registry", Query, "Sequence[Value]", "dict[str, Value]", "Node | None"], Query
]


def _filter(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del args, kwargs
    scope = Scope(registry, m.site())
    found = [c for n in positional(node) for c in conditions(scope, query.model, n)]
    return replace(query, filters=(*query.filters, *found))


def _filter_by(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del m, registry, args, node
    found = []
    for name, value in kwargs.items():
        relation = query.model.relations.get(name)
        column = relation.column if relation is not None and relation.column is not None else name
        is_null = isinstance(value, Const) and value.value is None
        if column in query.model.columns:
            found.append((column, "isnull" if is_null else "exact"))
    return replace(query, filters=(*query.filters, *found))


def _options(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del m, kwargs, node
    return options.apply(registry, query, args)


def _order_by(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del m, registry, kwargs
    if len(args) == 1 and isinstance(args[0], Const) and args[0].value in {None, False}:
        return replace(query, ordered=())
    return replace(query, ordered=(*query.ordered, *(source(n) for n in positional(node))))


def _limit(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del m, registry, kwargs, node
    if args and isinstance(args[0], Const) and args[0].value is None:
        return query
    return replace(query, limited=True, bound=results.constant_int(args[0]) if args else query.bound)


def _slice(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del m, registry, kwargs, node
    low, high = (results.constant_int(a) for a in (*args, UNKNOWN, UNKNOWN)[:2])
    return replace(query, limited=True, bound=high - (low or 0) if high is not None else None)


def _entities(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del kwargs
    columns = _columns(args)
    model = query.model if query.model is not ANYTHING else _entity(m, registry, columns, positional(node))
    return options.loaded(registry, replace(query, columns=tuple(columns), model=model))


def _flag(name: str) -> _Change:
    def change(
        m: Recorder,
        registry: Registry,
        query: Query,
        args: Sequence[Value],
        kwargs: dict[str, Value],
        node: Node | None,
    ) -> Query:
        del m, registry, args, kwargs, node
        if name == "distinct":
            return replace(query, distinct=True)
        if name == "grouped":
            return replace(query, grouped=True)
        return replace(query, locked=True) if name == "locked" else replace(query, streaming=True)

    return change


def _same(
    m: Recorder,
    registry: Registry,
    query: Query,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Query:
    del m, registry, args, kwargs, node
    return query


_CHANGES: Final[dict[str, _Change]] = {
    "filter": _filter,
    "where": _filter,
    "filter_by": _filter_by,
    "options": _options,
    "order_by": _order_by,
    "limit": _limit,
    "fetch": _limit,
    "slice": _slice,
    "offset": _same,
    "select_from": _same,
    "with_entities": _entities,
    "with_only_columns": _entities,
    "distinct": _flag("distinct"),
    "group_by": _flag("grouped"),
    "with_for_update": _flag("locked"),
    "yield_per": _flag("streaming"),
}


# -- running ---------------------------------------------------------------------------------------------------


def method(
    m: Recorder,
    registry: Registry,
    query: Query,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """`query.name(...)`; None where queries of this kind have no such method."""
    if query.kind in {"result", "page"}:
        return results.result_method(m, registry, query, name, args, node)
    if query.kind == "writeonly":
        return _write_only(query, name)
    made = chained(m, registry, query, name, args, kwargs, node)
    if made is not None:
        return made
    if name in _SUBQUERIES:
        return replace(query, kind="subquery", text=f"{query.text}.{name}()")
    if name in _SCALARS:
        return Expression(
            "sqlalchemy.ColumnElement", query.model, function="exists" if name == "exists" else ""
        )
    if query.kind == "query":
        return _legacy(m, registry, query, name, args, kwargs, node)
    return UNKNOWN if name in {"compile", "is_derived_from", "get_children"} else None


def _write_only(query: Query, name: str) -> Value | None:
    if name in {"select", "update", "delete", "insert"}:
        return replace(query, kind=name)
    return UNKNOWN if name in {"add", "add_all", "remove"} else None


def _legacy(
    m: Recorder,
    registry: Registry,
    query: Query,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Value | None:
    """The methods of `Query` that run it. Each call runs it again: it keeps no rows."""
    query = replace(query, site=m.site())
    if name in {"all", "one", "one_or_none", "first", "scalar", "first_or_404", "one_or_404"}:
        return _rows(m, registry, query, name, node)
    if name in {"get", "get_or_404"}:
        key = positional(node)[0] if positional(node) else keyword(node, "ident")
        return identity.get(m, registry, query, key, node)
    if name == "count":
        results.run(m, registry, replace(query, text=f"{query.text}.count()"), node, verb="COUNT")
        return UNKNOWN
    if name in {"update", "delete"}:
        results.run(m, registry, replace(query, kind=name, text=f"{query.text}.{name}()"), node)
        return UNKNOWN
    if name == "paginate":
        results.run(m, registry, query, node, verb="COUNT")
        size = results.constant_int(kwargs.get("per_page"))
        paged = replace(query, limited=True, bound=size)
        results.run(m, registry, paged, node)
        return replace(paged, kind="page", in_memory=True, fetched=[True])
    if name == "__getitem__":
        one = replace(query, bound=1, limited=True)
        results.run(m, registry, one, node)
        return results.element(m, registry, one)
    if name == "__slice__":
        part = _slice(
            m,
            registry,
            query,
            [a if results.constant_int(a) is not None else UNKNOWN for a in args],
            {},
            node,
        )
        results.run(m, registry, part, node)
        return results.listed(m, registry, part)
    if name == "__call__":  # a project that puts a function in place of `Model.query`: conditions by keyword
        return _filter_by(m, registry, query, args, kwargs, node)
    if name in {"append", "extend", "remove", "add", "clear"} and query.owner is not None:
        return UNKNOWN  # a dynamic collection: written at the flush, nothing is read
    return None


def _rows(m: Recorder, registry: Registry, query: Query, name: str, node: Node | None) -> Value:
    if name.startswith("first"):
        query = replace(query, bound=1, limited=True)
    elif name != "all":
        query = replace(query, bound=1)
    results.run(m, registry, query, node)
    if name == "all":
        return results.listed(m, registry, query)
    found = results.element(m, registry, query)
    if name == "scalar" and isinstance(found, Items):
        return found.items[0]
    return found


def attribute(m: Recorder, registry: Registry, query: Query, name: str) -> Value | None:
    """`query.name` without a call."""
    if query.kind in {"subquery", "select"} and name in {
        "c",
        "columns",
        "selected_columns",
        "exported_columns",
    }:
        return Columns("sqlalchemy.ColumnCollection", query)
    if name == "session" and query.binding is not None:
        return query.binding
    found = results.result_attribute(m, registry, query, name)
    return found


def fetch(m: Recorder, registry: Registry, query: Query, node: Node | None, how: str) -> None:
    """Consuming a query: only `Query` and dynamic collections run, and each time again."""
    if query.kind != "query" or query.in_memory or query.empty:
        return
    if how in {"bool", "len"}:
        return  # a Query has neither a truth value nor a length of its own
    results.run(m, registry, query, node)
