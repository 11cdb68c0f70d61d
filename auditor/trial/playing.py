"""Plays trees of the target: each at most once for each question, whichever gates ask."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Final, Self

from auditor.execution.world import World
from auditor.measure.contract.contract import Contract
from auditor.measure.contract.declared import Declared
from auditor.measure.contract.difference import Difference
from auditor.measure.contract.recording import Recording, recording_of
from auditor.measure.identity import Identity
from auditor.measure.replay import Mode, Replay, select
from auditor.measure.running.bench import Bench
from auditor.measure.running.identities import identities_of
from auditor.measure.running.rounds import Ending, Playing, Round, play_round
from auditor.measure.running.trouble import Steadying
from auditor.measure.workload import Workload
from auditor.model.fault import Fault
from auditor.trial.alike import in_another_order
from auditor.trial.beside import Beside
from auditor.trial.candidate import Candidate
from auditor.trial.counted import Counted, Statements, Tally, lines_of, together
from auditor.trial.of_nothing import Nothing, OfNothing, emptied
from auditor.trial.reach import READING, Lines, frames_of
from auditor.trial.reference import EVERYTHING, Ids, Parts, Reference
from auditor.trial.remembering import Memory, unforgotten
from auditor.trial.sums_of_none import summed_anew
from auditor.trial.trees import Tree, TreeStore
from auditor.trial.worlds import MoreIndexes, Worlds

_COUNTING: Final = Playing(role="time", lines=True, state=False)
_TOGETHER: Final = Playing(mode="eight at once", state=False)


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
        self._reference = Reference(
            partial(self._play, baseline),
            workload,
            self._lined,
            partial(store.read, baseline),
            tree=baseline.id,
            excluded=bench.settings.workload.exclude,
            begin=self._begin_baseline,
            alike=self._as_candidates_are,
        )
        self._of_nothing = OfNothing(
            self._play_of_nothing,
            baseline,
            workload,
            lambda: self._reference.reach,
            lambda: self.world(baseline).tables(),
            sums=lambda tree: summed_anew(self.statements(tree), self.statements(baseline)),
            excluded=bench.settings.workload.exclude,
        )
        self._beside = Beside()
        self._steadying = Steadying()
        self._rounds: dict[tuple[str, Parts], Round] = {}
        self._together: dict[str, Round] = {}
        self._found: dict[tuple[str, Parts, Mode, Declared], tuple[Difference, ...]] = {}
        self._tally = Tally(baseline.id)
        self._met: dict[tuple[str, Ids], Lines] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.drop()
        self._worlds.close()

    def parts(self, candidate: Candidate, /) -> Parts:
        """What of the workload a trial of the candidate begins with; all of it where that is little."""
        return self._reference.parts(candidate)

    def round(self, tree: Tree, parts: Parts = EVERYTHING, /) -> Round:
        """The workload, or a part of it, one after another.

        Of a part it is not waited for what the tree does at its end, where the baseline does nothing there: of the whole workload it is.

        The part that is sent eight at once goes before that, to the same server; everything at once goes to one of its own, and so does
        the part where what is counted first writes rows: the baseline's answers eight at once know nothing of these.
        """
        key = tree.id, parts
        if parts == EVERYTHING:  # a trial may have played all of it
            key = next((one for one in self._rounds if one[0] == tree.id and one[1].in_order is None), key)
        if key not in self._rounds:
            self._rounds[key] = self._in_order(tree, parts, ending=self._ending(parts))
        return self._rounds[key]

    def _ending(self, parts: Parts) -> Ending:
        return "cut" if parts.in_order is not None and self._reference.ends_quietly else "let"

    def _in_order(self, tree: Tree, parts: Parts, *, ending: Ending) -> Round:
        together = parts.at_once if parts != EVERYTHING else frozenset[str]()
        before = self._reference.sent("eight at once", together) if together != frozenset() else None
        sent = self._reference.sent("in order", parts.in_order)
        asked = parts.in_order != frozenset() or before is not None
        apart = before if before is not None and self._timed_writes else None
        played = self._play(
            tree, sent, Playing(at_once=None if apart else before, state=asked, ending=ending)
        )
        if apart is not None:
            played = replace(played, at_once=self._play(tree, apart, _TOGETHER).replay)
        return played

    def _as_candidates_are(self, parts: Parts, mode: Mode, number: int) -> Recording:
        """The baseline, played once more the way a candidate is played for these parts; eight at once in another order for each number."""
        if mode == "in order":
            return self._in_order(self._baseline, parts, ending=self._ending(parts)).recording
        before = in_another_order(self._reference.sent("eight at once", parts.at_once), number)
        if parts == EVERYTHING or self._timed_writes:
            return self._play(self._baseline, before, _TOGETHER).recording
        first = self._timed if self._timed_reads and parts.in_order != frozenset() else None
        playing = Playing(first=first, at_once=before, state=False)
        nothing = self._reference.sent("in order", frozenset())
        return self._heard_at_once(self._untroubled(self._baseline, nothing, playing))

    def at_once(self, tree: Tree, /) -> Round:
        """Requests of every kind that only reads, eight at a time, on a cold pool right after boot."""
        if tree.id not in self._together:
            sent = self._reference.sent("eight at once")
            begun = self._taken(tree.id, _together_of(tree))
            self._together[tree.id] = begun or self._play(tree, sent, _TOGETHER)
        return self._together[tree.id]

    def play_ahead(self, tree: Tree, /, *, whole: bool = False) -> None:
        """Begins what will be asked of the tree after the round in order, in a copy of its own: its counts, or what is asked of the `whole`.

        That is eight at once, and what it answers on empty tables. Nothing is begun where two servers would meet on one network.
        """
        if not self.world(self._baseline).is_apart:
            return
        if whole and tree.id not in self._together:
            self._begin_whole(
                tree, self._reference.sent("eight at once"), _TOGETHER, self._of_nothing.asked()
            )
        elif not whole and tree.id not in self._tally.lines:
            self._begin(tree, {_counts_of(tree): self._in(self._timed, _COUNTING)})

    def _begin_baseline(self, workload: Workload, playing: Playing) -> Callable[[], Round]:
        """A round of the baseline's, played now where it can be played beside others, else when it is asked for."""
        name, later = _together_of(self._baseline), partial(self._play, self._baseline, workload, playing)
        if self.world(self._baseline).is_apart:
            self._begin_whole(self._baseline, workload, playing, self._of_nothing.first)
        return lambda: self._taken(self._baseline.id, name) or later()

    def _begin_whole(self, tree: Tree, workload: Workload, playing: Playing, nothing: Nothing | None) -> None:
        plays = {_together_of(tree): self._in(workload, playing)}
        if nothing is not None:
            plays[_nothing_of(tree)] = self._on(nothing)
        self._begin(tree, plays)

    def _begin(self, tree: Tree, plays: Mapping[str, Callable[[World], Round]]) -> None:
        self._beside.begin(self._worlds.another_meanwhile(tree), plays)

    def _in(self, workload: Workload, playing: Playing) -> Callable[[World], Round]:
        """What plays that in a world."""
        who, playing = self._who, replace(playing, audit_loggers=self._loggers)
        return lambda world: play_round(world, workload, who, playing)

    def _on(self, nothing: Nothing) -> Callable[[World], Round]:
        """What plays that in a world whose rows are taken out first."""
        play = self._in(nothing.workload, Playing(state=False))
        return lambda world: play(emptied(world, nothing.tables))

    def differences(
        self, tree: Tree, parts: Parts, mode: Mode, declared: Declared, /
    ) -> tuple[Difference, ...]:
        """What the tree does otherwise than the baseline, and the baseline not otherwise than itself."""
        if (parts.in_order if mode == "in order" else parts.at_once) == frozenset():
            return ()
        key = tree.id, parts, mode, declared
        if key not in self._found:
            recording = self._recording(tree, parts, mode)
            found = self._differing(tree, recording, parts, declared)
            if self._was_cut(tree, parts, mode) and any(one.part == "database" for one in found):
                # What it does not write now it may write at its end.
                self._rounds[tree.id, parts] = self._in_order(tree, parts, ending="let")
                found = self._differing(tree, self._recording(tree, parts, mode), parts, declared)
            self._found[key] = found
        return self._found[key]

    def _differing(
        self, tree: Tree, recording: Recording, parts: Parts, declared: Declared
    ) -> tuple[Difference, ...]:
        def again(workload: Workload, playing: Playing) -> Recording:
            return self._play(tree, workload, playing).recording

        return self._reference.differences(recording, parts, declared, again=again)

    def _was_cut(self, tree: Tree, parts: Parts, mode: Mode) -> bool:
        return mode == "in order" and self.round(tree, parts).is_cut

    def of_nothing(self, tree: Tree, declared: Declared, /) -> tuple[Difference, ...]:
        """What the tree answers otherwise than the baseline where tables hold no rows; nothing where the baseline can't be asked so."""
        return self._of_nothing.differences(tree, declared)

    def take_nothing(self) -> None:
        """Waits for what the baseline answers on empty tables, where that was begun beside its contract: the next that is begun ends it."""
        if self.world(self._baseline).is_apart:
            self._of_nothing.asked()

    def _play_of_nothing(self, tree: Tree, nothing: Nothing) -> Round:
        if nothing.all_there_is and (begun := self._beside.take(_nothing_of(tree))) is not None:
            return begun
        with self._worlds.another(tree) as world:
            return self._on(nothing)(world)

    def unforgotten(self, candidate: Candidate, tree: Tree, parts: Parts, /) -> tuple[Memory, ...]:
        """What the candidate remembers for ever of what it reads."""
        read = frames_of(self.round(tree, parts).replay) if parts.in_order != frozenset() else {}
        return unforgotten(candidate.files, self._reference.reach, read)

    def replayed(self, tree: Tree, parts: Parts, mode: Mode, /) -> Replay:
        """What was sent and answered where `differences` were looked for."""
        if mode == "in order":
            return self.round(tree, parts).replay
        if parts == EVERYTHING:
            return self.at_once(tree).replay
        played = self.round(tree, parts).at_once
        assert played is not None
        return played

    def _recording(self, tree: Tree, parts: Parts, mode: Mode) -> Recording:
        if mode == "in order":
            return self.round(tree, parts).recording
        if parts == EVERYTHING:
            return self.at_once(tree).recording
        return self._heard_at_once(self.round(tree, parts))

    def _heard_at_once(self, played: Round) -> Recording:
        """Of what was sent eight at a time before the round in order."""
        assert played.at_once is not None
        earlier = () if played.first is None else (played.first,)
        return recording_of(played.at_once, before={}, after={}, audit_loggers=self._loggers, earlier=earlier)

    @property
    def _loggers(self) -> frozenset[str]:
        return frozenset(self._bench.settings.workload.audit_loggers)

    def contract(self, mode: Mode, ids: Ids = None, /) -> Contract:
        """What the baseline answers and does."""
        return self._reference.contract(mode, ids)

    def counted(self, tree: Tree, /, *, repeats: int = 0) -> Counted:
        """The counts of every request with the role `time`: three repeats, or two that agree where the baseline's agree.

        At least `repeats` in any case: `REPEATS` for a result that is told, more before somebody is blamed for a rise.
        """
        self._tally.want(tree.id, repeats)
        while not self._tally.suffices(tree.id, repeats):
            self._count_once_more(tree)
        return self._tally.of(tree.id)

    def _count_once_more(self, tree: Tree) -> None:
        begun = self._taken(tree.id, _counts_of(tree))
        if begun is not None:
            self._tally.add(tree.id, begun.replay, lines=True)
        else:
            self._play(tree, self._timed, replace(_COUNTING, lines=tree.id not in self._tally.lines))

    def _lined(self) -> Mapping[str, Lines]:
        """The lines of each timed request on the baseline; what it costs may take more rounds to know."""
        while self._baseline.id not in self._tally.lines:
            self._count_once_more(self._baseline)
        return self._tally.lines[self._baseline.id]

    @cached_property
    def _timed(self) -> Workload:
        return select(self._workload, "time")

    def executed(self, tree: Tree, /, *, ids: Ids = frozenset()) -> Lines:
        """The lines that requests with a good, non-empty answer executed: those that are timed, unless others are named."""
        if ids != frozenset():
            played = self._play(tree, self._reference.sent("in order", ids), Playing(lines=True, state=False))
            return together(lines_of(played.replay).values())
        return together(self.ran(tree).values())

    def met(self, tree: Tree, /, *, ids: Ids = None) -> Lines:
        """The lines that any request of the workload executed, or of those that are named, whatever it was answered with."""
        key = tree.id, ids
        if key not in self._met:
            played = self._play(tree, self._reference.sent("in order", ids), Playing(lines=True, state=False))
            self._met[key] = together(lines_of(played.replay, good=False).values())
        return self._met[key]

    def where_run(self, candidate: Candidate, known_good: Tree, /) -> tuple[Ids, ...]:
        """What is to be asked whether it runs a change, until something does: nothing where nothing may.

        On the baseline itself that is known; on what was kept since it is a part, and then the whole.
        """
        could = self._reference.could_run(candidate) if known_good.id == self._baseline.id else None
        if could is None:
            return tuple(dict.fromkeys((self.parts(candidate).in_order, None)))
        return (could,) if could else ()

    def ran(self, tree: Tree, /) -> Mapping[str, Lines]:
        """The lines of each request with the role `time` and a good, non-empty answer."""
        self.counted(tree)
        return self._tally.lines[tree.id]

    def statements(self, tree: Tree, /) -> Statements:
        """What the requests with the role `time` asked the database for, as often as they did."""
        self.counted(tree)
        return self._tally.statements[tree.id]

    def world(self, tree: Tree, /) -> World:
        """The world of a tree at the small scale, with nothing running in it."""
        world = self._worlds.of(tree)
        return world if self._worlds.bears_out(tree) else self._worlds.of(tree)

    def settle(self) -> None:
        """Waits until nothing of ours goes on."""
        self._worlds.settle()

    @property
    def more_indexes(self) -> MoreIndexes:
        """What was learnt of indexes that trees declare, for worlds at other scales."""
        return self._worlds.more_indexes

    def is_made_anew(self, tree: Tree, /) -> bool:
        """Whether a tree's indexes stand only in a database that is made anew."""
        return self._worlds.is_made_anew(tree)

    def trees(self) -> tuple[str, ...]:
        """Ids of the trees that have a private copy now, the baseline's left out."""
        return self._worlds.trees()

    def forget(self, tree: str, /) -> None:
        """Removes the private copy of a tree that is done with and what it answered; what was counted stays known."""
        self._beside.drop(_counts_of(tree))
        self._beside.drop(_together_of(tree))
        self._beside.drop(_nothing_of(tree))
        self._worlds.forget(tree)
        self._rounds = {key: played for key, played in self._rounds.items() if key[0] != tree}
        self._together.pop(tree, None)

    def _play(self, tree: Tree, workload: Workload, playing: Playing) -> Round:
        if playing.role is None and playing.mode == "in order" and self._timed_reads and workload.requests:
            # On a fresh server these cost what they cost in a round of their own, which is saved.
            playing = replace(playing, first=self._timed)
        played = self._untroubled(tree, workload, replace(playing, audit_loggers=self._loggers))
        timed = played.replay if playing.role == "time" else played.first
        if timed is not None:
            self._tally.add(tree.id, timed, lines=playing.lines is True)
        return played

    def _untroubled(self, tree: Tree, workload: Workload, playing: Playing) -> Round:
        """Played again where the database was in trouble."""
        play = partial(self._played, tree, workload, playing)
        if tree.id == self._baseline.id:
            return self._steadying.known_good(play)
        return self._steadying.candidate(
            tree.id, play, partial(self._played, self._baseline, workload, playing)
        )

    def _taken(self, tree: str, name: str) -> Round | None:
        """What was begun beside others; None where the database was in trouble there, so that it is played again."""
        begun = self._beside.take(name)
        return begun if begun is not None and self._steadying.accepts(tree, begun) else None

    def _played(self, tree: Tree, workload: Workload, playing: Playing) -> Round:
        """Once more where its data turn out to be others than they were taken to be, whatever came of it."""

        def once() -> Round:
            world = self._worlds.of(tree)
            return play_round(world, workload, self._who, playing)

        try:
            played = once()
        except Fault:
            if self._worlds.bears_out(tree):
                raise
        else:
            if self._worlds.bears_out(tree):
                return played
        return once()

    @cached_property
    def _who(self) -> tuple[Identity, ...]:
        return identities_of(self._bench.settings.identities, env=self._env, allowed=self._allowed)

    @cached_property
    def _timed_writes(self) -> bool:
        """Whether a request that is counted writes rows, as a GET does that counts its visits."""
        reach = self._reference.reach
        return any(reach[id_].writes for id_ in self._timed.needs if id_ in reach)

    @cached_property
    def _timed_reads(self) -> bool:
        return all(one.method in READING for one in self._timed.requests)


def _counts_of(tree: str | Tree) -> str:
    return f"counts of {tree if isinstance(tree, str) else tree.id}"


def _together_of(tree: str | Tree) -> str:
    return f"eight at once of {tree if isinstance(tree, str) else tree.id}"


def _nothing_of(tree: str | Tree) -> str:
    return f"of nothing, {tree if isinstance(tree, str) else tree.id}"
