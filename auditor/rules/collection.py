"""Rows that were fetched into memory, with everything that is then done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Many, ModelValue, Query, Row
from auditor.model.report import Evidence, Place, TermAtStake
from auditor.rules import names, turns
from auditor.rules.claim import place, strip
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Site, Value
    from auditor.rules.names import Flow, Reads
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Frames, Use

FEW: Final = 100
"""A query that gives at most so many rows by its own text is not worth a finding."""
_NEEDS_ROWS: Final = frozenset({"iterate", "filter", "sort", "aggregate", "index", "slice", "unique"})
_WALKING: Final = frozenset({"iterate", "filter", "sort"})
_SERVED: Final = 3
"""Readers from which on a helper's rows are common property."""
_TURNING: Final = frozenset({ir.FOR, ir.WHILE, ir.COMP})
_KEYS: Final = frozenset({"pk", "id"})
DERIVING: Final = frozenset(
    "filter exclude order_by all distinct annotate values values_list count exists first last get update "
    "delete select_related prefetch_related aggregate none only defer filter_by join limit offset".split()
)
"""Methods of a query that make another query of it and leave its own rows alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """What one use consumes."""

    query: Query
    value: Value
    function: Function
    """The function whose text consumes it."""
    reads: Reads
    expression: Node
    """What is consumed, as written there."""
    root: Node
    """The expression that gives the rows to this function; `expression` itself where they have no name."""
    flows: tuple[Flow, ...]
    """Every other and this place where they end up, in this function and, for an argument, its caller."""
    by_default: bool = False
    """A relation that the mapper loads with every row, wanted or not."""

    @property
    def is_relation(self) -> bool:
        return self.query.relation is not None

    @property
    def doubt(self) -> float:
        """What confidence loses where the model was guessed from a name (and does have the relation)."""
        return 0.15 if isinstance(self.query.owner, Row) and self.query.owner.guessed else 0.0

    def only(self, *roles: str) -> bool:
        """Whether the rows end up in these roles and nowhere else; a query made from theirs is no use."""
        return all(f.role in roles or self.derives(f) for f in self.flows)

    def derives(self, flow: Flow) -> bool:
        is_method = flow.role.startswith(".") and flow.role.endswith("()")
        return isinstance(self.value, Query) and is_method and flow.role[1:-2] in DERIVING

    @property
    def where(self) -> str:
        site = self.query.site
        return f"{site.module.path}:{site.line}"


def collected(scene: Scene, use: Use, expression: Node, *, sieved: bool = False) -> Collection | None:
    """The fetched rows that a use consumes; None where they are not fetched for it, or nobody can tell.

    Where `sieved`, their name may be bound again to some of them, by what leaves the others out.
    """
    query = fetched_by(use.value) or walked_over(use)
    function = use.site.function
    if query is None or function is None or not query.model.table or few(query) or _is_shared(scene, query):
        return None
    if query.relation is not None and id(use.node) in scene.once(uses_of_loaded):
        return None
    reads = scene.texts.of(function)
    root = reads.root(expression, sieved=sieved)
    if root is None:
        flows = _from_caller(scene, use, expression)
        root = expression
    else:
        flows = tuple(reads.flows(root)) or (names.Flow("escape", root),)
    if flows is None or is_foreign(root, query) or wanted_where_built(scene, query, function):
        return None
    if root[0] == ir.ATTR and _is_read_by_siblings(scene, function, root):
        return None
    if _is_walked_beside(reads, query, root):
        return None
    return Collection(
        query, use.value, function, reads, expression, root, flows, is_loaded_by_default(use.value)
    )


def uses_of_loaded(scene: Scene) -> frozenset[int]:
    """Identities of the places that consume a relation's rows which some of their callers had loaded beforehand.

    There a query of its own for what they want would be one more for each of these callers' rows.
    """
    found: set[int] = set()
    for _, use in scene.uses():
        rows = use.value.source if isinstance(use.value, Many) else use.value
        if isinstance(rows, Query) and rows.orm == "django" and rows.relation is not None and rows.in_memory:
            found.add(id(use.node))
    return frozenset(found)


def fetched_by(value: Value) -> Query | None:
    """The query that a use of this value runs or has run for it; None if the rows are there anyway."""
    if isinstance(value, Query):
        is_there = value.in_memory and (value.orm == "django" or value.relation is not None)
        if is_there or value.empty or (value.orm == "sqlalchemy" and value.kind != "result"):
            return None
        return value
    query = value.source if isinstance(value, Many) else None
    if not isinstance(query, Query) or query.empty:
        return None
    owner = query.owner
    if query.relation is not None and isinstance(owner, Row):
        if (
            owner.fresh
            or is_never_lazy(query, owner)
            or (_is_loaded(query, owner) and not is_loaded_by_default(value))
        ):
            return None
    elif query.relation is not None and query.in_memory:
        return None
    return query


def walked_over(use: Use) -> Query | None:
    """A legacy query of SQLAlchemy that a loop or a comprehension runs itself: `[b for b in Book.query if b.open]`."""
    query = use.value
    if not isinstance(query, Query) or query.orm != "sqlalchemy" or query.kind != "query":
        return None
    return None if use.how not in _WALKING or query.in_memory or query.empty or query.streaming else query


def is_never_lazy(query: Query, owner: Row) -> bool:
    """A relation that can't be loaded by reading it: whoever reads it had it loaded on purpose."""
    relation = owner.model.relations.get((query.relation or "").rpartition(".")[2])
    return relation is not None and relation.lazy in {"raise", "raise_on_sql", "noload"}


