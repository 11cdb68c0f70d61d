"""The report as JSON, schema `auditor/report@1`: everything that is known, for other programs."""

from typing import Final

from auditor.model.canonical import canonical_json
from auditor.model.report import Report

SUFFIXES: Final = (".json",)


def render(report: Report) -> str:
    """`report` as canonical JSON."""
    return canonical_json(report)
