"""What is asked for by `analyze`."""

from typing import Literal

from auditor.model.severity import Severity
from auditor.stages.answers.citation import Citation
from auditor.stages.answers.told import Told
from auditor.stages.vocabulary import BottleneckId

CostKind = Literal[
    "sql", "session", "transaction", "http", "cache", "log", "mail", "task", "file", "sleep", "lock", "llm",
    "subprocess", "rows", "rows_read", "cpu",
]  # fmt: skip


class FindingJudged(Told):
    """What is thought of one finding of a rule."""

    finding: str
    """Its id, as given: `F-…`."""
    verdict: Literal["confirmed", "corrected", "rejected"]
    reason: str
    """In one sentence, about the code."""
    correction: str | None
    """What is wrong in truth, where the verdict is `corrected`."""
    citation: Citation
    """The lines that show it."""


class Claim(Told):
    """A bottleneck that no rule has found."""

    title: str
    """One line that names the thing: `the holiday is asked for after the bookings were fetched`."""
    bottleneck: BottleneckId
    """Which kind of fault it is."""
    cost: CostKind
    """What it costs; an effect of this kind lies at the cited place or below a call there."""
    severity: Severity
    reason: str
    remedy: str
    """In one sentence, in place."""
    could_be_wrong: str
    """What would make this no problem."""
    citations: list[Citation]
    """The statement at fault first."""


class Analysis(Told):
    """The whole answer."""

    design: str
    """How the endpoint would be built for the same answers: what is asked of the database and of others, in which order, at most six
    sentences."""
    judgements: list[FindingJudged]
    claims: list[Claim]
    more_code: list[str]
    """Dotted names of code that would change this answer; mostly empty."""
