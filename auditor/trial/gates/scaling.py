"""`scaling`: with much data the candidate costs no more and takes no longer than known-good, and with hardly any neither.

`latency` has judged one scale; this is the other: of a change that won by counts the large one and the requests with the fewest rows,
of one that won by time the small one.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from auditor.execution.boot import NotBooted
from auditor.measure.latency import Question
from auditor.measure.running.rounds import TargetDied
from auditor.model.trial import Gain, GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.concerned import MOST_ENDPOINTS, Concerned
from auditor.trial.counted import Span
from auditor.trial.gates.counts import GUARDED, may_rise
from auditor.trial.gates.outgrown import Calls, outgrown, saves_more, sentence
from auditor.trial.gates.timed import Grounds, Said, judged, not_booted
from auditor.trial.side_by_side import SideBySide
from auditor.trial.timing import Timing
from auditor.trial.trees import Tree

_HARM: Final[Question] = "harm"


class ScalingGate:
    """The gate."""

    def __init__(self, grounds: Grounds, /) -> None:
        self._by = grounds

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Failed for a count that is higher at the large scale, and for what is slower at either."""
        began = time.monotonic()
        every = self._by.concerned(candidate, tree)
        chosen = every[:MOST_ENDPOINTS]
        if not chosen:
            text = "no request that only reads runs what was changed, so there is nothing to hold against the data's size"
            return GateResult(gate="scaling", outcome="skipped", text=text)
        try:
            result = self._judged(candidate, tree, chosen)
        except NotBooted as fault:
            result = not_booted("scaling", fault, 0.0)
        except TargetDied as fault:
            result = GateResult(
                gate="scaling", outcome="failed", text=fault.what, signature="scaling:died", whole=True
            )
        return result.model_copy(update={"seconds": time.monotonic() - began})

    def _judged(self, candidate: Candidate, tree: Tree, chosen: Sequence[Concerned]) -> GateResult:
        by_time = self._by.winnings(candidate, tree).by == "time"
        lines: list[str] = []
        gains: tuple[Gain, ...] = ()
        larger = self._by.full.stage.scale != self._by.small.stage.scale
        if larger:
            risen = self._risen(candidate, tree, [one.heaviest for one in chosen])
            if risen:
                return GateResult(
                    gate="scaling", outcome="failed", text=risen[0], evidence=tuple(risen), whole=True,
                    signature=f"scaling:{risen[0].partition(':')[0]}",
                )  # fmt: skip
            lines.append(f"no count is higher at scale {self._by.full.stage.scale}")
        if larger and not by_time:
            asked = {one.heaviest: one.endpoint for one in chosen}
            result = self._timed(self._by.full, tree, asked, ledger=True)
            if not result.lets_through:
                return result
            lines += result.evidence
            gains = result.gains
            faster = {one.endpoint for one in gains if one.kind == "latency_ms"}
            asked = {request: endpoint for request, endpoint in asked.items() if endpoint not in faster}
            if grown := self._outgrown(tree, tuple(asked)):
                return GateResult(
                    gate="scaling", outcome="failed", text=grown[0], evidence=tuple(grown), whole=True,
                    signature="scaling:work",
                )  # fmt: skip
        few = {one.lightest: one.endpoint for one in chosen if by_time or one.lightest != one.heaviest}
        if by_time and larger:
            few |= {one.heaviest: one.endpoint for one in chosen}
        if few:
            result = self._timed(self._by.small, tree, few, ledger=False)
            if not result.lets_through:
                return result
            lines += result.evidence
        if not lines:
            text = "there is one scale, and no request with fewer rows than those that latency judged"
            return GateResult(gate="scaling", outcome="skipped", text=text)
        return GateResult(gate="scaling", outcome="passed", text=lines[0], evidence=tuple(lines), gains=gains)

    def _timed(self, timing: Timing, tree: Tree, requests: Mapping[str, str], *, ledger: bool) -> GateResult:
        timed = timing.judge(self._by.known_good(), tree, dict.fromkeys(requests, _HARM))
        said = [
            Said(endpoint=requests[request], request=request, question=_HARM, timed=one)
            for request, one in timed.items()
        ]
        return judged("scaling", said, demanded=False, scale=timing.stage.scale, ledger=ledger)

    def _outgrown(self, tree: Tree, requests: Sequence[str]) -> list[str]:
        """Requests of which the candidate makes more work the more data there are, and saves no more."""
        known_good, stages = self._by.known_good(), (self._by.small.stage, self._by.full.stage)
        counts = [[stage.counts(one, requests) for one in (known_good, tree)] for stage in stages]
        found = []
        for request in requests:
            if any(request not in each for both in counts for each in both):
                continue
            (few, few_now), (many, many_now) = ((was[request], now[request]) for was, now in counts)
            if saves_more((few, few_now), (many, many_now)):
                continue
            small, large = (self._calls(stage, tree, request) for stage in stages)
            if small is not None and large is not None and outgrown(small, large):
                found.append(sentence(request, large, scale=stages[1].scale))
        return found

    def _calls(self, stage: SideBySide, tree: Tree, request: str) -> Calls | None:
        before, after = (stage.calls(one, [request]).get(request) for one in (self._by.known_good(), tree))
        return None if before is None or after is None else (before, after)

    def _risen(self, candidate: Candidate, tree: Tree, requests: list[str]) -> list[str]:
        """Counts that are higher, in two rounds of both: a memo that each worker fills for itself is no rise."""
        stage, known_good = self._by.full.stage, self._by.known_good()
        seen: dict[str, dict[str, list[tuple[int, int]]]] = {}
        for repeat in range(2):
            if repeat:
                stage.forget_counts(known_good)
                stage.forget_counts(tree)
            before, after = stage.counts(known_good, requests), stage.counts(tree, requests)
            for request in requests:
                for component in GUARDED:
                    was, is_now = (one.get(request, {}).get(component) for one in (before, after))
                    if was is not None and is_now is not None:
                        seen.setdefault(request, {}).setdefault(component, []).append((was, is_now))
            spans = {request: _spans(costs) for request, costs in seen.items()}
            found = [
                f"{component}: `{request}` costs {now[component].low} at scale {stage.scale}, it cost {was[component].high}"
                for request, (was, now) in spans.items()
                for component in GUARDED
                if component in was
                and now[component].low > was[component].high
                and not may_rise(component, was, now, candidate.constant_rise)
            ]
            if not found:
                return []
        return found


def _spans(costs: Mapping[str, list[tuple[int, int]]]) -> tuple[dict[str, Span], dict[str, Span]]:
    was = {key: Span(min(a for a, _ in pairs), max(a for a, _ in pairs)) for key, pairs in costs.items()}
    now = {key: Span(min(b for _, b in pairs), max(b for _, b in pairs)) for key, pairs in costs.items()}
    return was, now
