"""The events of one run: numbered, dated, and sent one by one."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from auditor.engine.result_cache import Result
from auditor.model import events
from auditor.model.events import Event, StageName
from auditor.model.value import Value

_PROGRESS_EVERY_S: Final = 0.05


class Journal:
    """Writes the events of one run; to the analysis it is its `Notes`."""

    def __init__(self, send: Callable[[Event | None], None]) -> None:
        self._send = send
        self._run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        self._seq = 0
        self._began = time.monotonic()
        self._stage: StageName | None = None
        self._stage_began = self._began
        self._step = ""
        self._told = 0.0
        self._outcome: events.Outcome = "done"

    def emit(self, kind: type[Event], data: Value | None = None) -> None:
        """Sends one event of `kind`."""
        values: dict[str, Any] = {} if data is None else {"data": data}
        event = kind(run=self._run, seq=self._seq, time=datetime.now(UTC), stage=self._stage, **values)
        self._seq += 1
        self._send(event)

    def stage(self, name: StageName, /) -> None:
        """As `Notes.stage`."""
        self._close_stage()
        self._stage, self._stage_began = name, time.monotonic()
        self.emit(events.StageStarted)

    def step(self, text: str, /) -> None:
        """As `Notes.step`."""
        self._step, self._told = text, time.monotonic()
        self.emit(events.Progress, events.ProgressData(step=text))

    def progress(self, done: int, total: int, /) -> None:
        """As `Notes.progress`; what comes too fast is left out."""
        now = time.monotonic()
        if done >= total or now - self._told >= _PROGRESS_EVERY_S:
            self._told = now
            self.emit(events.Progress, events.ProgressData(step=self._step, done=done, total=total))

    def warn(self, text: str, /) -> None:
        """As `Notes.warn`."""
        self.emit(events.Warned, events.WarningData(text=text))

    def tell(self, result: Result, *, cached: bool) -> None:
        """Sends a finished audit: its coverage, its findings, its report."""
        self._close_stage()
        self.emit(events.CoverageNoted, events.CoverageNotedData(**result.coverage))
        for finding in result.findings:
            self.emit(events.FindingMade, events.FindingData(**finding))
        self.emit(events.ReportReady, events.ReportReadyData(cached=cached, report=result.report))

    def fail(self, **fields: Any) -> None:
        """Says why there is no result; `fields` are those of `FailedData`."""
        self._outcome = "failed"
        self.emit(events.Failed, events.FailedData(**fields))

    def finish(self) -> None:
        """Sends the last event."""
        self._stage = None
        data = events.RunFinishedData(outcome=self._outcome, seconds=time.monotonic() - self._began)
        self.emit(events.RunFinished, data)

    def _close_stage(self) -> None:
        if self._stage is not None:
            seconds = time.monotonic() - self._stage_began
            self.emit(events.StageFinished, events.StageFinishedData(seconds=seconds))
            self._stage = None
