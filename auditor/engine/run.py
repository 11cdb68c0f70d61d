"""One audit as a stream of events: takes the finished report from the cache, or has it made in a thread."""

import asyncio
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import auditor
from auditor.engine.baseline import with_baseline
from auditor.engine.collecting import no_collection
from auditor.engine.journal import Journal
from auditor.engine.measured import with_measured
from auditor.engine.opening import opened
from auditor.engine.request import Analyse, AuditRequest, Cancelled, Job
from auditor.engine.result_cache import Result, ResultCache
from auditor.model import events
from auditor.model.events import Event
from auditor.model.fault import Fault

if TYPE_CHECKING:  # as in auditor.engine.request
    from auditor.model.report import Report


async def audit(
    request: AuditRequest,
    /,
    *,
    analyse: Analyse | None = None,
    job: Job | None = None,
    keep: bool = True,
) -> AsyncIterator[Event]:
    """Audits `request.path` and yields what happens; the last event is `run-finished` in every case.

    A fault of the input is the event `failed`, not an exception. Leaving the iteration cancels the work.
    `analyse` replaces the passes of `auditor.engine.passes`; `job` is the request's tree where it was opened
    already, and is closed here. `keep` is whether the result may come from the cache and go there: what a model said is asked anew.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | None] = asyncio.Queue()
    cancelled = threading.Event()

    def send(event: Event | None) -> None:
        if cancelled.is_set():
            raise Cancelled
        try:
            loop.call_soon_threadsafe(queue.put_nowait, event)
        except RuntimeError as error:  # the loop was closed between the two lines
            raise Cancelled from error

    # A daemon, so that an interrupt need not wait for the end of the parse that is under way.
    worker = threading.Thread(
        target=_work, args=(request, analyse, job, send, keep), name="audit", daemon=True
    )
    worker.start()
    try:
        while (event := await queue.get()) is not None:
            yield event
    finally:
        cancelled.set()


def _work(
    request: AuditRequest,
    analyse: Analyse | None,
    job: Job | None,
    send: Callable[[Event | None], None],
    keep: bool,  # noqa: FBT001  of a thread's positional arguments
) -> None:
    journal = Journal(send)
    try:
        journal.emit(events.RunStarted, _started(request))
        try:
            _perform(request, analyse, job, journal, keep=keep)
        except Fault as fault:
            journal.fail(what=fault.what, where=fault.where, hint=fault.hint, exit_code=fault.exit_code)
        except Exception as error:  # noqa: BLE001  whatever it is becomes an event with its traceback
            journal.fail(what=_describe(error), internal=True, details=traceback.format_exc())
        journal.finish()
        send(None)
    except Cancelled:
        return


def _perform(
    request: AuditRequest, analyse: Analyse | None, given: Job | None, journal: Journal, *, keep: bool
) -> None:
    with given or opened(request) as job:
        cache = ResultCache(request.cache_dir, job) if request.cache_dir and keep else None
        result = cache.find() if cache else None
        if result is not None:
            journal.tell(with_baseline(with_measured(result, job), job), cached=True)
            return
        with no_collection():
            result = _result_of((analyse or _passes())(job, journal))
        if cache is not None:
            try:
                cache.keep(result)
            except OSError as error:
                journal.warn(f"the result can't be kept for the next run: {error.strerror or error}")
        journal.tell(with_baseline(with_measured(result, job), job), cached=False)


def _passes() -> Analyse:
    # Imported only when a report has to be made: they bring the parser with them.
    from auditor.engine.passes import analyse  # noqa: PLC0415

    return analyse


def _result_of(report: "Report") -> Result:
    from auditor.engine.told_findings import told_findings  # noqa: PLC0415  as above
    from auditor.model.canonical import canonical_json  # noqa: PLC0415  as above

    coverage = events.CoverageNotedData(
        files=report.coverage.files,
        lines=report.coverage.lines,
        unparsed=len(report.coverage.unparsed),
        skipped=sum(report.coverage.skipped.values()),
        endpoints=len(report.endpoints),
        calls=report.coverage.calls,
        resolved_calls=report.coverage.resolved_calls,
    )
    return Result(canonical_json(report), coverage.model_dump(), told_findings(report))


def _started(request: AuditRequest) -> events.RunStartedData:
    return events.RunStartedData(
        command=request.command, version=auditor.__version__, root=str(request.path), ref=request.ref
    )


def _describe(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
