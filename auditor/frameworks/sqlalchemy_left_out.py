"""Columns that the project's own queries leave out (`load_only`, `defer`): reading one of them may run a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.symbols import ImportedName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.sqlalchemy_models import Registry
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

_OPTIONS: Final = frozenset({"load_only", "defer"})
_IMPORTED: Final = frozenset({"load_only", "defer", "Load", "orm", None})
"""What brings one of them into a module's sight."""


def columns(project: Project, registry: Registry) -> Iterator[str]:
    """Names of the columns of every model that such an option names somewhere; keys always come along."""
    named = {
        str(node[2])
        for module in project.modules
        if module.role in {"app", "script"} and has_options(module)
        for call in calls_in(module)
        for node in ir.walk(call)
        if node[0] == ir.NAME
    }
    for mapped in registry.mapped.values():
        if mapped.model.name in named:
            yield from (c.name for c in mapped.model.columns.values() if not c.in_key)


def has_options(module: Module) -> bool:
    return any(
        isinstance(binding, ImportedName)
        and binding.module.partition(".")[0] == "sqlalchemy"
        and binding.name in _IMPORTED
        for bindings in module.scope.values()
        for binding in bindings
    )


def calls_in(module: Module) -> Iterator[Node]:
    """Calls of the options, with what they are called on."""
    for node in ir.walk(module.body):
        if node[0] == ir.CALL and str(node[2][-1]) in _OPTIONS:
            yield node
