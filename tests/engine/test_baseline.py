import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.engine.baseline import EarlierReport, compared, read_earlier
from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest, Job
from auditor.model.canonical import canonical_json
from auditor.model.fault import Fault
from auditor.model.report import Coverage, Evidence, Finding, Report, Target
from auditor.model.severity import Severity


def finding(name: str = "F-1", **fields: Any) -> Finding:
    given_ones = {
        "id": name,
        "rule": "query-in-loop",
        "title": "`quote` asks once per space",
        "file": "app.py",
        "line": 3,
        "end_line": 3,
        "function": "app.view",
        "severity": Severity.HIGH,
        "confidence": 0.9,
        "evidence": (Evidence(kind="code", text="x"),),
        "endpoints": ("GET /x",),
    }
    return Finding.model_validate(given_ones | fields)


def report(*findings: Finding) -> Report:
    return Report(target=Target(root=".", commit="c0ffee"), coverage=Coverage(), findings=findings)


def earlier(*findings: Finding) -> EarlierReport:
    return read_earlier(canonical_json(report(*findings)), source="old.json")


@pytest.fixture
def job(tree: Callable[[Mapping[str, str]], Path]) -> Iterator[Job]:
    with opened(AuditRequest(path=tree({"app.py": "x = 1\n"}))) as job:
        yield job


def states(now: Report) -> list[str | None]:
    return [one.baseline for one in now.findings]


@pytest.mark.parametrize(
    "fields",
    [
        {"rule": "lazy-load-in-loop"},
        {"function": "app.other", "title": "`price` asks once per space"},
        {"title": "`price` asks once per space"},
        {"file": "b.py", "title": "`price` asks once per space"},
    ],
    ids=["another rule", "another function", "another thing in the function", "another file"],
)
def test_what_only_looks_like_a_known_one_is_new(job: Job, fields: dict[str, str]) -> None:
    now = compared(report(finding("F-2", **fields)), earlier(finding()), job)
    assert states(now) == ["new"]
    assert now.baseline is not None
    assert [one.id for one in now.baseline.gone] == ["F-1"]


def test_of_two_with_the_same_id_the_second_is_new(job: Job) -> None:
    now = compared(report(finding(), finding(line=9, title="t")), earlier(finding()), job)
    assert states(now) == ["known", "new"]


def test_a_rename_that_could_be_several_is_none(job: Job) -> None:
    two = [finding("F-2", function="a.view", file="a.py"), finding("F-3", function="b.view", file="b.py")]
    assert states(compared(report(*two), earlier(finding()), job)) == ["new", "new"]


def test_the_same_id_on_another_line_is_known(job: Job) -> None:
    now = compared(report(finding(line=80, end_line=81)), earlier(finding()), job)
    assert states(now) == ["known"]
    assert now.baseline is not None
    assert (now.baseline.new, now.baseline.known, now.baseline.gone) == (0, 1, ())
    assert (now.baseline.source, now.baseline.commit) == ("old.json", "c0ffee")


@pytest.mark.parametrize(
    "fields",
    [{}, {"subject": "space"}, {"file": "shop/app.py", "function": "shop.app.view"}],
    ids=["the statement was edited", "its words changed, its subject did not", "the file was renamed"],
)
def test_an_edited_one_is_known_as_changed(job: Job, fields: dict[str, str]) -> None:
    before = finding(subject="space", title="another") if "subject" in fields else finding()
    assert states(compared(report(finding("F-2", **fields)), earlier(before), job)) == ["changed"]


def test_what_was_refuted_is_not_counted(job: Job) -> None:
    now = compared(report(finding(status="refuted")), earlier(), job)
    assert now.baseline is not None
    assert (now.baseline.new, now.baseline.known) == (0, 0)


def test_what_was_not_looked_for_is_not_gone(job: Job) -> None:
    asked = replace(job, request=replace(job.request, select=("missing-index",)))
    now = compared(report(), earlier(finding(), finding("F-2", rule="missing-index")), asked)
    assert now.baseline is not None
    assert [one.id for one in now.baseline.gone] == ["F-2"]
    only = replace(job, request=replace(job.request, endpoints=("GET /y",)))
    now = compared(report(), earlier(finding()), only)
    assert now.baseline is not None
    assert now.baseline.gone == ()


def test_a_report_of_another_tree_is_a_fault(job: Job) -> None:
    with pytest.raises(Fault, match="is a report of another tree: none of the 1 files"):
        compared(report(), earlier(finding(file="elsewhere.py")), job)


def test_fields_of_later_days_do_no_harm() -> None:
    document = json.loads(canonical_json(report(finding())))
    document["findings"][0]["mood"] = document["weather"] = "fine"
    assert [one.id for one in read_earlier(json.dumps(document), source="x").findings] == ["F-1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply|not JSON"),
        ("[]", "its schema is not auditor/report@1"),
        ("null", "its schema is not auditor/report@1"),
        ('{"schema": 3}', "its schema is not auditor/report@1"),
        ('{"schema": "auditor/report@2"}', "of another version, auditor/report@2"),
        ('{"version": "2.1.0", "runs": []}', "looks like SARIF"),
        ('{"schema": "auditor/report@1"}', "is a damaged report"),
        ('{"schema": "auditor/report@1", "target": {}, "findings": [{}]}', "is a damaged report"),
        ('{"schema": "auditor/report@1", "target": {}, "findings": 3}', "is a damaged report"),
        ('{"schema": "auditor/report@1", "target": [], "findings": []}', "is a damaged report"),
    ],
)
def test_what_is_no_report_is_a_fault_in_words(text: str, said: str) -> None:
    with pytest.raises(Fault, match=said):
        read_earlier(text, source="old.json")


SOME = st.lists(
    st.builds(
        finding,
        st.sampled_from(["F-1", "F-2", "F-3"]),
        title=st.sampled_from(["a", "b"]),
        function=st.sampled_from(["app.f", "app.g", "shop.f"]),
        line=st.integers(1, 5),
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SOME, SOME)
def test_every_finding_is_accounted_for_once(job: Job, before: list[Finding], now: list[Finding]) -> None:
    found = compared(report(*now), earlier(*before), job)
    assert found.baseline is not None
    assert found.baseline.new + found.baseline.known == len(now)
    assert found.baseline.known + len(found.baseline.gone) == len(before)
    again = compared(report(*now), earlier(*now), job)
    assert set(states(again)) <= {"known"}
