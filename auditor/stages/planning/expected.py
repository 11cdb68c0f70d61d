"""What a change takes away: the cost terms of its findings before and after, as values and as text."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from auditor.model.cost_text import change_text, cost_text
from auditor.model.effect import EffectKind
from auditor.model.report import CostTerm, Endpoint, Finding, TermAtStake
from auditor.stages.planning.grouping import Group
from auditor.stages.planning.remedy import Remedy

_IN_ROWS: Final = frozenset({"rows", "rows_read", "cpu"})


@dataclass(frozen=True, kw_only=True)
class Stake:
    """One term before and after; `after` is None where no number of operations says what is left."""

    kind: str
    before: CostTerm
    after: CostTerm | None

    @property
    def in_rows(self) -> bool:
        """Whether the last size counts the rows of a table rather than turns of a loop."""
        return self.kind in _IN_ROWS


def stakes_on(group: Group, endpoint: Endpoint | None) -> tuple[Stake, ...]:
    """What one request of `endpoint` has at stake (None: whoever calls it), each effect counted once.

    In sizes that the endpoint's own cost is told in: a loop around it on the way from another endpoint is none here, and
    what only others pay is left out where this one pays something.
    """
    terms = [
        finding.cost_term
        for finding in group.findings
        if finding.cost_term is not None and (endpoint is None or endpoint.id in finding.endpoints)
    ]
    if endpoint is not None:
        paid = [term for term in terms if pays(endpoint, term)] or terms
        terms = [_told_in(endpoint, term) for term in paid]
    return tuple(_stake(term, group.remedy) for term in _distinct(terms))


def pays(endpoint: Endpoint, term: TermAtStake) -> bool:
    """Whether some part of the endpoint's cost can be the term: one that grows with what its innermost loop goes over."""
    return term.kind in _IN_ROWS or not term.sizes or _is_in(endpoint, term, term.sizes[-1:])


def _told_in(endpoint: Endpoint, term: TermAtStake) -> TermAtStake:
    if term.kind in _IN_ROWS or term.after is not None:
        return term
    inner = (term.sizes[start:] for start in range(len(term.sizes)))
    held = next((sizes for sizes in inner if _is_in(endpoint, term, sizes)), None)
    return term if held is None else _as_often(endpoint, term.model_copy(update={"sizes": held}))


def _as_often(endpoint: Endpoint, term: TermAtStake) -> TermAtStake:
    """At most as often as the endpoint's own cost says, and no more surely: "5 of 4 queries" is no sentence."""
    total = next(
        (
            one
            for one in endpoint.cost[cast("EffectKind", term.kind)].terms
            if sorted(one.sizes) == sorted(term.sizes)
        ),
        None,
    )
    if total is None or total.high is None or term.high is None:
        return term
    high = min(term.high, total.high)
    return term.model_copy(update={"low": min(term.low, total.low, high), "high": high})


def _is_in(endpoint: Endpoint, term: TermAtStake, sizes: tuple[str, ...]) -> bool:
    cost = endpoint.cost.get(cast("EffectKind", term.kind))
    return cost is not None and any(are_among(sizes, one.sizes) for one in cost.terms)


@lru_cache(maxsize=1 << 16)
def are_among(sizes: tuple[str, ...], all_sizes: tuple[str, ...], /) -> bool:
    """Whether a product of `all_sizes` has all of `sizes` as factors, each as often as it stands there."""
    return Counter(sizes) <= Counter(all_sizes)


def expected_texts(stakes: Iterable[Stake], remedy: Remedy) -> dict[str, str]:
    """By kind, `3·spaces → 1`; in words where no number says it."""
    by_kind: dict[str, list[Stake]] = {}
    for stake in stakes:
        by_kind.setdefault(stake.kind, []).append(stake)
    return {kind: _text(by_kind[kind], remedy) for kind in sorted(by_kind)}


def sizes_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The innermost size of each finding's cost, in order, without repeats."""
    terms = (finding.cost_term for finding in findings)
    return tuple(dict.fromkeys(term.sizes[-1] for term in terms if term is not None and term.sizes))


def _distinct(terms: Iterable[TermAtStake]) -> Iterable[TermAtStake]:
    """Leave out a term whose effects another one has already counted: two rules can point at one query."""
    counted: set[tuple[str, str]] = set()
    for term in terms:
        effects = {(term.kind, effect) for effect in term.effects}
        if not effects or not effects <= counted:
            counted |= effects
            yield term


def _stake(term: TermAtStake, remedy: Remedy) -> Stake:
    before = CostTerm(low=term.low, high=term.high, sizes=term.sizes, effects=term.effects)
    return Stake(kind=term.kind, before=before, after=term.after or _after(term, remedy))


def _after(term: TermAtStake, remedy: Remedy) -> CostTerm | None:
    if remedy.after == "same" or term.kind in _IN_ROWS:
        return None
    sizes = {"once": (), "one-each": term.sizes, "per-outer": term.sizes[:-1]}[remedy.after]
    if remedy.after_each:
        return CostTerm(low=term.low if remedy.after_low else 0, high=term.high, sizes=sizes)
    return CostTerm(low=min(term.low, remedy.after_low), high=1, sizes=sizes)


def _text(stakes: list[Stake], remedy: Remedy) -> str:
    before = [stake.before for stake in stakes]
    after = [stake.after for stake in stakes if stake.after is not None]
    if len(after) == len(before):
        return change_text(before, after)
    return f"{cost_text(before)} → {remedy.after_words or 'less'}"
