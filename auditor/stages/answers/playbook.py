"""What is asked for by `transfer`."""

from auditor.stages.answers.told import Told


class StepDistilled(Told):
    """One step, and the kept change that it was seen in."""

    text: str
    change: str


class LessonDistilled(Told):
    """What once broke, and the change or constraint that showed it."""

    text: str
    source: str
    """`C-…` or `K-…`."""


class PlaybookAnswer(Told):
    """The whole answer."""

    name: str
    """Lower case with hyphens: `batch-then-inline`."""
    title: str
    description: str
    """What it does and when to use it, in at most two sentences."""
    precondition: list[str]
    """What must be true of an endpoint for this to apply."""
    recipe: list[StepDistilled]
    verify: list[str]
    broke: list[LessonDistilled]
