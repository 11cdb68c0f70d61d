"""Holding a patch to what was learnt, before it is run: one kind of constraint a file."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final

from auditor.model.constraint import (
    Constraint,
    FrozenFile,
    KeepFalsy,
    NoCache,
    NoModuleLevelCode,
    NoNewImport,
)
from auditor.trial.constraints.cache import added_caches
from auditor.trial.constraints.edited import Edited
from auditor.trial.constraints.falsy import falsy_lost
from auditor.trial.constraints.frozen import frozen_touched
from auditor.trial.constraints.imports import added_imports
from auditor.trial.constraints.module_level import added_module_code
from auditor.trial.constraints.violation import Violation

__all__ = ["Edited", "Violation", "active", "violations"]

_CHECKS: Final[dict[type, Callable[[Any, Edited], Iterable[str]]]] = {
    NoNewImport: added_imports,
    NoModuleLevelCode: added_module_code,
    FrozenFile: frozen_touched,
    NoCache: added_caches,
    KeepFalsy: falsy_lost,
}
"""Kinds that the text of a patch can break. The others are about answers and costs: gates hold a trial to them."""


def violations(edited: Iterable[Edited], constraints: Iterable[Constraint], /) -> tuple[Violation, ...]:
    """Every way in which the edited files break a constraint, in the order of files and constraints."""
    held = tuple(constraints)
    found = []
    for file in sorted(edited, key=lambda one: one.path):
        for constraint in held:
            check = _CHECKS.get(type(constraint.rule))
            if check is not None and file.matches(constraint.rule.scope):
                found += [Violation(constraint, file.path, text) for text in check(constraint.rule, file)]
    return tuple(found)


def active(constraints: Iterable[Constraint], /, *, today: date) -> tuple[Constraint, ...]:
    """Those that have not expired."""
    return tuple(
        one for one in constraints if (one.expires is None or today <= one.expires) and one.runs != 0
    )
