"""Writes the events of a run: each is on the disk, and in the ledger, before anything is done because of it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from auditor.model.events import Envelope
from auditor.model.fault import Fault
from auditor.model.trial_events import RunEvent, event_of, tree_of
from auditor.model.value import Value
from auditor.trial.event_file import EventFile, Line, read_events
from auditor.trial.ledger import Ledger, fold


class Recorder:
    """A run that is being written. A context manager: it holds the run's lock."""

    def __init__(
        self,
        path: Path,
        /,
        *,
        run: str,
        told: Callable[[RunEvent], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Goes on with the run at `path` when there is one.

        Raises:
            Fault: another process writes it, or it can't be read.
        """
        self._file = EventFile(path)
        self._told = told
        self._now = now
        try:
            events = _events_of(self._file.lines, path)
            self.ledger: Ledger = fold(events)
        except BaseException:
            self._file.close()
            raise
        self.run = events[0].run if events else run

    def emit(
        self, kind: Callable[..., RunEvent], data: Value | None = None, /, *, change: str | None = None
    ) -> None:
        """Records one event; returns when it is on the disk and everybody was told."""
        fields: dict[str, object] = {} if data is None else {"data": data}
        event = kind(run=self.run, seq=len(self._file.lines), time=self._now(), change=change, **fields)
        assert isinstance(event, Envelope)
        ledger = fold([event], self.ledger)  # a contradiction is found before it is written
        self._file.append(tree_of(event))
        self.ledger = ledger
        self._told(event)

    def close(self) -> None:
        """Lets others go on with the run."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_events(path: Path, /) -> list[RunEvent]:
    """What a run has recorded, read without its lock.

    Raises:
        Fault: there is none, it is damaged, or another version wrote it.
    """
    try:
        return _events_of(read_events(path), path)
    except OSError as error:
        raise Fault(f"can't be read: {error.strerror or error}", where=str(path)) from error


def _events_of(lines: Iterable[Line], path: Path) -> list[RunEvent]:
    events: list[RunEvent] = []
    for number, line in enumerate(lines, 1):
        try:
            events.append(event_of(line))
        except ValidationError as error:
            kind = f" ({line['kind']!r})" if isinstance(line.get("kind"), str) else ""
            raise Fault(
                f"holds an event{kind} that this version of auditor does not know",
                where=f"{path}:{number}",
                hint="use the version that wrote it, or begin a new run without --resume",
            ) from error
    return events
