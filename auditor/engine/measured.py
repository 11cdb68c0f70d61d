"""A finished audit with what was measured put into it."""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.engine.as_asked import as_asked, speaks
from auditor.engine.result_cache import Result
from auditor.model.severity import Severity
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import Snapshot

if TYPE_CHECKING:  # as in auditor.engine.request
    from auditor.engine.request import Job
    from auditor.model.report import Report


def sources_digest(snapshot: Snapshot, /) -> str:
    """Equal for two snapshots with the same Python files of the application, wherever they stand.

    Tests do not count, nor does anything else that an audit's formulas do not come from.
    """
    digest = hashlib.sha256()
    for file in snapshot.files:
        if not file.is_python or file.role == "test":
            continue
        try:
            content = hashlib.sha256(snapshot.read(file)).hexdigest()
        except Unreadable:
            content = "unreadable"
        digest.update(f"{file.path}\0{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def with_measured(result: Result, job: "Job", /) -> Result:
    """`result` reconciled with the observation that the request names; itself where it names none.

    Never kept: what the cache holds is what was read, and this is made of it each time.
    """
    text = job.request.observation
    if text is None:
        return result
    from auditor.engine.told_findings import told_findings  # noqa: PLC0415  brings the types of reports along
    from auditor.model.canonical import canonical_json  # noqa: PLC0415  as above
    from auditor.model.report import Report  # noqa: PLC0415

    report = reconciled(Report.model_validate_json(result.report), job, text)
    return replace(result, report=canonical_json(report), findings=told_findings(report))


def reconciled(report: "Report", job: "Job", /, observation: str) -> "Report":
    """`report` held against an observation, as JSON, and planned anew."""
    from auditor.measure.reconcile import reconcile  # noqa: PLC0415  as above
    from auditor.model.observation import Observation  # noqa: PLC0415
    from auditor.rules.repeated_statement import RULE as REPEATED  # noqa: PLC0415
    from auditor.stages.plan import planned_anew  # noqa: PLC0415

    seen = Observation.model_validate_json(observation)
    same = seen.sources == sources_digest(job.snapshot) if seen.sources else None
    held = reconcile(report, seen, same_tree=same, repeated=speaks(REPEATED.id, job))
    return planned_anew(held.model_copy(update={"findings": as_asked(held.findings, job)}))


def severities_of(result: Result, /) -> frozenset[Severity]:
    """Of its findings; of the new ones where it was held against a baseline."""
    return frozenset(
        Severity(found["severity"]) for found in result.findings if found.get("baseline") in {None, "new"}
    )
