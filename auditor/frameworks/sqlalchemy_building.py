"""Building queries: `session.query(...)`, `select(...)` and what is chained on them. Nothing runs here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_options as options
from auditor.frameworks.sqlalchemy_filters import Scope, conditions, first_model
from auditor.frameworks.sqlalchemy_text import arguments, hands_on, positional, source
from auditor.frameworks.sqlalchemy_values import ANYTHING, Call, Expression, constant_int
from auditor.index import ir
from auditor.index.values import UNKNOWN, Const, Items, Model, ModelValue, Query, Sym, Value, altered, stepped
from auditor.index.values import options as alternatives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node

_PLAIN: Final = frozenset(
    "join outerjoin full_join having execution_options enable_eagerloads populate_existing correlate "
    "correlate_except params from_self set_label_style enable_assertions autoflush with_hint "
    "with_statement_hint prefix_with suffix_with reset_joinpoint add_columns add_column add_entity "
    "values returning on_conflict_do_nothing on_conflict_do_update on_duplicate_key_update from_select "
    "union union_all except_ except_all intersect intersect_all with_session select_entity_from "
    "join_from outerjoin_from with_labels apply_labels only_return_tuples tuples from_statement inline "
    "ordered_values return_defaults with_dialect_options add_cte with_parent bindparams filter_if "
    "with_transformation with_polymorphic set_return_defaults merge_result lazy_load "
    "sort_by_parameter_order".split()
)
_STARTS: Final = frozenset({"select_from", "join", "outerjoin", "filter", "where", "join_from"})
"""Calls that tell which table a query without an entity starts from."""


# -- starting ------------------------------------------------------------------------------------------------


def built(
    scope: Scope, kind: str, call: Call, *, binding: Value | None = None, model: Model | None = None
) -> Query:
    """`session.query(A)`, `select(A.id, B)`, `insert(A)`…: a query of the first entity that is named."""
    nodes = positional(call.node)[: len(call.args)]
    columns = _columns(call.args)
    made = Query(
        "sqlalchemy",
        model or _entity(scope, columns, nodes),
        scope.site,
        columns=tuple(columns) if kind in {"select", "query"} else (),
        binding=binding,
        text=f"{kind}({', '.join(source(n) for n in nodes)})",
        kind=kind,
    )
    return options.loaded(scope.registry, made)


def of_model(m: Recorder, registry: Registry, model: Model) -> Query:
    """`Model.query`."""
    made = Query(
        "sqlalchemy",
        model,
        m.site(),
        text=f"query({model.name})",
        kind="query",
        cls=registry.query_class(model),
        columns=(ModelValue(model),),
    )
    return options.loaded(registry, made)


def settled(registry: Registry, query: Query) -> Query:
    """A query of an entity that was a parameter where it was built, once it is known what was passed."""
    first = query.columns[0] if query.columns else None
    if not isinstance(first, ModelValue) or first.model is query.model:
        return query
    named = any(isinstance(c, ModelValue) and c.model is query.model for c in query.columns)
    if query.model is not ANYTHING and (query.owner is not None or named):
        return query
    return options.loaded(registry, altered(query, model=first.model))


def _columns(args: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for a in args:
        value = next(iter(alternatives(a)))
        found.extend(_columns(value.items) if isinstance(value, Items) else [value])
    return found


def _entity(scope: Scope, columns: Sequence[Value], nodes: Sequence[Node]) -> Model:
    for c in columns:
        known = c.hint if isinstance(c, Sym) else c
        if isinstance(known, ModelValue):
            return known.model
    for c in columns:
        model = c.model if isinstance(c, Expression | Query) else None
        if model is not None and model is not ANYTHING:
            return model
    return mentioned(scope, nodes) or ANYTHING


def mentioned(scope: Scope, nodes: Sequence[Node]) -> Model | None:
    """The first model that these expressions name."""
    return next((found for n in nodes if (found := first_model(scope, n)) is not None), None)


# -- chained calls -------------------------------------------------------------------------------------------


def chained(scope: Scope, query: Query, name: str, call: Call) -> Query | None:
    """The query that a call like `.filter(...)` makes of another one; None for other methods."""
    change = _CHANGES.get(name)
    if change is None and name not in _PLAIN:
        return None
    handed_on = "…" if hands_on(call.node) else ""  # what was passed, nobody can tell from the text
    text = f"{query.text}.{name}({arguments(call.node)}{handed_on})"
    made = altered(query, text=text, site=scope.site, steps=stepped(query, scope.site), fetched=[])
    if made.model is ANYTHING and name in _STARTS:
        made = altered(made, model=_entity(scope, list(call.args), positional(call.node)))
    return made if change is None else change(scope, made, call)


def filtered(scope: Scope, query: Query, call: Call) -> Query:
    """`.filter(...)`, `.where(...)`."""
    found = [c for n in positional(call.node) for c in conditions(scope, query.model, n)]
    return altered(query, filters=(*query.filters, *found))


def filtered_by(_: Scope, query: Query, call: Call) -> Query:
    """`.filter_by(name=value)`; a relation counts as the column that holds its key."""
    found = []
    for name, value in call.kwargs.items():
        relation = query.model.relations.get(name)
        column = relation.column if relation is not None and relation.column is not None else name
        is_null = isinstance(value, Const) and value.value is None
        if column in query.model.columns:
            found.append((column, "isnull" if is_null else "exact"))
    return altered(query, filters=(*query.filters, *found))


def sliced(_: Scope, query: Query, call: Call) -> Query:
    """`.slice(low, high)`, `[low:high]`."""
    low, high = (constant_int(a) for a in (*call.args, UNKNOWN, UNKNOWN)[:2])
    return altered(query, limited=True, bound=high - (low or 0) if high is not None else None)


def _with_options(scope: Scope, query: Query, call: Call) -> Query:
    node = call.node
    given = node is not None and node[0] == ir.CALL and bool(node[3])
    # `*options`, of which nothing is known here, still loads something.
    return options.apply(scope.registry, query, call.args or ([UNKNOWN] if given else []))


def _ordered(_: Scope, query: Query, call: Call) -> Query:
    only = call.args[0] if len(call.args) == 1 else None
    if isinstance(only, Const) and only.value in {None, False}:
        return altered(query, ordered=())
    return altered(query, ordered=(*query.ordered, *(source(n) for n in positional(call.node))))


def _limited(_: Scope, query: Query, call: Call) -> Query:
    first = call.args[0] if call.args else UNKNOWN
    if isinstance(first, Const) and first.value is None:
        return query
    return altered(query, limited=True, bound=constant_int(first))


def _with_entities(scope: Scope, query: Query, call: Call) -> Query:
    columns = _columns(call.args)
    model = query.model if query.model is not ANYTHING else _entity(scope, columns, positional(call.node))
    return options.loaded(scope.registry, altered(query, columns=tuple(columns), model=model))


_Change = Callable[[Scope, Query, Call], Query]
_CHANGES: Final[dict[str, _Change]] = {
    "filter": filtered,
    "where": filtered,
    "filter_by": filtered_by,
    "options": _with_options,
    "order_by": _ordered,
    "limit": _limited,
    "fetch": _limited,
    "slice": sliced,
    "offset": lambda _s, query, _c: query,
    "select_from": lambda _s, query, _c: query,
    "with_entities": _with_entities,
    "with_only_columns": _with_entities,
    "distinct": lambda _s, query, _c: altered(query, distinct=True),
    "group_by": lambda _s, query, _c: altered(query, grouped=True),
    "with_for_update": lambda _s, query, _c: altered(query, locked=True),
    "yield_per": lambda _s, query, _c: altered(query, streaming=True),
}
