"""A finished audit, from the cache where it lies: finding it builds none of the types of events and reports."""

from dataclasses import dataclass, field

from auditor.engine.baseline import with_baseline
from auditor.engine.measured import severities_of, with_measured
from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest, Job
from auditor.engine.result_cache import ResultCache
from auditor.model.severity import Severity


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command needs of a finished audit without reading the whole report."""

    report: str = field(repr=False)
    """`auditor/report@1` as JSON. Long: `asyncio` shows the result of its main task to whoever asks about signals."""
    severities: frozenset[Severity]
    """Of all findings; held against a baseline, of the new ones."""


def find_finished(request: AuditRequest, /) -> Finished | Job:
    """What an earlier run on the same tree kept; else the opened tree, to be audited and closed.

    `Fault` when the tree or its settings can't be used.
    """
    job = opened(request)
    result = ResultCache(request.cache_dir, job).find() if request.cache_dir else None
    if result is None:
        return job
    with job:
        result = with_baseline(with_measured(result, job), job)
    return Finished(result.report, severities_of(result))
