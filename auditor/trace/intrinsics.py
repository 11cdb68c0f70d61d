"""What the library models ask of the machine: rendering templates, serialising objects, applying filter sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import UNKNOWN, Value
from auditor.trace import serializers

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.trace.machine import Machine


def call(m: Machine, name: str, args: list[Value], kwargs: dict[str, Value], node: Node | None) -> Value:
    """An intrinsic by name; one that nobody defined does nothing."""
    if name == "serialize":
        return serializers.serialize(m, args, kwargs, node)
    handler = m.intrinsics.get(name)
    return UNKNOWN if handler is None else handler(m, args, kwargs, node)
