"""Whole rows fetched for a column or two

## What it finds
Rows of which nothing is read but the primary key, or a column or two of a wide model: `[d.id for d in
documents]`.

## Why it is slow
Every column of every row is read, sent and turned into an attribute, text bodies and JSON documents
included, and each row becomes an object with all the ORM's bookkeeping. A list of values costs a tenth of
that.

## When it does not matter
The objects are used elsewhere; only a few rows come back; the model has hardly more columns than are read.

## Example
```py
affected = [doc.id for doc in Document.objects.filter(owner=user)]
```

## Instead
```py
affected = list(Document.objects.filter(owner=user).values_list("id", flat=True))
```
In SQLAlchemy `select(Document.id)`.

## How to verify
The values must be the same, in the same order; the statement log names only these columns. A property that
only looks like a column, and code that runs when an instance is made, would be skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.values import Many, Query, Row
from auditor.model.report import Evidence
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.rules import names
from auditor.rules.audience import believable
from auditor.rules.claim import Claim, place
from auditor.rules.collection import few, gives_whole_rows, rows_at_stake, wanted_where_built
from auditor.rules.scene import spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.orm import Orm
    from auditor.index.ir import Node
    from auditor.index.symbols import Function
    from auditor.index.values import Model, Value
    from auditor.rules.names import Reads
    from auditor.rules.scene import Scene
    from auditor.trace.summary import Use

RULE = RuleInfo(
    id="over-fetch",
    group="fetching",
    phase=3,
    severity=Severity.LOW,
    title="whole rows fetched for a column or two",
    playbook="fetch-columns",
    docs=__doc__,
)
_WIDE: Final = 8
"""Columns from which on a model is wide enough for two of them to be picked."""
_NARROW: Final = 3
"""Columns up to which fetching the key alone saves nothing worth a change."""
_MOST: Final = 2
_FILES: Final = ("FileField", "ImageField")
_KEYS: Final = frozenset({"pk", "id"})
_HARMLESS: Final = frozenset({"iterate", "len", "truth"})


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one loop reads of the rows it walks over."""

    query: Query
    columns: tuple[str, ...]


def find(scene: Scene) -> Iterator[Claim]:
    """Loops over fetched rows that read next to nothing of them."""
    for _, use in scene.uses():
        if use.how == "iterate" and use.node is not None and use.node[0] in {ir.FOR, ir.COMP}:
            found = reading(scene, use, use.node)
            if found is not None:
                made = claim(scene, found, use)
                if believable(scene, made):
                    yield made


def reading(scene: Scene, use: Use, node: Node) -> Reading | None:
    query, function = rows_of(use.value), use.site.function
    if query is None or function is None or few(query):
        return None
    reads = scene.texts.of(function)
    walked = iterable_of(node, use, reads)
    if walked is None:
        return None
    variable, rows = walked
    orm = scene.trace.machine.orm(query.orm)
    here = columns_read(orm, reads, node, variable, query)
    everywhere = None if here is None else read_by_all_loops(orm, reads, rows, query)
    if here is None or everywhere is None:
        return None
    columns = tuple(dict.fromkeys((*here, *everywhere)))
    if not is_small_part(columns, query):
        return None
    if wanted_where_built(scene, query, function) or has_other_readers(scene, query, function):
        return None
    return Reading(query, columns)


def has_other_readers(scene: Scene, query: Query, function: Function) -> bool:
    """Whether the rows come from a helper that other functions take them from too."""
    if query.site.function is function:
        return False
    return bool(scene.readers.get(query.site, {}).keys() - {id(function), id(query.site.function)})


def rows_of(value: Value) -> Query | None:
    """The query whose whole rows these are, where it is fetched for this."""
    query: Value | None = value
    if isinstance(value, Many):
        row = value.elem
        if isinstance(value.source, Query):
            query = value.source
        else:
            query = row.origin if isinstance(row, Row) and not row.path else None
    if not isinstance(query, Query) or not gives_whole_rows(query) or query.empty or query.locked:
        return None
    if query.streaming or query.annotated:
        return None
    in_memory = query.in_memory and (query.orm == "django" or query.relation is not None)
    return None if in_memory or (query.orm == "sqlalchemy" and query.relation is not None) else query


def iterable_of(node: Node, use: Use, reads: Reads) -> tuple[str, Node] | None:
    """(loop variable, what is walked over) for the clause that a use stands for."""
    pairs = [(node[3], node[4])] if node[0] == ir.FOR else [(c[0], c[1]) for c in node[4]]
    del reads
    fitting = [(t, i) for t, i in pairs if t[0] == ir.NAME and (len(pairs) == 1 or i[1] == use.site.line)]
    return (fitting[0][0][2], fitting[0][1]) if len(fitting) == 1 else None


def columns_read(orm: Orm, reads: Reads, node: Node, variable: str, query: Query) -> tuple[str, ...] | None:
    """The columns that the loop reads of its variable; None if the row itself goes anywhere."""
    found: dict[str, None] = {}
    for load in reads.loads.get(variable, []):
        if not any(a is node for a in reads.ancestors(load)):
            if load[1] > node[1] and node[0] == ir.FOR and len(reads.bindings.get(variable, [])) == 1:
                return None
            continue
        above = reads.parent(load)
        if above is None or above[0] != ir.ATTR or is_written(reads, above):
            return None
        outer = reads.parent(above)
        if outer is not None and outer[0] == ir.CALL and outer[2] is above:
            return None
        relation = query.model.relations.get(above[3])
        is_many = relation is not None and relation.many
        if above[3] in query.loaded and (
            is_read_by_columns(reads, above, orm.by_key(relation.target))
            if is_many and relation is not None
            else is_column_behind(reads, above)
        ):
            continue
        if not is_plain_column(query.model, above[3]):
            return None
        found[above[3]] = None
    return tuple(found) or None


