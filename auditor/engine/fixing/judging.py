"""The gates of a run, in their order, and the servers that they share."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import Final, Self

from auditor.execution.world import World
from auditor.measure.latency import Rule
from auditor.measure.running.bench import Bench
from auditor.measure.workload import Workload
from auditor.model.trial import GateName, GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.concerned import Concerned, concerned
from auditor.trial.gates.blaming import blaming
from auditor.trial.gates.boot import Boot
from auditor.trial.gates.contract import ContractGate, SideEffects
from auditor.trial.gates.counts import CountsGate
from auditor.trial.gates.latency import LatencyGate
from auditor.trial.gates.load import LoadGate
from auditor.trial.gates.scaling import ScalingGate
from auditor.trial.gates.tests import TestsGate
from auditor.trial.gates.timed import Grounds
from auditor.trial.index_plans import IndexPlans
from auditor.trial.loop import Gate
from auditor.trial.playing import Player
from auditor.trial.side_by_side import SideBySide
from auditor.trial.static_gates import static_gates
from auditor.trial.timing import Noise, Timing
from auditor.trial.trees import Tree, TreeStore
from auditor.trial.winnings import Winnings, promised_components

_READING: Final = frozenset({"GET", "HEAD"})


def _static(check: Callable[[Candidate], GateResult]) -> Gate:
    def gate(candidate: Candidate, _tree: Tree, /) -> GateResult:
        return check(candidate)

    return gate


class Judges:
    """What is asked about a candidate. A context manager: leaving it removes the private copies that time is taken on."""

    def __init__(
        self,
        bench: Bench,
        store: TreeStore,
        baseline: Tree,
        workload: Workload,
        player: Player,
        *,
        known_good: Callable[[], Tree],
        endpoint_of: Callable[[str], str],
        env: Mapping[str, str],
        allowed: tuple[str, ...] = (),
        timed: bool = True,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        """`timed`: time is taken, and the gates that need it are asked. `settle` waits until nothing else goes on."""
        scales = bench.settings.database
        self._stack = ExitStack()
        self._bench = bench
        self._store = store
        self._baseline = baseline
        self._workload = workload
        self._player = player
        self._known_good = known_good
        self._endpoint_of = endpoint_of
        self._timed = timed
        self._others = settle

        def stage(scale: int) -> SideBySide:
            made = SideBySide(
                bench,
                store,
                baseline,
                workload,
                scale=scale,
                env=env,
                allowed=allowed,
                settle=self._settle,
                more_indexes=player.more_indexes,
            )
            return self._stack.enter_context(made)

        self._small = stage(scales.small)
        self.full = self._small if scales.full == scales.small else stage(scales.full)
        """Where time is taken that is told."""
        plans = IndexPlans(player, self.full, endpoint_of)
        self.winnings = Winnings(player, known_good, endpoint_of, plans=plans, timed=timed)
        self.tests = TestsGate(bench.settings.tests, store, baseline, self._world)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def gates(self, *, whole: bool = False) -> list[tuple[GateName, Gate]]:
        """In the order in which a change meets them; `whole` asks it the whole workload, not the part that a trial begins with."""
        player, known_good = self._player, self._known_good
        listed: list[tuple[GateName, Gate]] = [
            *self._static,
            ("boot", blaming("boot", Boot(player, whole=whole))),
            ("contract", blaming("contract", ContractGate(player, self._endpoint_of, whole=whole))),
            ("side-effects", blaming("side-effects", SideEffects(player, self._endpoint_of, whole=whole))),
            ("counts", blaming("counts", CountsGate(player, self._baseline, known_good, self.winnings))),
            ("tests", self.tests),
        ]
        if not self._timed:
            return listed
        rule = Rule()
        noise = Noise(self._small, rule=rule)
        small = Timing(self._small, noise, rule=rule)
        full = small if self.full is self._small else Timing(self.full, noise, rule=rule)
        load = self._bench.settings.load
        grounds = Grounds(
            small=small,
            full=full,
            known_good=known_good,
            winnings=self.winnings,
            concerned=self._reading,
        )
        return [
            *listed,
            ("latency", LatencyGate(grounds)),
            ("scaling", ScalingGate(grounds)),
            ("load", LoadGate(self._small, load, known_good, self._asked)),
        ]

    @cached_property
    def _static(self) -> list[tuple[GateName, Gate]]:
        return [(name, _static(check)) for name, check in static_gates(self._store, self._baseline)]

    def forget_but(self, kept: Tree, /) -> None:
        """Removes the private copies of trees that no longer matter."""
        for tree in self._player.trees():
            if tree != kept.id:
                self._player.forget(tree)
        for stage in {self._small, self.full}:
            stage.forget_but(kept)

    def _settle(self) -> None:
        self._others()
        self._player.settle()

    def _world(self, tree: Tree) -> World:
        return self._player.world(tree)

    def _reading(self, candidate: Candidate, tree: Tree) -> tuple[Concerned, ...]:
        """By requests that can be sent over and over and leave everything as it is."""
        reading = {one.id for one in self._workload.requests if one.method in _READING}
        return self._concerned(candidate, tree, reading)

    def _asked(self, candidate: Candidate, tree: Tree) -> tuple[Concerned, ...]:
        """By requests that only read, and where there are none by any."""
        return self._reading(candidate, tree) or self._concerned(candidate, tree, None)

    def _concerned(self, candidate: Candidate, tree: Tree, only: set[str] | None) -> tuple[Concerned, ...]:
        won = self.winnings(candidate, tree)
        first = {endpoint for endpoint, _ in promised_components(candidate)} | won.endpoints
        first = first or {endpoint for file in candidate.files for endpoint in file.endpoints}
        counts = self._player.counted(self._known_good()).counts
        ran = self._player.ran(tree)
        return concerned(candidate.files, ran, counts, self._endpoint_of, first=first, only=only)
