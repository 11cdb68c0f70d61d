import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.engine import AuditRequest, audit
from auditor.engine.request import Analyse, Cancelled, Job, Notes
from auditor.model import events
from auditor.model.fault import Fault
from auditor.model.plan import Plan
from auditor.model.report import Coverage, Evidence, Finding, Report, Target
from auditor.model.severity import Severity

FINDING = Finding(
    id="F-1",
    rule="query-in-loop",
    title="a query per space",
    file="app.py",
    line=1,
    end_line=1,
    function="app.view",
    severity=Severity.HIGH,
    confidence=0.9,
    evidence=(Evidence(kind="code", text="x"),),
)


class Passes:
    """Counts its runs and reads one file, as the real passes would."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, job: Job, notes: Notes, /) -> Report:
        self.runs += 1
        notes.stage("analyze")
        notes.step("reading")
        for done in range(1, 101):
            notes.progress(done, 100)
        notes.stage("plan")
        notes.warn("a remark")
        lines = sum(job.snapshot.read(file).count(b"\n") for file in job.snapshot.files)
        coverage = Coverage(files=1, lines=lines, skipped={"tests": 2})
        target = Target(root=str(job.request.path))
        plan = Plan(target_ms=job.request.target_ms)
        return Report(target=target, coverage=coverage, findings=(FINDING,), plan=plan)


def collect(request: AuditRequest, analyse: Analyse) -> list[events.Event]:
    async def gather() -> list[events.Event]:
        return [event async for event in audit(request, analyse=analyse)]

    return asyncio.run(gather())


@pytest.fixture
def request_(tmp_path: Path) -> AuditRequest:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "app.py").write_text("x = 1\n")
    return AuditRequest(path=root, cache_dir=tmp_path / "cache")


def kinds(happened: list[events.Event]) -> list[str]:
    return [event.kind for event in happened if event.kind != "progress"]


def report_of(happened: list[events.Event]) -> events.ReportReadyData:
    return next(event.data for event in happened if isinstance(event, events.ReportReady))


def test_a_run_tells_its_stages_its_findings_and_its_report(request_: AuditRequest) -> None:
    happened = collect(request_, Passes())
    assert kinds(happened) == [
        "run-started",
        "stage-started",
        "stage-finished",
        "stage-started",
        "warning",
        "stage-finished",
        "coverage-noted",
        "finding",
        "report-ready",
        "run-finished",
    ]
    assert [event.seq for event in happened] == list(range(len(happened)))
    assert len({event.run for event in happened}) == 1
    assert Report.model_validate_json(report_of(happened).report).findings == (FINDING,)


def test_progress_that_comes_too_fast_is_left_out_but_its_end_is_told(request_: AuditRequest) -> None:
    progress = [event.data for event in collect(request_, Passes()) if isinstance(event, events.Progress)]
    assert progress[0] == events.ProgressData(step="reading")
    assert progress[-1] == events.ProgressData(step="reading", done=100, total=100)
    assert len(progress) < 50


def test_the_second_run_takes_the_report_from_the_cache(request_: AuditRequest) -> None:
    passes = Passes()
    first, second = collect(request_, passes), collect(request_, passes)
    assert passes.runs == 1
    assert (report_of(first).cached, report_of(second).cached) == (False, True)
    assert report_of(first).report == report_of(second).report
    assert kinds(second) == ["run-started", "coverage-noted", "finding", "report-ready", "run-finished"]
    told = [
        [event.data for event in run if event.kind in {"finding", "coverage-noted"}]
        for run in (first, second)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "fields",
    [
        {"select": ("a",)},
        {"ignore": ("a",)},
        {"endpoints": ("GET /",)},
        {"cache_dir": None},
    ],
    ids=str,
)
def test_another_question_is_answered_anew(request_: AuditRequest, fields: dict[str, object]) -> None:
    passes = Passes()
    collect(request_, passes)
    collect(replace(request_, **fields), passes)  # type: ignore[arg-type]
    assert passes.runs == 2


def test_another_target_is_told_of_the_report_that_there_is(request_: AuditRequest) -> None:
    passes = Passes()
    collect(replace(request_, target_ms=900), passes)
    told = [
        Report.model_validate_json(report_of(collect(replace(request_, target_ms=wanted), passes)).report)
        for wanted in (900, None, 5)
    ]
    assert passes.runs == 1
    assert [report.plan.target_ms for report in told] == [900, None, 5]
    assert all(report.model_copy(update={"plan": told[0].plan}) == told[0] for report in told)


def test_the_number_of_processes_does_not_matter(request_: AuditRequest) -> None:
    passes = Passes()
    collect(request_, passes)
    collect(replace(request_, jobs=8), passes)
    assert passes.runs == 1


def test_a_changed_tree_is_read_anew(request_: AuditRequest) -> None:
    passes = Passes()
    collect(request_, passes)
    (request_.path / "app.py").write_text("x = 2\ny = 3\n")
    assert Report.model_validate_json(report_of(collect(request_, passes)).report).coverage.lines == 2
    assert passes.runs == 2


def test_settings_of_the_tree_make_another_question(request_: AuditRequest) -> None:
    passes = Passes()
    collect(request_, passes)
    (request_.path / ".gitignore").write_text("auditor.toml\n")
    collect(request_, passes)
    (request_.path / "auditor.toml").write_text("[rules]\nignore = ['log-in-loop']\n")
    collect(request_, passes)
    assert passes.runs == 2


def test_a_tree_that_was_put_back_is_known_still(request_: AuditRequest) -> None:
    passes = Passes()
    collect(request_, passes)
    (request_.path / "more.py").write_text("y = 1\n")
    collect(request_, passes)
    (request_.path / "more.py").unlink()
    collect(request_, passes)
    assert passes.runs == 2


@pytest.mark.parametrize("name", ["nowhere", "tree/app.py"])
def test_what_is_no_tree_is_a_fault(request_: AuditRequest, tmp_path: Path, name: str) -> None:
    failed = collect(replace(request_, path=tmp_path / name), Passes())[-2]
    assert isinstance(failed, events.Failed)
    assert (failed.data.internal, failed.data.where) == (False, str(tmp_path / name))


def test_every_file_of_a_damaged_cache_is_passed_over(request_: AuditRequest) -> None:
    passes = Passes()
    collect(request_, passes)
    assert request_.cache_dir is not None
    for path in list(request_.cache_dir.rglob("*")):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-3])
            assert kinds(collect(request_, passes))[-2:] == ["report-ready", "run-finished"]
    assert passes.runs == 2


def test_a_cache_that_cannot_be_written_is_a_warning(request_: AuditRequest, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    happened = collect(replace(request_, cache_dir=tmp_path / "file"), Passes())
    warnings = [event.data.text for event in happened if isinstance(event, events.Warned)]
    assert [text for text in warnings if "can't be kept" in text]
    assert kinds(happened)[-2:] == ["report-ready", "run-finished"]


def test_a_fault_of_the_input_is_an_event(request_: AuditRequest) -> None:
    def analyse(job: Job, notes: Notes) -> Report:
        notes.stage("analyze")
        raise Fault("is empty", where="here", hint="fill it")

    happened = collect(request_, analyse)
    assert kinds(happened) == ["run-started", "stage-started", "failed", "run-finished"]
    assert happened[-2].data == events.FailedData(what="is empty", where="here", hint="fill it")
    assert isinstance(happened[-1], events.RunFinished)
    assert happened[-1].data.outcome == "failed"


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError(), MemoryError(), OSError(28, "No space left")]
)
def test_a_fault_of_our_own_is_an_event_with_its_traceback(request_: AuditRequest, error: Exception) -> None:
    def analyse(job: Job, notes: Notes) -> Report:
        raise error

    failed = next(event for event in collect(request_, analyse) if isinstance(event, events.Failed))
    assert failed.data.internal
    assert type(error).__name__ in failed.data.what
    assert "Traceback" in failed.data.details


def test_who_stops_listening_stops_the_work(request_: AuditRequest) -> None:
    stopped = threading.Event()
    noticed = threading.Event()

    def analyse(job: Job, notes: Notes) -> Report:
        notes.step("working")
        stopped.wait(10)
        try:
            notes.step("still working")
        except Cancelled:
            noticed.set()
            raise
        raise AssertionError

    async def leave_early() -> None:
        stream = audit(request_, analyse=analyse)
        async for event in stream:
            if event.kind == "progress":
                break
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(leave_early())
    stopped.set()
    assert noticed.wait(10)


def test_two_audits_at_once_give_the_same_report(request_: AuditRequest) -> None:
    async def both() -> list[list[events.Event]]:
        async def one() -> list[events.Event]:
            return [event async for event in audit(request_, analyse=Passes())]

        return list(await asyncio.gather(one(), one()))

    first, second = asyncio.run(both())
    assert report_of(first).report == report_of(second).report
