"""Whether a candidate is faster, slower, or does no harm: pairs in random order, looked at as they come.

The errors are bounded by the number of looks: each look spends a share of the level, and the shares add up to it.
Nothing is called faster or slower unless a second session, with the two in each other's place, says so too; what
belongs to a place (memory layout, a port) then speaks once for and once against. Both servers run on the same cores
(`auditor.measure.placement`), and where pairs resemble their neighbours all the same, no verdict is given. `benchmarks/false_faster.py`
measures both kinds of error on recorded timings.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Final, Literal

from auditor.measure.signed_rank import p_below
from auditor.model.numbers import Number
from auditor.model.value import Value

Pair = tuple[float, float]
"""Milliseconds of the baseline and of the candidate, sent one right after the other in random order.

Infinite where no whole answer came in time: it is slower than all others, and never dropped."""
PairSource = Callable[[int], Sequence[Pair]]
"""Measures so many more pairs."""

Question = Literal["faster", "harm"]
"""`faster`: what was promised is speed. `harm`: counts won already, and speed must only not be lost."""
Verdict = Literal["faster", "slower", "no harm", "undecided", "too noisy"]

_TAIL: Final = 0.05
_LAGS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When to look, and what a look may spend."""

    looks: tuple[int, ...] = (5, 10, 20, 40, 80, 160, 320)
    """Pairs in a session at each look."""
    margin: float = 0.03
    """A difference within it is none: 3 %, the least that two boots of the same code never showed (safety.md E)."""
    faster_level: float = 0.01
    """Of each of the two sessions; both together err about once in ten thousand decisions."""
    harm_level: float = 0.05
    """For excluding harm, where counts have won already."""
    first_share: float = 0.65
    """Of the harm level for the first look, so that five of five can settle it (1/32)."""
    test: Callable[[Sequence[float]], float] = p_below
    """Gives how likely values lie this far below zero by chance; ranks have more power here than signs."""
    noise_looks: int = 4
    """So many of the looks are taken at the baseline against itself."""
    stretch_noise: float = 2.0
    """Standard errors by which pairs may resemble those beside them in that; more, and no verdict is given."""
    stretch: float = 3.0
    """The same for the pairs that a verdict stands on."""
    claims: int = 1
    """Decisions made on the same occasion: the levels are divided by it."""

    def within(self, pairs: int, /) -> "Rule":
        """Without the looks beyond so many pairs in a session, for requests that take long; two looks stay."""
        kept = tuple(look for look in self.looks if look <= pairs)
        return replace(self, looks=kept if len(kept) > 1 else self.looks[:2])

    def share(self, look: int, question: Question, /) -> float:
        """What the look of that index may spend."""
        if question == "faster":
            return self.faster_level / self.claims / len(self.looks)
        rest = (1 - self.first_share) / (len(self.looks) - 1)
        return self.harm_level / self.claims * (self.first_share if look == 0 else rest)


class Session(Value):
    """One run of pairs with both in fixed places."""

    says: Literal["faster", "slower", "no harm", "same", "undecided"]
    """`same`: neither faster nor slower by more than the margin can be had any more."""
    pairs: int
    ratio: Number
    """Candidate over baseline."""


