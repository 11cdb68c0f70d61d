"""Queryset methods that execute: `get`, `count`, `update`, `create` and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_queries as queries
from auditor.frameworks.django_orm_execution import element, fetch, is_cached, select
from auditor.frameworks.orm_naming import size, subject
from auditor.index.values import UNKNOWN, Const, Dictionary, Items, Many, Query, Row, Value, altered

if TYPE_CHECKING:
    from auditor.frameworks.django_orm_queries import Step


def one(step: Step) -> Value:
    """`get`, `latest`…: a query for one row, whatever was fetched before."""
    query = altered(
        queries.filtered(step) if step.name in {"get", "get_subclass"} else queries.ordered(step), bound=1
    )
    if query.empty:
        return UNKNOWN
    select(step.registry, step.m, query, step.node)
    return element(step.registry, step.m, query)


def first(step: Step) -> Value:
    """From rows in memory only if they are ordered: else `first` orders by primary key."""
    query = step.query
    if query.empty:
        return Const(None)
    is_ordered = bool(query.ordered or query.model.ordering) and not query.grouped
    if is_cached(query) and is_ordered:
        return element(step.registry, step.m, query)
    return _limited(step)


def last(step: Step) -> Value:
    """Always a query: the order is turned round."""
    return Const(None) if step.query.empty else _limited(step)


def indexed(step: Step) -> Value:
    """`query[n]`."""
    if is_cached(step.query):
        return element(step.registry, step.m, step.query)
    index = step.args[0] if step.args else UNKNOWN
    written = repr(index.value) if isinstance(index, Const) else "…"
    return _limited(step, f"{step.query.text}[{written}]")


def _limited(step: Step, text: str = "") -> Value:
    query = step.derived(bound=1, limited=True)
    if text:
        query = altered(query, text=text)
    select(step.registry, step.m, query, step.node)
    return element(step.registry, step.m, query)


def counted(step: Step) -> Value:
    """`count`, `exists`, `contains`: free on rows in memory."""
    if not is_cached(step.query):
        label = "COUNT" if step.name == "count" else "EXISTS"
        step.m.effect("sql", f"{label} {subject(step.query)}", "read", query=step.derived(), node=step.node)
    return UNKNOWN


def aggregate(step: Step) -> Value:
    """`aggregate(...)`: one row of figures."""
    if not step.query.empty:
        step.m.effect("sql", f"AGGREGATE {subject(step.query)}", "read", query=step.derived(), node=step.node)
    return Dictionary(dict.fromkeys(step.kwargs, UNKNOWN))


def explain(step: Step) -> Value:
    """`explain()`."""
    step.m.effect("sql", f"EXPLAIN {subject(step.query)}", "read", query=step.derived(), node=step.node)
    return UNKNOWN


def in_bulk(step: Step) -> Value:
    """`in_bulk(keys)`: rows by key."""
    for given in (*step.args, *step.kwargs.values()):
        if isinstance(given, Query):
            fetch(step.registry, step.m, given, step.node)
    query = step.derived(filters=(*step.query.filters, (step.query.model.primary_key, "in")))
    select(step.registry, step.m, query, step.node)
    row = element(step.registry, step.m, query)
    return Dictionary({}, UNKNOWN, row, size(query), grown=True)


def update(step: Step) -> Value:
    """`update(...)` of every row of the query."""
    if not step.query.empty:
        _write(step, "UPDATE", step.derived())
    return UNKNOWN


def delete(step: Step) -> Value:
    """`delete()` of every row of the query."""
    if not step.query.empty:
        _write(step, "DELETE", step.derived())
    return UNKNOWN


def _write(step: Step, verb: str, query: Query, note: str = "") -> None:
    step.m.effect(
        "sql",
        f"{verb} {subject(query)}{note}",
        "write",
        cause="write",
        query=query,
        node=step.node,
        arguments=tuple(step.args),
    )


# -- making rows -------------------------------------------------------------------------------------------


def made(step: Step, kwargs: dict[str, Value]) -> Row:
    """A new row of the query's model, related to its owner."""
    row = Row(step.query.model, None, loops=step.m.current_loops(), extra=dict(kwargs), fresh=True)
    owner = step.query.owner
    if isinstance(owner, Row) and step.query.relation is not None:
        relation = owner.model.relations.get(step.query.relation)
        if relation is not None and relation.kind == "reverse-fk" and relation.back:
            row.extra.setdefault(relation.back, owner)
    return row


