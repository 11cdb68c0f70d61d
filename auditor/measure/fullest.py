"""Which row of a table has the most members: what a filter leaves out shows only where there is something to leave out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from auditor.execution.databases.database import Row, Rows

_DEPTH = 2
"""Members, and members of these."""


def fullest(table: str, rows: Rows, table_named: Callable[[str], str | None], /) -> Row | None:
    """The first of the rows with the most members; None where none has any, or it can't be told.

    Args:
        table: whose rows.
        rows: all there are, by table.
        table_named: the table that `order` of a column `order_id` means.
    """
    held = rows.get(table, ())
    if not held or "id" not in held[0]:
        return None
    weights = _weights(table, rows, table_named, _DEPTH)
    if not weights:
        return None
    best = max(held, key=lambda row: weights.get(str(row["id"]), 0))
    return best if weights.get(str(best["id"])) else None


def _weights(
    table: str, rows: Rows, table_named: Callable[[str], str | None], depth: int
) -> Mapping[str, int]:
    """By the key of a row, how many members it has, each with its own."""
    found: Counter[str] = Counter()
    if depth == 0:
        return found
    for child, column in _referring(table, rows, table_named):
        below = _weights(child, rows, table_named, depth - 1) if child != table else {}
        for row in rows[child]:
            if row.get(column) is not None:
                found[str(row[column])] += 1 + below.get(str(row.get("id")), 0)
    return found


def _referring(table: str, rows: Rows, table_named: Callable[[str], str | None]) -> Iterator[tuple[str, str]]:
    """Tables with a column that is called after the table."""
    for name in sorted(rows):
        for column in rows[name][0] if rows[name] else ():
            if column.endswith("_id") and table_named(column.removesuffix("_id")) == table:
                yield name, column
