"""Plays trees of the target: each at most once for each question, whichever gates ask."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from auditor.execution.world import World
from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, Contract, make_contract
from auditor.measure.contract.recording import Recording
from auditor.measure.counts import REPEATS, counts_of
from auditor.measure.identity import Identity
from auditor.measure.replay import Mode
from auditor.measure.running.bench import Bench
from auditor.measure.running.identities import identities_of
from auditor.measure.running.rounds import Playing, Round, play_round
from auditor.measure.workload import Workload, workload_of
from auditor.measure.worth import says_something
from auditor.trial.trees import Tree, TreeStore
from auditor.trial.worlds import Worlds

Counts = Mapping[str, Mapping[str, int]]
"""By request, by component of the vector."""
Lines = Mapping[str, frozenset[int]]
"""Line numbers by file."""
Statements = Mapping[str, Mapping[str, int]]
"""By request, each statement's text and how often it was sent."""


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
    """What the requests of a tree cost, over three repeats.

    Where they differ (each worker fills a memo of its own, say, and chance decides who answers) nothing is concluded but what
    holds for every repeat: a count has fallen only if its highest is below the lowest it was, and risen only if its lowest is above the highest.
    """

    spans: Mapping[str, Mapping[str, Span]]
    """By request, by component of the vector."""

    @property
    def counts(self) -> Counts:
        """Those that are steady."""
        return {
            request: {component: span.low for component, span in spans.items() if span.steady}
            for request, spans in self.spans.items()
        }


