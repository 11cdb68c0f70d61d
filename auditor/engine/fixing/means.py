"""What a run works with: each part is made when it is first asked for, and shared by all that ask."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from auditor.engine.fixing.ahead import Ahead
from auditor.engine.fixing.asking import Asking, workload_of_run
from auditor.engine.fixing.judging import Judges
from auditor.engine.fixing.proposing import examined_tree
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.target import Aim, Target, standing_for
from auditor.engine.measuring.survey import Surveyed, survey
from auditor.engine.measuring.workload import asked
from auditor.engine.passes import Examined
from auditor.engine.request import AuditRequest, Hushed, Notes
from auditor.engine.selection import matching_endpoints
from auditor.execution.world import World
from auditor.measure.running.bench import Bench
from auditor.measure.running.preparing import prepared_beside
from auditor.measure.workload import Workload
from auditor.model.fault import Fault
from auditor.model.trial import GateName
from auditor.trial.edition import edition
from auditor.trial.lessons import Lessons
from auditor.trial.loop import Gate, Trials
from auditor.trial.memory import Memory
from auditor.trial.playing import Player
from auditor.trial.recorder import Recorder
from auditor.trial.trees import Tree, TreeStore

WORKSHOP: Final = "workshop"
"""In a run's folder: where trees lie while they are read."""


@dataclass(eq=False)
class Means:
    """A context manager: leaving it removes every private copy."""

    request: FixRequest
    every: AuditRequest
    """How a tree is read with all its endpoints."""
    recorder: Recorder
    store: TreeStore
    bench: Bench
    baseline: Tree
    """The tree before the first change."""
    memory: Memory
    folder: Path
    """The run's own."""
    notes: Notes
    env: Mapping[str, str]
    _large: Callable[[], World] | None = field(default=None, init=False, repr=False)
    _stack: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.ahead.settle()

    @property
    def known_good(self) -> Tree:
        """The last tree that passed every gate."""
        tree = self.recorder.ledger.known_good
        assert tree is not None
        return tree

    @cached_property
    def ahead(self) -> Ahead[Examined]:
        """What an audit makes of trees."""
        notes = Hushed(self.notes)
        return Ahead(lambda tree: examined_tree(self.every, self.store, tree, self.folder / WORKSHOP, notes))

    @cached_property
    def surveyed(self) -> tuple[Surveyed, ...]:
        """The endpoints that there are."""
        return survey(self.every, self.notes)

    @cached_property
    def asking(self) -> Asking:
        """What is asked of every tree, and on which data."""
        asked_for = self.request
        return workload_of_run(
            self.folder,
            self.bench,
            self.surveyed,
            self.notes,
            file=asked_for.workload,
            edges=asked_for.edges,
            more=asked_for.more,
            env=self.env,
            allowed=asked_for.user.secrets,
        )

    @cached_property
    def staged(self) -> Bench:
        """The bench with the data that everything is asked on."""
        return replace(self.bench, rows=self.asking.rows)

    @property
    def workload(self) -> Workload:
        """What is asked of every tree."""
        return self.asking.workload

    @cached_property
    def endpoint_by_request(self) -> Mapping[str, str]:
        """Ids of the endpoints that the requests of the workload ask."""
        return {
            one.id: (found.id if (found := asked(one, self.surveyed)) else f"{one.method} {one.path}")
            for one in self.workload.requests
        }

    def endpoint_of(self, request: str, /) -> str:
        """Id of the endpoint that a request of the workload asks."""
        return self.endpoint_by_request[request]

    @cached_property
    def wanted(self) -> frozenset[str]:
        """Ids of the endpoints that are to be made faster."""
        wanted, ids = self.request.audit.endpoints, [one.id for one in self.surveyed]
        return matching_endpoints(wanted, ids) if wanted else frozenset(ids)

    @cached_property
    def player(self) -> Player:
        """Boots trees and asks them."""
        player = Player(
            self.staged,
            self.store,
            self.baseline,
            self.workload,
            env=self.env,
            allowed=self.request.user.secrets,
        )
        return self._stack.enter_context(player)

    @cached_property
    def judges(self) -> Judges:
        """The gates, and the servers that they share."""
        judges = Judges(
            self.staged,
            self.store,
            self.baseline,
            self.workload,
            self.player,
            known_good=lambda: self.known_good,
            endpoint_of=self.endpoint_of,
            env=self.env,
            allowed=self.request.user.secrets,
            timed=self.request.time,
            settle=self.settle,
        )
        return self._stack.enter_context(judges)

    def prepare_large(self) -> None:
        """Begins to prepare the data on which time is taken: seeding them takes longer than most trials, and whoever takes time finds them made.

        Not where they are the user's own, which nobody keeps for the next, nor where two would meet on one network.
        """
        scales = self.bench.settings.database
        if scales.full != scales.small and self.bench.recipe.database_url is None and self._large is None:
            world = self.staged.world(scales.full)
            if world.is_apart:
                self._large = self._stack.enter_context(prepared_beside(world))
            else:
                world.close()

    def settle(self) -> None:
        """Waits until nothing of ours goes on."""
        self.ahead.settle()
        if self._large is not None:
            with suppress(Fault):  # told to whoever makes the world that is asked
                self._large()

    @cached_property
    def target(self) -> Target:
        """The time that endpoints should take."""
        requests = standing_for(self.workload, self.player.counted(self.baseline).counts, self.endpoint_of)
        target_ms = self.request.audit.target_ms or self.bench.settings.target_ms
        aim = Aim(target_ms, tuple(sorted(self.wanted.intersection(requests))))
        return Target(self.judges.full, aim, requests)

    @property
    def target_ms(self) -> int | None:
        """What endpoints should take at most."""
        return self.target.aim.target_ms

    @cached_property
    def trials(self) -> Trials:
        """Takes proposals through the gates."""
        return self._trials(self.judges.gates())

    @cached_property
    def thorough_trials(self) -> Trials:
        """Likewise, with the whole workload in every gate."""
        return self._trials(self.judges.gates(whole=True))

    def _trials(self, gates: list[tuple[GateName, Gate]]) -> Trials:
        lessons = Lessons(
            memory=self.memory,
            settings=self.bench.settings_digest,
            workload=self.workload.digest,
            edition=edition(),
        )
        begun = None if self.request.patches else self.ahead.begin  # who hands patches in asks for no others
        return Trials(self.recorder, self.store, gates, lessons=lessons, begun=begun)