def _is_loaded(query: Query, owner: Row) -> bool:
    return (query.relation or "").rpartition(".")[2] in owner.loaded


def is_loaded_by_default(value: Value) -> bool:
    """Whether the model asks for a relation to be loaded with each of its rows."""
    query = value.source if isinstance(value, Many) else value
    if not isinstance(query, Query) or query.relation is None or not isinstance(query.owner, Row):
        return False
    relation = query.owner.model.relations.get(query.relation.rpartition(".")[2])
    return relation is not None and relation.lazy in {"joined", "selectin", "subquery", "immediate"}


def few(query: Query) -> bool:
    """Whether the query's own text keeps its rows few: a limit, or a key that only one row has."""
    if query.limited or (query.bound is not None and query.bound <= FEW):
        return True
    return any(lookup in {"exact", "iexact"} and is_unique(query, path) for path, lookup in query.filters)


def gives_whole_rows(query: Query) -> bool:
    """Whether its results are instances of its model, every column read."""
    entities = [c for c in query.columns if isinstance(c, ModelValue)]
    return query.shape == "rows" and query.only is None and len(entities) == len(query.columns) <= 1


def is_unique(query: Query, path: str) -> bool:
    column = query.model.columns.get(path)
    return path in _KEYS or path == query.model.primary_key or (column is not None and column.unique)


def is_foreign(root: Node, query: Query) -> bool:
    """Whether the rows sit on something whose other readers are out of sight: `self.rows`, a dictionary."""
    if root[0] == ir.ATTR and root[3] == "query" and query.kind == "query" and query.relation is None:
        return False  # `Book.query` is another query each time
    if root[0] == ir.ATTR:
        return query.relation is None or query.relation.rpartition(".")[2] != root[3]
    return bool(root[0] == ir.SUB)


def _is_shared(scene: Scene, query: Query) -> bool:
    """Whether a helper that remembers its answer fetched the rows."""
    function = query.site.function
    if function is not None and scene.trace.machine.is_memoised(function):
        return True
    return query.site in scene.once(sites_of_kept)


def sites_of_kept(scene: Scene) -> frozenset[Site]:
    """Where queries were built that callers run only while nothing is kept by hand: `if key not in g.rows: g.rows[key] = …`."""
    helpers: dict[int, bool] = {}
    for scope in scene.scopes:
        for call in scope.calls:
            helpers[id(call.callee)] = helpers.get(id(call.callee), True) and call.remembered
    kept: dict[Site, bool] = {}
    for _, effect in scene.effects():
        query = effect.query
        if query is not None and effect.cause == "query":
            own = effect.remembered if effect.frames else helpers.get(id(query.site.function), False)
            kept[query.site] = kept.get(query.site, True) and own
    return frozenset(site for site, always in kept.items() if always)


def _is_read_by_siblings(scene: Scene, function: Function, root: Node) -> bool:
    """Whether other methods read the same relation of `self`: loaded once, it serves them all."""
    owner = function.owner
    if owner is None or root[2][0] != ir.NAME or root[2][2] != "self":
        return False
    return any(
        root[3] in scene.texts.of(f).attributes
        for f in function.module.functions
        if f.owner is owner and f is not function
    )


def _is_walked_beside(reads: Reads, query: Query, root: Node) -> bool:
    """Whether a stranger's relation is walked over in the same function too: who fetched the row may have loaded it for that."""
    owner = query.owner
    if query.relation is None or not isinstance(owner, Row) or owner.origin is not None or owner.fresh:
        return False
    relation = root[2][2] if names.method_of(root) == "all" else root
    if relation[0] != ir.ATTR:
        return False
    text = strip(relation)
    for other in reads.attributes.get(relation[3], []):
        if other is not relation and strip(other) == text:
            method = reads.parent(other)
            whole = method if method is None or method[0] != ir.ATTR else reads.parent(method)
            if whole is not None and names.method_of(whole) == "all" and reads.role(whole) == "iterate":
                return True
    return False