class Player:
    """Baseline, known-good and candidates on the same data, which is that of the baseline.

    A context manager: leaving it removes every private copy.
    """

    def __init__(
        self,
        bench: Bench,
        store: TreeStore,
        baseline: Tree,
        workload: Workload,
        /,
        *,
        env: Mapping[str, str],
        allowed: tuple[str, ...] = (),
    ) -> None:
        self._bench = bench
        self._baseline = baseline
        self._workload = workload
        self._env = env
        self._allowed = allowed
        self._worlds = Worlds(bench, store, baseline, scale=bench.settings.database.small)
        self._rounds: dict[tuple[str, str], Round] = {}
        self._counted: dict[str, Counted] = {}
        self._lines: dict[str, Mapping[str, Lines]] = {}
        self._statements: dict[str, Statements] = {}
        self._baselines: dict[Mode, list[Recording]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worlds.close()

    def in_order(self, tree: Tree, /) -> Round:
        """The whole workload, one after another."""
        return self._round(tree, "in order", Playing())

    def at_once(self, tree: Tree, /) -> Round:
        """Everything that only reads, eight at a time, on a cold pool right after boot.

        What writes is left out: who reads before and who after it would be chance.
        """
        return self._round(tree, "eight at once", Playing(mode="eight at once"))

    def again(self, tree: Tree, mode: Mode, /) -> Round:
        """Another round in that mode, and the last one from now on."""
        self._rounds.pop((tree.id, mode), None)
        return self.at_once(tree) if mode == "eight at once" else self.in_order(tree)

    def counted(self, tree: Tree, /) -> Counted:
        """The counts of every request with the role `time`."""
        if tree.id not in self._counted:
            rounds = [self._play(tree, Playing(role="time", lines=number == 0)) for number in range(REPEATS)]
            self._lines[tree.id] = _lines(rounds[0])
            self._statements[tree.id] = _statements(rounds[0])
            self._counted[tree.id] = _agreeing([_counts(one) for one in rounds])
        return self._counted[tree.id]

    def contract(self, mode: Mode, /) -> Contract:
        """What the baseline answers and does, from two runs and those that were added since."""
        if mode not in self._baselines:
            self._baselines[mode] = [
                self._play(self._baseline, self._playing(mode)).recording for _ in range(2)
            ]
        runs = self._baselines[mode]
        excluded = self._bench.settings.workload.exclude
        return make_contract(self._sent(mode), runs, about=About(tree=self._baseline.id), excluded=excluded)

    def own_differences(self, mode: Mode, /) -> frozenset[tuple[str | None, str, str]]:
        """Request, part and place in which the baseline differs from its own contract: noise that no mask could be found for."""
        contract = self.contract(mode)
        return frozenset(
            (one.request, one.part, one.place)
            for run in self._baselines[mode]
            for one in compare(contract, run)
        )

    def learn_more_noise(self, mode: Mode, /) -> Contract:
        """The contract with one more run of the baseline: before a difference is blamed on somebody, it is given the same chance."""
        self.contract(mode)
        self._baselines[mode].append(self._play(self._baseline, self._playing(mode)).recording)
        return self.contract(mode)

    def executed(self, tree: Tree, /, *, everything: bool = False) -> Lines:
        """The lines that requests with a good, non-empty answer executed: those that are timed, or the whole workload's."""
        if everything:
            return _together(_lines(self._play(tree, Playing(lines=True))))
        self.counted(tree)
        return _together(self._lines[tree.id])

    def ran(self, tree: Tree, /) -> Mapping[str, Lines]:
        """The lines of each request with the role `time` and a good, non-empty answer."""
        self.counted(tree)
        return self._lines[tree.id]

    def statements(self, tree: Tree, /) -> Statements:
        """What the requests with the role `time` asked the database for, as often as they did."""
        self.counted(tree)
        return self._statements[tree.id]

    def world(self, tree: Tree, /) -> World:
        """The world of a tree at the small scale, with nothing running in it."""
        return self._worlds.of(tree)

    def is_made_anew(self, tree: Tree, /) -> bool:
        """Whether a tree's indexes stand only in a database that is made anew."""
        return self._worlds.is_made_anew(tree)

    def trees(self) -> tuple[str, ...]:
        """Ids of the trees that have a private copy now, the baseline's left out."""
        return self._worlds.trees()

    def forget(self, tree: str, /) -> None:
        """Removes the private copy of a tree that is done with; what was counted stays known."""
        self._worlds.forget(tree)

    def _round(self, tree: Tree, name: str, playing: Playing) -> Round:
        key = tree.id, name
        if key not in self._rounds:
            self._rounds[key] = self._play(tree, playing)
        return self._rounds[key]

    def _play(self, tree: Tree, playing: Playing) -> Round:
        world = self._worlds.of(tree)
        loggers = frozenset(self._bench.settings.workload.audit_loggers)
        playing = replace(playing, audit_loggers=loggers)
        return play_round(world, self._sent(playing.mode), self._identities(world), playing)

    def _playing(self, mode: Mode) -> Playing:
        return Playing(mode=mode)

    def _sent(self, mode: Mode) -> Workload:
        if mode == "in order":
            return self._workload
        reading = {one.id for one in self._workload.requests if one.method in {"GET", "HEAD"}}
        apart = [
            one
            for one in self._workload.requests
            if one.id in reading and self._workload.needs[one.id] <= reading
        ]
        return workload_of(apart) if apart else self._workload

    def _identities(self, world: World) -> tuple[Identity, ...]:
        return identities_of(self._bench.settings.identities, world, env=self._env, allowed=self._allowed)


def _counts(played: Round) -> dict[str, dict[str, int]]:
    return {
        exchange.request.id: counts_of(exchange.record)
        for exchange in played.replay.exchanges
        if exchange.record is not None and "time" in exchange.request.roles
    }


def _lines(played: Round) -> dict[str, Lines]:
    return {
        exchange.request.id: {file: frozenset(numbers) for file, numbers in exchange.record.lines.items()}
        for exchange in played.replay.exchanges
        if exchange.record is not None and says_something(exchange)
    }


def _together(by_request: Mapping[str, Lines]) -> Lines:
    lines: dict[str, set[int]] = {}
    for each in by_request.values():
        for file, numbers in each.items():
            lines.setdefault(file, set()).update(numbers)
    return {file: frozenset(numbers) for file, numbers in lines.items()}


def _statements(played: Round) -> dict[str, Counter[str]]:
    return {
        exchange.request.id: Counter(
            effect.text for effect in exchange.record.effects if effect.kind == "sql" and effect.text
        )
        for exchange in played.replay.exchanges
        if exchange.record is not None and "time" in exchange.request.roles
    }


def _agreeing(repeats: list[dict[str, dict[str, int]]]) -> Counted:
    spans: dict[str, dict[str, Span]] = {}
    for request, counts in repeats[0].items():
        for component in counts:
            values = [one[request][component] for one in repeats if component in one.get(request, {})]
            if len(values) == len(repeats):
                spans.setdefault(request, {})[component] = Span(min(values), max(values))
    return Counted(spans=spans)
