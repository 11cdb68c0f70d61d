"""What a fresh worker takes for its first answer, and for the same once more: the times that targets are judged on."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from auditor.measure.answer import Answer
from auditor.measure.counts import clocked
from auditor.model.numbers import Number
from auditor.trial.side_by_side import SideBySide
from auditor.trial.trees import Tree

REPEATS: Final = 3
FRESH_EACH: Final = 6
"""Up to so many endpoints each gets a fresh server of its own; more share one, so that only the first of them is quite cold."""
_BUDGET_S: Final = 30.0
"""For one endpoint, or those that share a server: beyond it there are no more repeats."""
_ERROR: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdTimes:
    """Of one endpoint's request, the medians over fresh servers."""

    latency_ms: Number
    ttfb_ms: Number
    warm_latency_ms: Number
    warm_ttfb_ms: Number


@dataclass(slots=True)
class _Samples:
    cold: list[Answer] = field(default_factory=list)
    warm: list[Answer] = field(default_factory=list)


class Cold:
    """Times of trees on the data of one scale; what was taken is kept, and more is put to it."""

    def __init__(self, stage: SideBySide, requests: Mapping[str, str], /) -> None:
        """`requests`: by endpoint, the request that stands for it."""
        self._stage = stage
        self.requests = requests
        self._samples: dict[tuple[str, str], _Samples] = {}

    def take(
        self, tree: Tree, endpoints: Sequence[str], /, *, repeats: int = REPEATS, warm: bool = True
    ) -> None:
        """Sees to it that there are so many samples of each, or as many as there is time for; each once more from the warm server."""
        groups = [[one] for one in endpoints] if len(endpoints) <= FRESH_EACH else [list(endpoints)]
        for group in groups:
            began = time.monotonic()
            while any(len(self._of(tree, one).cold) < repeats for one in group):
                self._boot(tree, group, warm=warm)
                if time.monotonic() - began > _BUDGET_S:
                    break

    def of(self, tree: Tree, endpoint: str, /) -> ColdTimes:
        """What was taken so far."""
        samples = self._of(tree, endpoint)
        said = f"`{self.requests[endpoint]}` at scale {self._stage.scale}, {_servers(len(samples.cold))}"
        return ColdTimes(
            latency_ms=_number([one.total_ms for one in samples.cold], samples.cold, said),
            ttfb_ms=_number([one.ttfb_ms for one in samples.cold], samples.cold, said),
            warm_latency_ms=_number([one.total_ms for one in samples.warm], samples.warm, f"{said}, warm"),
            warm_ttfb_ms=_number([one.ttfb_ms for one in samples.warm], samples.warm, f"{said}, warm"),
        )

    def _of(self, tree: Tree, endpoint: str) -> _Samples:
        return self._samples.setdefault((tree.id, endpoint), _Samples())

    def _boot(self, tree: Tree, endpoints: Sequence[str], *, warm: bool) -> None:
        played = self._stage.fresh(tree, [self.requests[one] for one in endpoints], warm=warm)
        for endpoint in endpoints:
            samples, request = self._of(tree, endpoint), self.requests[endpoint]
            samples.cold.append(played.replay.by_id()[request].answer)
            if played.warm is not None:
                samples.warm.append(played.warm.by_id()[request].answer)


def _servers(number: int) -> str:
    return f"{number} fresh server{'' if number == 1 else 's'}"


def _number(values: Sequence[float], answers: Sequence[Answer], basis: str) -> Number:
    """Unknown where one of the answers is none: an error may come quickly."""
    for answer in answers:
        if answer.ending not in {"answered", "timeout"} or (answer.status or 0) >= _ERROR:
            return Number(basis=f"{basis}: {answer.status or answer.ending}")
    return clocked(values, basis=basis)
