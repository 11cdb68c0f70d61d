"""The report schema: its documented keys, what it refuses, and its bytes."""

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from auditor.model.canonical import canonical_json
from auditor.model.numbers import Number
from auditor.model.report import Coverage, Evidence, Finding, Place, Report, Size, Target
from auditor.model.schemas import schema_json, schema_names
from auditor.model.severity import Severity

FIXTURES = Path(__file__).parents[1] / "report" / "fixtures"


def finding(**fields: object) -> Finding:
    given = {
        "id": "F-3fa2c1",
        "rule": "query-in-loop",
        "title": "a query in a loop",
        "file": "app/a.py",
        "line": 3,
        "end_line": 4,
        "function": "app.a.f",
        "severity": "high",
        "confidence": 0.9,
        "evidence": [{"kind": "note", "text": "seen"}],
    }
    return Finding.model_validate(given | fields)


@pytest.mark.parametrize("name", ["shop", "discovery"])
def test_reading_and_writing_a_report_gives_the_same_bytes(name: str) -> None:
    text = (FIXTURES / f"{name}.json").read_text("utf-8")
    assert canonical_json(Report.model_validate_json(text)) == text


@pytest.mark.parametrize("name", ["shop", "discovery"])
def test_a_report_satisfies_its_published_schema(name: str) -> None:
    document = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    jsonschema.validate(document, json.loads(schema_json("report")))


def test_the_documented_keys_are_there() -> None:
    document = json.loads((FIXTURES / "discovery.json").read_text("utf-8"))
    assert document["schema"] == "auditor/report@1"
    assert set(document) >= {"target", "coverage", "sizes", "endpoints", "findings", "plan"}
    assert set(document["coverage"]) >= {
        *("files", "lines", "unparsed", "calls", "resolved_calls", "unreached_effects")
    }
    assert set(document["endpoints"][0]) >= {
        *("id", "handler", "file", "line", "framework", "coverage", "cost", "effects")
    }
    assert set(document["findings"][0]) >= {
        *(
            "id",
            "rule",
            "title",
            "file",
            "line",
            "end_line",
            "function",
            "endpoints",
            "severity",
            "confidence",
        ),
        *("status", "related", "evidence", "playbook"),
    }
    assert set(document["plan"]) == {"target_ms", "phases", "outside_code"}
    assert set(document["plan"]["phases"][0]["changes"][0]) >= {
        *("id", "title", "endpoints", "findings", "files", "depends_on", "expected", "effort", "risk"),
        *("could_be_wrong", "codemod", "playbook", "verify", "rollback"),
    }


def test_mappings_are_written_in_order_of_their_keys() -> None:
    sizes = {"b": Size(), "a": Size()}
    report = Report(target=Target(root="."), coverage=Coverage(), sizes=sizes)
    assert list(json.loads(canonical_json(report))["sizes"]) == ["a", "b"]


def test_whole_floats_are_written_as_integers() -> None:
    assert '"confidence": 1,' in canonical_json(finding(confidence=1.0))


def test_text_that_could_fool_a_terminal_is_escaped_in_json() -> None:
    hostile = finding(title="a\x1b[2J\x9b\u202e\ud800é")
    text = canonical_json(hostile)
    assert not set(text) & set("\x1b\x9b\u202e")
    assert json.loads(text)["title"] == "a\x1b[2J\x9b\u202e\ufffdé"
    text.encode("utf-8")


@pytest.mark.parametrize(
    "fields",
    [
        {"colour": "red"},
        {"evidence": []},
        {"line": 0},
        {"confidence": 1.5},
        {"severity": "terrible"},
        {"related": [Place(file="a.py", line=1, end_line=1, role="query")] * 5},
    ],
)
def test_a_finding_that_breaks_the_schema_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        finding(**fields)


def test_values_are_frozen() -> None:
    with pytest.raises(ValidationError):
        finding().line = 5  # type: ignore[misc]


def test_the_schema_is_named_and_unknown_names_are_errors() -> None:
    assert schema_names() == ("callgraph", "observation", "patch", "report", "result")
    with pytest.raises(KeyError):
        schema_json("nothing")


def test_severities_compare_by_rank_and_not_by_spelling() -> None:
    assert [severity.value for severity in sorted(Severity, key=lambda one: one.rank)] == [
        *("low", "medium", "high", "critical")
    ]
    assert Severity.CRITICAL.at_least(Severity.HIGH)
    assert not Severity.LOW.at_least(Severity.MEDIUM)


@pytest.mark.parametrize(
    "number", [{"kind": "measured", "value": 1.0}, {"kind": "unknown", "value": 1.0}, {"n": -1}]
)
def test_a_number_that_contradicts_itself_is_refused(number: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Number.model_validate(number)


def test_an_unknown_number_has_no_value() -> None:
    assert Number().value is None
    assert Number(value=3, kind="measured", n=20, low=2, high=4, basis="20 requests").n == 20


def test_evidence_is_one_fact_of_a_known_kind() -> None:
    with pytest.raises(ValidationError):
        Evidence.model_validate({"kind": "rumour", "text": "x"})
