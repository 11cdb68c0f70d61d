"""What is asked for by `architecture`."""

from auditor.stages.answers.told import Told


class ElementNamed(Told):
    """Words for one element of the diagrams."""

    element: str
    """Its id, as given."""
    name: str
    """What people would call it, at most 40 characters."""
    description: str
    """What it is for, in one line of at most 120 characters."""


class ArchitectureAnswer(Told):
    """The whole answer: words only; boxes and arrows are the trace's."""

    elements: list[ElementNamed]