def is_read_by_columns(reads: Reads, relation: Node, model: Model | None) -> bool:
    """Whether a loaded collection is only walked over for columns of its rows: both can be fetched by columns."""
    called = reads.parent(relation)
    whole = (
        reads.parent(called) if called is not None and called[0] == ir.ATTR and called[3] == "all" else None
    )
    rows = relation if whole is None or whole[0] != ir.CALL or whole[3] else whole
    loop = reads.parent(rows)
    if model is None or loop is None or loop[0] != ir.COMP:
        return False
    target = next((clause[0] for clause in loop[4] if clause[1] is rows), None)
    if target is None or target[0] != ir.NAME:
        return False
    read: set[str] = set()
    for load in reads.loads.get(target[2], []):
        if any(a is loop for a in reads.ancestors(load)):
            column = reads.parent(load)
            if column is None or column[0] != ir.ATTR or not is_plain_column(model, column[3]):
                return False
            outer = reads.parent(column)
            if outer is not None and outer[0] in {ir.CALL, ir.ATTR} and outer[2] is column:
                return False
            read.add(column[3])
    return 0 < len(read) <= _MOST


def is_column_behind(reads: Reads, relation: Node) -> bool:
    """Whether of a loaded relation one attribute is read, not called nor walked over: a list of values could hold it."""
    column = reads.parent(relation)
    if column is None or column[0] != ir.ATTR or is_written(reads, column):
        return False
    outer = reads.parent(column)
    if outer is None:
        return True
    is_called = outer[0] == ir.CALL and outer[2] is column
    is_walked = (outer[0] == ir.FOR and outer[4] is column) or (
        outer[0] == ir.COMP and any(clause[1] is column for clause in outer[4])
    )
    return not (is_called or is_walked or outer[0] == ir.ATTR)


def is_plain_column(model: Model, name: str) -> bool:
    """Whether a list of values would hold the same: no relation, no file that only an instance can open."""
    if name in _KEYS or name == model.primary_key:
        return True
    column = model.columns.get(name)
    return column is not None and name not in model.relations and not column.type.endswith(_FILES)


def is_written(reads: Reads, attribute: Node) -> bool:
    above = reads.parent(attribute)
    return above is not None and (
        (above[0] in {ir.ASSIGN, ir.DEL} and any(t is attribute for t in above[3]))
        or (above[0] in {ir.AUG, ir.ANN} and above[3] is attribute)
    )


def is_small_part(columns: tuple[str, ...], query: Query) -> bool:
    width = len(query.model.columns)
    if all(c in _KEYS or c == query.model.primary_key for c in columns):
        return width > _NARROW
    return len(columns) <= _MOST and width >= _WIDE and query.relation is None


def read_by_all_loops(orm: Orm, reads: Reads, rows: Node, query: Query) -> tuple[str, ...] | None:
    """The columns that all loops over these rows read; None where the rows go anywhere but into loops.

    How many there are may be asked.
    """
    root = reads.root(rows)
    if root is None:
        return None
    if root[0] in {ir.ATTR, ir.SUB} or (names.method_of(root) in {"values", "items"} and not root[3]):
        return None
    flows = reads.flows(root)
    found: dict[str, None] = {}
    for flow in flows:
        is_method = flow.role.startswith(".")
        if flow.role not in _HARMLESS and not is_method:
            return None
        loop = reads.parent(flow.node)
        if flow.role == "iterate" and loop is not None:
            target = loop[3] if loop[0] == ir.FOR else next(c[0] for c in loop[4] if c[1] is flow.node)
            columns = None if target[0] != ir.NAME else columns_read(orm, reads, loop, target[2], query)
            if columns is None:
                return None
            found.update(dict.fromkeys(columns))
    return tuple(found) if flows else None


def claim(scene: Scene, found: Reading, use: Use) -> Claim:
    query = found.query
    model, width = query.model.name, len(query.model.columns)
    named = ", ".join(f"`{c}`" for c in found.columns)
    keys = all(c in _KEYS or c == query.model.primary_key for c in found.columns)
    shared = use.frames or (query.site.function is not use.site.function)
    return Claim(
        spot=spot_of(use.site),
        title=f"whole {model} rows are fetched to read {named}",
        evidence=[
            Evidence(
                kind="query",
                text=f"`{query.site.module.path}:{query.site.line}` fetches {width} columns of {model}",
            ),
            Evidence(kind="note", text=f"the loop reads {named} of each row and nothing else"),
        ],
        confidence=(0.85 if keys else 0.75) - (0.1 if shared else 0),
        severity=Severity.MEDIUM if keys and width >= _WIDE else None,
        related=[place(spot_of(query.site), "query")],
        cost_term=rows_at_stake(scene, query),
        could_be_wrong="The rows are few, or making the instances has an effect that is wanted.",
        fix=advice(query, named),
    )


def advice(query: Query, named: str) -> str:
    """How to ask for these columns so that what else the code does with the query still works.

    `values_list` gives no instances: relations can't be prefetched for it, and Django refuses to delete by it; `only`
    refuses what `select_related` joins.
    """
    if query.orm != "django":
        return f"Fetch {named} alone: a SELECT of the columns, or `load_only` where instances are needed."
    if query.joined:
        return f"Fetch {named} and what is read of the joined rows alone: `.values_list(...)`."
    if query.loaded:
        return f"Fetch {named} alone: `.only(...)`."
    return f"Fetch {named} alone: `.only(...)`, or `.values_list(...)` if nothing else is asked of the query."
