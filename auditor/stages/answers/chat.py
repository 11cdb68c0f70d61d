"""What is asked for by `chat`."""

from auditor.model.value import Value
from auditor.stages.answers.citation import Citation


class Statement(Value):
    """One statement of an answer, with what shows it."""

    text: str
    citations: list[Citation]


class ChatAnswer(Value):
    """The whole answer."""

    statements: list[Statement]
    unknown: list[str]
    """What was asked and can't be answered from what is here."""
    more_code: list[str]
