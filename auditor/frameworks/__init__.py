"""Entry points: what a framework calls from outside. A new framework is one new file with `entry_points`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.index.project import Project


def discover(project: Project) -> tuple[EntryPoint, ...]:
    """Every entry point of a project, sorted by id, then handler; each once."""
    found: dict[tuple[str, str, str, str], EntryPoint] = {}
    for entry_points in finders():
        for entry in entry_points(project):
            receiver = "" if entry.receiver is None else entry.receiver.qualname
            key = (entry.id, entry.handler.qualname, entry.handler.module.path, receiver)
            known = found.get(key)
            # Set up in several ways, an endpoint is shown as the way with most around it.
            if known is None or len(entry.around) > len(known.around):
                found[key] = entry
    return tuple(found[key] for key in sorted(found))


def finders() -> list[Callable[[Project], Iterable[EntryPoint]]]:
    """`entry_points` of every module in this folder that has one, by the module's name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.ispkg)
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return [m.entry_points for m in modules if hasattr(m, "entry_points")]
