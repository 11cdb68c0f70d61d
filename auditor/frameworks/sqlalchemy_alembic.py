"""What Alembic migrations made of the tables: `op.create_table`, `op.create_index` and so on, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.frameworks.sqlalchemy_columns import foreign_key, type_of
from auditor.frameworks.sqlalchemy_text import constant, keyword, source
from auditor.index import ir
from auditor.index.symbols import inner_blocks, tail_name
from auditor.sql.schema import Column, Dropped, ForeignKey, Index, Source, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module
    from auditor.sql.schema import Declaration

_OPERATIONS: Final = frozenset({"op", "batch_op"})


def migrated(project: Project) -> Iterator[Declaration]:
    """Every declaration of the project's migrations, earliest revision first."""
    for module in _in_order(
        [m for m in project.modules if "revision" in m.scope and "down_revision" in m.scope]
    ):
        upgrade = next((f for f in module.functions if f.name == "upgrade" and f.owner is None), None)
        if upgrade is not None:
            yield from _of_block(module, upgrade.body, {})


def _in_order(modules: Sequence[Module]) -> list[Module]:
    """Revisions after the ones they build on; unrelated ones by path."""
    by_revision = {_assigned(m, "revision"): m for m in modules}
    after: dict[str, list[Module]] = {}
    for module in modules:
        for before in _before(module):
            after.setdefault(before if before in by_revision else "", []).append(module)
        if not _before(module):
            after.setdefault("", []).append(module)
    ordered: list[Module] = []
    waiting = {id(m): sum(b in by_revision for b in _before(m)) for m in modules}
    ready = sorted((m for m in modules if waiting[id(m)] == 0), key=lambda m: m.path)
    while ready:
        module = ready.pop(0)
        ordered.append(module)
        for later in sorted(after.get(_assigned(module, "revision"), ()), key=lambda m: m.path):
            waiting[id(later)] -= 1
            if waiting[id(later)] == 0:
                ready.append(later)
    left = {id(m) for m in ordered}
    return [*ordered, *(m for m in sorted(modules, key=lambda m: m.path) if id(m) not in left)]


def _assigned(module: Module, name: str) -> str:
    value = _value(module, name)
    text = constant(value)
    return text if isinstance(text, str) else ""


def _before(module: Module) -> list[str]:
    node = _value(module, "down_revision")
    items = node[3] if node is not None and node[0] == ir.SEQ else (node,)
    return [text for text in (constant(i) for i in items) if isinstance(text, str)]


def _value(module: Module, name: str) -> Node | None:
    binding = module.scope.get(name, [None])[-1]
    return getattr(binding, "value", None)


def _of_block(module: Module, statements: Sequence[Node], batches: dict[str, str]) -> Iterator[Declaration]:
    for s in statements:
        if s[0] == ir.WITH:
            for expression, target in s[3]:
                if (
                    expression[0] == ir.CALL
                    and tail_name(expression[2]) == "batch_alter_table"
                    and expression[3]
                ):
                    table = constant(expression[3][0])
                    if target is not None and target[0] == ir.NAME and isinstance(table, str):
                        batches[target[2]] = table
        if s[0] == ir.EXPR and s[3][0] == ir.CALL:
            yield from _of_call(module, s[3], batches)
        elif s[0] == ir.ASSIGN and s[4][0] == ir.CALL:
            yield from _of_call(module, s[4], batches)
        for block in inner_blocks(s):
            yield from _of_block(module, block, batches)


def _of_call(module: Module, call: Node, batches: dict[str, str]) -> Iterator[Declaration]:
    function = call[2]
    if function[0] != ir.ATTR or function[2][0] != ir.NAME:
        return
    holder, name = function[2][2], function[3]
    if holder not in _OPERATIONS and holder not in batches:
        return
    where = Source(module.path, call[1])
    first = constant(call[3][0]) if call[3] else None
    if name == "create_table" and isinstance(first, str):
        yield _table(first, call[3][1:], where)
    elif name in {
        "create_index",
        "create_unique_constraint",
        "drop_index",
        "drop_table",
        "add_column",
        "drop_column",
    }:
        yield from _changed(call, name, batches.get(holder), where)
    elif name == "execute" and isinstance(first, str):
        from auditor.sql.ddl import read_ddl  # noqa: PLC0415  # sqlglot takes long to import

        yield from read_ddl(first, file=module.path, first_line=call[1])
    elif name == "execute" and call[3] and call[3][0][0] == ir.CALL and call[3][0][3]:
        text = constant(call[3][0][3][0])
        if isinstance(text, str):
            from auditor.sql.ddl import read_ddl  # noqa: PLC0415  # likewise

            yield from read_ddl(text, file=module.path, first_line=call[1])


