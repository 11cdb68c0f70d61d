"""What is new and what is gone since an earlier report."""

from typing import Final

from auditor.model.baseline import Baseline
from auditor.model.report import Finding, Report
from auditor.report.document.escape import code, sentence, text
from auditor.report.figures import count

SHOWN: Final = 20
"""Rows of each list; the JSON report has all."""


def since(report: Report) -> list[str]:
    """The blocks of the section; none where the report was held against none."""
    baseline = report.baseline
    if baseline is None:
        return []
    new = new_findings(report)
    return [
        f"## Since {code(baseline.source)}",
        f"{since_words(baseline)}.",
        *_listed("New", [_line(one.file, one.line, one.title, one.rule, one.id) for one in new]),
        *_listed("Gone", [_line(one.file, one.line, one.title, one.rule, one.id) for one in baseline.gone]),
    ]


def since_words(baseline: Baseline) -> str:
    """`2 new findings, 40 known, 3 gone`."""
    return f"{count(baseline.new, 'new finding')}, {baseline.known:,} known, {len(baseline.gone):,} gone"


def new_findings(report: Report) -> list[Finding]:
    """Those that the baseline has not, the most severe first."""
    new = [one for one in report.findings if one.baseline == "new" and one.status != "refuted"]
    return sorted(new, key=lambda one: (-one.severity.rank, -one.confidence, one.file, one.line, one.rule))


def _listed(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = len(lines) - SHOWN
    rest = [f"- and {more:,} more in the JSON report"] if more > 0 else []
    return ["\n".join([f"**{title}:**", "", *lines[:SHOWN], *rest])]


def _line(file: str, line: int, title: str, rule: str, name: str) -> str:
    return f"- {code(f'{file}:{line}')} {sentence(title)} ({text(rule)}, {text(name)})"
