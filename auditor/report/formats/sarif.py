"""Findings as SARIF 2.1.0, for code scanning on forges and in editors."""

from typing import Final
from urllib.parse import quote

from auditor import __version__
from auditor.model.canonical import Json, tidy_json
from auditor.model.report import Endpoint, Finding, Place, Report
from auditor.model.rule import RuleInfo
from auditor.model.severity import Severity
from auditor.model.text import clean, plain

SUFFIXES: Final = (".sarif.json", ".sarif")
SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "auditor/v1"
"""The key of the fingerprint, with its version: a change in how ids are made needs another."""
MAX_RESULTS: Final = 5_000
"""What forges show of one run; the most severe come first."""

_LEVELS: Final = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "warning",
    Severity.CRITICAL: "error",
}
_STATES: Final = {"new": "new", "known": "unchanged", "changed": "updated"}
_PROBLEMS: Final = {**_LEVELS, Severity.LOW: "recommendation"}


def render(report: Report) -> str:
    """One run with every finding that was not refuted."""
    document: dict[str, Json] = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return tidy_json(document)


def _run(report: Report) -> Json:
    standing = [finding for finding in report.findings if finding.status != "refuted"]
    standing.sort(
        key=lambda finding: (-finding.severity.rank, -finding.confidence, finding.file, finding.line)
    )
    shown = standing[:MAX_RESULTS]
    known = {rule.id: rule for rule in report.rules}
    ids = sorted({finding.rule for finding in shown})
    endpoints = {endpoint.id: endpoint for endpoint in report.endpoints}
    return {
        "tool": {
            "driver": {
                "name": "auditor",
                "version": __version__,
                "rules": [_rule(known.get(i), i) for i in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The tree that was read."}}},
        "results": [_result(finding, ids.index(finding.rule), endpoints) for finding in shown],
        "properties": {
            "findings": len(standing),
            "endpoints": len(report.endpoints),
            **({"gone": len(report.baseline.gone)} if report.baseline else {}),
        },
    }


def _rule(rule: RuleInfo | None, rule_id: str) -> Json:
    if rule is None:
        return {"id": rule_id, "shortDescription": {"text": rule_id}}
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(rule.section("What it finds").split()) or rule.title},
        "help": {"text": rule.docs or rule.title, "markdown": rule.docs or rule.title},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["performance", rule.group], "problem.severity": _PROBLEMS[rule.severity]},
    }


def _result(finding: Finding, rule_index: int, endpoints: dict[str, Endpoint]) -> Json:
    result: dict[str, Json] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [
            {
                "physicalLocation": _physical(finding.file, finding.line, finding.end_line),
                "logicalLocations": [{"fullyQualifiedName": clean(finding.function), "kind": "function"}],
            }
        ],
        "partialFingerprints": {FINGERPRINT: finding.id},
        **_beside_baseline(finding),
        "rank": round(100 * finding.confidence, 1),
        "properties": _properties(finding),
    }
    if finding.related:
        result["relatedLocations"] = [
            _related(place, number) for number, place in enumerate(finding.related, start=1)
        ]
    flow = _flow(finding, endpoints)
    if flow:
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    return result


def _beside_baseline(finding: Finding) -> dict[str, Json]:
    """What is gone is no result: forges that do not know the state would show it as there."""
    return {} if finding.baseline is None else {"baselineState": _STATES[finding.baseline]}


def _properties(finding: Finding) -> Json:
    properties: dict[str, Json] = {
        "endpoints": list(finding.endpoints),
        "severity": finding.severity.value,
        "status": str(finding.status),
    }
    if finding.observed is not None:
        properties["observed"] = finding.observed.value
    return properties


def _message(finding: Finding) -> str:
    """Plain text: brackets would be read as links to related locations."""
    sentences = [finding.title, *(evidence.text for evidence in finding.evidence)]
    text = " ".join(f"{plain(sentence).rstrip('.')}." for sentence in sentences)
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _related(place: Place, number: int) -> Json:
    return {
        "id": number,
        "message": {"text": place.role},
        "physicalLocation": _physical(place.file, place.line, place.end_line),
    }


def _flow(finding: Finding, endpoints: dict[str, Endpoint]) -> list[Json]:
    """The call chain of the first effect at stake, step by step."""
    wanted = set(finding.cost_term.effects) if finding.cost_term else set()
    effects = (
        effect for name in finding.endpoints if name in endpoints for effect in endpoints[name].effects
    )
    chain = next((effect.chain for effect in effects if effect.id in wanted), ())
    return [
        {
            "location": {
                "physicalLocation": _physical(frame.file, frame.line, frame.line),
                "message": {"text": clean(frame.function) or "?"},
            }
        }
        for frame in chain
    ]


def _physical(file: str, line: int, end_line: int) -> Json:
    path = quote(file.encode("utf-8", "surrogatepass"), safe="/-._~")
    # The first segment of a relative reference must not look like a scheme or a host.
    uri = f"./{path}" if path.startswith("/") else path
    return {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line, "endLine": max(line, end_line)},
    }
