"""`auditor constraint`: what no change may do, listed, added and lifted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.config.constraint import parse_constraint
from auditor.config.target import TARGET_FILE, load_target_settings
from auditor.config.user import UserSettings
from auditor.engine.fixing.runs import at_work, state_of
from auditor.model.constraint import Constraint
from auditor.model.fault import Fault
from auditor.trial.constraints import active
from auditor.trial.memory import FailedPatch, Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Everything that is held against the next change."""

    given: tuple[Constraint, ...]
    """By the target's `auditor.toml`."""
    remembered: tuple[Constraint, ...]
    """Learnt, or added by command."""
    expired: frozenset[str]
    """Ids of those that hold no more."""
    failed: tuple[FailedPatch, ...]
    file: Path


def constraints_of(path: Path, user: UserSettings, /) -> Listed:
    """What holds for the target now; `Fault` when a file can't be understood."""
    root, folder = state_of(path, user)
    given, memory = load_target_settings(root).constraints, Memory(folder)
    known = memory.read()
    today = datetime.now(UTC).date()
    holding = {one.id for one in active((*given, *known.constraints), today=today)}
    return Listed(
        given=given,
        remembered=known.constraints,
        expired=frozenset(one.id for one in (*given, *known.constraints)) - holding,
        failed=known.failed,
        file=memory.path,
    )


def add_constraint(path: Path, user: UserSettings, values: Mapping[str, Any], /) -> Constraint:
    """Remembers what the user says; `Fault` when it says nothing clear."""
    _, folder = state_of(path, user)
    constraint = parse_constraint(values, where="the constraint", by="user")
    with at_work(folder, doing="auditor constraint"):
        Memory(folder).add(constraint)
    return constraint


def lift_constraint(path: Path, user: UserSettings, id_: str, /) -> tuple[str, ...]:
    """Forgets it; gives the ids of all that went with it.

    Raises:
        Fault: nothing has this id, or the target's own settings hold it.
    """
    root, folder = state_of(path, user)
    if any(one.id == id_ for one in load_target_settings(root).constraints):
        raise Fault(f"{id_} is given by the target", where=TARGET_FILE, hint="take it out of the file")
    with at_work(folder, doing="auditor constraint"):
        return Memory(folder).lift(id_)
