"""Tortoise's queries: what building them gives, and the methods that ask or write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auditor.frameworks import django_orm_queries as built
from auditor.frameworks.django_orm_queries import Step
from auditor.frameworks.orm_naming import size, subject
from auditor.frameworks.tortoise_models import ORM
from auditor.frameworks.tortoise_running import ONE, RELATED, ask, element
from auditor.index.values import UNKNOWN, Const, Dictionary, Items, Query, Row, Value, altered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.frameworks.tortoise_models import Registry
    from auditor.index.ir import Node
    from auditor.index.values import Model

_NEGATED: Final = frozenset({"not", "not_in", "not_isnull"})
_SEARCHED: Final = frozenset({"search", "posix_regex", "iposix_regex", "filter", "fts"})


def start(m: Recorder, model: Model) -> Query:
    """What `Model.all()` and its like begin."""
    return Query(ORM, model, m.site(), text=model.name, loops=m.current_loops())


def step_of(
    registry: Registry,
    m: Recorder,
    query: Query,
    name: str,
    args: Sequence[Value],
    kwargs: dict[str, Value],
    node: Node | None,
) -> Step:
    """One method call on a query, which is built as Django's are."""
    plain = altered(query, kind="", in_memory=False, loaded=frozenset()) if query.kind == RELATED else query
    known: Any = registry  # has what building asks of Django's
    return Step(known, m, plain, name, args, kwargs, node)


def method(registry: Registry, step: Step) -> Value | None:
    """`query.name(...)`; None where there is no such method."""
    if step.name in _SINGLE:
        return single(step)
    make = _BUILDING.get(step.name)
    if make is not None:
        return make(step)
    run = _RUNNING.get(step.name)
    return None if run is None else run(registry, step)


# -- building ------------------------------------------------------------------------------------------------


def filtered(step: Step) -> Query:
    """`filter`, `exclude`, `get`: with the conditions of the call."""
    found = built.filtered(step)
    return altered(found, filters=tuple(told(step.query.model, *f) for f in found.filters))


def told(model: Model, path: str, lookup: str) -> tuple[str, str]:
    """A condition by the relation that holds a key, and with Tortoise's own lookups."""
    head, _, last = path.rpartition(".")
    if head and last in _NEGATED | _SEARCHED:
        path, lookup = head, "not"
    if "." not in path and path.endswith("_id") and path not in model.columns:
        return path.removesuffix("_id"), lookup
    return path, lookup


def single(step: Step) -> Query:
    """`get`, `first` and the like: a query still, whose answer is one row."""
    made = filtered(step) if step.name in {"get", "get_or_none"} else step.derived()
    return altered(made, kind=ONE, bound=1, limited=True)


def limited(step: Step) -> Query:
    """`limit(n)`."""
    given = step.args[0] if step.args else step.kwargs.get("limit")
    bound = given.value if isinstance(given, Const) and isinstance(given.value, int) else None
    return step.derived(limited=True, bound=bound)


def grouped(step: Step) -> Query:
    """`group_by(...)`."""
    return step.derived(grouped=True)


def raw(step: Step) -> Query:
    """`raw(sql)`: rows of a statement that is not read here."""
    return step.derived(filters=(("?", "?"),))


_SINGLE: Final = frozenset({"get", "get_or_none", "first", "last", "latest", "earliest"})
_BUILDING: Final[dict[str, Callable[[Step], Value]]] = {
    "filter": filtered,
    "exclude": filtered,
    "all": built.same,
    "using_db": built.same,
    "force_index": built.same,
    "use_index": built.same,
    "offset": built.same,
    "union": built.combined,
    "order_by": built.ordered,
    "distinct": built.distinct,
    "annotate": built.annotated,
    "values": built.dicts,
    "values_list": built.tuples,
    "only": built.only,
    "select_related": built.select_related,
    "prefetch_related": built.prefetch_related,
    "select_for_update": built.locked,
    "__slice__": built.sliced,
    "limit": limited,
    "group_by": grouped,
    "raw": raw,
}
BUILDING: Final = frozenset(_BUILDING) | _SINGLE
"""Methods that execute nothing before somebody awaits what they give."""


