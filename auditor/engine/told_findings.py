"""What of a report's findings the events tell."""

from typing import Any

from auditor.model.events import FindingData
from auditor.model.report import Report


def told_findings(report: Report, /) -> list[dict[str, Any]]:
    """What of its findings the events tell, without what measuring refuted."""
    fields = tuple(FindingData.model_fields)
    return [
        {name: getattr(finding, name) for name in fields}
        for finding in report.findings
        if finding.status != "refuted"
    ]
