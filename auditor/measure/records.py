"""What the probe wrote: reading `auditor/probe@2` entries out of a spool while they are being written.

The format is told in docs/decisions/0005. An entry is a process that started, a request, effects of no request, or what a
request still did after its answer (`late`); `by_request` puts the latter back where they belong.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from auditor.execution.marshalled import read_marshalled
from auditor.execution.spooled import read_spooled
from auditor.measure.probe_stages import Stages
from auditor.measure.probe_values import ProbeEffect, ProbeError, ProbeFrame, ProbeRecord, ProbeStage

__all__ = [
    "ProbeEffect",
    "ProbeError",
    "ProbeFrame",
    "ProbeRecord",
    "ProbeStage",
    "Spool",
    "by_request",
    "parse_record",
    "read_spool",
]

VERSION: Final = 2
_MS: Final = 1000
_CODE: Final = 3
"""Characters of a status line that begins with the code."""
_STACKS_KEPT: Final = 4096


class Spool:
    """Reads a spool folder bit by bit: each call of `read` gives the entries completed since the last.

    An entry that is not whole is left for the next call. One that is no record is counted in `broken` and left out.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[str, int] = {}
        self.broken = 0

    def read(self) -> tuple[ProbeRecord, ...]:
        """New records of all processes, by process and then in the order in which they were written."""
        found = [parse_record(entry) for entry in read_spooled(self._folder, self._offsets)]
        self.broken += found.count(None)
        return tuple(record for record in found if record is not None)


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


def parse_record(entry: bytes) -> ProbeRecord | None:
    """One entry of a spool; None when it is no whole record of this version."""
    try:
        version, request, pid, effects, handler, more, *whole = read_marshalled(entry)
        if version != VERSION:
            return None
        more = more or {}
        late = bool(more.get("late", False))
        stages = Stages(handler)
        return ProbeRecord(
            request=request,
            pid=int(pid),
            effects=_effects(effects or (), stages, late=late),
            stages=stages.found(),
            errors=tuple(
                ProbeError(kind, message, tuple(ProbeFrame(*frame) for frame in frames))
                for kind, message, frames in more.get("errors", ())
            ),
            query=more.get("query"),
            dropped=more.get("dropped", {}),
            lines={name: tuple(numbers) for name, numbers in more.get("lines", {}).items()},
            calls=more.get("calls"),
            notes=tuple(more.get("notes", ())),
            unseen=str(more.get("unseen", "")),
            started=more.get("started"),
            late=late,
            **(_whole(*whole) if whole else {}),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError):
        return None


def _whole(
    thread: int,
    method: str | None,
    path: str | None,
    status: int | str | None,
    started: float,
    ended: float,
    cpu: float | None,
    first_byte: float | None,
    bytes_out: int,
) -> dict[str, Any]:
    """What only a request has, from times in seconds."""
    return {
        "thread": thread,
        "method": method,
        "path": path,
        "status": _code(status) if isinstance(status, str) else status,
        "wall_ms": _ms(started, ended),
        "cpu_ms": None if cpu is None else round(cpu * _MS, 3),
        "ttfb_ms": _ms(started, first_byte or ended),
        "bytes_out": int(bytes_out),
    }


def _code(status: str) -> int | None:
    code = status[:_CODE]
    return int(code) if code.isdecimal() else None


def _effects(rows: Sequence[Any], stages: Stages, *, late: bool) -> tuple[ProbeEffect, ...]:
    found = []
    for place, (kind, op, text, shape, count, started, ended, stack, detail) in enumerate(rows):
        frames, codes = ((), ()) if stack is None else _stack(stack)
        stage = stages.of(frames, codes, started=started, ended=ended or started) if frames else None
        told = {"attribute": text, "sql": _caused(rows, place)} if kind == "lazy-load" else detail or {}
        ms = None if ended is None else _ms(started, ended)
        effect = ProbeEffect(kind, op, text, shape, count, ms, frames, stage, told, late=late)
        found.append(effect)
    return tuple(found)


def _caused(rows: Sequence[Any], place: int) -> int | None:
    """A lazy load stands before the statement that it caused."""
    after = place + 1
    return after if after < len(rows) and rows[after][0] == "sql" else None


@lru_cache(maxsize=_STACKS_KEPT)
def _stack(text: str) -> tuple[tuple[ProbeFrame, ...], tuple[int, ...]]:
    """Frames, outermost first, and the ids of their code objects."""
    rows = json.loads(text)
    frames = tuple(ProbeFrame(file, line, function) for file, line, function, _ in rows)
    return frames, tuple(code for _, _, _, code in rows)


def _ms(started: float, ended: float) -> float:
    return round((ended - started) * _MS, 3)
