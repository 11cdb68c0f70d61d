"""Is a candidate faster or slower than known-good, request by request: both sessions for all requests with four boots in all."""

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from auditor.measure.latency import (
    LatencyVerdict,
    Pair,
    Question,
    Rule,
    Session,
    goes_on,
    is_plainly_faster,
    kept_pairs,
    log_ratio,
    noise_verdict,
    ratio_of,
    session,
    verdict_of,
)
from auditor.measure.pairing import PACE_S
from auditor.model.trial import Gain
from auditor.trial.side_by_side import Race, SideBySide
from auditor.trial.trees import Tree

BUDGET_S: Final[dict[Question, float]] = {"faster": 30.0, "harm": 10.0}
"""For the pairs of one request in one session: slow requests get fewer looks. Where counts won, a slight harm is not looked for."""
_SLOW_MS: Final = 1000.0
"""From here on a request is slow: two pairs in each session, if they are plain enough, are all it is asked for."""
_VERY_SLOW_MS: Final = 5000.0
"""From here on it is the first answers of both servers, in each session."""
_FEW: Final = 2
_MUCH_SLOWER: Final = 1.3
"""What makes a slow request worth more pairs: all of the few are slower by so much."""
_MOST_MS: Final = 600_000.0
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
    slow: bool = False
    sessions: list[Session] = field(default_factory=list)
    seen: list[Pair] = field(default_factory=list)


class Noise:
    """What the machine does to the same code: pairs of known-good with itself, taken once for each known-good."""

    def __init__(self, stage: SideBySide, /, *, rule: Rule) -> None:
        """`stage`: small data, for requests that are soon answered."""
        self._stage = stage
        self._rule = rule
        self._known: dict[str, tuple[float, list[Pair], LatencyVerdict | None]] = {}

    def of(self, known_good: Tree, requests: tuple[str, ...], /) -> tuple[list[Pair], LatencyVerdict | None]:
        """The pairs, taken with the quickest of the requests, and what they forbid to say."""
        found = self._known.get(known_good.id)
        if found is not None and time.monotonic() - found[0] < _NOISE_KEPT_S:
            return found[1], found[2]
        quiet: list[Pair] = []
        verdict: LatencyVerdict | None = None
        with self._stage.races(known_good, known_good, requests) as races:
            race = min(races.values(), key=lambda race: sum(race.first), default=None)
            if race is not None:
                rule = self._rule.within(_affordable(_warmed(race), BUDGET_S["harm"]))
                verdict = noise_verdict(kept_pairs(race.pairing, quiet), rule=rule)
        self._known[known_good.id] = time.monotonic(), quiet, verdict
        return quiet, verdict


class Timing:
    """Pairs on the data of one scale."""

    def __init__(self, stage: SideBySide, noise: Noise, /, *, rule: Rule) -> None:
        """`rule`: looks and levels of one claim.

        Claims of "faster" that are made at once share the level. A false "slower" has to pass at five in a hundred in both sessions, and
        needs no share.
        """
        self.stage = stage
        self._noise = noise
        self._rule = rule

    def judge(
        self, known_good: Tree, candidate: Tree, questions: Mapping[str, Question], /
    ) -> dict[str, Timed]:
        """A verdict for each request that both could be sent.

        Where the machine is too noisy only what is plain is told: slight harm and slight gain are not.

        Raises:
            NotBooted: the candidate does not come up at this scale.
        """
        shared = replace(self._rule, claims=max(1, sum(each == "faster" for each in questions.values())))
        claims = {
            request: _Claim(question=question, rule=shared if question == "faster" else self._rule)
            for request, question in questions.items()
        }
        quiet, noisy = self._noise.of(known_good, tuple(claims))
        self._session(known_good, candidate, claims, quiet, swapped=False)
        second = {
            request: claim
            for request, claim in claims.items()
            if claim.sessions and goes_on(claim.sessions[0])
        }
        if second:
            self._session(known_good, candidate, second, quiet, swapped=True)
        return {request: _timed(claim, quiet, noisy) for request, claim in claims.items() if claim.sessions}

    def _session(
        self,
        known_good: Tree,
        candidate: Tree,
        claims: Mapping[str, _Claim],
        quiet: Sequence[Pair],
        *,
        swapped: bool,
    ) -> None:
        with self.stage.races(known_good, candidate, tuple(claims), swapped=swapped) as races:
            for request, race in races.items():
                claims[request].sessions.append(_one_session(claims[request], race, quiet))


def _one_session(claim: _Claim, race: Race, quiet: Sequence[Pair]) -> Session:
    pair_ms = _warmed(race)
    claim.rule = claim.rule.within(_affordable(pair_ms, BUDGET_S[claim.question]))
    source = kept_pairs(race.pairing, claim.seen)
    if race.first[0] < _SLOW_MS:
        return session(claim.question, source, rule=claim.rule)
    claim.slow = True
    if race.first[0] < _VERY_SLOW_MS:
        few = list(source(_FEW))
    else:
        few = [race.first]  # what a boot has to do first is nothing beside this
        claim.seen += few
    logs = [log_ratio(pair) for pair in few]
    if max(logs) < min([math.log(0.5), *map(log_ratio, quiet)]):
        plain: Literal["faster", "no harm"] = "faster" if claim.question == "faster" else "no harm"
        return Session(says=plain, pairs=len(few), ratio=ratio_of(few))
    if min(logs) < math.log(_MUCH_SLOWER) and (claim.question == "harm" or race.first[0] >= _VERY_SLOW_MS):
        return Session(says="undecided", pairs=len(few), ratio=ratio_of(few))
    return session(claim.question, source, rule=claim.rule, begun=few)


def _warmed(race: Race) -> float:
    """Milliseconds of a pair; where they are few, the first answers of a worker are not looked at."""
    first_ms = sum(race.first)
    if first_ms < _SLOW_MS:
        race.pairing.warm_up(3)
    return min(first_ms, _MOST_MS)


def _affordable(pair_ms: float, budget_s: float) -> int:
    return max(1, int(budget_s * 1000 / max(pair_ms, PACE_S * 1000)))


def _timed(claim: _Claim, quiet: Sequence[Pair], noisy: LatencyVerdict | None) -> Timed:
    answered = [before for before, _ in claim.seen if before < math.inf]
    verdict = verdict_of(
        claim.question, tuple(claim.sessions), claim.seen, rule=claim.rule, same=quiet, noisy=noisy
    )
    if verdict.verdict == "too noisy":
        return Timed(verdict=verdict, before_ms=None)
    few = claim.slow and len(claim.seen) <= 2 * _FEW
    if few and verdict.verdict != "undecided" and not is_plainly_faster(claim.seen, quiet):
        verdict = verdict.model_copy(
            update={"verdict": "undecided", "reason": "too few pairs, and too slow for more"}
        )
    return Timed(
        verdict=verdict,
        before_ms=statistics.median(answered) if answered else None,
    )
