"""The SELECTs, UPDATEs and DELETEs of a statement, each with the tables its names refer to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.sql.parse import HOLE_NAME, Node, part, parts
from auditor.sql.statement import ColumnUse

_DEFAULT_SCHEMAS: Final = frozenset({"public", "main", "dbo"})
_OWN_NAMES: Final = frozenset(
    {"select", "update", "delete", "insert", "create", "alter", "drop", "truncatetable"}
)
"""Nodes that bring tables into view."""


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One SELECT, UPDATE or DELETE: what its aliases stand for, and the conditions its rows have to meet."""

    node: Node
    sources: Mapping[str, str | None]
    """Alias, or name of a table without one, to table; None for a subquery or a CTE."""
    outer: "Scope | None"
    tables: tuple[str, ...]
    conditions: tuple[Node, ...]
    """WHERE and the ONs of joins, not taken apart."""

    def column(self, column: Node) -> ColumnUse:
        """The use of a column, with its table if its qualifier or the lack of a choice tells."""
        qualifier = part(column, "table")
        if qualifier is not None:
            return ColumnUse(self._source(qualifier.name), column.name)
        return ColumnUse(next(iter(self.sources.values())) if len(self.sources) == 1 else None, column.name)

    def _source(self, alias: str) -> str | None:
        scope: Scope | None = self
        while scope is not None:
            if alias in scope.sources:
                return scope.sources[alias]
            scope = scope.outer
        return None


def scopes(tree: Node) -> Iterator[Scope]:
    """The scopes of `tree`, outer ones before those inside them."""
    ctes = frozenset(node.alias for node in tree.walk() if node.key == "cte")
    made: dict[int, Scope] = {}
    for node in tree.walk(bfs=False):
        if node.key in _OWN_NAMES:
            scope = _scope(node, outer=_enclosing(node, made), ctes=ctes)
            made[id(node)] = scope
            yield scope


def _enclosing(node: Node, made: Mapping[int, Scope]) -> Scope | None:
    parent = node.parent
    while parent is not None:
        if id(parent) in made:
            return made[id(parent)]
        parent = parent.parent
    return None


def _scope(node: Node, *, outer: Scope | None, ctes: frozenset[str]) -> Scope:
    sources: dict[str, str | None] = {}
    for source in _sources(node):
        name = table_name(source) if source.key == "table" else None
        if name in ctes:
            name = None
        alias = source.alias_or_name
        sources[name if name and alias == HOLE_NAME else alias] = name
    return Scope(
        node=node,
        sources=sources,
        outer=outer,
        tables=tuple(name for name in sources.values() if name),
        conditions=tuple(_conditions(node)),
    )


def _sources(node: Node) -> Iterator[Node]:
    """What stands in FROM, JOIN, USING, UPDATE, DELETE and INSERT INTO."""
    target = part(node, "this") if node.key != "select" else None
    if target is not None and target.key in {"schema", "index"}:
        target = part(target, "table") or part(target, "this")
    start = _start(node)
    for source in (target if target is not None and target.key == "table" else None, start):
        if source is not None:
            yield source
            yield from _joined(source, "joins")
    for name in ("joins", "using", "laterals"):
        yield from _joined(node, name)


def _start(node: Node) -> Node | None:
    """What stands right after FROM; the parser renamed that part once."""
    return part(part(node, "from_") or part(node, "from"), "this")


def _joined(node: Node, name: str) -> Iterator[Node]:
    for item in parts(node, name):
        source = part(item, "this") if item.key == "join" else item
        if source is not None:
            yield source


def _conditions(node: Node) -> Iterator[Node]:
    conditions = [part(part(node, "where"), "this")]
    for holder in (node, _start(node), part(node, "this")):
        conditions += [part(join, "on") for join in parts(holder, "joins")]
    yield from (condition for condition in conditions if condition is not None)


def table_name(table: Node) -> str | None:
    """The name of a table as the database knows it, its schema in front unless that is the usual one."""
    name = str(table.name)
    if not name or HOLE_NAME in name:
        return None
    namespace = part(table, "db")
    schema = str(namespace.name) if namespace is not None else ""
    return (
        name
        if not schema or schema.lower() in _DEFAULT_SCHEMAS or schema == HOLE_NAME
        else f"{schema}.{name}"
    )
