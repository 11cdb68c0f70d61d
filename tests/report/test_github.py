"""Workflow commands of GitHub Actions: read back as the runner reads them."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.baseline import Baseline
from auditor.model.report import Finding, Report
from auditor.model.severity import Severity
from auditor.report import render

FIXTURES = Path(__file__).parent / "fixtures"
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def base() -> Report:
    return Report.model_validate_json((FIXTURES / "shop.json").read_text("utf-8"))


def with_findings(*each: dict[str, Any], root: str = ".") -> Report:
    found = base()
    first = found.findings[0].model_dump()
    findings = tuple(
        Finding.model_validate(first | {"id": f"F-{number}"} | fields) for number, fields in enumerate(each)
    )
    target = found.target.model_copy(update={"root": root})
    return found.model_copy(update={"findings": findings, "target": target})


def commands(found: Report) -> list[tuple[str, dict[str, str], str]]:
    """Name, properties and message of each line, unescaped in the runner's order."""
    told = []
    for line in render(found, "github").splitlines():
        match = COMMAND.fullmatch(line)
        assert match, line
        pairs = (pair.split("=", 1) for pair in match[2].split(","))
        told.append((match[1], {key: undone(value) for key, value in pairs}, undone(match[3])))
    return told


def undone(text: str) -> str:
    for escape, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, char)
    return text


def test_nothing_found_is_said_in_one_notice() -> None:
    assert commands(with_findings()) == [("notice", {"title": "auditor"}, "0 findings.")]


@pytest.mark.parametrize("fields", [{"status": "refuted"}, {"baseline": "known"}, {"baseline": "changed"}])
def test_what_was_refuted_or_known_is_not_annotated(fields: dict[str, str]) -> None:
    assert len(commands(with_findings(fields))) == 1


@pytest.mark.parametrize(
    ("severity", "name"),
    [("critical", "error"), ("high", "warning"), ("medium", "warning"), ("low", "notice")],
)
def test_the_severity_is_the_command(severity: str, name: str) -> None:
    assert commands(with_findings({"severity": Severity(severity)}))[0][0] == name


def test_an_annotation_has_its_place_its_rule_and_its_remedy() -> None:
    found = with_findings(
        {"line": 9, "end_line": 11, "title": "`a` is asked, twice: 50 %", "fix": "ask `a` once"}
    )
    _, properties, message = commands(found)[0]
    assert (properties["line"], properties["endLine"]) == ("9", "11")
    assert properties["title"] == f"{found.findings[0].rule}: a is asked, twice: 50 %"
    assert "Instead: ask a once." in message
    assert message.splitlines()[-1].startswith("F-0")


@pytest.mark.parametrize(
    ("root", "file"),
    [
        (".", "app/a.py"),
        ("backend", "backend/app/a.py"),
        ("./backend/", "backend/app/a.py"),
        ("/w", "/w/app/a.py"),
    ],
)
def test_a_path_leads_from_where_the_command_ran(root: str, file: str) -> None:
    assert commands(with_findings({"file": "app/a.py"}, root=root))[0][1]["file"] == file


def test_of_many_the_most_severe_are_shown_and_the_rest_is_said() -> None:
    severities = ["low"] * 12 + ["medium"] * 9 + ["high"] * 4 + ["critical"] * 11
    told = commands(with_findings(*({"severity": Severity(one)} for one in severities)))
    names = [name for name, _, _ in told]
    assert {name: names.count(name) for name in names} == {"error": 10, "warning": 10, "notice": 10}
    assert sum(message.endswith(", high") for _, _, message in told) == 4
    assert told[-1][2] == (
        "36 findings, 7 not annotated, because GitHub shows 10 of a level: "
        "11 critical, 4 high, 9 medium, 12 low."
    )


def test_beside_a_baseline_the_last_line_counts() -> None:
    found = with_findings({"baseline": "new"}, {"baseline": "known"})
    baseline = Baseline(source="main", new=1, known=1)
    last = commands(found.model_copy(update={"baseline": baseline}))[-1]
    assert last[2] == "1 new finding since main, 1 known, 0 gone."


@given(st.text(), st.text(min_size=1))
def test_no_text_ends_its_line_or_starts_a_command(title: str, file: str) -> None:
    told = commands(with_findings({"title": title, "file": file, "severity": Severity.HIGH}))
    assert [name for name, _, _ in told] == ["warning", "notice"]
    assert "%3A" not in render(with_findings({"title": "a:b"}), "github").partition(" ")[0]