def create(step: Step) -> Value:
    """INSERT, by way of the model's own `save`."""
    row = made(step, step.kwargs)
    save = step.m.project.method(row.model.cls, "save")
    if save is not None:
        step.m.call_function(save, row, [], {}, step.node)
    else:
        insert(step, row)
    _link(step)
    return row


def insert(step: Step, row: Row) -> None:
    """The statement that `create` ends in, where the model has no `save` of its own."""
    signals = step.registry.signals
    signals.send(step.m, "pre_save", row, step.node)
    query = step.derived()
    _write(step, "INSERT", altered(query, relation=None, owner=None) if _is_between(step) else query)
    row.saved = True
    signals.send(step.m, "post_save", row, step.node)


def _is_between(step: Step) -> bool:
    owner = step.query.owner
    relation = owner.model.relations.get(step.query.relation or "") if isinstance(owner, Row) else None
    return relation is not None and relation.kind == "m2m"


def _link(step: Step) -> None:
    """What a row made through a many-to-many relation costs besides: the row between."""
    if _is_between(step):
        _write(step, "INSERT", step.derived())


def get_or_create(step: Step) -> Value:
    """A SELECT, and an INSERT where nothing was found."""
    query = altered(queries.filtered(_without_defaults(step)), bound=1)
    select(step.registry, step.m, query, step.node)
    create(_creating(step))
    return Items("tuple", [element(step.registry, step.m, query), UNKNOWN], 2)


def update_or_create(step: Step) -> Value:
    """A SELECT and a write."""
    query = altered(queries.filtered(_without_defaults(step)), bound=1, locked=True)
    select(step.registry, step.m, query, step.node)
    row = element(step.registry, step.m, query)
    defaults = step.kwargs.get("defaults")
    if isinstance(row, Row) and isinstance(defaults, Dictionary):
        set_on_it = {k: v for k, v in defaults.entries.items() if k in row.model.relations}
        row.extra.update({k: v for k, v in set_on_it.items() if isinstance(v, Row)})
        if not step.m.quiet:
            row.touched.update(set_on_it)
    save = step.m.project.method(query.model.cls, "save")
    if save is not None:
        step.m.call_function(save, row, [], {}, step.node)
    else:
        signals = step.registry.signals
        if isinstance(row, Row):
            signals.send(step.m, "pre_save", row, step.node)
        _write(step, "UPDATE", query, " or INSERT")
        if isinstance(row, Row):
            signals.send(step.m, "post_save", row, step.node)
    return Items("tuple", [row, UNKNOWN], 2)


_OPTIONS: Final = frozenset({"defaults", "create_defaults"})


def _without_defaults(step: Step) -> Step:
    return altered(step, kwargs={k: v for k, v in step.kwargs.items() if k not in _OPTIONS})


def _creating(step: Step) -> Step:
    given = {k: v for k, v in step.kwargs.items() if k not in _OPTIONS and "__" not in k}
    for option in ("defaults", "create_defaults"):
        defaults = step.kwargs.get(option)
        if isinstance(defaults, Dictionary):
            given.update({k: v for k, v in defaults.entries.items() if isinstance(k, str)})
    return altered(step, kwargs=given)


def bulk(step: Step) -> Value:
    """`bulk_create` and `bulk_update`: one statement for a batch; neither `save` nor signals."""
    given = step.args[0] if step.args else step.kwargs.get("objs", UNKNOWN)
    if isinstance(given, Query):
        fetch(step.registry, step.m, given, step.node)
    _write(step, "INSERT" if step.name == "bulk_create" else "UPDATE", step.derived(), " (bulk)")
    return given if isinstance(given, (Many, Items)) else UNKNOWN


def create_user(step: Step) -> Value:
    """`create_user(...)` of the managers that derive from `BaseUserManager`."""
    names = ("username", "email", "password")
    return create(altered(step, kwargs={**dict(zip(names, step.args, strict=False)), **step.kwargs}))


TERMINALS: Final[dict[str, Callable[[Step], Value]]] = {
    "get": one,
    "get_subclass": one,
    "earliest": one,
    "latest": one,
    "first": first,
    "last": last,
    "__getitem__": indexed,
    "count": counted,
    "exists": counted,
    "contains": counted,
    "aggregate": aggregate,
    "explain": explain,
    "in_bulk": in_bulk,
    "update": update,
    "delete": delete,
    "create": create,
    "get_or_create": get_or_create,
    "update_or_create": update_or_create,
    "bulk_create": bulk,
    "bulk_update": bulk,
}
"""By method name; the `a` variants do the same."""
