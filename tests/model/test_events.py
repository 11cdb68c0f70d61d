import json
from datetime import UTC, datetime
from typing import get_args

import jsonschema
import pytest
from pydantic import ValidationError

from auditor.model import events
from auditor.model.severity import Severity

ENVELOPE = {"run": "r1", "seq": 3, "time": datetime(2024, 5, 1, 12, tzinfo=UTC)}
FINDING = events.FindingData(
    id="F-1",
    rule="query-in-loop",
    title="a",
    file="a.py",
    line=3,
    severity=Severity.HIGH,
    endpoints=("GET /",),
)
SAMPLES: tuple[events.Event, ...] = (
    events.RunStarted(**ENVELOPE, data=events.RunStartedData(command="audit", version="1", root=".")),
    events.StageStarted(**ENVELOPE, stage="analyze"),
    events.Progress(**ENVELOPE, stage="analyze", data=events.ProgressData(step="reading", done=1, total=2)),
    events.StageFinished(**ENVELOPE, stage="plan", data=events.StageFinishedData(seconds=0.5)),
    events.CoverageNoted(**ENVELOPE, data=events.CoverageNotedData(files=3)),
    events.FindingMade(**ENVELOPE, data=FINDING),
    events.ReportReady(**ENVELOPE, data=events.ReportReadyData(report='{"a": "é"}')),
    events.Warned(**ENVELOPE, data=events.WarningData(text="a\u2028b")),
    events.Failed(**ENVELOPE, data=events.FailedData(what="no", where="a.py")),
    events.RunFinished(**ENVELOPE, data=events.RunFinishedData(outcome="done", seconds=1)),
)


def test_there_is_a_sample_of_every_kind() -> None:
    assert [type(sample) for sample in SAMPLES] == list(get_args(events.Event))


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind)
def test_an_event_is_one_line_of_ascii_that_reads_back(event: events.Event) -> None:
    line = events.event_line(event)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert events.parse_event(line).model_dump(mode="json") == event.model_dump(mode="json")


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind)
def test_the_envelope_is_the_same_for_all_and_the_schema_holds(event: events.Event) -> None:
    tree = json.loads(events.event_line(event))
    assert sorted(tree) == ["change", "data", "endpoint", "kind", "run", "seq", "stage", "time"]
    jsonschema.validate(tree, events.event_schema())


def test_the_report_is_an_object_in_the_line() -> None:
    assert json.loads(events.event_line(SAMPLES[6]))["data"]["report"] == {"a": "é"}


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"kind":"applause","run":"r","seq":0,"time":"2024-05-01T12:00:00Z","data":{}}',
        '{"kind":"warning","run":"r","seq":-1,"time":"2024-05-01T12:00:00Z","data":{"text":"x"}}',
        '{"kind":"warning","run":"r","seq":0,"time":"2024-05-01T12:00:00Z","data":{"txt":"x"}}',
    ],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValidationError):
        events.parse_event(line)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(line), events.event_schema())


def test_an_event_is_frozen() -> None:
    with pytest.raises(ValidationError):
        SAMPLES[0].seq = 4


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        events.Warned(run="r", seq=0, time=datetime(2024, 5, 1), data=events.WarningData(text="x"))  # noqa: DTZ001
