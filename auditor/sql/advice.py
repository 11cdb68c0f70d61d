"""Which index to propose for a query, in which order, why, and what it costs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from auditor.sql.dialect import Dialect
from auditor.sql.schema import Index, Schema

MAX_COLUMNS: Final = 4
"""A column further back narrows little more and makes every entry longer."""


@dataclass(frozen=True, slots=True)
class OrderColumn:
    """One step of an order, or one column of an index."""

    name: str
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.name} DESC" if self.descending else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexProposal:
    """An index worth having."""

    table: str
    columns: tuple[OrderColumn, ...]
    reasons: tuple[str, ...]
    """One sentence for each decision, for people."""
    write_cost: str
    makes_redundant: tuple[Index, ...] = ()
    """Declared indexes that begin the same way, so that the new one does their work too."""

    def statement(self, *, dialect: Dialect | None = None) -> str:
        """The DDL; on PostgreSQL it does not lock writers out, and so can't run inside a transaction."""
        names = "_".join(column.name for column in self.columns)
        # PostgreSQL cuts names at 63 bytes, MySQL refuses more than 64.
        name = f"{self.table.replace('.', '_')}_{names}_idx"[-63:].lstrip("_")
        concurrently = "CONCURRENTLY " if dialect == "postgresql" else ""
        columns = ", ".join(map(str, self.columns))
        return f"CREATE INDEX {concurrently}{name} ON {self.table} ({columns})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoIndexNeeded:
    """Why no index is proposed."""

    reason: str
    served_by: Index | None = None


def advise_index(
    schema: Schema,
    table: str,
    *,
    equality: Sequence[str] = (),
    ranges: Sequence[str] = (),
    order: Sequence[OrderColumn] = (),
    has_limit: bool = False,
) -> IndexProposal | NoIndexNeeded:
    """The index that serves a query on `table` best, or why there is nothing to propose.

    Args:
        schema: what is declared; a table it does not know is judged as one without indexes.
        table: the table that is searched.
        equality: columns that must have given values (`=`, `IN`, `IS NULL`).
        ranges: columns that must lie within bounds (`<`, `BETWEEN`, `LIKE 'x%'`).
        order: columns the rows are sorted by, first to last.
        has_limit: only the first rows are asked for, so that rows read in order need not all be read.
    """
    same = tuple(dict.fromkeys(equality))
    bounds = tuple(column for column in dict.fromkeys(ranges) if column not in same)
    # A column with a single value has no order to speak of.
    steps = {step.name: step for step in reversed(order)}
    sorted_by = tuple(
        step for step in dict.fromkeys(order) if step.name not in same and steps[step.name] is step
    )
    if not same and not bounds and not (sorted_by and has_limit):
        return NoIndexNeeded(reason="the query reads every row whatever indexes there are")
    unique = _unique_over(schema, table, same)
    if unique is not None:
        return NoIndexNeeded(reason=f"{_listed(unique.columns)} leaves at most one row", served_by=unique)
    columns, reasons = _columns(same, bounds, sorted_by, has_limit=has_limit)
    serving = _serving(schema, table, columns, equalities=len(same))
    if serving is not None:
        return NoIndexNeeded(
            reason=f"an index on {_listed(serving.columns)} serves it already", served_by=serving
        )
    return IndexProposal(
        table=table,
        columns=columns,
        reasons=reasons,
        write_cost=_write_cost(schema, table, columns),
        makes_redundant=_redundant(schema, table, columns),
    )


