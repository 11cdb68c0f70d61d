"""What is asked for by `chat`."""

from auditor.stages.answers.citation import Citation
from auditor.stages.answers.told import Told


class Statement(Told):
    """One statement of an answer, with what shows it."""

    text: str
    citations: list[Citation]


class ChatAnswer(Told):
    """The whole answer."""

    statements: list[Statement]
    unknown: list[str]
    """What was asked and can't be answered from what is here."""
    more_code: list[str]
