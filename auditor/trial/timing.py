"""Is a candidate faster or slower than known-good, request by request: both sessions for all requests with four boots in all."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from auditor.measure.latency import (
    LatencyVerdict,
    Pair,
    Question,
    Rule,
    Session,
    goes_on,
    is_plainly_faster,
    kept_pairs,
    noise_verdict,
    ratio_of,
    session,
    verdict_of,
)
from auditor.measure.pairing import PACE_S, Pairing
from auditor.model.trial import Gain
from auditor.trial.side_by_side import SideBySide
from auditor.trial.trees import Tree

BUDGET_S: Final[dict[Question, float]] = {"faster": 30.0, "harm": 10.0}
"""For the pairs of one request in one session: slow requests get fewer looks. Where counts won, a slight harm is not looked for."""
_SLOW_MS: Final = 1000.0
"""From here on a request is slow: two pairs in each session, if they are plain enough, are all it is asked for."""
_FEW: Final = 2
_NOISE_KEPT_S: Final = 900.0
"""A machine may become noisy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What may be said of one request."""

    verdict: LatencyVerdict
    before_ms: float | None
    """Known-good's median; None where none of its answers came."""

    def gain(self, endpoint: str) -> Gain | None:
        """As the ledger keeps it; None where its interval does not exclude that there is none."""
        ratio, before = self.verdict.ratio, self.before_ms
        if ratio.value is None or ratio.high is None or ratio.high >= 1 or before is None:
            return None
        low, high = (
            None if bound is None else round(before * (bound - 1), 3) for bound in (ratio.low, ratio.high)
        )
        after = round(before * ratio.value, 3)
        return Gain(
            endpoint=endpoint, kind="latency_ms", before=round(before, 3), after=after, low=low, high=high
        )


@dataclass(slots=True)
class _Claim:
    question: Question
    rule: Rule
    sessions: list[Session] = field(default_factory=list)
    seen: list[Pair] = field(default_factory=list)


class Timing:
    """Pairs on the data of one scale. What the machine does to the same code is measured once for each known-good."""

    def __init__(self, stage: SideBySide, /, *, rule: Rule | None = None) -> None:
        """`rule`: looks and levels of one claim.

        Claims of "faster" that are made at once share the level. A false "slower" has to pass at five in a hundred in both sessions, and
        needs no share.
        """
        self.stage = stage
        self._rule = rule or Rule()
        self._noise: dict[str, tuple[float, list[Pair], LatencyVerdict | None]] = {}

    def judge(
        self, known_good: Tree, candidate: Tree, questions: Mapping[str, Question], /
    ) -> dict[str, Timed]:
        """A verdict for each request that both could be sent.

        Raises:
            NotBooted: the candidate does not come up at this scale.
        """
        shared = replace(self._rule, claims=max(1, sum(each == "faster" for each in questions.values())))
        claims = {
            request: _Claim(question=question, rule=shared if question == "faster" else self._rule)
            for request, question in questions.items()
        }
        quiet, noisy = self._noise_of(known_good, tuple(claims))
        if noisy is not None:
            return {request: Timed(verdict=noisy, before_ms=None) for request in claims}
        self._session(known_good, candidate, claims, quiet, swapped=False)
        second = {
            request: claim
            for request, claim in claims.items()
            if claim.sessions and goes_on(claim.sessions[0])
        }
        if second:
            self._session(known_good, candidate, second, quiet, swapped=True)
        return {request: _timed(claim) for request, claim in claims.items() if claim.sessions}

    def _session(
        self,
        known_good: Tree,
        candidate: Tree,
        claims: Mapping[str, _Claim],
        quiet: Sequence[Pair],
        *,
        swapped: bool,
    ) -> None:
        with self.stage.pairs(known_good, candidate, tuple(claims), swapped=swapped) as pairings:
            for request, pairing in pairings.items():
                claim = claims[request]
                claim.rule = claim.rule.within(_affordable(_warmed(pairing), BUDGET_S[claim.question]))
                claim.sessions.append(_one_session(claim, pairing, quiet))

    def _noise_of(
        self, known_good: Tree, requests: tuple[str, ...]
    ) -> tuple[list[Pair], LatencyVerdict | None]:
        """Pairs of known-good with itself, taken with the quickest of the requests, and what they forbid to say."""
        found = self._noise.get(known_good.id)
        if found is not None and time.monotonic() - found[0] < _NOISE_KEPT_S:
            return found[1], found[2]
        quiet: list[Pair] = []
        verdict: LatencyVerdict | None = None
        with self.stage.pairs(known_good, known_good, requests) as pairings:
            speed = {request: _warmed(pairing) for request, pairing in sorted(pairings.items())}
            if speed:
                quickest = min(speed, key=lambda request: speed[request])
                rule = self._rule.within(_affordable(speed[quickest], BUDGET_S["harm"]))
                verdict = noise_verdict(kept_pairs(pairings[quickest], quiet), rule=rule)
        self._noise[known_good.id] = time.monotonic(), quiet, verdict
        return quiet, verdict


def _one_session(claim: _Claim, pairing: Pairing, quiet: Sequence[Pair]) -> Session:
    source = kept_pairs(pairing, claim.seen)
    begun: Sequence[Pair] = ()
    if claim.question == "harm" and len(claim.rule.looks) == _FEW:  # each pair takes seconds
        begun = source(_FEW)
        if min(before for before, _ in begun) >= _SLOW_MS and is_plainly_faster(begun, quiet):
            return Session(says="no harm", pairs=len(begun), ratio=ratio_of(begun))
    return session(claim.question, source, rule=claim.rule, begun=begun)


def _warmed(pairing: Pairing) -> float:
    """Milliseconds of a pair; the first answers of a worker are not looked at."""
    began = time.monotonic()
    pairing.warm_up(1)
    first_ms = (time.monotonic() - began) * 1000
    if first_ms < _SLOW_MS:
        pairing.warm_up(2)
    return first_ms


def _affordable(pair_ms: float, budget_s: float) -> int:
    return max(1, int(budget_s * 1000 / max(pair_ms, PACE_S * 1000)))


def _timed(claim: _Claim) -> Timed:
    answered = [before for before, _ in claim.seen if before < float("inf")]
    return Timed(
        verdict=verdict_of(claim.question, tuple(claim.sessions), claim.seen, rule=claim.rule),
        before_ms=statistics.median(answered) if answered else None,
    )
