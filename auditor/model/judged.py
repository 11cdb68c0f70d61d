"""What a model said, as far as it could be checked against the code: always marked as said, never as measured."""

from typing import Literal

from pydantic import Field

from auditor.model.value import Value


class Judgement(Value):
    """What a model thinks of a finding."""

    verdict: Literal["confirmed", "corrected", "rejected"]
    reason: str
    correction: str = ""
    by: str
    """The model, as the user named it."""
    file: str
    line: int = Field(ge=1)
    end_line: int = Field(ge=1)
    """The lines that it showed for it, which were found to read as quoted."""


class PromptUsed(Value):
    """A prompt that was sent in a run."""

    id: str
    version: int
    sha256: str


class Dropped(Value):
    """Something that a model said and that did not hold: why, and none of its words; those stand in the transcript."""

    endpoint: str
    what: Literal["judgement", "claim", "change", "element", "statement", "step", "lesson", "constraint"]
    reason: str


class Label(Value):
    """Words for one element of the diagrams."""

    element: str
    name: str
    description: str


class EndpointJudged(Value):
    """What a model said of one endpoint."""

    endpoint: str
    design: str = ""
    """How it would build the same."""
    judgements: int = 0
    claims: int = 0
    labels: tuple[Label, ...] = ()
    unanswered: tuple[str, ...] = ()
    """Stages for which there is no answer, and why; there the report is as it is without a model."""
    unasked: int = 0
    """Findings of less weight that it was not asked about."""


class ModelPart(Value):
    """The part of a report that a model had."""

    model: str
    prompts: tuple[PromptUsed, ...] = ()
    endpoints: tuple[EndpointJudged, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: str | None = None
    """As a decimal; None where the price is not known."""
