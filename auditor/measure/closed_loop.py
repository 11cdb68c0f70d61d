"""Many ask at once, each its next request when the one before is answered: what comes of it."""

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from auditor.measure.answer import Answer
from auditor.measure.encoding import Message
from auditor.measure.sending import Door

_P95: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What one message is answered with while nobody else asks."""

    status: int | None
    body_bytes: int
    total_ms: float

    def fails(self, answer: Answer, /) -> bool:
        """Whether an answer under load is none: not whole, with another status, or with less than half of what is said in peace."""
        if answer.ending != "answered" or answer.status != self.status:
            return True
        return answer.body_bytes * 2 < self.body_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What came of one stretch of load."""

    latencies_ms: tuple[float, ...]
    """Of the answers, infinite for those that failed."""
    failed: int

    @property
    def p95_ms(self) -> float:
        """The latency that one answer in twenty exceeds; infinite where none came."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(_P95 * len(ordered)))] if ordered else math.inf


def in_peace(door: Door, messages: Sequence[Message], /) -> tuple[Quiet, ...]:
    """Each message alone, one after another."""
    answers = [door.send(message) for message in messages]
    return tuple(
        Quiet(status=answer.status, body_bytes=answer.body_bytes, total_ms=answer.total_ms)
        for answer in answers
    )


def closed_loop(
    door: Door, messages: Sequence[Message], quiet: Sequence[Quiet], /, *, clients: int, seconds: float
) -> Stretch:
    """So many clients for so long; an answer that was asked for in time is waited for and counts."""
    latencies: list[float] = []
    failed = 0
    lock = threading.Lock()
    until = time.monotonic() + seconds

    def ask(client: int) -> None:
        nonlocal failed
        at = client
        while time.monotonic() < until:
            index = at % len(messages)
            answer = door.send(messages[index])
            fails = quiet[index].fails(answer)
            with lock:
                latencies.append(math.inf if fails else answer.total_ms)
                failed += fails
            at += 1

    with ThreadPoolExecutor(clients, "load") as pool:
        for done in [pool.submit(ask, client) for client in range(clients)]:
            done.result()
    return Stretch(latencies_ms=tuple(latencies), failed=failed)
