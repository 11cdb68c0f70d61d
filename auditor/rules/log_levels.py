"""From which level on the target, as it ships, writes log records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import Assigned
from auditor.rules import turns

if TYPE_CHECKING:
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

LEVELS: Final = {"notset": 0, "debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_DEFAULT: Final = LEVELS["warning"]
"""What Python's root logger starts with."""
_SETTING_UP: Final = frozenset({"basicConfig", "dictConfig", "fileConfig", "setLevel"})


def shipped_level(project: Project) -> int | None:
    """The lowest level that any logger of a Django project writes as its settings ship; None where they don't say.

    Django applies `LOGGING` on start; what it leaves open keeps Python's default, WARNING.
    """
    settings = [m for m in project.modules if m.role == "app" and "INSTALLED_APPS" in m.scope]
    if not settings or any(sets_up(m) for m in project.modules if m.role == "app"):
        return None
    found = [level_of(m) for m in project.modules if m.role == "app" and "LOGGING" in m.scope]
    known = [level for level in found if level is not None]
    return min([_DEFAULT, *known]) if len(known) == len(found) else None


def sets_up(module: Module) -> bool:
    """Whether a module's code chooses levels by calling for it."""
    return any(
        node[0] == ir.CALL and turns.name_of(node[2]) in _SETTING_UP
        for tree in (module.body, *(f.body for f in module.functions))
        for node in turns.nodes(tree)
    )


def level_of(module: Module) -> int | None:
    """The lowest level that a module's `LOGGING` names; None where it is not plain to see."""
    levels: list[int | None] = [_DEFAULT]
    for bound in module.scope["LOGGING"]:
        value = bound.value if isinstance(bound, Assigned) else None
        if value is not None and value[0] == ir.CALL and turns.name_of(value[2]) == "getattr":
            value = value[3][2] if len(value[3]) == 3 else None  # its default: what the tree ships
        levels += [None] if value is None or value[0] != ir.DICT else levels_in(value)
    known = [level for level in levels if level is not None]
    return min(known) if len(known) == len(levels) else None


def levels_in(tree: Node) -> list[int | None]:
    """The levels of a configuration's loggers and handlers; None for one that is computed."""
    found: list[int | None] = []
    for node in turns.nodes(tree):
        if node[0] == ir.DICT:
            for key, value in node[2]:
                if key is None or key[0] != ir.CONST:
                    found.append(None)
                elif key[2] == "level":
                    is_named = value[0] == ir.CONST and isinstance(value[2], str)
                    found.append(LEVELS.get(value[2].lower()) if is_named else None)
    return found
