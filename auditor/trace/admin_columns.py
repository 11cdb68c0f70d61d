"""What one entry of `list_display` or `readonly_fields` reads of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import Const, Func, Inst, Lambda, Row, Value
from auditor.trace import access, calls
from auditor.trace.admin_options import is_own

if TYPE_CHECKING:
    from auditor.trace.machine import Machine


def show_column(m: Machine, admin: Inst, row: Value, column: Value) -> None:
    """A function, or what has that name on the model or the admin: in the order in which Django looks."""
    if isinstance(column, (Func, Lambda)):
        calls.call_value(m, column, [row], {}, None)
        return
    name = column.value if isinstance(column, Const) else None
    if not isinstance(name, str) or not isinstance(row, Row):
        return
    if name == "__str__":
        access.shown(m, row, None)
    elif is_field(row, name):
        read = access.get_attribute(m, row, name, None)
        if isinstance(read, Row):
            access.shown(m, read, None)
    elif (own := method_of(m, admin, name)) is not None:
        calls.call_value(m, own, [row], {}, None)
    elif not is_own(m, admin.cls, name):
        show_path(m, row, name)


def is_field(row: Row, name: str) -> bool:
    """Whether the model itself has a column or a relation of that name; a relation from elsewhere is none."""
    relation = row.model.relations.get(name)
    return name in row.model.columns or (relation is not None and not relation.kind.startswith("reverse"))


def method_of(m: Machine, admin: Inst, name: str) -> Value | None:
    """What shows a column, where the admin has it."""
    if not is_own(m, admin.cls, name):
        return None
    value = access.get_attribute(m, admin, name, None)
    return value if isinstance(value, (Func, Lambda)) else None


def show_path(m: Machine, row: Row, name: str) -> None:
    """A method or property of the model's, else `author__country__name` as attributes of attributes."""
    is_member = m.project.member(row.model.cls, name) is not None
    read: Value = row
    for part in [name] if is_member else name.split("__"):
        read = access.get_attribute(m, read, part, None)
        if isinstance(read, Func):
            read = calls.call_value(m, read, [], {}, None)
    if isinstance(read, Row):
        access.shown(m, read, None)
