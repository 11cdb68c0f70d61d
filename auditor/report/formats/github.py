"""Findings as workflow commands of GitHub Actions: printed in a step, they become annotations on the changed lines.

Held against a baseline, only what is new is annotated. GitHub shows ten errors, ten warnings and ten notices of a step
and drops the rest without a word, so the most severe come first and the last notice says how many are left.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from auditor.model.report import Finding, Report
from auditor.model.severity import Severity
from auditor.model.text import clean, plain, shorten
from auditor.report.figures import count

SUFFIXES: Final = ()
MOST: Final = 10
"""Annotations of one level that GitHub shows of a step."""
_TITLE: Final = 120
_MESSAGE: Final = 2_000
_EVIDENCE: Final = 3
_COMMANDS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "warning",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
}


def render(report: Report) -> str:
    """One command a line, the most severe first; the last line says in words what there is."""
    standing = [one for one in report.findings if one.status != "refuted" and one.baseline in {None, "new"}]
    standing.sort(key=lambda one: (-one.severity.rank, -one.confidence, one.file, one.line, one.rule))
    by_command = defaultdict(list)
    for finding in standing:
        by_command[_COMMANDS[finding.severity]].append(finding)
    shown = [*by_command["error"][:MOST], *by_command["warning"][:MOST], *by_command["notice"][: MOST - 1]]
    lines = [_annotation(finding, report.target.root) for finding in shown]
    return "".join(f"{line}\n" for line in [*lines, _last(report, standing, shown)])


def _annotation(finding: Finding, root: str) -> str:
    return _command(
        _COMMANDS[finding.severity],
        shorten(_message(finding), _MESSAGE),
        file=_path(root, finding.file),
        line=finding.line,
        endLine=max(finding.line, finding.end_line),
        title=shorten(f"{finding.rule}: {plain(finding.title)}", _TITLE),
    )


def _message(finding: Finding) -> str:
    facts = [plain(evidence.text).rstrip(".") for evidence in finding.evidence[:_EVIDENCE]]
    remedy = [f"Instead: {plain(finding.fix).rstrip('.')}"] if finding.fix else []
    endpoints = finding.endpoints
    paid = [f"On {count(len(endpoints), 'endpoint')}, such as {clean(endpoints[0])}"] if endpoints else []
    sentences = [plain(finding.title).rstrip("."), *facts, *paid, *remedy]
    return "\n".join(f"{sentence}." for sentence in sentences) + f"\n{finding.id}, {finding.severity}"


def _last(report: Report, standing: list[Finding], shown: list[Finding]) -> str:
    baseline = report.baseline
    if baseline is None:
        words = [count(len(standing), "finding")]
    else:
        words = [
            f"{count(len(standing), 'new finding')} since {clean(baseline.source)}",
            f"{baseline.known:,} known",
            f"{len(baseline.gone):,} gone",
        ]
    left = len(standing) - len(shown)
    if left:
        words.append(
            f"{left:,} not annotated, because GitHub shows {MOST} of a level: {_by_severity(standing)}"
        )
    return _command("notice", ", ".join(words) + ".", title="auditor")


def _by_severity(findings: Iterable[Finding]) -> str:
    numbers: dict[Severity, int] = defaultdict(int)
    for finding in findings:
        numbers[finding.severity] += 1
    ordered = sorted(numbers, key=lambda severity: -severity.rank)
    return ", ".join(f"{numbers[severity]:,} {severity}" for severity in ordered)


def _path(root: str, file: str) -> str:
    """As seen from where the command ran, which in a workflow is the top of the repository; GitHub cuts an absolute one."""
    return posixpath.normpath(posixpath.join(root.replace("\\", "/"), file))


def _command(name: str, message: str, /, **properties: str | int) -> str:
    """`::name key=value::message`, escaped as the runner undoes it; no value can start a command of its own."""
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    cleaned = "\n".join(clean(line) for line in text.split("\n"))
    return cleaned.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
