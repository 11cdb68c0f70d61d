"""What the requests of trees cost, over the rounds that were played of them: counts, the lines that ran, the statements that were sent."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from auditor.measure.counts import REPEATS, counted_effects, counts_of
from auditor.measure.replay import Replay
from auditor.measure.worth import says_something, turns_away
from auditor.trial.reach import Lines

Counts = Mapping[str, Mapping[str, int]]
"""By request, by component of the vector."""
Statements = Mapping[str, Mapping[str, int]]
"""By request, each statement's text and how often it was sent."""
_FEWEST: Final = 2
"""Rounds of which anything is concluded."""
_Repeat = dict[str, dict[str, int]]
"""The counts of one round."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a count was seen to be, over the repeats."""

    low: int
    high: int

    @property
    def steady(self) -> bool:
        """Whether all repeats agree."""
        return self.low == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the requests of a tree cost, over two or three repeats.

    Where they differ (each worker fills a memo of its own, say, and chance decides who answers) nothing is concluded but what
    holds for every repeat: a count has fallen only if its highest is below the lowest it was, and risen only if its lowest is above the highest.
    """

    spans: Mapping[str, Mapping[str, Span]]
    """By request, by component of the vector."""
    repeats: int = REPEATS
    by_one: bool = False
    """Whether in each repeat one process answered everything, so that none of it depends on who answered what."""
    turned_away: frozenset[str] = frozenset()
    """Requests that were refused, or sent to where one signs in."""

    @property
    def counts(self) -> Counts:
        """Those that are steady."""
        return {
            request: {component: span.low for component, span in spans.items() if span.steady}
            for request, spans in self.spans.items()
        }


class Tally:
    """What is known of each tree, by its id; it stays known when the tree's private copies are gone."""

    def __init__(self, baseline: str, /) -> None:
        """`baseline` is the id of the tree that others are held against."""
        self._baseline = baseline
        self._repeats: dict[str, list[_Repeat]] = {}
        self._most: dict[str, int] = {}
        """Repeats that are kept of a tree: no more than were asked for, so that what is told does not depend on how often it was played."""
        self._by_one: dict[str, bool] = {}
        self._turned_away: dict[str, frozenset[str]] = {}
        self.lines: dict[str, Mapping[str, Lines]] = {}
        """By tree, by request with the role `time` and a good, non-empty answer, the lines that it ran."""
        self.statements: dict[str, Statements] = {}
        """By tree, by request with the role `time`, what it asked the database for."""

    def want(self, tree: str, repeats: int, /) -> None:
        """So many repeats of the tree, and `REPEATS` at least, are kept from now on."""
        self._most[tree] = max(REPEATS, repeats, self._most.get(tree, 0))

    def add(self, tree: str, played: Replay, /, *, lines: bool) -> None:
        """One more round of its timed requests; with `lines` what they ran was recorded."""
        repeats = self._repeats.setdefault(tree, [])
        self._turned_away[tree] = frozenset(
            exchange.request.id for exchange in played.exchanges if turns_away(exchange.answer)
        )
        if len(repeats) < self._most.get(tree, REPEATS):
            repeats.append(_counts(played))
            self._by_one[tree] = self._by_one.get(tree, True) and len(_answering(played)) == 1
        if lines and tree not in self.lines:
            self.lines[tree] = lines_of(played)
            self.statements[tree] = _statements(played)

    def suffices(self, tree: str, least: int, /) -> bool:
        """Whether it was played as often as is needed: `REPEATS` times, or twice where these and all of the baseline agree; `least` in any case."""
        repeats = self._repeats.get(tree, [])
        if tree not in self.lines or len(repeats) < max(_FEWEST, least):
            return False
        return len(repeats) >= REPEATS or self._is_steady(tree, repeats)

    def of(self, tree: str, /) -> Counted:
        """What it costs; it was played before."""
        return replace(
            _agreeing(self._repeats[tree]), by_one=self._by_one[tree], turned_away=self._turned_away[tree]
        )

    def _is_steady(self, tree: str, repeats: list[_Repeat]) -> bool:
        if tree == self._baseline:
            return False
        return all(map(_agree, (repeats, self._repeats.get(self._baseline, []))))


def lines_of(played: Replay, /, *, good: bool = True) -> dict[str, Lines]:
    """By request, the lines that were recorded; of `good`, non-empty answers alone unless others are wanted too."""
    return {
        exchange.request.id: {file: frozenset(numbers) for file, numbers in exchange.record.lines.items()}
        for exchange in played.exchanges
        if exchange.record is not None and (not good or says_something(exchange))
    }


def together(lines: Iterable[Lines], /) -> Lines:
    """All of them in one."""
    found: dict[str, set[int]] = {}
    for each in lines:
        for file, numbers in each.items():
            found.setdefault(file, set()).update(numbers)
    return {file: frozenset(numbers) for file, numbers in found.items()}


def _counts(played: Replay) -> _Repeat:
    return {
        exchange.request.id: counts_of(exchange.record)
        for exchange in played.exchanges
        if exchange.record is not None and "time" in exchange.request.roles
    }


def _answering(played: Replay) -> set[int]:
    return {exchange.record.pid for exchange in played.exchanges if exchange.record is not None}


def _statements(played: Replay) -> dict[str, Counter[str]]:
    return {
        exchange.request.id: Counter(
            effect.text for effect in counted_effects(exchange.record) if effect.kind == "sql" and effect.text
        )
        for exchange in played.exchanges
        if exchange.record is not None and "time" in exchange.request.roles
    }


def _agree(repeats: list[_Repeat]) -> bool:
    return all(one == repeats[0] for one in repeats)


def _agreeing(repeats: list[_Repeat]) -> Counted:
    spans: dict[str, dict[str, Span]] = {}
    for request, counts in repeats[0].items():
        for component in counts:
            values = [one[request][component] for one in repeats if component in one.get(request, {})]
            if len(values) == len(repeats):
                spans.setdefault(request, {})[component] = Span(min(values), max(values))
    return Counted(spans=spans, repeats=len(repeats))
