"""Two trees served side by side, the probe off, on the same core: where pairs of answers come from."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from auditor.execution.server import Server
from auditor.execution.world import World
from auditor.measure.counts import counts_of
from auditor.measure.identity import Identity
from auditor.measure.latency import Pair
from auditor.measure.pairing import Pairing
from auditor.measure.placement import one_core, put_together
from auditor.measure.replay import Rehearsed, rehearse
from auditor.measure.running.bench import Bench
from auditor.measure.running.identities import identities_of, let_in
from auditor.measure.running.rounds import Playing, Round, play_round
from auditor.measure.sending import TIMED, Door
from auditor.measure.workload import Workload, part_of
from auditor.trial.trees import Tree, TreeStore
from auditor.trial.worlds import MoreIndexes, Worlds


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One tree while it serves."""

    door: Door
    ready: Mapping[str, Rehearsed]
    """By request, ready to be sent to this server: tokens and ids are its own."""
    server: Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One request to both."""

    pairing: Pairing
    first: Pair
    """The first answers of both servers."""


class SideBySide:
    """Known-good and a candidate on the data of one scale. A context manager: leaving it removes every private copy."""

    def __init__(
        self,
        bench: Bench,
        store: TreeStore,
        baseline: Tree,
        workload: Workload,
        /,
        *,
        scale: int,
        env: Mapping[str, str],
        allowed: tuple[str, ...] = (),
        settle: Callable[[], None] = lambda: None,
        more_indexes: MoreIndexes | None = None,
    ) -> None:
        """`settle` waits until nothing else of ours goes on: time is taken then, or data are made that may be in the making. `more_indexes`: see `Worlds`."""
        self.scale = scale
        self._settle = settle
        self._bench = bench
        self._workload = workload
        self._env = env
        self._allowed = allowed
        self._places = tuple(
            Worlds(bench, store, baseline, scale=scale, more_indexes=more_indexes) for _ in range(2)
        )
        self._counts: dict[str, dict[str, dict[str, int]]] = {}
        self._calls: dict[str, dict[str, int]] = {}
        self._dice = random.Random()  # noqa: S311  the order of pairs, no secret

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as left:
            for place in self._places:
                left.callback(place.close)

    def world(self, tree: Tree, /) -> World:
        """The prepared world of a tree, with nothing running in it."""
        if not self._places[0].has_data:
            self._settle()  # they may be in the making already
        return self._places[0].of(tree)

    def forget_but(self, kept: Tree, /) -> None:
        """Removes the private copies of all trees but this one and the baseline."""
        for place in self._places:
            for tree in set(place.trees()) - {kept.id}:
                place.forget(tree)

    def counts(self, tree: Tree, requests: Sequence[str], /) -> dict[str, dict[str, int]]:
        """What these requests cost, once, in a fresh server with the probe; asked again, the same unless `forget_counts` came between."""
        known = self._counts.setdefault(tree.id, {})
        lacking = [request for request in requests if request not in known]
        if lacking:
            world = self.world(tree)
            played = play_round(
                world,
                part_of(self._workload, lacking),
                self._who,
                Playing(role="time", state=False, limits=TIMED),
            )
            known |= {
                exchange.request.id: counts_of(exchange.record)
                for exchange in played.replay.exchanges
                if exchange.record is not None
            }
        return {request: known[request] for request in requests if request in known}

    def calls(self, tree: Tree, requests: Sequence[str], /) -> dict[str, int]:
        """How many functions these requests call, once, in a fresh server with the probe: work that no clock has to tell.

        As steady as a count, but for what is called beside a request; answers take two or three times as long meanwhile.
        """
        known = self._calls.setdefault(tree.id, {})
        lacking = [request for request in requests if request not in known]
        if lacking:
            playing = Playing(role="time", lines=True, state=False, limits=TIMED)
            played = play_round(self.world(tree), part_of(self._workload, lacking), self._who, playing)
            known |= {
                exchange.request.id: exchange.record.calls
                for exchange in played.replay.exchanges
                if exchange.record is not None and exchange.record.calls is not None
            }
        return {request: known[request] for request in requests if request in known}

    def fresh(self, tree: Tree, requests: Sequence[str], /, *, warm: bool = True) -> Round:
        """These requests from a fresh server without the probe, and then once more from the same where it is to be `warm`."""
        self._rest()
        world = self.world(tree)
        playing = Playing(role="time", probe=False, state=False, warm=warm, limits=TIMED)
        return play_round(world, part_of(self._workload, requests), self._who, playing)

    def forget_counts(self, tree: Tree, /) -> None:
        """They are taken anew when they are asked for again."""
        self._counts.pop(tree.id, None)

    @contextmanager
    def both(
        self,
        known_good: Tree,
        candidate: Tree,
        requests: Sequence[str],
        /,
        *,
        swapped: bool = False,
        cores: frozenset[int] = frozenset(),
    ) -> Iterator[tuple[Served, Served]]:
        """Both booted anew, `swapped` in the other order, and kept on `cores` where there are any.

        The same tree twice stands in two private copies.

        Raises:
            NotBooted: one of the two does not come up.
        """
        self._rest()
        same = known_good.id == candidate.id
        worlds = (self._places[0].of(known_good), self._places[1 if same else 0].of(candidate))
        order = (1, 0) if swapped else (0, 1)
        with ExitStack() as stack:
            who, servers = {}, {}
            for at in order:
                worlds[at].reset()
                who[at] = let_in(worlds[at], self._who)
                servers[at] = stack.enter_context(worlds[at].boot())
            if cores:
                put_together([server.pid for server in servers.values()], cores=cores)
            served = {
                at: Served(
                    door=stack.enter_context(Door(servers[at].door, limits=TIMED)),
                    ready=rehearse(
                        part_of(self._workload, requests), servers[at].door, identities=who[at], limits=TIMED
                    ),
                    server=servers[at],
                )
                for at in order
            }
            yield served[0], served[1]
            for world in worlds:
                world.check()

    @contextmanager
    def races(
        self, known_good: Tree, candidate: Tree, requests: Sequence[str], /, *, swapped: bool = False
    ) -> Iterator[dict[str, Race]]:
        """As `both`, kept on one core, by request; one that could not be sent to both is left out."""
        with self.both(known_good, candidate, requests, swapped=swapped, cores=one_core()) as (first, second):
            yield {
                request: Race(
                    pairing=Pairing(
                        baseline=first.door,
                        candidate=second.door,
                        message=first.ready[request].message,
                        candidates_message=second.ready[request].message,
                        dice=self._dice,
                    ),
                    first=(first.ready[request].total_ms, second.ready[request].total_ms),
                )
                for request in requests
                if request in first.ready and request in second.ready
            }

    def _rest(self) -> None:
        for place in self._places:
            place.settle()
        self._settle()

    @cached_property
    def _who(self) -> tuple[Identity, ...]:
        return identities_of(self._bench.settings.identities, env=self._env, allowed=self._allowed)
