"""Entry points: what a framework calls from outside. A new framework is one new file with `entry_points`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.model.stumbles import Stumbles

if TYPE_CHECKING:
    from auditor.frameworks.entry import EntryPoint
    from auditor.index.project import Project


def discover(project: Project, stumbles: Stumbles | None = None) -> tuple[EntryPoint, ...]:
    """Every entry point of a project, sorted by id, then handler; each once.

    `stumbles` says whether a framework that can't be read is left out, and learns of it.
    """
    stumbles = stumbles or Stumbles()
    found: dict[tuple[str, ...], EntryPoint] = {}
    for entry_points in finders():
        name = entry_points.__module__.rpartition(".")[2].replace("_", " ")
        given: list[EntryPoint] = []
        with stumbles.over(f"endpoints of {name} were found only in part"):
            given.extend(entry_points(project))
        for entry in given:
            receiver = "" if entry.receiver is None else entry.receiver.qualname
            key = (entry.id, entry.handler.qualname, entry.handler.module.path, receiver, entry.home)
            known = found.get(key)
            # Set up in several ways, an endpoint is shown as the way with most around it.
            if known is None or len(entry.around) > len(known.around):
                found[key] = entry
    return told_apart([found[key] for key in sorted(found)])


def told_apart(entries: Sequence[EntryPoint]) -> tuple[EntryPoint, ...]:
    """`entries`, sorted, where applications that serve the same path are named in its id, and only there."""
    homes = [entry.home or entry.handler.module.root or "." for entry in entries]
    serving: dict[str, set[str]] = {}
    for entry, home in zip(entries, homes, strict=True):
        serving.setdefault(entry.id, set()).add(home)
    told = [
        replace(entry, application=_shortest(home, serving[entry.id])) if entry.kind == "http" else entry
        for entry, home in zip(entries, homes, strict=True)
    ]
    return tuple(
        sorted(told, key=lambda entry: (entry.id, entry.handler.qualname, entry.handler.module.path))
    )


def finders() -> list[Callable[[Project], Iterable[EntryPoint]]]:
    """`entry_points` of every module in this folder that has one, by the module's name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.ispkg)
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return [m.entry_points for m in modules if hasattr(m, "entry_points")]


def _shortest(home: str, every: set[str]) -> str:
    """`home` where others serve the same; its folder alone, where that is enough to tell it apart."""
    if len(every) == 1:
        return ""
    folder = home.partition(":")[0]
    return folder if sum(other.partition(":")[0] == folder for other in every) == 1 else home
