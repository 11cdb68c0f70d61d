"""Queryset methods that build: each gives a new query and executes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from auditor.frameworks import django_orm_paths as paths
from auditor.frameworks import orm_step
from auditor.frameworks.django_orm_models import ORM, Registry
from auditor.frameworks.orm_text import shortened
from auditor.index import ir
from auditor.index.values import Const, ManagerValue, Prefetched, Query, Value, altered

if TYPE_CHECKING:
    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node


class Step(orm_step.Step[Registry]):
    """One method call on a queryset."""

    __slots__ = ()

    def nodes(self) -> tuple[Node, ...]:
        """The source of the positional arguments."""
        return self.node[3] if self.node is not None and self.node[0] == ir.CALL else ()

    def is_none(self) -> bool:
        """Whether the only argument is None, by which Django takes back what was asked for before."""
        return len(self.args) == 1 and isinstance(self.args[0], Const) and self.args[0].value is None


def start(m: Recorder, manager: ManagerValue) -> Query:
    """The query that a manager begins with."""
    if manager.source is not None:
        return manager.source
    model = manager.model
    return Query(
        ORM, model, m.site(), cls=manager.queryset_cls, text=f"{model.name}.objects", loops=m.current_loops()
    )


def same(step: Step) -> Query:
    """`all`, `using`: the same rows, asked for anew."""
    return step.derived()


def filtered(step: Step) -> Query:
    """`filter`, `exclude`, `get`: with the conditions of the call."""
    given = step.kwargs if step.name != "complex_filter" else {}
    found = paths.conditions(step.query.model, step.nodes(), given, negated=step.name == "exclude")
    if not found and step.args:
        found = (("?", "?"),)
    return step.derived(filters=step.query.filters + found)


def ordered(step: Step) -> Query:
    """`order_by(...)`."""
    names = tuple(str(a.value) if isinstance(a, Const) else "?" for a in step.args)
    return step.derived(ordered=names)


def reversed_(step: Step) -> Query:
    """`reverse()`: the order that it has, turned round."""
    order = step.query.ordered or step.query.model.ordering
    return step.derived(ordered=tuple(o[1:] if o.startswith("-") else f"-{o}" for o in order))


def distinct(step: Step) -> Query:
    """`distinct(...)`."""
    return step.derived(distinct=True)


def annotated(step: Step) -> Query:
    """`annotate`, `alias`, `extra`: rows get attributes; after `values` they are grouped."""
    query = step.query
    names = tuple(step.kwargs) if step.name != "extra" else _extra_names(step.kwargs.get("select"))
    names += tuple(name for name in map(_default_alias, step.nodes()) if name)
    grouped = query.grouped or query.shape != "rows"
    if step.name == "alias":
        return step.derived()
    return step.derived(annotated=query.annotated + names, grouped=grouped)


def _extra_names(value: Value | None) -> tuple[str, ...]:
    return tuple(k for k in getattr(value, "entries", {}) if isinstance(k, str))


def _default_alias(node: Node) -> str:
    """`annotate(Count("books"))` adds `books__count`."""
    if node[0] != ir.CALL or not node[3] or node[3][0][0] != ir.CONST:
        return ""
    function = node[2][2] if node[2][0] == ir.NAME else node[2][3] if node[2][0] == ir.ATTR else ""
    return f"{node[3][0][2]}__{function.lower()}"


def dicts(step: Step) -> Query:
    """`values(...)`."""
    return step.derived(shape="dicts", only=_named_columns(step), annotated=_annotations(step))


def tuples(step: Step) -> Query:
    """`values_list(...)`."""
    flat = step.kwargs.get("flat")
    is_flat = isinstance(flat, Const) and flat.value is True
    shape = "flat" if is_flat else "tuples"
    return step.derived(shape=shape, only=_named_columns(step), annotated=_annotations(step))


def _annotations(step: Step) -> tuple[str, ...]:
    return step.query.annotated + tuple(step.kwargs) if step.name == "values" else step.query.annotated


def _named_columns(step: Step) -> frozenset[str] | None:
    names = paths.names(step.args)
    return frozenset(paths.dotted(n) for n in names) if names and len(names) == len(step.args) else None


def flat_dates(step: Step) -> Query:
    """`dates(...)`, `datetimes(...)`."""
    return step.derived(shape="flat", distinct=True)


def empty(step: Step) -> Query:
    """`none()`."""
    return step.derived(empty=True)


def combined(step: Step) -> Query:
    """`union` and the like: rows of several queries; the conditions of the first do not hold for all."""
    others = [a for a in step.args if isinstance(a, Query)]
    return step.derived(
        filters=(("?", "?"),) if step.query.filters else (),
        loaded=step.query.loaded.intersection(*(o.loaded for o in others)),
        empty=step.query.empty and all(o.empty for o in others),
    )


def select_related(step: Step) -> Query:
    """`select_related(...)`: relations that come with the rows by a join."""
    query, registry = step.query, step.registry
    others = _prefetched_paths(query)
    if step.is_none():
        return step.derived(joined=frozenset(), loaded=others)
    asked = [paths.dotted(n) for n in paths.names(step.args)]
    if not step.args:
        added = set(paths.to_one_paths(registry, query.model))
    else:
        added = {p for path in asked for p in paths.closure(path)}
    known = frozenset(p for p in added if paths.model_at(registry, query.model, p) is not None)
    return step.derived(joined=query.joined | known, loaded=query.loaded | known, strategies=unread(step))


def unread(step: Step) -> tuple[tuple[str, str, str], ...]:
    """The query's loading options, with a mark where the call names relations that can't be read: `*fields`."""
    plain = step.args and all(isinstance(a, (Const, Prefetched)) for a in step.args)
    if plain or not step.nodes():
        return step.query.strategies
    return (*step.query.strategies, (step.query.model.key, "*", "unknown"))


def prefetch_related(step: Step) -> Query:
    """`prefetch_related(...)`: relations loaded by queries of their own when the rows are."""
    query = step.query
    if step.is_none():
        return step.derived(prefetches=(), to_attr=(), loaded=query.joined)
    added = tuple(p for a in step.args for p in as_prefetches(a))
    prefetches = query.prefetches + added
    made = step.derived(
        prefetches=prefetches,
        to_attr=query.to_attr + tuple((p.to_attr, p.path) for p in added if p.to_attr),
        strategies=unread(step),
    )
    return altered(made, loaded=query.joined | _prefetched_paths(made))


def as_prefetches(value: Value) -> tuple[Prefetched, ...]:
    """What an argument of `prefetch_related` names."""
    if isinstance(value, Prefetched):
        return (value,)
    if isinstance(value, Const) and isinstance(value.value, str):
        return (Prefetched(paths.dotted(value.value)),)
    return ()


def _prefetched_paths(query: Query) -> frozenset[str]:
    """Relations that reading costs nothing after the query's prefetches."""
    found: set[str] = set()
    for prefetch in query.prefetches:
        whole = list(paths.closure(prefetch.path))
        found.update(whole[:-1] if prefetch.to_attr else whole)
        if prefetch.query is not None and not prefetch.to_attr:
            found.update(f"{prefetch.path}.{inner}" for inner in prefetch.query.loaded)
    return frozenset(found)