def serves_many(scene: Scene, found: Collection) -> bool:
    """Whether a helper fetches the rows for many callers, each with a use of its own for them."""
    site = found.query.site
    return site.function is not found.function and len(scene.readers.get(site, ())) > _SERVED


def wanted_where_built(scene: Scene, query: Query, function: Function) -> bool:
    """Whether the function that built the query, or one that hands its rows on to this one, needs them as well."""
    built = query.site.function
    if built is function:
        return False
    readers = scene.readers.get(query.site, {})
    summary = scene.trace.machine.summaries.get(id(function))
    below = set() if summary is None else {id(call.callee) for call in summary.calls}
    return any(
        not _NEEDS_ROWS.isdisjoint(roles)
        for reader, roles in readers.items()
        if reader == id(built) or (reader in below and reader != id(function))
    )


def _from_caller(scene: Scene, use: Use, expression: Node) -> tuple[Flow, ...] | None:
    """Flows of a parameter: those of its name here, and those of the argument where it was passed in."""
    function = use.site.function
    if function is None:
        return None
    return parameter_flows(scene, function, names.unwrapped(expression), use.frames)


def parameter_flows(scene: Scene, function: Function, name: Node, frames: Frames) -> tuple[Flow, ...] | None:
    reads = scene.texts.of(function)
    if not frames or not reads.is_param(name):
        return None
    caller, line = frames[-1]
    outside = scene.texts.of(caller)
    argument = outside.argument(function, str(name[2]), line)
    if argument is None:
        return None
    mine = tuple(reads.flows(name))
    root = outside.root(argument)
    if root is None:
        above = parameter_flows(scene, caller, names.unwrapped(argument), frames[:-1])
        return None if above is None else (*mine, *(f for f in above if f.node is not argument))
    return (*mine, *(f for f in outside.flows(root) if f.node is not argument))


# -- telling ------------------------------------------------------------------------------------------------


def query_places(found: Collection) -> list[Place]:
    return [place(spot_of(found.query.site), "query")]


def fetched_evidence(found: Collection) -> Evidence:
    """Where the rows come from, in a sentence."""
    query = found.query
    if not found.is_relation:
        text = f"the query at `{found.where}` fetches {rows_named(query)}"
    elif query.shape == "rows" and not narrowed(query):
        text = f"`{query.relation}` loads every related {query.model.name}"
    else:
        kept = ", those that its conditions leave" if narrowed(query) else ""
        text = f"`{query.relation}` gives {rows_named(query)}{kept}"
    return Evidence(kind="query", text=text)


def narrowed(query: Query) -> bool:
    """Whether a query has conditions beyond those that make it the rows of a relation."""
    keys = {(query.relation or "").rpartition(".")[2], "pk"}
    return any(path not in keys for path, _ in query.filters) if query.relation else bool(query.filters)


def rows_named(query: Query) -> str:
    """What the query gives, as a plural: `Space rows`, ``distinct `locale` values of Space``."""
    entity = len(query.columns) == 1 and isinstance(query.columns[0], ModelValue)
    if (query.shape == "rows" or entity) and query.only is None:
        return f"{query.model.name} rows"
    columns = sorted(query.only or ())
    named = ", ".join(f"`{c}`" for c in columns[:3]) + (", …" if len(columns) > 3 else "")
    distinct = "distinct " if query.distinct else ""
    if query.shape == "rows":
        return f"{query.model.name} rows with {named} alone" if columns else f"{query.model.name} rows"
    return (
        f"{distinct}{named} values of {query.model.name}"
        if columns
        else f"{distinct}{query.model.name} values"
    )


def rows_at_stake(scene: Scene, query: Query) -> TermAtStake:
    """One row fetched for each that there is."""
    return TermAtStake(kind="rows", sizes=(scene.trace.machine.orm(query.orm).size(query).name,))


def in_own_loop(found: Collection) -> bool:
    """Whether the rows are fetched once and consumed again and again: a table in memory."""
    around = found.reads.loops(found.expression)
    if around and found.reads.is_param(found.expression):
        return True
    if around and found.root[0] == ir.ATTR:  # a relation stays on its row
        return not any(
            turns.root_name(found.root) in turns.bound_names(x) for x in around if x[0] in _TURNING
        )
    return found.reads.loops(found.expression) != found.reads.loops(found.root)


def is_looped(found: Collection) -> bool:
    """Whether a loop stands around the use in its own function."""
    return bool(found.reads.loops(found.expression))


def is_per_row(found: Collection) -> bool:
    """Whether it is a relation of each row of another collection: another rule's subject."""
    owner = found.query.owner
    return found.is_relation and isinstance(owner, Row) and bool(owner.loops)
