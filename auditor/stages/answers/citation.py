"""Where something stands, with its text: what every claim has to show."""

from auditor.stages.answers.told import Told


class Citation(Told):
    """A place in a file that was sent."""

    file: str
    """As in the head of its block."""
    line: int
    """The first line, 1-based."""
    end_line: int
    quote: str
    """The text of these lines or of a part of them, exactly, without the gutter."""