def _columns(
    same: tuple[str, ...], bounds: tuple[str, ...], order: tuple[OrderColumn, ...], *, has_limit: bool
) -> tuple[tuple[OrderColumn, ...], tuple[str, ...]]:
    """Equality first, then what keeps the order if that saves reading rows, else the first bound."""
    reasons: list[str] = []
    columns = [OrderColumn(name) for name in same[:MAX_COLUMNS]]
    if columns:
        reasons.append(
            f"{_listed(same[:MAX_COLUMNS])} first: compared for equality, the matches lie side by side"
        )
    if len(same) > MAX_COLUMNS:
        reasons.append(f"{_listed(same[MAX_COLUMNS:])} left out: few rows are left to compare by then")
    room = MAX_COLUMNS - len(columns)
    ordered = _directed(order)[:room]
    if ordered and (not bounds or ordered[0].name == bounds[0] or has_limit):
        columns += ordered
        names = _listed(step.name for step in ordered)
        if len(ordered) == len(order):
            reasons.append(f"then {names}: rows come in the order asked for, unsorted")
            reasons += ["with a LIMIT, reading stops after the last row that is wanted"] if has_limit else []
        else:
            reasons.append(
                f"then {names}: rows come in nearly the order asked for, and little is left to sort"
            )
        if any(step.descending for step in ordered):
            reasons.append("directions differ within the order, so the index has to have them too")
        extra = [b for b in bounds if b not in {step.name for step in ordered}][: MAX_COLUMNS - len(columns)]
        if extra:
            columns += [OrderColumn(name) for name in extra]
            reasons.append(f"{_listed(extra)} last: rows out of bounds are passed over without being fetched")
    elif bounds and room:
        columns.append(OrderColumn(bounds[0]))
        reasons.append(f"then {bounds[0]}: one stretch of the index holds what lies within the bounds")
        if len(bounds) > 1:
            reasons.append(f"{_listed(bounds[1:])} left out: an index is searched by one range only")
        if order:
            names = _listed(step.name for step in order)
            reasons.append(f"the order by {names} still sorts: after a range, an index is not in that order")
    return tuple(columns), tuple(reasons)


def _directed(order: tuple[OrderColumn, ...]) -> list[OrderColumn]:
    """The order as an index needs it: without directions if all are the same, since it is read both ways."""
    if len({step.descending for step in order}) == 1:
        return [OrderColumn(step.name) for step in order]
    return list(order)


def _serving(
    schema: Schema, table: str, columns: tuple[OrderColumn, ...], *, equalities: int
) -> Index | None:
    """An index that begins like the proposal; among equality columns the order is free."""
    found = schema.table(table)
    if any(column.descending for column in columns):
        return None  # what is declared does not say its directions
    names = [column.name.lower() for column in columns]
    for index in found.indexes if found else ():
        has = [column.lower() for column in index.columns[: len(names)]]
        plain = index.condition is None and index.method in {None, "btree"}
        if (
            plain
            and set(has[:equalities]) == set(names[:equalities])
            and has[equalities:] == names[equalities:]
        ):
            return index
    return None


def _unique_over(schema: Schema, table: str, same: tuple[str, ...]) -> Index | None:
    found = schema.table(table)
    given = {column.lower() for column in same}
    for index in found.indexes if found else ():
        if index.unique and index.condition is None and {c.lower() for c in index.columns} <= given:
            return index
    return None


def _redundant(schema: Schema, table: str, columns: tuple[OrderColumn, ...]) -> tuple[Index, ...]:
    found = schema.table(table)
    names = [column.name.lower() for column in columns]
    return tuple(
        index
        for index in (found.indexes if found else ())
        if not index.unique
        and index.condition is None
        and index.method in {None, "btree"}
        and [c.lower() for c in index.columns] == names[: len(index.columns)]
    )


def _write_cost(schema: Schema, table: str, columns: tuple[OrderColumn, ...]) -> str:
    names = _listed(column.name for column in columns)
    cost = (
        f"one more entry for every row inserted into or deleted from {table}, and for every update of {names}"
    )
    found = schema.table(table)
    if found is None:
        return cost
    count = len(found.indexes)
    return f"{cost}; {table} has {count} {'index' if count == 1 else 'indexes'} so far"


def _listed(names: Iterable[str]) -> str:
    items = list(names)
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
