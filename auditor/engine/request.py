"""What an audit is asked to do, and how its analysis is called."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from auditor.config.target import TargetSettings
from auditor.repo.snapshot import Snapshot

if TYPE_CHECKING:  # their types take as long to build as a run from the cache takes in all
    from auditor.engine.baseline import EarlierReport
    from auditor.model.events import StageName
    from auditor.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """Everything that shapes a report, apart from the tree itself and its ``auditor.toml``."""

    path: Path
    """As the user gave it; it stands so in the report."""
    command: str = "audit"
    """Which command asks, for the log."""
    ref: str | None = None
    """A commit to read in place of the work tree."""
    endpoints: tuple[str, ...] = ()
    """Only these, as `METHOD path` or a bare path; empty is all."""
    select: tuple[str, ...] = ()
    """Only these rules, in place of the target's own choice."""
    ignore: tuple[str, ...] = ()
    """Rules left out, beside the target's own choice."""
    target_ms: int | None = None
    jobs: int = 1
    """Worker processes; the report does not depend on it."""
    observation: str | None = field(default=None, repr=False)
    """`auditor/observation@1` as JSON: what was measured of this tree, to be put into the report."""
    baseline: "EarlierReport | None" = field(default=None, repr=False)
    """An earlier report, for the findings to be held against."""
    cache_dir: Path | None = None
    """None reads and writes no cache."""


class Cancelled(BaseException):
    """Raised inside the analysis, at its next sign of life, when nobody waits for it any more."""


class Notes(Protocol):
    """How the analysis tells how far it is; each call may raise `Cancelled`."""

    def stage(self, name: "StageName", /) -> None:
        """A stage begins, and the one before is over."""
        ...

    def step(self, text: str, /) -> None:
        """A step of the stage begins; `text` says in words what is being done."""
        ...

    def progress(self, done: int, total: int, /) -> None:
        """So much of the step is done."""
        ...

    def warn(self, text: str, /) -> None:
        """Something the analysis goes on without."""
        ...


@dataclass(frozen=True, slots=True)
class Hushed:
    """Notes of a part that is one step of something larger: its warnings are passed on, its steps are not."""

    notes: Notes

    def stage(self, name: "StageName", /) -> None:
        """Nothing."""

    def step(self, text: str, /) -> None:
        """Nothing."""

    def progress(self, done: int, total: int, /) -> None:
        """As `Notes.progress`."""
        self.notes.progress(done, total)

    def warn(self, text: str, /) -> None:
        """As `Notes.warn`."""
        self.notes.warn(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A request whose tree has been opened."""

    request: AuditRequest
    settings: TargetSettings
    """What the target says about its own audit."""
    snapshot: Snapshot

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.snapshot.close()


Analyse = Callable[[Job, Notes], "Report"]
