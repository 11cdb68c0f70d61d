"""Peewee's queries: what building them gives, what runs them, and what of the rows a join or `prefetch` brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.frameworks import orm_step
from auditor.frameworks.orm_naming import size, subject
from auditor.frameworks.peewee_models import ORM, Registry
from auditor.frameworks.sqlalchemy_filters import Scope, conditions
from auditor.frameworks.sqlalchemy_text import hands_on
from auditor.index import ir
from auditor.index.values import (
    UNKNOWN,
    Const,
    FieldPath,
    Items,
    Many,
    ModelValue,
    Query,
    Row,
    Value,
    altered,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.frameworks.orm import Recorder
    from auditor.index.ir import Node
    from auditor.index.values import Model

READING: Final = ""
_WRITING: Final = {
    "insert": "INSERT",
    "insert_many": "INSERT",
    "insert_from": "INSERT",
    "replace": "INSERT",
    "replace_many": "INSERT",
    "update": "UPDATE",
    "delete": "DELETE",
}
_CONDITIONS: Final = frozenset({"where", "orwhere", "filter", "having", "get", "get_or_none"})
_BUILDING: Final = _CONDITIONS | frozenset(
    "order_by order_by_extend group_by group_by_extend limit offset paginate distinct switch join join_from left_outer_join "
    "with_cte window for_update dicts tuples namedtuples objects iterator columns select select_extend clone alias returning "
    "on_conflict on_conflict_ignore on_conflict_replace union union_all intersect except_ cte from_ ensure_join bind".split()
)
_SHAPES: Final = {"dicts": "dicts", "tuples": "tuples", "namedtuples": "tuples"}


@dataclass(slots=True, eq=False)
class PeeweeQuery(Query):
    """A query with the place that its next join starts from, as a path of relations."""

    at: str = ""


def start(m: Recorder, model: Model, name: str = "select", *, text: str = "") -> PeeweeQuery:
    """What `Model.select()` and its like begin."""
    return PeeweeQuery(
        ORM,
        model,
        m.site(),
        kind=_WRITING.get(name, READING),
        text=text or f"{model.name}.{name}",
        loops=m.current_loops(),
    )


class Step(orm_step.Step[Registry]):
    """One method call on a query."""

    __slots__ = ()

    def number(self, n: int, name: str) -> int | None:
        """A whole number among the arguments."""
        given = self.args[n] if len(self.args) > n else self.kwargs.get(name)
        return given.value if isinstance(given, Const) and isinstance(given.value, int) else None


def method(step: Step) -> Value | None:
    """`query.name(...)`; None where there is no such method."""
    if step.name == "sql":
        return UNKNOWN
    if step.name in _BUILDING and step.name not in {"get", "get_or_none"}:
        return build(step)
    run = _RUNNING.get(step.name)
    return None if run is None else run(step)


# -- building ------------------------------------------------------------------------------------------------


def build(step: Step) -> Query:
    """A query with more to it; nothing is executed."""
    name, query = step.name, step.query
    if name in _CONDITIONS:
        return narrowed(step)
    if name in {"select", "select_extend", "columns"}:
        kept = query.columns if name == "select_extend" else ()
        return step.derived(columns=(*kept, *selected(step)))
    if name in {"join", "left_outer_join", "join_from", "ensure_join"}:
        return joined(step)
    if name == "switch":
        return step.derived(at=path_to(step, step.args[0]) if step.args else "")
    if name in {"limit", "paginate"}:
        bound = step.number(0, "value") if name == "limit" else step.number(1, "paginate_by")
        return step.derived(limited=True, bound=bound if name == "limit" or bound is not None else 20)
    if name == "objects":  # columns of joined models become attributes of the row itself
        return step.derived(joined=frozenset(), loaded=frozenset(), at="?")
    if name in _SHAPES:
        return step.derived(shape=_SHAPES[name])
    if name in {"order_by", "order_by_extend"}:
        return step.derived(ordered=tuple(order_of(a) for a in step.args))
    if name == "iterator":
        return step.derived(streaming=True)
    if name == "distinct":
        return step.derived(distinct=True)
    if name == "group_by":
        return step.derived(grouped=True)
    return step.derived(locked=True) if name == "for_update" else step.derived()


def selected(step: Step) -> tuple[Value, ...]:
    """The columns that a call names; of `*columns` nobody can tell which they are, nor of whose model."""
    return (UNKNOWN,) if hands_on(step.node) else tuple(step.args)


def narrowed(step: Step) -> Query:
    """`where(...)`, `get(...)`: with the conditions of the call."""
    nodes = step.node[3] if step.node is not None and step.node[0] == ir.CALL else ()
    scope = Scope(step.registry, step.m.site())  # type: ignore[arg-type]  # it is asked for what both registries have
    found = tuple(c for node in nodes for c in conditions(scope, step.query.model, node))
    found += tuple((name.partition("__")[0], "exact") for name in step.kwargs)
    return step.derived(filters=step.query.filters + (found or ((("?", "?"),) if nodes else ())))


def order_of(value: Value) -> str:
    return value.path[-1] if isinstance(value, FieldPath) else "?"


def joined(step: Step) -> Query:
    """`join(Other)`: on from where the last join led, along the one foreign key between the two."""
    args = list(step.args)
    at = step.query.at if isinstance(step.query, PeeweeQuery) else ""
    if step.name == "join_from" and args:
        at = path_to(step, args.pop(0))
    target = args[0].model if args and isinstance(args[0], ModelValue) else None
    here = step.registry.model_at(step.query.model, at)
    if target is None or here is None:
        return step.derived()
    told = step.kwargs.get("attr")
    keys = [r.name for r in here.relations.values() if r.kind == "fk" and r.target == target.key]
    named = [name for name in keys if mentions(step, name)]
    chosen = (named or keys)[:1]
    if isinstance(told, Const) and told.value not in keys:
        return step.derived(at="?")
    if not chosen:
        return step.derived(at="?")
    path = f"{at}.{chosen[0]}" if at else chosen[0]
    return step.derived(joined=step.query.joined | {path}, at=path)


def mentions(step: Step, name: str) -> bool:
    """Whether the condition of a join names a foreign key: `join(User, on=(Tweet.author == User.id))`."""
    given = [*step.args[1:], *step.kwargs.values()]
    if any(isinstance(v, FieldPath) and v.path[-1] == name for v in given):
        return True
    nodes = (
        []
        if step.node is None or step.node[0] != ir.CALL
        else [*step.node[3][1:], *(v for _, v in step.node[4])]
    )
    return any(has_attribute(node, name) for node in nodes)


def has_attribute(tree: object, name: str) -> bool:
    if not isinstance(tree, tuple):
        return False
    if len(tree) == 4 and tree[0] == ir.ATTR and tree[3] == name:
        return True
    return any(has_attribute(part, name) for part in tree)


def path_to(step: Step, value: Value) -> str:
    """The path by which a model was joined; "" for the one that is selected from."""
    model = value.model if isinstance(value, ModelValue) else None
    if model is None or model is step.query.model:
        return ""
    found = [p for p in sorted(step.query.joined) if step.registry.model_at(step.query.model, p) is model]
    return found[0] if found else "?"


def settled(registry: Registry, query: Query) -> Query:
    """The query with the relations that its rows bring: joined ones of whose model something is selected."""
    if query.loaded or not query.joined:
        return query
    chosen = {c.model.key for c in query.columns if isinstance(c, (ModelValue, FieldPath))}
    told = all(isinstance(c, (ModelValue, FieldPath)) for c in query.columns)
    found: set[str] = set()
    for path in query.joined:
        model = registry.model_at(query.model, path)
        if model is not None and (model.key in chosen or (query.columns and not told and not chosen)):
            parts = path.split(".")
            found.update(".".join(parts[: n + 1]) for n in range(len(parts)))
    return altered(query, loaded=frozenset(found)) if found else query


# -- running -------------------------------------------------------------------------------------------------


def fetch(registry: Registry, m: Recorder, query: Query, node: Node | None) -> None:
    """A SELECT the first time that something goes through the rows; a writing query writes."""
    if query.kind:
        m.effect("sql", f"{query.kind} {subject(query)}", "write", cause="write", query=query, node=node)
        return
    if query.in_memory or query.empty or (query.fetched and not query.streaming):
        return
    select(registry, m, query, node, loops=orm_step.shared_loops(query.loops, m.current_loops()))
    if not query.streaming and not m.quiet:
        query.fetched.append(True)


def select(
    registry: Registry,
    m: Recorder,
    query: Query,
    node: Node | None,
    *,
    loops: tuple[object, ...] | None = None,
    verb: str = "SELECT",
) -> None:
    """One statement that reads."""
    found = settled(registry, query)
    m.effect("sql", f"{verb} {subject(query)}", "read", query=found, node=node, loops=loops)


def element(registry: Registry, m: Recorder, query: Query) -> Value:
    """One of the rows; what is selected as dictionaries or tuples reads nothing afterwards."""
    if query.shape != "rows" or query.kind:
        return UNKNOWN
    found = settled(registry, query)
    row = Row(
        query.model,
        found,
        loaded=found.loaded,
        loops=m.current_loops(),
        touched=query.kept if query.fetched else {},
    )
    owner = query.owner
    if isinstance(owner, Row) and query.relation is not None:
        relation = owner.model.relations.get(query.relation)
        if query.in_memory and owner.origin is not None:
            row.origin, row.path = owner.origin, f"{owner.path}.{query.relation}".lstrip(".")
        if query.in_memory and relation is not None and relation.back:  # else each row asks for it anew
            row.touched.setdefault(relation.back, owner)
    return row


def one(step: Step) -> Value:
    """`get`, `first`: one row by a statement of its own."""
    query = narrowed(step) if step.name in _CONDITIONS else step.derived()
    query = altered(query, bound=1, limited=True)
    if step.query.in_memory:
        return element(step.registry, step.m, step.query)
    select(step.registry, step.m, query, step.node)
    return element(step.registry, step.m, query)


def counted(step: Step) -> Value:
    verb = "EXISTS" if step.name == "exists" else "COUNT"
    if not step.query.in_memory:
        select(step.registry, step.m, step.derived(), step.node, verb=verb)
    return UNKNOWN


def scalar(step: Step) -> Value:
    select(step.registry, step.m, step.derived(), step.node)
    return UNKNOWN


def executed(step: Step) -> Value:
    """`execute()`: a reading query gives its rows, a writing one a number."""
    fetch(step.registry, step.m, step.query, step.node)
    return UNKNOWN if step.query.kind else step.query


def item(step: Step) -> Value:
    """`query[n]` runs the whole query the first time, and keeps its rows."""
    fetch(step.registry, step.m, step.query, step.node)
    return element(step.registry, step.m, step.query)


def sliced(step: Step) -> Value:
    """`query[low:high]` runs the whole query, and takes what is asked for in Python."""
    fetch(step.registry, step.m, step.query, step.node)
    return step.query


def prefetched(step: Step) -> Value:
    """`query.prefetch(Other, ...)`."""
    return prefetch(step.registry, step.m, [step.query, *step.args], step.node)


def prefetch(registry: Registry, m: Recorder, queries: Sequence[Value], node: Node | None) -> Value:
    """`prefetch(query, other, ...)`: a statement each; what belongs together is put together in memory."""
    known = [start(m, q.model) if isinstance(q, ModelValue) else q for q in flattened(queries)]
    asked = [q for q in known if isinstance(q, Query)]
    if not asked:
        return UNKNOWN
    root = settled(registry, asked[0])
    places: list[tuple[str, Model]] = [("", root.model)]
    loaded = set(root.loaded)
    for path in root.loaded:
        model = registry.model_at(root.model, path)
        places += [] if model is None else [(path, model)]
    select(registry, m, root, node)
    for query in asked[1:]:
        select(registry, m, query, node)
        for path, model in list(places):
            for relation in model.relations.values():
                if relation.target == query.model.key:
                    further = f"{path}.{relation.name}".lstrip(".")
                    loaded.add(further)
                    places.append((further, query.model))
                    loaded.update(f"{further}.{inner}" for inner in settled(registry, query).loaded)
    whole = altered(root, loaded=frozenset(loaded), fetched=[True])
    return Many(element(registry, m, whole), size(whole), "list", whole)


def flattened(values: Sequence[Value]) -> list[Value]:
    return [inner for v in values for inner in (v.items if isinstance(v, Items) else [v])]


_RUNNING: Final = {
    "get": one,
    "get_or_none": one,
    "first": one,
    "peek": one,
    "last": one,
    "__getitem__": item,
    "__slice__": sliced,
    "count": counted,
    "exists": counted,
    "scalar": scalar,
    "scalars": scalar,
    "execute": executed,
    "prefetch": prefetched,
}
