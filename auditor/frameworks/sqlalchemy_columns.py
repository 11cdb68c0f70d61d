"""Columns, keys and declared indexes of mapped classes and of tables without a class."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_text import constant
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, Module, tail_name
from auditor.index.values import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.frameworks.sqlalchemy_declared import Declared
    from auditor.frameworks.sqlalchemy_models import Mapped, Registry
    from auditor.index.ir import Node
    from auditor.index.project import Project

_HOPS: Final = 6
_NOT_TYPES: Final = frozenset(
    {"ForeignKey", "Sequence", "Identity", "Computed", "CheckConstraint", "FetchedValue", "default"}
)


@dataclass(slots=True)
class CoreTable:
    """`Table("name", metadata, Column(...), ...)`: also the middle of a many-to-many relation."""

    name: str
    module: Module
    line: int
    columns: dict[str, Column] = field(default_factory=dict)
    primary_key: list[str] = field(default_factory=list)
    indexes: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)
    """(columns, unique) of each."""


def fill(registry: Registry, mapped: Mapped) -> None:
    """Gives a model its columns and the indexes that its class declares."""
    model = mapped.model
    for name, declared in mapped.declared.items():
        if declared.kind == "column":
            column = column_of(registry, declared)
            model.columns[name] = column
            if column.indexed:
                model.indexes.append((column.column,))
    _keys_of_several_columns(registry, mapped)
    for above in registry.project.mro(model.cls):
        if isinstance(above, Class):
            table = above.scope.get("__table__", [])
            binding = table[-1] if table else None
            if isinstance(binding, Assigned) and binding.value is not None:
                given = table_made(registry.project, above.module, binding.value)
                if given is not None:
                    _take_table(mapped, given)
            for columns, _unique in table_args(registry, above):
                if columns not in model.indexes:
                    model.indexes.append(columns)
    made = registry.imperative.get(id(model.cls))
    if made is not None:
        _take_table(mapped, made.table)


def _keys_of_several_columns(registry: Registry, mapped: Mapped) -> None:
    """One column of a primary key that has several says nothing of how many rows have its value."""
    by_table: dict[str, list[Declared]] = {}
    for name, declared in mapped.declared.items():
        if declared.kind == "column" and mapped.model.columns[name].in_key:
            above = registry.by_class.get(id(declared.owner))
            table = (mapped if above is None or above.model.abstract else above).model.table
            by_table.setdefault(table, []).append(declared)
    for keys in by_table.values():
        for declared in keys if len(keys) > 1 else ():
            mapped.model.columns[declared.name].unique = declared.flag("unique")


def _take_table(mapped: Mapped, table: CoreTable) -> None:
    """What a table declares stands in for what the class does not."""
    model = mapped.model
    for name, column in table.columns.items():
        is_key = table.primary_key == [name]
        model.columns.setdefault(name, replace(column, indexed=True, unique=True) if is_key else column)
    for columns in [
        *((c.column,) for c in model.columns.values() if c.indexed),
        *(columns for columns, _ in table.indexes),
    ]:
        if columns not in model.indexes:
            model.indexes.append(columns)


def column_of(registry: Registry, declared: Declared) -> Column:
    """The column that an attribute is stored in."""
    reference = foreign_key(declared.arguments, declared.keywords)
    first = constant(declared.arguments[0]) if declared.arguments else None
    given = constant(declared.keyword("name"))
    name = first if isinstance(first, str) else given if isinstance(given, str) else declared.name
    nullable = constant(declared.keyword("nullable"))
    primary = declared.flag("primary_key")
    return Column(
        declared.name,
        declared.line,
        name,
        type_of(declared.arguments, declared.annotation),
        indexed=declared.flag("index") or declared.flag("unique") or primary,
        unique=declared.flag("unique") or primary,
        nullable=nullable
        if isinstance(nullable, bool)
        else not primary and not _is_required(declared.annotation),
        foreign_key=None if reference is None else _target(registry, declared.module, reference),
        deferred=declared.deferred,
        in_key=primary,
    )


def _is_required(annotation: Node | None) -> bool:
    """`Mapped[int]` is NOT NULL, `Mapped[int | None]` is not."""
    if annotation is None or annotation[0] != ir.SUB:
        return False
    text = repr(annotation[3])
    return "None" not in text and "Optional" not in text


def foreign_key(arguments: Sequence[Node], keywords: Sequence[tuple[str | None, Node]]) -> Node | None:
    """What the `ForeignKey` among a column's arguments refers to."""
    for a in arguments:
        if a[0] == ir.CALL and tail_name(a[2]) == "ForeignKey" and a[3]:
            return a[3][0]  # type: ignore[no-any-return]  # shape of ir.CALL
    return next((v for k, v in keywords if k == "foreign_key"), None)


def _target(registry: Registry, module: Module, node: Node) -> str | None:
    """`table.column` of a foreign key given as text or as an attribute of a class or table."""
    value = constant(node)
    if isinstance(value, str):
        return value
    if node[0] == ir.ATTR:
        holder = node[2][2] if node[2][0] == ir.ATTR and node[2][3] in {"c", "columns"} else node[2]
        symbol = registry.project.resolve_expression(module, holder)
        if isinstance(symbol, Class):
            table = registry.table_name(symbol)
            return None if table is None else f"{table}.{node[3]}"
        if holder[0] == ir.NAME:
            bound = registry.project.lookup(None, module, holder[2])
            if isinstance(bound, Assigned) and bound.value is not None:
                made = core_table(registry.project, module, bound.value)
                return None if made is None else f"{made.name}.{node[3]}"
    return None


