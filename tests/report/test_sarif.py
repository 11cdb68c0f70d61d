"""SARIF 2.1.0: the part of its schema that we use, and what forges ask beyond it.

`SCHEMA` restates the constraints of the official schema for what we write and forbids all else,
so whatever passes here passes there.
"""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import jsonschema
import pytest

from auditor.model.report import Finding, Report
from auditor.report import render

FIXTURES = Path(__file__).parent / "fixtures"


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def array(items: dict[str, Any], *, unique: bool = False, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "uniqueItems": unique, "minItems": least}


TEXT: Final = {"type": "string", "minLength": 1}
LEVEL: Final = {"enum": ["none", "note", "warning", "error"]}
MESSAGE: Final = closed(["text"], text=TEXT)
MULTIFORMAT: Final = closed(["text"], text=TEXT, markdown=TEXT)
LINE: Final = {"type": "integer", "minimum": 1}
PHYSICAL: Final = closed(
    ["artifactLocation", "region"],
    artifactLocation=closed(["uri"], uri={"type": "string", "format": "uri-reference"}, uriBaseId=TEXT),
    region=closed(["startLine"], startLine=LINE, endLine=LINE),
)
LOCATION: Final = closed(
    ["physicalLocation"],
    id={"type": "integer", "minimum": -1},
    message=MESSAGE,
    physicalLocation=PHYSICAL,
    logicalLocations=array(
        closed([], fullyQualifiedName={"type": "string"}, kind={"type": "string"}), unique=True
    ),
)
RESULT: Final = closed(
    ["message", "ruleId", "ruleIndex", "locations", "partialFingerprints"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations=array(LOCATION, least=1),
    relatedLocations=array(LOCATION, unique=True),
    codeFlows=array(
        closed(
            ["threadFlows"],
            threadFlows=array(
                closed(["locations"], locations=array(closed(["location"], location=LOCATION), least=1)),
                least=1,
            ),
        )
    ),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
    rank={"type": "number", "minimum": -1, "maximum": 100},
    properties={"type": "object"},
)
RULE: Final = closed(
    ["id", "shortDescription"],
    id=TEXT,
    name=TEXT,
    shortDescription=MULTIFORMAT,
    fullDescription=MULTIFORMAT,
    help=MULTIFORMAT,
    defaultConfiguration=closed([], level=LEVEL),
    properties={"type": "object", "properties": {"tags": array({"type": "string"}, unique=True)}},
)
RUN: Final = closed(
    ["tool", "results"],
    tool=closed(["driver"], driver=closed(["name"], name=TEXT, version=TEXT, rules=array(RULE, unique=True))),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={
        "type": "object",
        "additionalProperties": closed([], uri={"type": "string"}, description=MESSAGE),
    },
    results=array(RESULT),
    properties={"type": "object"},
)
SCHEMA: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **closed(
        ["version", "runs"],
        **{
            "$schema": {"type": "string", "format": "uri"},
            "version": {"const": "2.1.0"},
            "runs": array(RUN, least=1),
        },
    ),
}


def report(name: str = "discovery") -> Report:
    return Report.model_validate_json((FIXTURES / f"{name}.json").read_text("utf-8"))


def run_of(found: Report) -> dict[str, Any]:
    document = json.loads(render(found, "sarif"))
    jsonschema.validate(document, SCHEMA)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def with_finding(**fields: object) -> Report:
    found = report("shop")
    hostile = found.findings[0].model_dump() | fields
    return found.model_copy(update={"findings": (Finding.model_validate(hostile),)})


def test_no_findings_give_a_run_without_results() -> None:
    assert run_of(report().model_copy(update={"findings": ()}))["results"] == []


def test_a_refuted_finding_is_no_result() -> None:
    assert run_of(with_finding(status="refuted"))["results"] == []


def test_every_finding_is_a_result_with_its_fingerprint_and_rule() -> None:
    found = report()
    run = run_of(found)
    results = run["results"]
    assert {result["partialFingerprints"]["auditor/v1"] for result in results} == {
        one.id for one in found.findings
    }
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    assert all("## Why it is slow" in rule["help"]["markdown"] for rule in rules)


def test_the_most_severe_come_first() -> None:
    order = ["critical", "high", "medium", "low"]
    severities = [order.index(result["properties"]["severity"]) for result in run_of(report())["results"]]
    assert severities == sorted(severities)


def test_the_call_chain_is_a_code_flow() -> None:
    (first, *_) = run_of(report())["results"]
    steps = first["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [
        *("app.routes.spaces.search", "app.services.pricing.quote")
    ]


def test_a_finding_whose_rule_is_not_in_the_report_still_stands() -> None:
    found = with_finding(rule="stranger-rule")
    assert run_of(found)["tool"]["driver"]["rules"] == [
        {"id": "stranger-rule", "shortDescription": {"text": "stranger-rule"}}
    ]


@pytest.mark.parametrize(
    "file", ["a b/c#d?.py", "größe.py", "x:y.py", "a%20b.py", "odd\udcff.py", "new\nline.py", "</script>.py"]
)
def test_a_hostile_path_is_a_reference_that_leads_back(file: str) -> None:
    (result,) = run_of(with_finding(file=file))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set(" #?\n<>")
    assert unquote(uri, errors="surrogatepass") == file


def test_a_message_holds_no_links_and_no_control_characters() -> None:
    (result,) = run_of(with_finding(title="[click](1) \x1b[2J `x`"))["results"]
    assert result["message"]["text"].startswith("\\[click\\](1)  x.")


def test_an_end_before_the_start_is_not_passed_on() -> None:
    (result,) = run_of(with_finding(line=9, end_line=3))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 9, "endLine": 9}


@pytest.mark.parametrize(
    ("state", "word"), [(None, None), ("new", "new"), ("known", "unchanged"), ("changed", "updated")]
)
def test_what_stands_beside_a_baseline_has_its_state(state: str | None, word: str | None) -> None:
    (result,) = run_of(with_finding(baseline=state))["results"]
    assert result.get("baselineState") == word
