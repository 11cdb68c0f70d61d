"""What trees answer where tables hold no rows, held against what the baseline answers there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from auditor.execution.databases.tables import Table
from auditor.execution.world import World
from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, make_contract
from auditor.measure.contract.declared import Declared
from auditor.measure.contract.difference import Difference, failures
from auditor.measure.contract.recording import Recording
from auditor.measure.running.rounds import Round
from auditor.measure.workload import Workload, part_of
from auditor.model.fault import Fault
from auditor.trial.emptied import asked_of_nothing, letting_in, refused_now, to_be_emptied
from auditor.trial.reach import Reached
from auditor.trial.reference import EFFECTS
from auditor.trial.sums_of_none import emptied_apart
from auditor.trial.trees import Tree

_TRIES: Final = 3
"""To find out what has to stay for somebody to be let in."""
_RUNS: Final = 2
"""Of the baseline, before a difference is anybody's; and one more to hold against these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """What is asked of tables without rows."""

    workload: Workload
    tables: tuple[str, ...]
    """In the order in which they are emptied."""
    all_there_is: bool = True
    """Whether that is all that may be emptied, or only what is summed."""


def emptied(world: World, tables: tuple[str, ...], /) -> World:
    """The world without the rows of these tables; `Fault` where one of them may not go."""
    if not world.empty(tables):
        raise Fault("its tables can't be emptied", where="the database")
    return world


class OfNothing:
    """The baseline and the trees that are held against it, each played on emptied tables as often as is needed."""

    def __init__(
        self,
        play: Callable[[Tree, Nothing], Round],
        baseline: Tree,
        workload: Workload,
        reach: Callable[[], Mapping[str, Reached]],
        tables: Callable[[], Iterable[Table]],
        /,
        *,
        sums: Callable[[Tree], Mapping[str, frozenset[str]]] = lambda _: {},
        excluded: Iterable[str] = (),
    ) -> None:
        """`play` plays a tree on emptied tables, `reach` tells what requests did on the baseline, `tables` which there are.

        `sums` tells which statements of a tree sum what the baseline does not, by request.
        """
        self._play = play
        self._baseline = baseline
        self._workload = workload
        self._reach = reach
        self._tables = tables
        self._sums = sums
        self._excluded = tuple(excluded)
        self._apart: dict[tuple[tuple[str, ...], frozenset[str]], list[Recording]] = {}
        """The baseline's runs where only what is summed is empty, by what is empty and who asks."""

    @cached_property
    def first(self) -> Nothing | None:
        """What is asked of the baseline at first: whoever is not let in then tells what else has to stay."""
        return self._nothing(frozenset())

    def differences(self, tree: Tree, declared: Declared, /) -> tuple[Difference, ...]:
        """What the tree answers otherwise than the baseline; nothing where the baseline can't be asked so.

        A difference is blamed on nobody before the baseline was given two more runs to show it.
        """
        known = self._known
        if known is not None and (found := self._held(tree, *known, declared)):
            return found
        for nothing in self._without_members(tree):
            try:
                runs = self._runs_apart(nothing)
            except Fault:  # it needs what is gone
                continue
            if found := self._held(tree, nothing, runs, declared):
                return found
        return ()

    def _held(
        self, tree: Tree, nothing: Nothing, runs: list[Recording], declared: Declared
    ) -> tuple[Difference, ...]:
        """What the tree answers otherwise than the baseline in `runs`, to which more are added where that is needed."""
        now = self._play(tree, nothing).recording

        def found() -> tuple[Difference, ...]:
            about = About(tree=self._baseline.id)
            contract = make_contract(nothing.workload, runs[:_RUNS], about=about, excluded=self._excluded)
            own = {_sign(one) for run in runs for one in compare(contract, run)}
            differing = failures(compare(contract, now, declared=declared))
            return tuple(one for one in differing if one.part not in EFFECTS and _sign(one) not in own)

        while (left := found()) and len(runs) <= _RUNS:
            try:
                runs.append(self._play(self._baseline, nothing).recording)
            except Fault:  # it does not always bear it: nobody may say that the change is wrong there
                return ()
        return left

    def _runs_apart(self, nothing: Nothing) -> list[Recording]:
        key = nothing.tables, frozenset(one.id for one in nothing.workload.requests)
        if key not in self._apart:
            self._apart[key] = [self._play(self._baseline, nothing).recording]
        return self._apart[key]

    def _without_members(self, tree: Tree) -> tuple[Nothing, ...]:
        """What is asked where the tables that the tree sums are empty, and those above them are not."""
        sums = self._sums(tree)
        if not sums:
            return ()
        reach = self._reach()
        asked = asked_of_nothing(self._workload, reach)
        apart = emptied_apart(self._tables(), sums, letting_in(asked, reach))
        kept = [(tables, [one.id for one in asked.requests if one.id in ids]) for tables, ids in apart]
        return tuple(
            Nothing(workload=part_of(asked, ids), tables=tables, all_there_is=False)
            for tables, ids in kept
            if ids
        )

    def asked(self) -> Nothing | None:
        """What is asked of every tree; None where that says nothing."""
        return self._known[0] if self._known is not None else None

    @cached_property
    def _known(self) -> tuple[Nothing, list[Recording]] | None:
        """What is asked, and the baseline's first run of it."""
        nothing, keep = self.first, frozenset[str]()
        for _ in range(_TRIES):
            if nothing is None:
                return None
            try:
                played = self._play(self._baseline, nothing)
            except Fault:  # it needs what is gone: nobody may say that a change is wrong there
                return None
            refused = refused_now(self._reach(), played.replay.exchanges)
            if not refused:
                return nothing, [played.recording]
            keep |= refused
            nothing = self._nothing(keep)
        return None

    def _nothing(self, keep: frozenset[str]) -> Nothing | None:
        reach = self._reach()
        asked = asked_of_nothing(self._workload, reach)
        words = [reach[one.id].words for one in asked.requests]
        tables = to_be_emptied(self._tables(), words, keep | letting_in(asked, reach))
        return Nothing(workload=asked, tables=tables) if tables and asked.requests else None


def _sign(difference: Difference) -> tuple[str | None, str, str]:
    return difference.request, difference.part, difference.place
