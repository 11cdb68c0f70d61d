"""What the probe wrote: reading `auditor/probe@1` lines out of a spool while they are being written.

The format is told in docs/decisions/0005. A line is a process that started, a request, effects of no request, or what a
request still did after its answer (`late`); `by_request` puts the latter back where they belong.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

VERSION: Final = 1


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
    """One line of the spool.

    `request` is None for what belongs to no request and for requests without an id. `started` is set on the line that a
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
    notes: tuple[str, ...] = ()
    started: Mapping[str, Any] | None = None
    late: bool = False

    def of_kind(self, kind: str) -> tuple[ProbeEffect, ...]:
        """Its effects of one kind, in the order of their start."""
        return tuple(effect for effect in self.effects if effect.kind == kind)


class Spool:
    """Reads a spool folder bit by bit: each call of `read` gives the lines completed since the last.

    A line without its end is left for the next call. A line that is no record (a process killed while writing, a full
    disk) is counted in `broken` and left out.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[Path, int] = {}
        self.broken = 0

    def read(self) -> tuple[ProbeRecord, ...]:
        """New records of all processes, by process and then in the order in which they were written."""
        found: list[ProbeRecord] = []
        for path in sorted(self._folder.glob("*.jsonl")):
            for line in self._new_lines(path):
                record = parse_record(line)
                if record is None:
                    self.broken += 1
                else:
                    found.append(record)
        return tuple(found)

    def _new_lines(self, path: Path) -> list[bytes]:
        with path.open("rb") as file:
            file.seek(self._offsets.get(path, 0))
            data = file.read()
        end = data.rfind(b"\n") + 1
        self._offsets[path] = self._offsets.get(path, 0) + end
        return data[:end].splitlines()


def read_spool(folder: Path) -> tuple[ProbeRecord, ...]:
    """Everything that stands in `folder` now."""
    return Spool(folder).read()


def by_request(records: Iterable[ProbeRecord]) -> dict[str, ProbeRecord]:
    """Request id → its record, with what it did late; ids of which only late effects arrived are left out."""
    whole: dict[str, ProbeRecord] = {}
    late: dict[str, list[ProbeRecord]] = {}
    for record in records:
        if record.request is None:
            continue
        if record.late:
            late.setdefault(record.request, []).append(record)
        else:
            whole[record.request] = record
    for request, additions in late.items():
        if request in whole:
            whole[request] = _joined(whole[request], additions)
    return whole


def _joined(record: ProbeRecord, additions: list[ProbeRecord]) -> ProbeRecord:
    effects, stages = list(record.effects), list(record.stages)
    for addition in additions:
        first = len(stages)
        place = len(effects)
        effects.extend(_moved(effect, stages=first, effects=place) for effect in addition.effects)
        stages.extend(addition.stages)
    notes = tuple(note for part in (record, *additions) for note in part.notes)
    return replace(record, effects=tuple(effects), stages=tuple(stages), notes=notes)


def _moved(effect: ProbeEffect, *, stages: int, effects: int) -> ProbeEffect:
    """An effect behind so many others: what it points at stands as much further behind."""
    detail = effect.detail
    if effect.kind == "lazy-load" and isinstance(detail.get("sql"), int):
        detail = {**detail, "sql": detail["sql"] + effects}
    stage = None if effect.stage is None else effect.stage + stages
    return replace(effect, stage=stage, detail=detail)


def parse_record(line: bytes) -> ProbeRecord | None:
    """One line of a spool; None when it is no whole record of this version."""
    try:
        value = json.loads(line)
        if value["v"] != VERSION:
            return None
        return _record(value)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None


def _record(value: Mapping[str, Any]) -> ProbeRecord:
    stacks = [_stack(rows) for rows in value.get("stacks", ())]
    texts = value.get("texts", ())
    late = bool(value.get("late", False))
    return ProbeRecord(
        request=value["request"],
        pid=int(value["pid"]),
        thread=value.get("thread"),
        method=value.get("method"),
        path=value.get("path"),
        query=value.get("query"),
        status=value.get("status"),
        wall_ms=value.get("wall_ms"),
        cpu_ms=value.get("cpu_ms"),
        ttfb_ms=value.get("ttfb_ms"),
        bytes_out=int(value.get("bytes_out", 0)),
        effects=tuple(_effect(effect, texts, stacks, late=late) for effect in value.get("effects", ())),
        stages=tuple(ProbeStage(*stage) for stage in value.get("stages", ())),
        errors=tuple(
            ProbeError(kind, message, _stack(rows)) for kind, message, rows in value.get("errors", ())
        ),
        dropped=value.get("dropped", {}),
        lines={name: tuple(numbers) for name, numbers in value.get("lines", {}).items()},
        notes=tuple(value.get("notes", ())),
        started=value.get("started"),
        late=late,
    )


def _effect(
    value: Mapping[str, Any], texts: list[str], stacks: list[tuple[ProbeFrame, ...]], *, late: bool
) -> ProbeEffect:
    text, stack = value.get("text"), value.get("stack")
    return ProbeEffect(
        kind=value["kind"],
        op=value["op"],
        text=texts[text] if isinstance(text, int) else text,
        shape=value.get("shape"),
        rows=value.get("rows"),
        ms=value.get("ms"),
        stack=() if stack is None else stacks[stack],
        stage=value.get("stage"),
        detail=value.get("detail") or {},
        late=late,
    )


def _stack(rows: Iterable[tuple[str, int, str]]) -> tuple[ProbeFrame, ...]:
    return tuple(ProbeFrame(file, line, function) for file, line, function in rows)
