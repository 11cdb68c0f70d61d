"""The plan: phases of changes that ship one by one, and what lies outside the code."""

from typing import Final, Literal

from pydantic import Field

from auditor.model.numbers import Number
from auditor.model.value import Value

PHASE_TITLES: Final[tuple[str, ...]] = (
    "Measure",
    "Indexes",
    "Duplicate queries, lazy loads, batches, sessions",
    "Filters, order, pagination and aggregates in SQL",
    "Response cache",
    "Memoization, loops, logs",
    "Outside calls and deferral",
    "Structure",
)
"""The title of each phase, by its number."""

CHANGES_IN_FULL: Final = 20
"""Documents for people print so many changes in full, by rank, and the rest as a table."""

Effort = Literal["small", "medium", "large"]
"""Small: under an hour, one place. Medium: half a day, several places. Large: days, or a design decision."""


class Change(Value):
    """One step of a phase: shippable, measurable and revertible alone."""

    id: str
    rank: int = Field(default=0, ge=0)
    """1 is the change most worth doing in the whole plan; 0 is measuring, which comes before all."""
    title: str
    endpoints: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    """Ids of changes that must be in place before this one can work."""
    expected: dict[str, str] = Field(default_factory=dict)
    """By kind of cost, `before → after` as formulas over the sizes: `{"sql": "3·spaces → 1"}`."""
    observed: dict[str, Number] = Field(default_factory=dict)
    """By kind of cost, how often one request did what the change takes away, where that was measured."""
    why: str = ""
    """Why it is worth doing, in one sentence."""
    steps: tuple[str, ...] = ()
    """What to do, one sentence a step."""
    effort: Effort = "small"
    risk: str
    could_be_wrong: str
    codemod: str | None = None
    playbook: str | None = None
    verify: str
    """What to check before it is kept, one check a line: which counts change on which request, which edge
    values."""
    rollback: str


class Phase(Value):
    """Changes of one kind; inside it the best gain comes first."""

    number: int = Field(ge=0, le=7)
    title: str
    changes: tuple[Change, ...]


class OutsideNote(Value):
    """Something to consider in servers, pools or networks, with what speaks for it; never patched."""

    topic: Literal["pool", "workers", "reads"]
    title: str
    text: str
    evidence: tuple[str, ...] = Field(min_length=1)
    endpoints: tuple[str, ...] = ()


class Plan(Value):
    """Phases in order, without the empty ones."""

    target_ms: int | None = Field(default=None, ge=1)
    phases: tuple[Phase, ...] = ()
    outside_code: tuple[OutsideNote, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change of every phase, the most worthwhile first, measuring before all."""
        every = (change for phase in self.phases for change in phase.changes)
        return tuple(sorted(every, key=lambda change: change.rank))

    def phase_of(self, change: Change) -> int:
        """The number of the phase that holds `change`."""
        return next(phase.number for phase in self.phases if change in phase.changes)