class LatencyVerdict(Value):
    """What may be said about speed."""

    verdict: Verdict
    reason: str
    """One sentence."""
    ratio: Number = Number()
    """Candidate over baseline, the median over all pairs with its interval."""
    sessions: tuple[Session, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where pairs come from. Each stands for servers that are up."""

    same: PairSource
    """The baseline against itself, in two servers of its own."""
    direct: PairSource
    swapped: PairSource
    """Both started anew, each in the other's place."""


def judge(question: Question, sources: Sources, /, *, rule: Rule | None = None) -> LatencyVerdict:
    """Measures until it is decided, or until every look has been taken.

    Args:
        question: what must be shown.
        sources: how to measure.
        rule: looks and levels.
    """
    rule = rule or Rule()
    quiet: list[Pair] = []
    noisy = noise_verdict(kept_pairs(sources.same, quiet), rule=rule)
    seen: list[Pair] = []
    first = session(question, kept_pairs(sources.direct, seen), rule=rule)
    sessions: tuple[Session, ...] = (first,)
    if goes_on(first):
        sessions = (first, session(question, kept_pairs(sources.swapped, seen), rule=rule))
    return verdict_of(question, sessions, seen, rule=rule, same=quiet, noisy=noisy)


def noise_verdict(same: PairSource, /, *, rule: Rule) -> LatencyVerdict | None:
    """`too noisy` where the same code against itself already seems to differ; None where pairs can be believed."""
    quiet: list[Pair] = []
    noise = session("faster", kept_pairs(same, quiet), rule=rule, looks=rule.noise_looks)
    reason = ""
    if noise.says in {"faster", "slower"}:
        reason = "machine too noisy: the same code against itself already seems to differ"
    elif comes_in_stretches(quiet, rule.stretch_noise):
        reason = "machine too noisy: of two servers with the same code one was favoured for a while"
    if not reason:
        return None
    return LatencyVerdict(verdict="too noisy", reason=reason, ratio=noise.ratio, sessions=(noise,))


def goes_on(first: Session, /) -> bool:
    """Whether a second session, with the two in each other's place, has something to confirm."""
    return first.says not in {"undecided", "same"}


def is_plainly_faster(pairs: Sequence[Pair], same: Sequence[Pair], /) -> bool:
    """Whether each pair is twice as fast, and faster than every pair of the same code.

    Enough for requests that take too long for more pairs, and more than is explained by a machine that favours one of two servers for a while.
    Were the candidate no faster, its `k` pairs would be the least of `m + k` by a chance of one in `comb(m + k, k)`; that must be under
    one in 500. Being twice as fast makes up for the same code having been measured on another request.
    """
    logs = [log_ratio(pair) for pair in pairs]
    least = min(map(log_ratio, same), default=-math.inf)
    return (
        bool(logs) and comb(len(same) + len(logs), len(logs)) > 500 and max(logs) < min(least, math.log(0.5))
    )


def is_plain(pairs: Sequence[Pair], same: Sequence[Pair], /) -> bool:
    """Whether each pair is twice as fast, or each half as fast, and more so than every pair of the same code."""
    return is_plainly_faster(pairs, same) or is_plainly_faster(_exchanged(pairs), _exchanged(same))


def _exchanged(pairs: Sequence[Pair]) -> list[Pair]:
    return [(candidate, baseline) for baseline, candidate in pairs]


def session(
    question: Question,
    source: PairSource,
    /,
    *,
    rule: Rule,
    looks: int | None = None,
    begun: Sequence[Pair] = (),
) -> Session:
    """Takes the looks in turn (at most `looks` of them) until one of them decides; `begun` are pairs that were taken before."""
    pairs: list[Pair] = list(begun)
    for look, size in enumerate(rule.looks[:looks]):
        pairs += source(size - len(pairs))
        says = _look(question, pairs, rule, rule.share(look, question))
        if says != "undecided":
            return Session(says=says, pairs=len(pairs), ratio=ratio_of(pairs))
    return Session(says="undecided", pairs=len(pairs), ratio=ratio_of(pairs))


def ratio_of(pairs: Sequence[Pair], /) -> Number:
    """Candidate over baseline: the median of the pairs' ratios, with an interval of about 95 % coverage."""
    logs = sorted(map(log_ratio, pairs))
    if not logs:
        return Number(basis="no pairs")
    n = len(logs)
    reach = math.ceil(0.98 * math.sqrt(n)) if n >= 6 else n
    low, high = logs[max(0, n // 2 - reach)], logs[min(n - 1, n // 2 + reach)]
    bounds = [None if math.isinf(bound) else round(math.exp(bound), 4) for bound in (low, high)]
    middle = statistics.median(logs)
    if math.isinf(middle) or math.isnan(middle):
        return Number(basis=f"{n} pairs, more than half without an answer in time")
    value = round(math.exp(middle), 4)
    return Number(value=value, kind="measured", n=n, low=bounds[0], high=bounds[1], basis=f"{n} pairs")


def log_ratio(pair: Pair, /) -> float:
    """0 where neither came in time."""
    baseline, candidate = pair
    if math.isinf(baseline) or math.isinf(candidate):
        return 0.0 if baseline == candidate else math.copysign(math.inf, candidate - baseline)
    return math.log(max(candidate, 1e-6) / max(baseline, 1e-6))


def tail_is_slower(pairs: Sequence[Pair], /) -> bool:
    """Whether the slowest twentieth of all answers is the candidate's more often than chance has it."""
    n = len(pairs)
    ranked = sorted([(baseline, 0) for baseline, _ in pairs] + [(candidate, 1) for _, candidate in pairs])
    slowest = ranked[-math.ceil(_TAIL * 2 * n) :]
    own = sum(side for _, side in slowest)
    k = len(slowest)
    chances = (comb(n, x) * comb(n, k - x) for x in range(own, k + 1))
    return own > 0 and sum(chances) / comb(2 * n, k) <= _TAIL


def comes_in_stretches(pairs: Sequence[Pair], limit: float, /) -> bool:
    """Whether pairs resemble the five before them by more than `limit` standard errors of chance.

    The tests count each pair as evidence of its own; pairs within a stretch in which one server is favoured are
    one piece of evidence together.
    """
    logs = [log_ratio(pair) for pair in pairs]
    middle = statistics.median(logs) if logs else 0.0
    signs = [(value > middle) - (value < middle) for value in logs]
    lags = range(1, min(_LAGS, len(signs) // 4) + 1)
    products = [sum(a * b for a, b in zip(signs, signs[lag:], strict=False)) for lag in lags]
    errors = math.sqrt(sum(len(signs) - lag for lag in lags))
    return errors > 0 and sum(products) / errors > limit


def _look(
    question: Question, pairs: Sequence[Pair], rule: Rule, share: float
) -> Literal["faster", "slower", "no harm", "same", "undecided"]:
    logs = [log_ratio(pair) for pair in pairs]
    lower, upper = math.log(1 - rule.margin), math.log(1 + rule.margin)
    if rule.test([upper - value for value in logs]) <= share:
        return "slower"
    if question == "harm":
        return "no harm" if rule.test([value - upper for value in logs]) <= share else "undecided"
    if rule.test([value - lower for value in logs]) <= share:
        return "faster"
    not_faster = rule.test([lower - value for value in logs]) <= share
    return "same" if not_faster else "undecided"


def verdict_of(
    question: Question,
    sessions: tuple[Session, ...],
    seen: Sequence[Pair],
    /,
    *,
    rule: Rule,
    same: Sequence[Pair] = (),
    noisy: LatencyVerdict | None = None,
) -> LatencyVerdict:
    """What one session or two, which stand on the pairs `seen`, come to.

    `same` are pairs of the same code, and `noisy` what those forbid to say: then only what is plain is told.
    """
    if noisy is not None and not is_plain(seen, same):
        return noisy
    said = {each.says for each in sessions}
    verdict: Verdict = "undecided"
    reason = f"no evidence in {len(seen)} pairs"
    if len(sessions) == 2 and len(said) == 1:
        verdict, reason = _both(sessions[0].says, seen, rule, same)
    elif len(sessions) == 2:
        reason = f"the places matter more than the code: {sessions[0].says}, then swapped {sessions[1].says}"
    elif said == {"same"}:
        reason = "not faster by more than the margin"
        verdict = "undecided"
    if question == "harm" and verdict == "faster":
        verdict = "no harm"
    return LatencyVerdict(verdict=verdict, reason=reason, ratio=ratio_of(seen), sessions=sessions)


def _both(says: str, seen: Sequence[Pair], rule: Rule, same: Sequence[Pair]) -> tuple[Verdict, str]:
    failed = [sum(math.isinf(pair[side]) for pair in seen) for side in (0, 1)]
    if failed[1] > failed[0] and says != "slower":
        return (
            "undecided",
            f"{failed[1]} answers of the candidate did not come in time, {failed[0]} of the baseline",
        )
    if not is_plain(seen, same) and comes_in_stretches(seen, rule.stretch):
        return "undecided", "one of the two was favoured for a while: the pairs are not evidence of their own"
    if says == "faster" and tail_is_slower(seen):
        return "undecided", "the median is faster, but the slowest answers are the candidate's"
    if says == "faster":
        return "faster", "faster in both sessions, roles swapped between them"
    if says == "slower":
        return "slower", "slower in both sessions, roles swapped between them"
    return "no harm", "not slower by more than the margin in both sessions, roles swapped between them"


def kept_pairs(source: PairSource, seen: list[Pair], /) -> PairSource:
    """The same source; what it measures is put behind `seen`."""

    def measure(n: int) -> Sequence[Pair]:
        pairs = source(n)
        seen.extend(pairs)
        return pairs

    return measure
