"""Reads CREATE TABLE, CREATE INDEX, ALTER TABLE and DROP out of SQL text into pieces of a schema."""

import re
from collections.abc import Iterator
from typing import Final

from auditor.sql.dialect import Dialect
from auditor.sql.lexer import tokens
from auditor.sql.parse import HOLE_NAME, Node, parse
from auditor.sql.schema import Column, Declaration, Dropped, ForeignKey, Index, Source, Table
from auditor.sql.scope import table_name

MAX_CHARACTERS: Final = 8 * 1024 * 1024
"""Of a file; what comes after it is not read."""

_RELEVANT: Final = re.compile(r"(?:create|alter|drop)\s+(?:\w+\s+){0,4}?(?:table|index)\b", re.IGNORECASE)


def read_ddl(
    sql: str, *, file: str, first_line: int = 1, dialect: Dialect | None = None
) -> tuple[Declaration, ...]:
    """What the statements of `sql` declare, in their order; statements that can't be read are passed over.

    `file` and `first_line` say where the text stands, for the places of what is found. Never raises.
    """
    found: list[Declaration] = []
    for text, line in _statements(sql[:MAX_CHARACTERS], dialect=dialect):
        source = Source(file, first_line + line)
        for tree in parse(text, dialect=dialect).trees:
            found.extend(_declared(tree, source))
    return tuple(found)


def _statements(sql: str, *, dialect: Dialect | None) -> Iterator[tuple[str, int]]:
    """The statements about tables and indexes, each with the number of lines before it.

    Cut at semicolons outside strings and comments, so that a statement that can't be read costs only itself.
    """
    counted = line = 0
    for start, end in _spans(sql, dialect=dialect):
        if _RELEVANT.match(sql, start):
            line += sql.count("\n", counted, start)
            counted = start
            yield sql[start:end], line


def _spans(sql: str, *, dialect: Dialect | None) -> Iterator[tuple[int, int]]:
    """From the first to the last token of each statement."""
    start, end = None, 0
    for token in tokens(sql, dialect=dialect):
        if token.raw == ";":
            if start is not None:
                yield start, end
            start = None
        else:
            start = token.end - len(token.raw) if start is None else start
            end = token.end
    if start is not None:
        yield start, end


def _declared(tree: Node, source: Source) -> Iterator[Declaration]:
    kind = str(tree.args.get("kind") or "").upper()
    if tree.key == "create" and kind == "TABLE" and tree.this.key == "schema":
        yield from _table(tree.this, source)
    elif tree.key == "create" and kind == "INDEX":
        yield from _index(tree, source)
    elif tree.key == "alter":
        yield from _altered(tree, source)
    elif tree.key == "drop" and kind in {"TABLE", "INDEX"}:
        yield from _dropped(tree, kind)


def _dropped(tree: Node, kind: str) -> Iterator[Dropped]:
    # Older releases of the parser have one target in `this`.
    for target in tree.args.get("tables") or (tree.this,):
        name = table_name(target) if target is not None and target.key == "table" else None
        if name:
            yield Dropped(kind="table" if kind == "TABLE" else "index", name=name)


def _table(schema: Node, source: Source) -> Iterator[Table]:
    name = table_name(schema.this)
    if name:
        yield _pieces(name, list(schema.expressions), source)


def _altered(tree: Node, source: Source) -> Iterator[Declaration]:
    name = table_name(tree.this) if tree.this is not None and tree.this.key == "table" else None
    if name is None:
        return
    parts: list[Node] = []
    for action in tree.args.get("actions") or ():
        if action.key == "addconstraint":
            parts.extend(action.expressions)
        elif action.key == "drop":
            kind = str(action.args.get("kind") or "").upper()
            yield from _dropped(action, kind) if kind == "INDEX" else ()
        else:
            parts.append(action)
    piece = _pieces(name, parts, source)
    if piece.columns or piece.primary_key or piece.unique or piece.indexes or piece.foreign_keys:
        yield piece


