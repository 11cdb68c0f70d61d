"""The room where trials run: one thread owns the run, whoever asks waits as long as they like and looks again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from auditor.engine.fixing.opening import run_opened
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.run import Run
from auditor.engine.request import Notes
from auditor.measure.request import Request
from auditor.model.events import StageName
from auditor.model.trial import GateResult, Verdict
from auditor.model.trial_events import ConstraintLearnt, GateFinished, RunEvent, TrialEnded
from auditor.stages.failure import failing_requests
from auditor.trial.proposal import Proposal

_T = TypeVar("_T")


class Busy(Exception):  # noqa: N818  no error: it will end
    """A trial is on its way, and the run answers nothing before it has ended."""


@dataclass(slots=True, kw_only=True)
class Trial:
    """A proposal on its way through the gates."""

    id: str
    proposal: Proposal
    done: threading.Event = field(default_factory=threading.Event)
    gates: list[GateResult] = field(default_factory=list)
    learnt: list[str] = field(default_factory=list)
    attempts: list[Verdict] = field(default_factory=list)
    """How each attempt ended: after a failure, what is left without the part at fault is tried."""
    verdict: Verdict | None = None
    """That of the change: kept, or why its first attempt failed."""
    failure: BaseException | None = None
    """Why there is no verdict: the run can't go on."""
    requests: tuple[Request, ...] = ()
    """Those that were answered otherwise."""


@dataclass(slots=True)
class Overheard:
    """`Notes` that remember what is being done."""

    notes: Notes
    doing: str = ""

    def stage(self, name: StageName, /) -> None:
        self.notes.stage(name)

    def step(self, text: str, /) -> None:
        self.doing = text
        self.notes.step(text)

    def progress(self, done: int, total: int, /) -> None:
        self.notes.progress(done, total)

    def warn(self, text: str, /) -> None:
        self.notes.warn(text)


class Room:
    """A run that is open until `close`; everything that touches it happens in its own thread, in the order of asking."""

    def __init__(self, request: FixRequest, notes: Notes, /) -> None:
        self._request = request
        self._notes = Overheard(notes)
        self._jobs: queue.Queue[tuple[Callable[[Run], object], Future[object]] | None] = queue.Queue()
        self._opened: Future[None] = Future()
        self._current: Trial | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._live, name="trials", daemon=True)

    @property
    def doing(self) -> str:
        """The step that the run is at, in words."""
        return self._notes.doing

    def open(self) -> None:
        """Begins the run.

        Raises:
            Fault: there can be none here, and why.
        """
        self._thread.start()
        self._opened.result()

    def close(self) -> None:
        """Ends the run after what is running now; what was kept stays kept."""
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def ask(self, question: Callable[[Run], _T], /) -> _T:
        """What the run answers; waits for the questions before it, never for a trial.

        Raises:
            Busy: a trial is on its way.
            Exception: whatever the question raised.
        """
        future: Future[object] = Future()
        with self._lock:  # no trial begins between the look and the place in the queue
            if self._current is not None:
                raise Busy
            self._jobs.put((question, future))
        return future.result()  # type: ignore[return-value]  # the future of this very question

    def begin(self, trial: Trial, /) -> None:
        """Begins a trial; `trial.done` tells when it has ended.

        Raises:
            Busy: another one is on its way.
        """

        def attempt(run: Run) -> None:
            try:
                run.be_sound()
                last = run.proved(trial.proposal)
                first = trial.attempts[0] if trial.attempts else last
                # One that the whole workload took out again was kept at first: the last word counts.
                trial.verdict = last if "kept" in {last.verdict, first.verdict} else first
                by_id = {one.id: one for one in run.workload.requests}
                trial.requests = failing_requests(trial.verdict, by_id)
            except BaseException as error:  # noqa: BLE001  told to whoever asks for the verdict
                trial.failure = error
            finally:
                run.forget()
                self._notes.doing = ""
                self._current = None
                trial.done.set()

        with self._lock:
            if self._current is not None:
                raise Busy
            self._current = trial
            self._jobs.put((attempt, Future()))

    def _told(self, event: RunEvent) -> None:
        trial = self._current
        if trial is None:
            return
        match event:
            case GateFinished(data=result):
                trial.gates.append(result)
            case TrialEnded(data=ended):
                trial.attempts.append(ended.verdict)
            case ConstraintLearnt(data=data):
                trial.learnt.append(f"{data.constraint.rule.kind}: {data.constraint.because}")
            case _:
                pass

    def _live(self) -> None:
        try:
            with run_opened(self._request, self._notes, told=self._told) as run:
                self._opened.set_result(None)
                while (job := self._jobs.get()) is not None:
                    question, future = job
                    try:
                        future.set_result(question(run))
                    except BaseException as error:  # noqa: BLE001  handed to whoever asked
                        future.set_exception(error)
        except BaseException as error:  # noqa: BLE001  handed to whoever opened
            if self._opened.done():
                self._abandon(error)
            else:
                self._opened.set_exception(error)

    def _abandon(self, error: BaseException) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            if job is not None:
                job[1].set_exception(error)
