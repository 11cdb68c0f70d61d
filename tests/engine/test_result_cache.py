import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.result_cache import with_target
from auditor.model.canonical import canonical_json
from auditor.model.plan import Plan
from auditor.model.report import Coverage, Evidence, Finding, Report, Target
from auditor.model.severity import Severity

TARGETS = st.none() | st.integers(1, 10**9)
TEXTS = st.text() | st.sampled_from(
    ['\n  "plan": {\n    "target_ms": 3,\n', '"plan": {', "\\n", '"', "\ud800"]
)


def report(target_ms: int | None, text: str) -> Report:
    finding = Finding(
        id="F-1",
        rule="query-in-loop",
        title=text or "-",
        file="app.py",
        line=1,
        end_line=1,
        function="app.view",
        severity=Severity.HIGH,
        confidence=0.9,
        evidence=(Evidence(kind="code", text=text or "-"),),
    )
    return Report(
        target=Target(root=text), coverage=Coverage(), findings=(finding,), plan=Plan(target_ms=target_ms)
    )


@given(TARGETS, TARGETS, TEXTS)
def test_a_kept_report_becomes_the_one_with_the_target_asked_for(
    kept: int | None, asked: int | None, text: str
) -> None:
    assert with_target(canonical_json(report(kept, text)), asked) == canonical_json(report(asked, text))


def test_a_text_without_a_plan_is_no_report() -> None:
    with pytest.raises(ValueError, match="no plan"):
        with_target("{}", 5)
