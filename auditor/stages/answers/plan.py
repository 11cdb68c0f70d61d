"""What is asked for by `plan`."""

from typing import Literal

from auditor.stages.answers.analysis import CostKind
from auditor.stages.answers.told import Told


class Expected(Told):
    """What is left of one kind of cost of the findings."""

    cost: CostKind
    after: str
    """A formula over the sizes of the endpoint: `1`, `spaces`, `2 + spaces`."""


class ChangePlanned(Told):
    """One step."""

    key: str
    """A short name of its own, for `depends_on`: `c1`."""
    phase: Literal[1, 2, 3, 4, 5, 6, 7]
    title: str
    """As the subject of a commit, at most 80 characters."""
    findings: list[str]
    """Ids of the findings that it treats."""
    files: list[str]
    """That it edits."""
    depends_on: list[str]
    """Keys of changes listed before it."""
    expected: list[Expected]
    steps: list[str]
    verify: list[str]
    """Which count falls on which request, which values at the edge are tried."""
    risk: str
    could_be_wrong: str
    rollback: str
    effort: Literal["small", "medium", "large"]


class FindingLeft(Told):
    """A finding that is not treated."""

    finding: str
    reason: str


class PlanAnswer(Told):
    """The whole answer: every finding is in one change or left."""

    changes: list[ChangePlanned]
    left: list[FindingLeft]
    more_code: list[str]
