"""What is asked for by `implement`, and by whatever asks for another attempt."""

from auditor.stages.answers.told import Told


class EditWritten(Told):
    """One replacement."""

    file: str
    search: str
    """Stands in the newest version of the file exactly once."""
    replace: str


class CandidateWritten(Told):
    """One way to make the change."""

    idea: str
    """In one sentence: what it does, and why the answers stay equal."""
    edits: list[EditWritten]


class Implementation(Told):
    """The whole answer."""

    candidates: list[CandidateWritten]
    """As many as were asked for, the best first; none where the change can't be made within the constraints."""
    impossible: str | None
    """Why there is none."""
    more_code: list[str]


class CrossCheck(Told):
    """What is found when each field of the answer is held against the original."""

    checked: list[str]
    """The fields, values at the edge and errors that were followed through both versions."""
    differences: list[str]
    """Where the new code answers or does something else, one sentence each; empty where it does not."""
