"""Runs the engine for a command: narrates what happens and gives back what came of it."""

import asyncio
from collections.abc import Callable
from typing import Final

from auditor.cli.finished import Finished
from auditor.cli.internal_error import InternalError
from auditor.cli.narration import Narration
from auditor.engine import AuditRequest, audit
from auditor.engine.request import Analyse, Job
from auditor.model import events
from auditor.model.events import Event
from auditor.model.fault import Fault
from auditor.model.severity import Severity

_TICK_S: Final = 0.2


def follow(
    request: AuditRequest,
    narration: Narration,
    /,
    *,
    each: Callable[[Event], None] | None = None,
    job: Job | None = None,
    analyse: Analyse | None = None,
) -> Finished:
    """Audits; `each` sees every event. `Fault` or `InternalError` when there is no report.

    `job` is the tree, where it is open already; it is closed here. `analyse` takes the place of the passes, and then nothing is kept.
    """
    return asyncio.run(_follow(request, narration, each, job, analyse))


async def _follow(
    request: AuditRequest,
    narration: Narration,
    each: Callable[[Event], None] | None,
    job: Job | None,
    analyse: Analyse | None,
) -> Finished:
    severities: set[Severity] = set()
    report, failed = "", None
    ticker = asyncio.create_task(_tick(narration))
    try:
        async for event in audit(request, job=job, analyse=analyse, keep=analyse is None):
            if each is not None:
                each(event)
            match event:
                case events.Progress(data=data):
                    narration.progress(data.step, data.done, data.total)
                case events.Warned(data=data):
                    narration.warn(data.text)
                case events.FindingMade(data=data):
                    if data.baseline in {None, "new"}:
                        severities.add(data.severity)
                case events.ReportReady(data=data):
                    report = data.report
                case events.Failed(data=data):
                    failed = data
                case _:
                    pass
    finally:
        ticker.cancel()
        narration.clear()
    if failed is not None:
        raise _error_of(failed)
    return Finished(report, frozenset(severities))


async def _tick(narration: Narration) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        narration.tick()


def _error_of(failed: events.FailedData) -> Exception:
    if failed.internal:
        return InternalError(failed.what, failed.details)
    return Fault(failed.what, where=failed.where, hint=failed.hint, exit_code=failed.exit_code)