def only(step: Step) -> Query:
    """`only(...)`: the primary key comes with it always."""
    names = _named_columns(step)
    if names is None:
        return step.derived(only=None)
    through = {part for name in names for part in paths.closure(name)}
    return step.derived(only=frozenset(through | {step.query.model.primary_key}))


def deferred(step: Step) -> Query:
    """`defer(...)`: all columns but these."""
    query = step.query
    if step.is_none():
        return step.derived(only=None)
    fetched = query.only if query.only is not None else frozenset(query.model.columns)
    return step.derived(only=fetched - {paths.dotted(n) for n in paths.names(step.args)})


def locked(step: Step) -> Query:
    """`select_for_update(...)`."""
    return step.derived(locked=True)


def streaming(step: Step) -> Query:
    """`iterator()`: rows pass by and are not kept; prefetches happen only in chunks of a given size."""
    query = step.query
    if step.kwargs.get("chunk_size") is None and not step.args:
        return step.derived(streaming=True, prefetches=(), to_attr=(), loaded=query.joined)
    return step.derived(streaming=True)


def raw(step: Step) -> Query:
    """`raw(sql)`: rows of a query that is not read here."""
    return step.derived(
        filters=(("?", "?"),), joined=frozenset(), loaded=frozenset(), prefetches=(), to_attr=()
    )


def sliced(step: Step) -> Value:
    """`query[low:high]`: still a query, unless its rows are there already."""
    query = step.query
    low, high = (v.value if isinstance(v, Const) else _OPEN for v in step.args)
    start_at = low if isinstance(low, int) else 0 if low is None else None
    bound = None
    if isinstance(high, int) and start_at is not None and high > start_at >= 0:
        bound = high - start_at
    if query.bound is not None:
        bound = query.bound if bound is None else min(bound, query.bound)
    limited = query.limited or high is not None
    text = shortened(f"{query.text}[{_bound_text(step, 0)}:{_bound_text(step, 1)}]")
    if query.in_memory or query.fetched:
        return altered(query, bound=bound, text=text)
    return step.derived(bound=bound, limited=limited, text=text)


_OPEN: Final = object()


def _bound_text(step: Step, n: int) -> str:
    value = step.args[n]
    if isinstance(value, Const):
        return "" if value.value is None else repr(value.value)
    return "…"


BUILDERS: Final[dict[str, Callable[[Step], Value]]] = {
    "all": same,
    "get_queryset": same,
    "using": same,
    "db_manager": same,
    "order_by": ordered,
    "reverse": reversed_,
    "filter": filtered,
    "exclude": filtered,
    "complex_filter": filtered,
    "distinct": distinct,
    "annotate": annotated,
    "alias": annotated,
    "extra": annotated,
    "values": dicts,
    "values_list": tuples,
    "dates": flat_dates,
    "datetimes": flat_dates,
    "none": empty,
    "union": combined,
    "intersection": combined,
    "difference": combined,
    "select_related": select_related,
    "prefetch_related": prefetch_related,
    "only": only,
    "defer": deferred,
    "select_for_update": locked,
    "iterator": streaming,
    "aiterator": streaming,
    "raw": raw,
    "__slice__": sliced,
    # Of django-model-utils and django-polymorphic, whose querysets are Django's otherwise.
    "select_subclasses": same,
    "non_polymorphic": same,
    "instance_of": filtered,
    "not_instance_of": filtered,
}
"""By method name; none of them executes anything."""