def _changed(call: Node, name: str, batch: str | None, where: Source) -> Iterator[Declaration]:
    given = list(call[3])
    if batch is not None and name in {"create_index", "create_unique_constraint"}:
        given.insert(1, (ir.CONST, call[1], batch))
    first = constant(given[0]) if given else None
    table = constant(given[1]) if len(given) > 1 else constant(keyword(call, "table_name", "source"))
    if name == "drop_table" and isinstance(first, str):
        yield Dropped(kind="table", name=first)
    elif name == "drop_index":
        index = first if isinstance(first, str) else _naming(given[0]) if given else None
        if index is not None:
            yield Dropped(kind="index", name=index)
    elif name == "drop_column":
        dropped = first if batch is not None else table
        owner = batch or first
        if isinstance(owner, str) and isinstance(dropped, str):
            yield Dropped(kind="column", name=dropped, table=owner)
    elif name == "add_column":
        column = given[0] if batch is not None else given[1] if len(given) > 1 else None
        owner = batch or first
        if isinstance(owner, str) and column is not None and column[0] == ir.CALL:
            yield _table(owner, [column], where, is_piece=True)
    elif isinstance(table, str):
        columns = given[2] if len(given) > 2 else keyword(call, "columns")  # name, table, columns
        if columns is not None and columns[0] == ir.SEQ:
            yield _indexed(
                call, name, table, columns[3], name=_naming(given[0]) if given else None, where=where
            )


def _naming(node: Node) -> str | None:
    """A name, also one written `op.f("ix_…")`."""
    value = constant(node[3][0]) if node[0] == ir.CALL and node[3] else constant(node)
    return value if isinstance(value, str) else None


def _indexed(
    call: Node, kind: str, table: str, nodes: Sequence[Node], *, name: str | None, where: Source
) -> Table:
    columns = tuple(_column_text(n) for n in nodes)
    if kind == "create_unique_constraint":
        return Table(name=table, unique=(columns,), source=where)
    condition = next((v for k, v in call[4] if str(k).endswith("_where")), None)
    method = constant(keyword(call, "postgresql_using"))
    index = Index(
        columns=columns,
        name=name,
        unique=constant(keyword(call, "unique")) is True,
        condition=None if condition is None else source(condition),
        method=method.lower() if isinstance(method, str) else None,
        source=where,
    )
    return Table(name=table, indexes=(index,))


def _column_text(node: Node) -> str:
    value = constant(node)
    if isinstance(value, str):
        return value
    if node[0] == ir.CALL and tail_name(node[2]) in {"text", "literal_column", "column"} and node[3]:
        inner = constant(node[3][0])
        return (
            str(inner).removesuffix(" DESC").removesuffix(" ASC").strip()
            if isinstance(inner, str)
            else source(node)
        )
    return source(node)


def _table(name: str, items: Sequence[Node], where: Source, *, is_piece: bool = False) -> Table:
    columns: list[Column] = []
    keys: list[str] = []
    unique: list[tuple[str, ...]] = []
    indexes: list[Index] = []
    foreign: list[ForeignKey] = []
    for item in items:
        if item[0] != ir.CALL or not item[3]:
            continue
        last, first, place = tail_name(item[2]), constant(item[3][0]), Source(where.file, item[1])
        texts = tuple(t for t in (constant(a) for a in item[3]) if isinstance(t, str))
        if last == "Column" and isinstance(first, str):
            columns.append(_column(item, first, place))
            if constant(keyword(item, "primary_key")) is True:
                keys.append(first)
            if constant(keyword(item, "unique")) is True:
                unique.append((first,))
            if constant(keyword(item, "index")) is True:
                indexes.append(Index(columns=(first,), source=place))
            target = constant(foreign_key(item[3], item[4]))
            if isinstance(target, str):
                foreign.append(_reference((first,), (target,), place))
        elif last == "PrimaryKeyConstraint":
            keys.extend(texts)
        elif last == "UniqueConstraint":
            unique.append(texts)
        elif last == "ForeignKeyConstraint" and len(item[3]) > 1:
            local, remote = (tuple(str(constant(n)) for n in a[3]) for a in item[3][:2] if a[0] == ir.SEQ)
            foreign.append(_reference(local, remote, place))
    return Table(
        name=name,
        columns=tuple(columns),
        primary_key=tuple(keys),
        unique=tuple(unique),
        indexes=tuple(indexes),
        foreign_keys=tuple(foreign),
        source=None if is_piece else where,
    )


def _column(item: Node, name: str, place: Source) -> Column:
    nullable = constant(keyword(item, "nullable"))
    return Column(
        name=name,
        type=type_of(item[3][1:], None) or None,
        nullable=nullable if isinstance(nullable, bool) else None,
        source=place,
    )


def _reference(local: tuple[str, ...], remote: tuple[str, ...], place: Source) -> ForeignKey:
    table = remote[0].rpartition(".")[0] if remote else ""
    return ForeignKey(
        columns=local,
        table=table,
        references=tuple(r.rpartition(".")[2] for r in remote),
        declarer="sqlalchemy",
        source=place,
    )
