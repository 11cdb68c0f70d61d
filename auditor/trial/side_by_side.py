"""Two trees served side by side, the probe off, on the same core: where pairs of answers come from."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, Self

from auditor.execution.server import Server
from auditor.execution.world import World
from auditor.measure.counts import counts_of
from auditor.measure.encoding import Message
from auditor.measure.identity import Identity
from auditor.measure.pairing import Pairing
from auditor.measure.placement import one_core, put_together
from auditor.measure.replay import rehearse
from auditor.measure.running.bench import Bench
from auditor.measure.running.identities import identities_of
from auditor.measure.running.rounds import Playing, Round, play_round
from auditor.measure.sending import Door, Limits
from auditor.measure.workload import Workload, workload_of
from auditor.trial.trees import Tree, TreeStore
from auditor.trial.worlds import Worlds

LIMITS: Final = Limits(deadline_s=120.0)
"""Of a request that is timed: slow ones are what we are here for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One tree while it serves."""

    door: Door
    messages: Mapping[str, Message]
    """By request, ready to be sent to this server: tokens and ids are its own."""
    server: Server


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
    ) -> None:
        self.scale = scale
        self._bench = bench
        self._workload = workload
        self._env = env
        self._allowed = allowed
        self._places = tuple(Worlds(bench, store, baseline, scale=scale) for _ in range(2))
        self._counts: dict[str, dict[str, dict[str, int]]] = {}
        self._dice = random.Random()  # noqa: S311  the order of pairs, no secret

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for place in self._places:
            place.close()

    def world(self, tree: Tree, /) -> World:
        """The prepared world of a tree, with nothing running in it."""
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
                closed(self._workload, lacking),
                self._who(world),
                Playing(role="time", state=False, limits=LIMITS),
            )
            known |= {
                exchange.request.id: counts_of(exchange.record)
                for exchange in played.replay.exchanges
                if exchange.record is not None
            }
        return {request: known[request] for request in requests if request in known}

    def fresh(self, tree: Tree, requests: Sequence[str], /) -> Round:
        """These requests from a fresh server without the probe, and then once more from the same."""
        world = self.world(tree)
        playing = Playing(role="time", probe=False, state=False, warm=True, limits=LIMITS)
        return play_round(world, closed(self._workload, requests), self._who(world), playing)

    def forget_counts(self, tree: Tree, /) -> None:
        """They are taken anew when they are asked for again."""
        self._counts.pop(tree.id, None)

    @contextmanager
    def both(
        self, known_good: Tree, candidate: Tree, requests: Sequence[str], /, *, swapped: bool = False
    ) -> Iterator[tuple[Served, Served]]:
        """Both booted anew, `swapped` in the other order. The same tree twice stands in two private copies.

        Raises:
            NotBooted: one of the two does not come up.
        """
        same = known_good.id == candidate.id
        worlds = (self._places[0].of(known_good), self._places[1 if same else 0].of(candidate))
        with ExitStack() as stack:
            served: dict[int, Served] = {}
            for at in (1, 0) if swapped else (0, 1):
                served[at] = stack.enter_context(self._served(worlds[at], requests))
            yield served[0], served[1]

    @contextmanager
    def pairs(
        self, known_good: Tree, candidate: Tree, requests: Sequence[str], /, *, swapped: bool = False
    ) -> Iterator[dict[str, Pairing]]:
        """As `both`, kept on one core; by request, where its pairs come from. A request that one of them could not be sent is left out."""
        with self.both(known_good, candidate, requests, swapped=swapped) as (first, second):
            put_together([first.server.pid, second.server.pid], cores=one_core())
            yield {
                request: Pairing(
                    baseline=first.door,
                    candidate=second.door,
                    message=first.messages[request],
                    candidates_message=second.messages[request],
                    dice=self._dice,
                )
                for request in requests
                if request in first.messages and request in second.messages
            }

    @contextmanager
    def _served(self, world: World, requests: Sequence[str]) -> Iterator[Served]:
        workload = closed(self._workload, requests)
        who = self._who(world)
        world.reset()
        with world.boot() as server, Door(server.door, limits=LIMITS) as door:
            messages = rehearse(workload, server.door, identities=who, limits=LIMITS)
            yield Served(door=door, messages=messages, server=server)
            world.check()

    def _who(self, world: World) -> tuple[Identity, ...]:
        return identities_of(self._bench.settings.identities, world, env=self._env, allowed=self._allowed)


def closed(workload: Workload, wanted: Sequence[str], /) -> Workload:
    """These requests with all that they need."""
    keep = set(wanted)
    stack = list(wanted)
    while stack:
        more = workload.needs[stack.pop()] - keep
        keep |= more
        stack += more
    return workload_of(one for one in workload.requests if one.id in keep)