# -- running -------------------------------------------------------------------------------------------------


def counted(registry: Registry, step: Step) -> Value:
    """`count()`, `exists(...)`, `contains(row)`."""
    verb = "COUNT" if step.name == "count" else "EXISTS"
    query = filtered(step) if step.name == "exists" and (step.args or step.kwargs) else step.derived()
    ask(registry, step.m, query, step.node, verb=verb)
    return UNKNOWN


def in_bulk(registry: Registry, step: Step) -> Value:
    """`in_bulk(keys, "field")`: rows by key."""
    given = step.args[1] if len(step.args) > 1 else step.kwargs.get("field_name")
    name = given.value if isinstance(given, Const) and isinstance(given.value, str) else "pk"
    column = step.query.model.primary_key if name == "pk" else name
    query = step.derived(filters=(*step.query.filters, (column, "in")))
    ask(registry, step.m, query, step.node)
    return Dictionary({}, UNKNOWN, element(registry, step.m, query), size(query), grown=True)


def written(registry: Registry, step: Step) -> Value:
    """`update(...)`, `delete()`, `bulk_create(...)`: one statement, a batch or all rows of the query."""
    del registry
    verb, note = _WRITING[step.name]
    write(step, f"{verb} {subject(step.query)}{note}")
    return UNKNOWN


def write(step: Step, label: str) -> None:
    step.m.effect(
        "sql",
        label,
        "write",
        cause="write",
        query=step.derived(),
        node=step.node,
        arguments=tuple(step.args),
    )


def got_or_created(registry: Registry, step: Step) -> Value:
    """`get_or_create(...)`, `update_or_create(...)`: a SELECT, and what it finds or not is written."""
    given = {k: v for k, v in step.kwargs.items() if k not in {"defaults", "using_db"}}
    asked = altered(filtered(altered(step, kwargs=given)), kind=ONE, bound=1, limited=True)
    ask(registry, step.m, asked, step.node)
    write(step, f"{'INSERT' if step.name == 'get_or_create' else 'UPDATE'} {step.query.model.name}")
    return Items("tuple", [element(registry, step.m, asked), UNKNOWN], 2)


def related(registry: Registry, step: Step) -> Value | None:
    """`row.tags.add(...)`, `remove`, `clear`: rows between are looked for before they are written, which is part of that."""
    del registry
    owner = step.query.owner
    relation = owner.model.relations.get(step.query.relation or "") if isinstance(owner, Row) else None
    if relation is None or not relation.many:
        return None
    if step.name == "add":
        step.m.effect("sql", f"SELECT {subject(step.query)}", "write", cause="write", node=step.node)
    write(step, f"{'INSERT' if step.name == 'add' else 'DELETE'} {subject(step.query)}")
    return UNKNOWN


def explained(registry: Registry, step: Step) -> Value:
    """`explain()`."""
    ask(registry, step.m, step.derived(), step.node, verb="EXPLAIN")
    return UNKNOWN


_WRITING: Final = {
    "update": ("UPDATE", ""),
    "delete": ("DELETE", ""),
    "bulk_create": ("INSERT", " (bulk)"),
    "bulk_update": ("UPDATE", " (bulk)"),
}
_RUNNING: Final[dict[str, Callable[[Registry, Step], Value | None]]] = {
    "count": counted,
    "exists": counted,
    "contains": counted,
    "in_bulk": in_bulk,
    "update": written,
    "delete": written,
    "bulk_create": written,
    "bulk_update": written,
    "get_or_create": got_or_created,
    "update_or_create": got_or_created,
    "add": related,
    "remove": related,
    "clear": related,
    "explain": explained,
}
RUNNING: Final = frozenset(_RUNNING) - {"add", "remove", "clear"}
"""Methods of a class that ask or write."""
