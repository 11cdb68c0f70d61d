"""What happens in a run, as a closed union of events: schema `auditor/event@1`.

The terminal, `--format jsonl` and whatever comes later are renderers of this one stream. Every event has the
same envelope; `kind` decides the shape of `data`. A run starts with `run-started`, ends with `run-finished`;
`seq` counts from 0 without a gap.
"""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, WithJsonSchema, field_serializer, field_validator

from auditor.model.baseline import BaselineState
from auditor.model.severity import Severity
from auditor.model.value import Value

StageName = Literal["analyze", "plan", "architecture", "implement", "revert", "transfer"]
Outcome = Literal["done", "failed"]

EVENT_SCHEMA: Final = "auditor/event@1"


class NoData(Value):
    """The kind says it all."""


class RunStartedData(Value):
    """What was asked for."""

    schema_id: Literal["auditor/event@1"] = Field(default="auditor/event@1", alias="schema")
    command: str
    version: str
    """Version of auditor."""
    root: str
    """The target as the user gave it."""
    ref: str | None = None
    """The commit asked for; None is the work tree."""


class ProgressData(Value):
    """How far one step of a stage has come; `total` is None while nobody knows it."""

    step: str
    """What is being done, for a person: `reading files`, `tracing`."""
    done: int = Field(default=0, ge=0)
    total: int | None = Field(default=None, ge=0)


class StageFinishedData(Value):
    """What a stage took."""

    seconds: float = Field(ge=0)
    """Wall clock."""


class CoverageNotedData(Value):
    """How much of the target the report stands on; the report has the details."""

    files: int = 0
    lines: int = 0
    unparsed: int = 0
    """Files that should have been read and were not."""
    skipped: int = 0
    """Files left aside on purpose: tests, vendored and generated code."""
    endpoints: int = 0
    calls: int = 0
    resolved_calls: int = 0


class FindingData(Value):
    """A finding in short; the report has its evidence."""

    id: str
    rule: str
    title: str
    file: str
    line: int = Field(ge=1)
    severity: Severity
    endpoints: tuple[str, ...] = ()
    baseline: BaselineState | None = None
    """What it is beside an earlier report; None where it was held against none."""


class ReportReadyData(Value):
    """The finished report."""

    cached: bool = False
    """Whether it was taken from an earlier run on the same tree."""
    report: Annotated[str, WithJsonSchema({"type": "object", "description": "auditor/report@1"})]
    """The report as JSON text, in a JSON line the object itself; `Report.model_validate_json` reads it."""

    @field_validator("report", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value

    @field_serializer("report", when_used="json")
    def _as_object(self, text: str) -> Any:
        return json.loads(text)


class WarningData(Value):
    """Something the run went on without; nothing in the report is wrong because of it."""

    text: str


class FailedData(Value):
    """Why there is no result."""

    what: str
    where: str = ""
    hint: str = ""
    exit_code: int = 2
    internal: bool = False
    """True for a fault of auditor itself; then `details` holds the traceback."""
    details: str = ""


class RunFinishedData(Value):
    """How the run ended."""

    outcome: Outcome
    seconds: float = Field(ge=0)
    """Wall clock."""


class Envelope(Value):
    """What all events share."""

    run: str
    seq: int = Field(ge=0)
    time: AwareDatetime
    stage: StageName | None = None
    endpoint: str | None = None
    change: str | None = None


class RunStarted(Envelope):
    """A run begins."""

    kind: Literal["run-started"] = "run-started"
    data: RunStartedData


class StageStarted(Envelope):
    """A stage begins."""

    kind: Literal["stage-started"] = "stage-started"
    data: NoData = NoData()


class Progress(Envelope):
    """A step of the stage has come further."""

    kind: Literal["progress"] = "progress"
    data: ProgressData


class StageFinished(Envelope):
    """A stage is over."""

    kind: Literal["stage-finished"] = "stage-finished"
    data: StageFinishedData


class CoverageNoted(Envelope):
    """What was looked at and what was not."""

    kind: Literal["coverage-noted"] = "coverage-noted"
    data: CoverageNotedData


class FindingMade(Envelope):
    """A rule found something."""

    kind: Literal["finding"] = "finding"
    data: FindingData


class ReportReady(Envelope):
    """The report is finished."""

    kind: Literal["report-ready"] = "report-ready"
    data: ReportReadyData


class Warned(Envelope):
    """Something to tell that does not stop the run."""

    kind: Literal["warning"] = "warning"
    data: WarningData


class Failed(Envelope):
    """The run can't go on."""

    kind: Literal["failed"] = "failed"
    data: FailedData


class RunFinished(Envelope):
    """The last event of every run."""

    kind: Literal["run-finished"] = "run-finished"
    data: RunFinishedData


Event = (
    RunStarted
    | StageStarted
    | Progress
    | StageFinished
    | CoverageNoted
    | FindingMade
    | ReportReady
    | Warned
    | Failed
    | RunFinished
)


def event_line(event: Event, /) -> str:
    """The event as one line of JSON, without the newline; ASCII only, so that no reader breaks the line."""
    return json.dumps(event.model_dump(mode="json"), ensure_ascii=True, separators=(",", ":"))


def parse_event(line: str | bytes, /) -> Event:
    """Reads back what `event_line` wrote; `pydantic.ValidationError` for anything else."""
    return _adapter().validate_json(line)


def event_schema() -> dict[str, Any]:
    """JSON Schema of one line of `--format jsonl`."""
    return _adapter().json_schema(mode="serialization")


def _adapter() -> TypeAdapter[Event]:
    # Built on demand: a run that prints a screen never needs it.
    return TypeAdapter(Annotated[Event, Field(discriminator="kind")])
