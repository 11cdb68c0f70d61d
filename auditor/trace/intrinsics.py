"""What the library models ask of the machine: rendering templates, serialising objects, applying filter sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import UNKNOWN, Value
from auditor.trace import hints, serializers

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def call(m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    """An intrinsic by name; one that nobody defined does nothing."""
    if name == "serialize":
        return serializers.serialize(m, args, kwargs, node)
    if name == "signed_in":
        return signed_in(m) or UNKNOWN
    handler = m.intrinsics.get(name)
    return UNKNOWN if handler is None else handler(m, args, kwargs, node)


def signed_in(m: Machine) -> Value | None:
    """The row of the user who is logged in, where an ORM knows which model that is."""
    return next((user for orm in m.orms if (user := hints.user_of(orm)) is not None), None)
