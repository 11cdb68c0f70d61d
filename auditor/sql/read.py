"""What a literal statement asks of the database: tables, filters, joins, order, limit."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from auditor.sql.conditions import filters, joins
from auditor.sql.dialect import Dialect
from auditor.sql.parse import HOLE_NAME, Node, is_aggregate, parse, part, parts
from auditor.sql.scope import Scope, scopes
from auditor.sql.statement import ColumnUse, Ordering, Statement, StatementKind

_Item = TypeVar("_Item")

_KINDS: Final[Mapping[str, StatementKind]] = {
    "select": "select", "union": "select", "intersect": "select", "except": "select", "subquery": "select",
    "values": "select", "insert": "insert", "update": "update", "delete": "delete",
    "create": "ddl", "alter": "ddl", "drop": "ddl", "truncatetable": "ddl",
    "set": "other", "transaction": "other", "commit": "other", "rollback": "other", "pragma": "other",
    "merge": "other", "copy": "other", "analyze": "other", "refresh": "other", "use": "other",
}  # fmt: skip

_VALUE_PLACES: Final = frozenset(
    {
        "eq",
        "neq",
        "lt",
        "lte",
        "gt",
        "gte",
        "in",
        "between",
        "like",
        "ilike",
        "limit",
        "offset",
        "tuple",
        "any",
        "is",
    }
)


def read_statement(sql: str, *, dialect: Dialect | None = None) -> Statement | None:
    """What the first statement in `sql` does; None if it is no SQL, or longer or deeper than what is read.

    `{}` stands for text filled in at run time. Never raises, and takes bounded time.
    """
    trees, whole = parse(sql, dialect=dialect)
    if not trees or trees[0].key not in _KINDS:
        return None
    try:
        found = _statement(trees[0])
    except RecursionError:
        return None
    return found if whole else replace(found, complete=False)


def _statement(tree: Node) -> Statement:
    kind = _KINDS[tree.key]
    found = tuple(scopes(tree))
    if kind in {"ddl", "other"}:
        return Statement(kind=kind, tables=_tables(found), complete=not _open_holes(tree))
    compared = tuple(
        f for scope in found for condition in scope.conditions for f in filters(condition, scope)
    )
    joined = tuple(j for scope in found for condition in scope.conditions for j in joins(condition, scope))
    outer = _outermost(tree)
    scope = next((s for s in found if s.node is outer), None)
    if kind != "select" or scope is None or outer.key != "select":
        has_limit, limit = _limit(tree)
        return Statement(
            kind=kind,
            tables=_tables(found),
            filters=_distinct(compared),
            joins=_distinct(joined),
            has_limit=has_limit,
            limit=limit,
            complete=not _open_holes(tree),
        )
    has_limit, limit = _limit(tree) if tree.args.get("limit") else _limit(outer)
    projections = parts(outer, "expressions")
    return Statement(
        kind=kind,
        tables=_tables(found),
        filters=_distinct(compared),
        joins=_distinct(joined),
        group_by=tuple(_uses(_listed(outer, "group"), scope)),
        order_by=_orderings(tree if tree.args.get("order") else outer, scope),
        has_limit=has_limit,
        limit=limit,
        selected=tuple(_uses([_bare(p) for p in projections], scope)),
        star=any(_is_star(p) for p in projections),
        aggregate=any(_aggregates(p) for p in projections),
        distinct=bool(outer.args.get("distinct")),
        complete=not _open_holes(tree),
    )


def _outermost(tree: Node) -> Node:
    """The SELECT whose columns the statement gives: of a union, its first."""
    while (
        tree.key in {"union", "intersect", "except", "subquery"} and (inner := part(tree, "this")) is not None
    ):
        tree = inner
    return tree


def _tables(found: tuple[Scope, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(table for scope in found for table in scope.tables))


def _uses(nodes: list[Node], scope: Scope) -> Iterator[ColumnUse]:
    for node in nodes:
        if node.key == "column" and node.name not in {HOLE_NAME, "*"}:
            yield scope.column(node)


def _listed(select: Node, clause: str) -> list[Node]:
    return parts(part(select, clause), "expressions")


def _orderings(select: Node, scope: Scope) -> tuple[Ordering, ...]:
    """The steps of ORDER BY up to a hole, after which nothing is sure."""
    aliases = {p.alias: _bare(p) for p in parts(scope.node, "expressions") if p.key == "alias"}
    found = []
    for step in _listed(select, "order"):
        inner = part(step, "this")
        node = step if inner is None else aliases.get(inner.name, inner) if inner.key == "column" else inner
        if node.key == "column" and node.name == HOLE_NAME:
            break
        use = scope.column(node) if node.key == "column" else None
        found.append(
            Ordering(
                table=use.table if use else None,
                column=use.column if use else None,
                descending=bool(step.args.get("desc")),
            )
        )
    return tuple(found)


def _limit(select: Node) -> tuple[bool, int | None]:
    clause = part(select, "limit")
    if clause is None:
        return False, None
    count = part(clause, "expression") or part(clause, "count")
    text = str(count.this) if count is not None and count.key == "literal" else ""
    return True, int(text) if text.isdecimal() else None


def _bare(projection: Node) -> Node:
    inner = part(projection, "this") if projection.key == "alias" else None
    return projection if inner is None else inner


def _is_star(projection: Node) -> bool:
    return projection.key == "star" or (projection.key == "column" and projection.name == "*")


def _aggregates(projection: Node) -> bool:
    """Whether a projection aggregates rows of this SELECT; a window function gives every row its own."""
    pending = [projection]
    while pending:
        node = pending.pop()
        if node.key in {"window", "select", "subquery"}:
            continue
        if is_aggregate(node):
            return True
        pending.extend(node.iter_expressions())
    return False


def _open_holes(tree: Node) -> bool:
    """Whether a hole stands anywhere but where only a value can."""
    for node in tree.walk():
        if node.key != "identifier" or HOLE_NAME not in str(node.this):
            continue
        column = node.parent
        place = column.parent if column is not None else None
        alone = column is not None and column.key == "column" and part(column, "table") is None
        if not (alone and place is not None and place.key in _VALUE_PLACES and place.this is not column):
            return True
    return False


def _distinct(items: tuple[_Item, ...]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(items))
