"""What each request of the baseline runs, alters and takes: seen once, so that a trial can begin with the requests that matter.

What it runs is told by the stacks of its effects, which every record has. Recording every line takes three times as long as the
application itself, so that is known of the timed requests alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeEffect, ProbeFrame
from auditor.measure.replay import Replay
from auditor.measure.request import Request

Lines = Mapping[str, frozenset[int]]
"""Line numbers by file."""

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_WORD: Final = re.compile(r"\w+")
_ASKING: Final = frozenset({"SELECT", "SHOW", "PRAGMA", "EXPLAIN"})
_ALTERING: Final = frozenset({"mail", "task", "subprocess"})
_LOOKING_UP: Final = frozenset({"get", "get_many", "mget", "exists", "has_key", "ttl", "keys"})
_HANDLES: Final = frozenset(
    {"session", "transaction", "log", "pool-wait", "lazy-load", "resolve", "sleep", "lock"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One request as it went on the baseline."""

    request: Request
    status: int | None
    frames: Lines
    """Lines on the way to its effects."""
    lines: Lines
    """All that ran, where they were recorded."""
    outer: frozenset[tuple[str, str]]
    """File and name of the application's outermost functions: the handler, and what stands around it."""
    ms: float
    """Of its answer, under the probe."""
    words: frozenset[str] = frozenset()
    """Of its statements, in lower case: the tables that it read are among them."""
    acts: bool
    """Whether what comes after it may go otherwise without it: it wrote, or nobody knows."""
    writes: bool = False
    """Whether it wrote rows."""

    @property
    def way(self) -> tuple[object, ...]:
        """Equal for requests of the same kind: who asked, what was answered, by which lines it came to its effects."""
        came = frozenset((file, line) for file, lines in self.frames.items() for line in lines)
        return (self.request.method, self.request.identity, self.status, self.outer, came)


def reached(replay: Replay, lines: Mapping[str, Lines], /) -> dict[str, Reached]:
    """By id, in the order of the workload; `lines` are those that were recorded, by request."""
    return {
        exchange.request.id: _reached(exchange, lines.get(exchange.request.id, {}))
        for exchange in replay.exchanges
    }


def frames_of(replay: Replay, /) -> dict[str, Lines]:
    """By request, the lines on the way to its effects."""
    return {
        exchange.request.id: _frames({effect.stack for effect in exchange.record.effects if effect.stack})
        for exchange in replay.exchanges
        if exchange.record is not None
    }


def words_of(exchange: Exchange, /) -> frozenset[str]:
    """Every word of the statements that a request sent, in lower case."""
    effects = () if exchange.record is None else exchange.record.of_kind("sql")
    return frozenset(
        word for text in {one.text for one in effects} for word in _WORD.findall((text or "").lower())
    )


def _reached(exchange: Exchange, lines: Lines) -> Reached:
    record = exchange.record
    stacks = {effect.stack for effect in record.effects if effect.stack} if record is not None else set()
    return Reached(
        request=exchange.request,
        status=exchange.answer.status,
        frames=_frames(stacks),
        lines=lines,
        outer=frozenset((stack[0].file, stack[0].function) for stack in stacks),
        ms=exchange.answer.total_ms,
        words=words_of(exchange),
        acts=(
            record is None
            or (exchange.request.method not in READING and not _is_refused(exchange))
            or bool(record.dropped)
            or any(map(_alters, record.effects))
        ),
        writes=record is not None and any(one.kind == "sql" and _alters(one) for one in record.effects),
    )


def _frames(stacks: Iterable[tuple[ProbeFrame, ...]]) -> Lines:
    frames: defaultdict[str, set[int]] = defaultdict(set)
    for stack in stacks:
        for frame in stack:
            frames[frame.file].add(frame.line)
    return {file: frozenset(numbers) for file, numbers in frames.items()}


def _is_refused(exchange: Exchange) -> bool:
    status = exchange.answer.status
    return status is not None and 400 <= status < 500


def _alters(effect: ProbeEffect) -> bool:
    """Whether an effect leaves something behind that a later request could meet."""
    match effect.kind:
        case "sql":
            return effect.op.upper() not in _ASKING
        case "http" | "llm":
            return effect.op.upper() not in READING
        case "cache":
            return effect.op.lower() not in _LOOKING_UP
        case "file":
            return bool(set(str(effect.detail.get("mode", ""))) & set("wax+"))
        case kind:
            return kind in _ALTERING or kind not in _HANDLES
