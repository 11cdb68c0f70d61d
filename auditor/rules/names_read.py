"""Names that any code of the project speaks of beside the declarations of models: a relation that none names is read by nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.rules import turns
from auditor.rules.declared import models
from auditor.trace.analysis import TRACED_ROLES

if TYPE_CHECKING:
    from auditor.rules.scene import Scene

_DECLARING: Final = frozenset(
    {
        "relationship",
        "Relationship",
        "relation",
        "backref",
        "dynamic_loader",
        "ForeignKey",
        "ForeignKeyConstraint",
    }
)
"""Calls whose texts name a relation and its other end, or a table, and read neither."""


def names_read(scene: Scene) -> frozenset[str]:
    """Attributes, texts, keywords and what classes other than models declare (a serializer's fields)."""
    found: set[str] = set()
    mapped = {id(model.cls) for model in models(scene)}
    fields = (c for m in scene.project.modules if m.role != "library" for c in m.classes)
    for cls in fields:
        if id(cls) not in mapped:
            found.update(cls.scope)
    stack: list[object] = [m.body for m in scene.project.modules if m.role in TRACED_ROLES]
    while stack:
        part = stack.pop()
        if not isinstance(part, tuple) or not part:
            continue
        if len(part) > 2 and isinstance(part[0], int) and isinstance(part[1], int):
            if part[0] == ir.ATTR:
                found.add(part[3])
            elif part[0] == ir.CONST:
                if isinstance(part[2], str):
                    found.update(part[2].split("."))
                continue
            elif part[0] == ir.CALL:
                if turns.name_of(part[2]) in _DECLARING:
                    continue
                found.update(name for name, _ in part[4] if name)
            elif part[0] == ir.ASSIGN and any(turns.name_of(t) == "__tablename__" for t in part[3]):
                continue
        stack.extend(part)
    return frozenset(found)