def type_of(arguments: Sequence[Node], annotation: Node | None) -> str:
    """The name of a column's type, as written; "" where it is left to the database."""
    for a in arguments:
        if a[0] in {ir.NAME, ir.ATTR, ir.CALL} and tail_name(a) not in _NOT_TYPES:
            return tail_name(a)
    if annotation is not None and annotation[0] == ir.SUB and annotation[3][0] in {ir.NAME, ir.ATTR, ir.SUB}:
        return tail_name(annotation[3])
    return ""


def table_args(registry: Registry, cls: Class) -> Iterator[tuple[tuple[str, ...], bool]]:
    """(columns, unique) of each index and constraint in `__table_args__` that names plain columns."""
    for node in table_argument_nodes(cls):
        if node[0] != ir.CALL:
            continue
        last = tail_name(node[2])
        if last not in {"Index", "UniqueConstraint", "PrimaryKeyConstraint"}:
            continue
        given = node[3][1:] if last == "Index" else node[3]
        names = tuple(n for n in (_column_name(registry, cls, a) for a in given) if n is not None)
        if names and len(names) == len(given) and not any(str(k).endswith("_where") for k, _ in node[4]):
            yield names, last != "Index" or constant(dict(node[4]).get("unique")) is True


def table_argument_nodes(cls: Class) -> Sequence[Node]:
    """The items of a class's own `__table_args__`, given as a tuple or returned by a declared attribute."""
    bound = cls.scope.get("__table_args__", [])
    value: Node | None = None
    if bound and isinstance(bound[-1], Assigned):
        value = bound[-1].value
    elif bound and hasattr(bound[-1], "body"):
        value = next((s[3] for s in bound[-1].body if s[0] == ir.RETURN), None)
    return value[3] if value is not None and value[0] == ir.SEQ else ()


def _column_name(registry: Registry, cls: Class, node: Node) -> str | None:
    value = constant(node)
    if isinstance(value, str):
        return value
    if node[0] == ir.CALL and node[2][0] == ir.ATTR and node[2][3] in {"desc", "asc"}:
        return _column_name(registry, cls, node[2][2])
    name = node[2] if node[0] == ir.NAME else node[3] if node[0] == ir.ATTR else None
    if name is None:
        return None
    made = registry.own(cls).get(name)
    return None if made is None else column_of(registry, made).column


# -- tables without a class ----------------------------------------------------------------------------------


def core_tables(project: Project) -> dict[str, CoreTable]:
    """Every `name = Table("...", ...)` at the top of a module, by the table's name."""
    found: dict[str, CoreTable] = {}
    for module in project.modules:
        for s in module.body:
            if s[0] in {ir.ASSIGN, ir.ANN}:
                table = core_table(project, module, s[4] if s[0] == ir.ASSIGN else s[5])
                if table is not None:
                    found.setdefault(table.name, table)
    return found


def table_made(project: Project, module: Module, node: Node, hops: int = 0) -> CoreTable | None:
    """The table that an expression stands for: the call that makes it, or a name of it in this or another module."""
    if hops > _HOPS:
        return None
    if node[0] == ir.CALL:
        return core_table(project, module, node)
    symbol = None
    if node[0] == ir.NAME:
        symbol = project.lookup(None, module, node[2])
    elif node[0] == ir.ATTR:
        holder = project.resolve_expression(module, node[2])
        symbol = project.exported(holder, node[3]) if isinstance(holder, Module) else None
    if not isinstance(symbol, Assigned) or symbol.value is None:
        return None
    return table_made(project, project.home(module, symbol), symbol.value, hops + 1)


def core_table(project: Project, module: Module, node: Node | None) -> CoreTable | None:
    """The table that a `Table(...)` call declares."""
    del project
    if node is None or node[0] != ir.CALL or tail_name(node[2]) != "Table" or not node[3]:
        return None
    name = constant(node[3][0])
    if not isinstance(name, str):
        return None
    table = CoreTable(name, module, node[1])
    for item in node[3][1:]:
        if item[0] != ir.CALL or not item[3]:
            continue
        last, first, keywords = tail_name(item[2]), constant(item[3][0]), dict(item[4])
        if last == "Column" and isinstance(first, str):
            reference = foreign_key(item[3], item[4])
            text = constant(reference)
            unique = constant(keywords.get("unique")) is True
            primary = constant(keywords.get("primary_key")) is True
            table.columns[first] = Column(
                first,
                item[1],
                first,
                type_of(item[3][1:], None),
                indexed=unique or constant(keywords.get("index")) is True,
                unique=unique,
                nullable=not primary and constant(keywords.get("nullable")) is not False,
                foreign_key=text if isinstance(text, str) else None,
            )
            if primary:
                table.primary_key.append(first)
        elif last in {"Index", "UniqueConstraint", "PrimaryKeyConstraint"}:
            given = item[3][1:] if last == "Index" else item[3]
            columns = tuple(str(constant(a)) for a in given if isinstance(constant(a), str))
            if columns and len(columns) == len(given):
                unique = last != "Index" or constant(keywords.get("unique")) is True
                table.indexes.append((columns, unique))
    return table
