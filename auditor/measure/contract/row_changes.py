"""What a replay did to the database: rows by table, before beside after."""

import math
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from auditor.execution.databases.database import Rows
from auditor.measure.contract.matching import exact_pairs
from auditor.measure.contract.tree import Bag, Tree, canonical, tree_of
from auditor.model.value import Value

Row = dict[str, JsonValue]


class TableChanges(Value):
    """One table's rows that came, went or changed. A row is told by its `id` where every row has one."""

    added: tuple[Row, ...] = ()
    removed: tuple[Row, ...] = ()
    changed: tuple[tuple[Row, Row], ...] = ()
    """The row before and after."""

    @property
    def nothing(self) -> bool:
        """Whether the table is as it was."""
        return not (self.added or self.removed or self.changed)


def row_changes(before: Rows, after: Rows, /) -> dict[str, TableChanges]:
    """Changes by table; a table that stayed as it was is not there."""
    found = {
        table: _of_table(_plain(before.get(table, ())), _plain(after.get(table, ())))
        for table in {*before, *after}
    }
    return {table: found[table] for table in sorted(found) if not found[table].nothing}


def changes_tree(changes: Mapping[str, TableChanges], /) -> Tree:
    """Bags of rows by table and kind of change; of a changed row its key and the columns that changed."""
    return {
        table: {
            "added": Bag(tree_of({**row}) for row in of.added),
            "removed": Bag(tree_of({**row}) for row in of.removed),
            "changed": Bag(_change(old, new) for old, new in of.changed),
        }
        for table, of in changes.items()
    }


def _of_table(before: Sequence[Row], after: Sequence[Row]) -> TableChanges:
    old = [tree_of({**row}) for row in before]
    new = [tree_of({**row}) for row in after]
    _, gone, come = exact_pairs(old, new)
    by_key = {key: at for at in come if (key := _key(new[at])) is not None}
    changed: list[tuple[int, int]] = []
    for at in gone:
        key = _key(old[at])
        if key is not None and key in by_key:
            changed.append((at, by_key.pop(key)))
    kept, kept_new = {a for a, _ in changed}, {b for _, b in changed}
    return TableChanges(
        added=tuple(after[at] for at in come if at not in kept_new),
        removed=tuple(before[at] for at in gone if at not in kept),
        changed=tuple((before[a], after[b]) for a, b in changed),
    )


def _plain(rows: Sequence[Mapping[str, object]]) -> list[Row]:
    return [{column: _value(value) for column, value in row.items()} for row in rows]


def _value(value: object) -> JsonValue:
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": repr(value)}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    return str(value)


def _key(row: Tree) -> str | None:
    value = row.get("id") if isinstance(row, dict) else None
    return None if value is None else canonical(value)


def _change(before: Row, after: Row) -> Tree:
    changed: dict[str, Tree] = {"id": tree_of(after["id"])}
    for column in {**before, **after}:
        was, now = _cell(before, column), _cell(after, column)
        if canonical(was) != canonical(now):
            changed[column] = {"was": was, "is": now}
    return changed


def _cell(row: Row, column: str) -> Tree:
    return [tree_of(row[column])] if column in row else []
