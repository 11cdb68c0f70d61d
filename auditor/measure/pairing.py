"""Sends the same request to two servers, one right after the other, the order drawn for each pair.

Pairs are spread over time: for some tenths of a second a scheduler may favour one of two equal processes, and
pairs taken within it are one piece of evidence and not many.
"""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auditor.measure.encoding import Message
from auditor.measure.latency import Pair
from auditor.measure.sending import Door

PACE_S: Final = 0.05
"""Fast requests would otherwise all fall into one such stretch."""


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """A source of pairs. The probe is off: no id is sent."""

    baseline: Door
    candidate: Door
    message: Message
    dice: random.Random
    """Draws the order."""
    candidates_message: Message | None = None
    """The same request as the candidate must be sent it, where tokens or ids are each server's own."""
    pace_s: float = PACE_S
    """From the beginning of one pair to that of the next, at least."""

    def warm_up(self, times: int, /) -> None:
        """Answers that are not looked at."""
        for _ in range(times):
            self._pair()

    def __call__(self, n: int, /) -> Sequence[Pair]:
        """Measures `n` pairs."""
        return [self._paced() for _ in range(n)]

    def _paced(self) -> Pair:
        until = time.monotonic() + self.pace_s
        pair = self._pair()
        time.sleep(max(0.0, until - time.monotonic()))
        return pair

    def _pair(self) -> Pair:
        own = self.candidates_message or self.message
        if self.dice.random() < 0.5:
            baseline_ms = _ms(self.baseline, self.message)
            return baseline_ms, _ms(self.candidate, own)
        candidate_ms = _ms(self.candidate, own)
        return _ms(self.baseline, self.message), candidate_ms


def _ms(door: Door, message: Message) -> float:
    answer = door.send(message)
    failed = answer.ending != "answered" or (answer.status or 500) >= 500
    return math.inf if failed else answer.total_ms
