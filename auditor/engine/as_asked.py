"""What the request and the target's settings make of findings: which rules speak, and how bad they say it is."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # as in auditor.engine.request
    from auditor.engine.request import Job
    from auditor.model.report import Finding


def selected_rules(job: "Job", /) -> tuple[str, ...]:
    """The only rules that speak; empty is all."""
    return job.request.select or job.settings.select


def ignored_rules(job: "Job", /) -> tuple[str, ...]:
    """Rules that are left out."""
    return (*job.settings.ignore, *job.request.ignore)


def speaks(rule: str, job: "Job", /) -> bool:
    """Whether a rule's findings were asked for."""
    chosen = selected_rules(job)
    return (not chosen or rule in chosen) and rule not in ignored_rules(job)


def as_asked(findings: Iterable["Finding"], job: "Job", /) -> tuple["Finding", ...]:
    """Those on the endpoints asked for, with the severities that the target gives to rules."""
    severities = dict(job.settings.severities)
    return tuple(
        finding.model_copy(update={"severity": severities.get(finding.rule, finding.severity)})
        for finding in findings
        if finding.endpoints or not job.request.endpoints
    )
