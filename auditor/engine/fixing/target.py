"""The target of a run: the time that endpoints should take at most, judged on what fresh workers take, cold."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from auditor.engine.fixing.vectors import vectors_of, warm_of, with_times
from auditor.measure.workload import Workload
from auditor.model.result import EndpointResult
from auditor.trial.cold import REPEATS, Cold, ColdTimes
from auditor.trial.counted import Counted, Counts
from auditor.trial.side_by_side import SideBySide
from auditor.trial.trees import Tree


@dataclass(frozen=True, slots=True)
class Aim:
    """What a run aims at: None for the time is no target, and what is timed is only told."""

    target_ms: int | None
    endpoints: tuple[str, ...]
    """Those that are asked for and that some request asks; sorted."""


class Target:
    """Judges trees by the request of each endpoint that costs the baseline most."""

    def __init__(self, stage: SideBySide, aim: Aim, requests: Mapping[str, str], /) -> None:
        """`requests`: by endpoint, the one that stands for it."""
        self.aim = aim
        self._cold = Cold(stage, requests)

    def is_met(self, tree: Tree, /) -> bool:
        """Whether every endpoint takes no longer; False without a target. The first that takes longer settles it."""
        if self.aim.target_ms is None or not self.aim.endpoints:
            return False
        for repeats in (1, None):  # one look at each first: most often that is too slow already
            for endpoint in self.aim.endpoints:
                if repeats is None:
                    self._cold.take(tree, [endpoint])
                else:
                    self._cold.take(tree, [endpoint], repeats=repeats)
                if not self._meets(tree, endpoint):
                    return False
        return True

    @property
    def timed(self) -> frozenset[str]:
        """The endpoints that some request stands for."""
        return frozenset(self._cold.requests)

    def cold(self, tree: Tree, endpoint: str, /) -> tuple[ColdTimes, bool | None]:
        """What one of the `timed` endpoints takes, and whether that meets the target; None where there is none.

        One look that finds it too slow is enough.
        """
        self._cold.take(tree, [endpoint], repeats=1)
        if self._meets(tree, endpoint) is not False:
            self._cold.take(tree, [endpoint])
        return self._cold.of(tree, endpoint), self._meets(tree, endpoint)

    def judged(
        self,
        before: tuple[Tree, Counted],
        after: tuple[Tree, Counted],
        endpoint_of: Mapping[str, str],
        /,
        *,
        wanted: Collection[str],
        timed: Sequence[str],
        once_before: bool = False,
    ) -> tuple[EndpointResult, ...]:
        """Each of the `wanted` endpoints before the first change and after the last, `timed` ones with their times.

        With `once_before` what was slow is asked once only, of one fresh server.
        """
        known = [one for one in timed if one in self._cold.requests]
        self._cold.take(before[0], known, repeats=1 if once_before else REPEATS, warm=not once_before)
        self._cold.take(after[0], known)
        was, is_now = (vectors_of(counted, endpoint_of) for _, counted in (before, after))
        results = []
        for endpoint in sorted(was):
            if endpoint not in wanted or endpoint not in is_now:
                continue
            result = EndpointResult(id=endpoint, before=was[endpoint], after=is_now[endpoint])
            if endpoint in timed and endpoint in self._cold.requests:
                first, last = (self._cold.of(tree, endpoint) for tree, _ in (before, after))
                result = EndpointResult(
                    id=endpoint,
                    before=with_times(result.before, first),
                    after=with_times(result.after, last),
                    before_warm=warm_of(first),
                    after_warm=warm_of(last),
                    target_met=self._meets(after[0], endpoint) if endpoint in self.aim.endpoints else None,
                )
            results.append(result)
        return tuple(results)

    def _meets(self, tree: Tree, endpoint: str) -> bool | None:
        if self.aim.target_ms is None:
            return None
        latency = self._cold.of(tree, endpoint).latency_ms.value
        return latency is not None and latency <= self.aim.target_ms


def standing_for(workload: Workload, counts: Counts, endpoint_of: Callable[[str], str], /) -> dict[str, str]:
    """By endpoint, the timed request with the most rows and statements; one that only reads where there is one."""
    chosen: dict[str, tuple[tuple[bool, int], str]] = {}
    for request in workload.requests:
        if "time" not in request.roles or request.id not in counts:
            continue
        costs = counts[request.id]
        rank = request.method in {"GET", "HEAD"}, costs.get("rows", 0) + costs.get("sql", 0)
        endpoint = endpoint_of(request.id)
        if endpoint not in chosen or rank > chosen[endpoint][0]:
            chosen[endpoint] = rank, request.id
    return {endpoint: request for endpoint, (_, request) in chosen.items()}
