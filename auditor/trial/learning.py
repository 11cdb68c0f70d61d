"""From a failure to what it forbids: only where the evidence names it, since a wrong constraint costs more than none.

The signature says how it failed; the culprit's units say what they added. Neither alone is enough: an import is blamed for a dead
worker only if the smallest part that kills it adds that import.
"""

from collections.abc import Callable, Iterable
from typing import Final

from auditor.model.constraint import (
    Constraint,
    ConstraintRule,
    KeepFalsy,
    KeepField,
    KeepOrder,
    NoCache,
    NoModuleLevelCode,
    NoNewImport,
)
from auditor.model.trial import GateResult
from auditor.trial.constraints.edited import Edited
from auditor.trial.constraints.falsy import dropped_tests
from auditor.trial.constraints.imports import added_imports
from auditor.trial.constraints.module_level import added_module_code

Lesson = Callable[[GateResult, tuple[Edited, ...]], ConstraintRule | None]


def learn(
    result: GateResult, culprit: tuple[Edited, ...], /, *, change: str, summary: Iterable[str]
) -> Constraint | None:
    """What `result` forbids from now on; `culprit` is each file before and after the smallest part that failed."""
    for lesson in _LESSONS:
        rule = lesson(result, culprit)
        if rule is not None:
            evidence = (*summary, *result.evidence)[:20]
            return Constraint(
                rule=rule, origin="learnt", because=result.text, evidence=evidence, change=change
            )
    return None


def _import_kills(result: GateResult, culprit: tuple[Edited, ...]) -> ConstraintRule | None:
    """The worker does not boot, and the part that is at fault imports something at the level of a module."""
    if result.gate != "boot":
        return None
    added = [text for file in culprit for text in added_imports(NoNewImport(), file)]
    modules = sorted({text.split("`")[1] for text in added if not text.split("`")[1].startswith(".")})
    return NoNewImport(modules=tuple(modules)) if modules else None


def _module_code_kills(result: GateResult, culprit: tuple[Edited, ...]) -> ConstraintRule | None:
    """The worker does not boot, and the part that is at fault runs something at import."""
    guilty = [file.path for file in culprit if added_module_code(NoModuleLevelCode(), file)]
    if result.gate != "boot" or not guilty:
        return None
    return NoModuleLevelCode(scope=guilty[0])  # what one module can't bear another may


def _field_lost(result: GateResult, _culprit: tuple[Edited, ...]) -> ConstraintRule | None:
    """`contract:<kind>:<endpoint>:<path>`, as the gate writes it."""
    kind, endpoint, path = _difference(result)
    return KeepField(path=path, endpoint=endpoint) if kind in {"missing", "kind"} and path else None


def _falsy_lost(result: GateResult, culprit: tuple[Edited, ...]) -> ConstraintRule | None:
    """An answer differs, and the part that is at fault no longer asks whether a value is there."""
    _, endpoint, _ = _difference(result)
    names = [name for file in culprit for _, name in dropped_tests(file)]
    return KeepFalsy(parameter=names[0], endpoint=endpoint or None) if endpoint and names else None


def _order_lost(result: GateResult, _culprit: tuple[Edited, ...]) -> ConstraintRule | None:
    kind, endpoint, _ = _difference(result)
    return KeepOrder(endpoint=endpoint) if kind == "order" and endpoint else None


def _stale(result: GateResult, _culprit: tuple[Edited, ...]) -> ConstraintRule | None:
    kind, endpoint, _ = _difference(result)
    return NoCache(endpoint=endpoint) if kind == "freshness" and endpoint else None


def _difference(result: GateResult) -> tuple[str, str, str]:
    parts = result.signature.split(":", 3)
    if len(parts) != 4 or parts[0] != "contract":
        return "", "", ""
    return parts[1], parts[2], parts[3]


_LESSONS: Final[tuple[Lesson, ...]] = (
    _import_kills,
    _module_code_kills,
    _stale,
    _order_lost,
    _falsy_lost,
    _field_lost,
)
