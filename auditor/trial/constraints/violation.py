"""A constraint that a patch breaks."""

from dataclasses import dataclass

from auditor.model.constraint import Constraint


@dataclass(frozen=True, slots=True)
class Violation:
    """Which, where, and by what."""

    constraint: Constraint
    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text} ({self.constraint.id}: {self.constraint.because})"
