"""What the probe saw, as values: a record of each request, its effects, the frames and stages they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ProbeFrame:
    """One frame of application code: `file` relative to the tree, `line` from 1."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class ProbeStage:
    """A direct callee of the handler: where it was called; `callee` None for the handler's own lines.

    `ms` runs from its first effect to its last: a lower bound.
    """

    file: str
    line: int
    callee: str | None
    ms: float


@dataclass(frozen=True, slots=True)
class ProbeEffect:
    """One operation; the fields are those of the format, with text and stack looked up."""

    kind: str
    op: str
    text: str | None = None
    shape: str | None = None
    rows: int | None = None
    ms: float | None = None
    stack: tuple[ProbeFrame, ...] = ()
    stage: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    late: bool = False

    @property
    def of_checkout(self) -> bool:
        """Whether a pool sent it while it handed a connection out."""
        return bool(self.detail.get("checkout"))

    @property
    def frame(self) -> ProbeFrame | None:
        """The innermost frame of application code."""
        return self.stack[-1] if self.stack else None


@dataclass(frozen=True, slots=True)
class ProbeError:
    """An exception that left the application, or that its framework turned into an answer."""

    type: str
    message: str
    stack: tuple[ProbeFrame, ...]


@dataclass(frozen=True, slots=True)
class ProbeRecord:
    """One entry of the spool.

    `request` is None for what belongs to no request and for requests without an id. `started` is set on the entry that a
    process writes when it begins. Times are in milliseconds; `cpu_ms` is None where several requests shared the thread.
    """

    request: str | None
    pid: int
    thread: int | None = None
    method: str | None = None
    path: str | None = None
    query: str | None = None
    """As it was sent, where that was asked."""
    status: int | None = None
    wall_ms: float | None = None
    cpu_ms: float | None = None
    ttfb_ms: float | None = None
    bytes_out: int = 0
    effects: tuple[ProbeEffect, ...] = ()
    stages: tuple[ProbeStage, ...] = ()
    errors: tuple[ProbeError, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    calls: int | None = None
    """Functions that were called, the libraries' too, since the first of its own lines; known with the lines alone."""
    notes: tuple[str, ...] = ()
    unseen: str = ""
    """On the entry that is written when a driver is imported that the probe has no hook for: its module."""
    started: Mapping[str, Any] | None = None
    late: bool = False

    def of_kind(self, kind: str) -> tuple[ProbeEffect, ...]:
        """Its effects of one kind, in the order of their start."""
        return tuple(effect for effect in self.effects if effect.kind == kind)
