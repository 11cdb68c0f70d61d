"""What indexes change: how the database means to get at the rows of the statements that requests send, at the largest scale.

Plans say what little data can't: among a few rows a scan costs nothing. They are asked for before any time is taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from auditor.execution.databases.access import Access
from auditor.model.text import shorten
from auditor.model.trial import Gain
from auditor.trial.candidate import Candidate
from auditor.trial.gates.counts import changed_lines, function_lines
from auditor.trial.playing import Player
from auditor.trial.side_by_side import SideBySide
from auditor.trial.trees import Tree
from auditor.trial.winnings import Won

_MOST: Final = 2000
"""Statements that are planned."""
_LEAST_SHARE: Final = 0.9
"""Of the rows read before: a search that reads nearly as much is no gain."""

Plan = tuple[Access, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Better:
    """One statement that reads less."""

    statement: str
    before: Plan
    after: Plan

    @property
    def line(self) -> str:
        """For a person."""
        used = [step for step in self.after if step.how == "search" and step.table in _scanned(self.before)]
        how = ", ".join(f"{step.table} is searched by {step.index or 'its key'}" for step in used)
        text = shorten(" ".join(self.statement.split()), 120)
        return f"`{text}`: {how}, rows read {rows_of(self.before):,.0f} → {rows_of(self.after):,.0f}"


class IndexPlans:
    """`auditor.trial.winnings.Plans`."""

    def __init__(self, player: Player, stage: SideBySide, endpoint_of: Callable[[str], str], /) -> None:
        """`player` says what requests send, `stage` has the data that plans are made for."""
        self._player = player
        self._stage = stage
        self._endpoint_of = endpoint_of

    def __call__(self, candidate: Candidate, known_good: Tree, tree: Tree, /) -> Won | None:
        """Won where statements that both trees send go from a scan to a search, and some request reads fewer rows in all."""
        if self._player.world(tree).indexes() == self._player.world(known_good).indexes():
            return None
        sent, sends = self._player.statements(known_good), self._player.statements(tree)
        texts = sorted(
            {text for each in sent.values() for text in each}
            & {text for each in sends.values() for text in each}
        )
        plans = []
        for one in (known_good, tree):
            world = self._stage.world(one)
            world.reset()
            plans.append(world.explain(texts[:_MOST]))
        before, after = plans
        better = sorted(
            better_plans(before, after),
            key=lambda one: (rows_of(one.after) - rows_of(one.before), one.statement),
        )
        gains = rows_gained(sent, before, after, self._endpoint_of)
        if not better or not gains:
            if any(
                file.trees and function_lines(file.trees[1]) & changed_lines(file) for file in candidate.files
            ):
                return None  # it changes more than the schema
            new = self._player.world(tree).indexes() - self._player.world(known_good).indexes()
            what = "; ".join(sorted(new)) or "an index less"
            return Won(
                by="nothing", evidence=(f"no statement that requests send reads fewer rows for it: {what}",)
            )
        return Won(
            by="plans",
            evidence=tuple(f"{one.line} at scale {self._stage.scale}" for one in better),
            gains=gains,
            endpoints=frozenset(gain.endpoint for gain in gains),
            shown=_ANEW if self._player.is_made_anew(tree) else (),
        )


_ANEW: Final = (
    "the index stands in a database that is made anew; one that is there already needs a statement of your own: CREATE INDEX",
)


def better_plans(before: Mapping[str, Plan], after: Mapping[str, Plan], /) -> list[Better]:
    """Statements of which a table is searched that was scanned, for fewer rows."""
    return [
        Better(statement=statement, before=was, after=after[statement])
        for statement, was in before.items()
        if statement in after
        and any(step.how == "search" and step.table in _scanned(was) for step in after[statement])
        and rows_of(after[statement]) < _LEAST_SHARE * rows_of(was)
    ]


def rows_gained(
    sent: Mapping[str, Mapping[str, int]],
    before: Mapping[str, Plan],
    after: Mapping[str, Plan],
    endpoint_of: Callable[[str], str],
    /,
) -> tuple[Gain, ...]:
    """By endpoint, the mean of the rows that its requests read by plan, where it fell."""
    sums: dict[str, list[tuple[float, float]]] = {}
    for request, statements in sorted(sent.items()):
        planned = {text: times for text, times in statements.items() if text in before and text in after}
        was, is_now = (
            sum(times * rows_of(plans[text]) for text, times in planned.items()) for plans in (before, after)
        )
        sums.setdefault(endpoint_of(request), []).append((was, is_now))
    means = {
        endpoint: tuple(sum(pair[side] for pair in pairs) / len(pairs) for side in (0, 1))
        for endpoint, pairs in sums.items()
    }
    return tuple(
        Gain(endpoint=endpoint, kind="rows_read", before=round(was, 1), after=round(is_now, 1))
        for endpoint, (was, is_now) in sorted(means.items())
        if is_now < was
    )


def rows_of(plan: Plan, /) -> float:
    """Rows read in one run."""
    return sum(step.rows for step in plan)


def _scanned(plan: Plan) -> set[str]:
    return {step.table for step in plan if step.how == "scan"}
