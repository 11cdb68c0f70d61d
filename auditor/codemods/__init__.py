"""Deterministic fixes for what rules find: one fix a file (docs/decisions/0008)."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from auditor.codemods.outcome import Declined, Written
from auditor.codemods.source import Source
from auditor.codemods.unwritten import speaks_of
from auditor.model.report import Finding


@cache
def codemods() -> tuple[ModuleType, ...]:
    """Every fix there is: modules with `NAME`, `RULES` and `propose`, sorted by name; those with `AFTER_OTHERS` come last."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    fixes = [module for module in modules if hasattr(module, "RULES")]
    return tuple(sorted(fixes, key=lambda module: getattr(module, "AFTER_OTHERS", False)))


def propose(finding: Finding, source: Source, /) -> Written | tuple[Declined, ...]:
    """The patch of the first fix that treats this finding; else why each that could have does not."""
    declined: list[Declined] = []
    if mapper := speaks_of(finding, source):
        return (Declined("none", f"no fix is written for {mapper}"),)
    for codemod in codemods():
        if finding.rule in codemod.RULES:
            result: Written | Declined = codemod.propose(finding, source)
            if isinstance(result, Written):
                return result
            declined.append(result)
    return tuple(declined)
