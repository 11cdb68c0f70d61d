"""Enumerations of the project: classes that are as many values as they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.symbols import Assigned
from auditor.index.values import UNKNOWN, Many, Size

if TYPE_CHECKING:
    from auditor.index.symbols import Class
    from auditor.trace.machine import Machine

_MODULES: Final = ("enum.", "django.db.models")
_BASES: Final = frozenset(
    {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "Choices", "TextChoices", "IntegerChoices"}
)
_LISTS: Final = frozenset({"choices", "values", "labels", "names", "__members__"})
"""Attributes that list the members."""


def size(m: Machine, cls: Class, name: str = "") -> Size | None:
    """How many members a class has; None for one that is no enumeration."""
    known = m.project.external_bases(cls)
    if not any(b.startswith(_MODULES) and b.rpartition(".")[2] in _BASES for b in known):
        return None
    members = [
        n
        for base in reversed(m.project.mro(cls))
        for n, bindings in getattr(base, "scope", {}).items()
        if not n.startswith("_") and isinstance(bindings[-1], Assigned) and bindings[-1].value is not None
    ]
    return Size(name or "members", len(set(members)), exact=True) if members else None


def listed(m: Machine, cls: Class, name: str) -> Many | None:
    """`Status.choices` and its like; None for any other attribute, and for a class that is no enumeration."""
    found = size(m, cls, name) if name in _LISTS else None
    return None if found is None else Many(UNKNOWN, found)


__all__ = ["listed", "size"]