def _pieces(name: str, parts: list[Node], source: Source) -> Table:
    """A table out of its column definitions and constraints; parts of other kinds say nothing here."""
    columns: list[Column] = []
    primary: tuple[str, ...] = ()
    unique: list[tuple[str, ...]] = []
    indexes: list[Index] = []
    foreign: list[ForeignKey] = []
    pending = list(reversed(parts))
    while pending:
        part = pending.pop()
        if part.key == "columndef":
            columns.append(_column(part, source))
            kinds = {
                c.args["kind"].key: c.args["kind"]
                for c in part.args.get("constraints") or ()
                if c.args.get("kind")
            }
            if "primarykeycolumnconstraint" in kinds:
                primary = (str(part.name),)
            if "uniquecolumnconstraint" in kinds:
                unique.append((str(part.name),))
            if "reference" in kinds:
                foreign.extend(_foreign_key((str(part.name),), kinds["reference"], source))
        elif part.key == "constraint":
            pending.extend(reversed(part.expressions))
        elif part.key == "primarykey":
            primary = _names(part.expressions)
        elif part.key == "uniquecolumnconstraint" and part.this is not None:
            unique.append(_names(part.this.expressions))
        elif part.key == "foreignkey" and part.args.get("reference") is not None:
            foreign.extend(_foreign_key(_names(part.expressions), part.args["reference"], source))
        elif part.key == "indexcolumnconstraint":
            indexes.append(
                Index(columns=_names(part.expressions), name=str(part.name) or None, source=source)
            )
    return Table(
        name=name,
        columns=tuple(columns),
        primary_key=primary,
        unique=tuple(u for u in unique if u),
        indexes=tuple(i for i in indexes if i.columns),
        foreign_keys=tuple(foreign),
        source=source,
    )


def _column(part: Node, source: Source) -> Column:
    kind = part.args.get("kind")
    nullable = True
    for constraint in part.args.get("constraints") or ():
        rule = constraint.args.get("kind")
        if rule is not None and rule.key == "notnullcolumnconstraint":
            nullable = bool(rule.args.get("allow_null"))
        if rule is not None and rule.key == "primarykeycolumnconstraint":
            nullable = False
    return Column(
        name=str(part.name),
        type=kind.sql().lower() if kind is not None else None,
        nullable=nullable,
        source=source,
    )


def _foreign_key(columns: tuple[str, ...], reference: Node, source: Source) -> Iterator[ForeignKey]:
    target = reference.this
    over_there = _names(target.expressions) if target.key == "schema" else ()
    table = table_name(target.this if target.key == "schema" else target)
    if table and columns:
        yield ForeignKey(columns=columns, table=table, references=over_there, declarer="ddl", source=source)


def _index(tree: Node, source: Source) -> Iterator[Table]:
    index = tree.this
    table = index.args.get("table")
    name = table_name(table) if table is not None else None
    params = index.args.get("params")
    columns = _names(params.args.get("columns") or ()) if params is not None else ()
    if not name or not columns:
        return
    where, using = params.args.get("where"), params.args.get("using")
    unique = bool(tree.args.get("unique") or index.args.get("unique"))
    yield Table(
        name=name,
        indexes=(
            Index(
                columns=columns,
                name=str(index.name) or None,
                unique=unique,
                condition=where.this.sql() if where is not None else None,
                method=str(using.name).lower() if using is not None else None,
                source=source,
            ),
        ),
    )


def _names(nodes: list[Node] | tuple[()]) -> tuple[str, ...]:
    """Column names; an expression in an index stands as its text, and a hole makes the rest unknown."""
    names: list[str] = []
    for node in nodes:
        inner = node.this if node.key == "ordered" else node
        name = str(inner.name) if inner.key in {"column", "identifier"} else inner.sql().lower()
        if HOLE_NAME in name:
            break
        names.append(name)
    return tuple(names)
