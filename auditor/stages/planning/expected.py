"""What a change takes away: the cost terms of its findings before and after, as values and as text."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditor.model.cost_text import change_text, cost_text
from auditor.model.report import CostTerm, Finding, TermAtStake
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


def stakes_on(group: Group, endpoint: str | None) -> tuple[Stake, ...]:
    """What one request of `endpoint` has at stake (None: whoever calls it), each effect counted once."""
    terms = [
        finding.cost_term
        for finding in group.findings
        if finding.cost_term is not None and (endpoint is None or endpoint in finding.endpoints)
    ]
    return tuple(_stake(term, group.remedy) for term in _distinct(terms))


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
    return CostTerm(
        low=min(term.low, remedy.after_low), high=term.high if remedy.after_each else 1, sizes=sizes
    )


def _text(stakes: list[Stake], remedy: Remedy) -> str:
    before = [stake.before for stake in stakes]
    after = [stake.after for stake in stakes if stake.after is not None]
    if len(after) == len(before):
        return change_text(before, after)
    return f"{cost_text(before)} → {remedy.after_words or 'less'}"
