"""What candidates are held against: the baseline's answers and deeds, and what the baseline itself differs in from run to run."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final

from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, Contract, make_contract, part_of_contract
from auditor.measure.contract.declared import Declared
from auditor.measure.contract.difference import Difference, failures
from auditor.measure.contract.freshness import rereads
from auditor.measure.contract.recording import Recording, done_seldom
from auditor.measure.replay import Mode, Replay
from auditor.measure.running.rounds import Playing, Round
from auditor.measure.workload import Workload, part_of
from auditor.trial import choosing
from auditor.trial.alike import left_alike
from auditor.trial.candidate import Candidate
from auditor.trial.counted import lines_of
from auditor.trial.reach import Lines, Reached, reached
from auditor.trial.touching import affected, could_run

Ids = frozenset[str] | None
"""Requests of the workload; None is all of them."""
Sign = tuple[str | None, str, str]
"""Request, part and place of a difference."""
_RUNS: Final = 2
_TOGETHER: Final = Playing(mode="eight at once", state=False)
_IN_ORDER: Final = Playing(ending="seen")
_ENTERING: Final = Playing(lines="functions", state=False)
_ASKED_AGAIN: Final = 12
"""Requests with another answer, and as many with other effects, that the baseline is asked once more before all that differ are:
mostly one of them is enough to blame the candidate for."""
EFFECTS: Final = frozenset({"effects", "deferred", "database"})
"""Parts of a recording that are no answer."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is played of the workload for one candidate."""

    in_order: Ids
    at_once: Ids
    """Empty where that is not asked."""


EVERYTHING: Final = Parts(None, None)


class Reference:
    """The baseline, played as often as is needed and no oftener."""

    def __init__(
        self,
        play: Callable[[Workload, Playing], Round],
        workload: Workload,
        lined: Callable[[], Mapping[str, Lines]],
        read: Callable[[str], bytes | None],
        /,
        *,
        tree: str,
        excluded: Iterable[str] = (),
        begin: Callable[[Workload, Playing], Callable[[], Round]] | None = None,
        alike: Callable[[Parts, Mode, int], Recording] | None = None,
    ) -> None:
        """`play` plays the baseline, `lined` tells the lines that its timed requests ran, `read` reads its files.

        `begin` begins to play it while other rounds are played, and gives what waits for that; `alike` plays it the way a candidate
        is played for such parts, again and again, by number.
        """
        self._play = play
        self._begin = begin or (lambda workload, playing: partial(play, workload, playing))
        self._begun: Callable[[], Round] | None = None
        self._lined = lined
        self._workload = workload
        self._read = read
        self._tree = tree
        self._excluded = tuple(excluded)
        self._runs: dict[Mode, list[Recording]] = {}
        self._contracts: dict[Mode, Contract] = {}
        self._ends_quietly = True
        self._own: dict[tuple[Mode, Ids, Ids], frozenset[Sign]] = {}
        self._run: dict[tuple[Mode, Ids, Ids], Recording] = {}
        self._alike = alike
        self._runs_alike: tuple[tuple[Mode, Parts], list[Recording]] | None = None

    @cached_property
    def reach(self) -> Mapping[str, Reached]:
        """What each request ran and altered, from the first run of the contract."""
        first = self._play(self._workload, _IN_ORDER)
        self._ends_quietly = first.ends_quietly is True
        self._runs["in order"] = [first.recording]
        return reached(first.replay, self._lined())

    @property
    def ends_quietly(self) -> bool:
        """Whether the baseline left its rows alone at its end in every run of its contract."""
        self.contract("in order")
        return self._ends_quietly

    def sent(self, mode: Mode, ids: Ids = None, /) -> Workload:
        """The requests of a round."""
        whole = self._workload if mode == "in order" else self._apart
        return whole if ids is None else part_of(whole, ids)

    @cached_property
    def _apart(self) -> Workload:
        return choosing.at_once(self._workload, self.reach)

    def contract(self, mode: Mode, ids: Ids = None, /) -> Contract:
        """What the baseline answers and does, from two runs."""
        if mode not in self._contracts:
            assert self.reach is not None  # the first run in order
            runs = self._runs.setdefault(mode, [])
            if mode == "in order" and "eight at once" not in self._runs:
                self._begun = self._begin(self.sent("eight at once"), _TOGETHER)
            while len(runs) < _RUNS:
                runs.append(self._one_more(mode).recording)
            about = About(tree=self._tree)
            self._contracts[mode] = make_contract(self.sent(mode), runs, about=about, excluded=self._excluded)
        whole = self._contracts[mode]
        return whole if ids is None else part_of_contract(whole, ids)

    def _one_more(self, mode: Mode) -> Round:
        if mode == "eight at once" and self._begun is not None:
            begun, self._begun = self._begun, None
            return begun()
        played = self._play(self.sent(mode), _IN_ORDER if mode == "in order" else _TOGETHER)
        self._ends_quietly &= mode != "in order" or played.ends_quietly is True
        return played

    @cached_property
    def _pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple((one.before, one.after) for one in rereads(self.contract("in order")))

    def parts(self, candidate: Candidate, /) -> Parts:
        """The part that a trial begins with: see `choosing`. While a culprit is looked for, what the whole patch failed at."""
        sought = candidate.sought
        if sought is not None and sought.signature.startswith("boot:"):  # it asks nothing of what came up
            return Parts(frozenset(), frozenset())
        if sought is not None and sought.requests:
            asked = frozenset(sought.requests)
            if sought.at_once:
                return Parts(frozenset(), asked.intersection(self.sent("eight at once").needs))
            return Parts(self._with_acts(asked), frozenset())
        meant = affected(candidate.files, self.reach, self._read)
        chosen = choosing.in_order(self._workload, self.reach, meant, pairs=self._pairs)
        some = choosing.some_at_once(self.sent("eight at once"), self.reach, meant)
        return Parts(
            None if chosen == self._workload.needs.keys() else chosen,
            None if some == self.sent("eight at once").needs.keys() else some,
        )

    def could_run(self, candidate: Candidate, /) -> Ids:
        """Of the whole workload what may come to a change of the baseline, and all that acts; nothing where nobody may."""
        if not self._entered:
            return None
        found = could_run(candidate.files, self._entered, self._read)
        if found is not None:
            found |= self._workload.needs.keys() - self._entered.keys()
        return self._with_acts(found) if found else found

    @cached_property
    def _entered(self) -> Mapping[str, Lines]:
        """By request the first lines of the functions that it ran, from a run for that alone: most trials never ask."""
        return _entered(self._play(self.sent("in order"), _ENTERING).replay)

    def differences(
        self,
        recording: Recording,
        parts: Parts,
        declared: Declared,
        /,
        *,
        again: Callable[[Workload, Playing], Recording] | None = None,
    ) -> tuple[Difference, ...]:
        """Those that are the candidate's: a difference is blamed on nobody before the baseline was given one more run to show it.

        That run is of some that differ, with all that alters before them; where the baseline differs there as well it is of all.
        What a memo with an end to its life may have come to, which a process does a few times, the candidate has to show in such a
        run as well: `again` plays it.
        """
        ids = parts.in_order if recording.mode == "in order" else parts.at_once
        contract = self.contract(recording.mode, ids)
        found = failures(compare(contract, recording, declared=declared))
        if ids is not None and contract.recording.deferred:
            # Nobody knows which request it was that put them off, so a part can't be held to them.
            found = tuple(one for one in found if one.part != "deferred")
        if not found:
            return ()
        for asked in self._asked_again(recording.mode, ids, found):
            own = self._own_signs(recording.mode, asked, self._before(parts))
            left = tuple(one for one in found if _is_in(one.request, asked) and _sign(one) not in own)
            if again is not None and left:
                left = self._shown_again(left, recording, parts, declared, asked, again)
            if left and (
                recording.mode != "in order" or own
            ):  # a steady baseline is steady however it is played
                left = self._left_alike(left, recording, parts, declared)
            if left:
                return left
        return ()

    def _left_alike(
        self, found: tuple[Difference, ...], recording: Recording, parts: Parts, declared: Declared
    ) -> tuple[Difference, ...]:
        """Without what the baseline does as well when it is played like the candidate: see `alike`."""
        alike, mode = self._alike, recording.mode
        if alike is None:
            return found
        if self._runs_alike is None or self._runs_alike[0] != (mode, parts):
            self._runs_alike = (mode, parts), []  # the last alone: they hold every answer
        runs = self._runs_alike[1]

        def run(number: int) -> Recording:
            while len(runs) <= number:
                runs.append(alike(parts, mode, len(runs)))
            return runs[number]

        ids = parts.in_order if mode == "in order" else parts.at_once
        return left_alike(
            found,
            recording,
            self.contract(mode, ids),
            run,
            workload=self.sent(mode, ids),
            declared=declared,
            excluded=self._excluded,
        )

    def _shown_again(
        self,
        found: tuple[Difference, ...],
        recording: Recording,
        parts: Parts,
        declared: Declared,
        asked: Ids,
        again: Callable[[Workload, Playing], Recording],
    ) -> tuple[Difference, ...]:
        """Without what only the clock may have brought about: of that, what is there once more between two fresh runs of the same."""
        mode, ids = recording.mode, parts.in_order if recording.mode == "in order" else parts.at_once
        held = self.contract(mode, ids)
        sure = {_sign(one) for one in compare(held, recording, declared=declared, without_seldom=True)}
        if all(_sign(one) in sure for one in found):
            return found
        before = self._before(parts)
        if mode == "in order" and asked is not None:  # who does it by himself does it in that run, too
            asked = self._until(asked | done_seldom(held.recording, recording))
        run = self._run_again(mode, asked, before)
        contract = replace(self.contract(mode, asked), recording=run)
        fresh = again(self.sent(mode, asked), self._playing_again(mode, before))
        sure |= {_sign(one) for one in compare(contract, fresh, declared=declared)}
        return tuple(one for one in found if _sign(one) in sure)

    def _before(self, parts: Parts) -> Ids:
        """What the same server was asked eight at a time before the requests in order; empty where it was none."""
        return frozenset() if parts == EVERYTHING else parts.at_once

    def _asked_again(self, mode: Mode, ids: Ids, found: tuple[Difference, ...]) -> Iterator[Ids]:
        """What the baseline is asked once more: some at first, then all."""
        if mode != "in order" or any(one.part == "deferred" for one in found):
            yield ids
            return
        if all(one.request in self._workload.needs for one in found):  # none is of what is left at the end
            answers = dict.fromkeys(one.request for one in found if one.part not in EFFECTS)
            effects = dict.fromkeys(one.request for one in found if one.part in EFFECTS)
            yield self._until({*[*answers][:_ASKED_AGAIN], *[*effects][:_ASKED_AGAIN]})
        yield self._with_acts(one.request for one in found if one.request in self._workload.needs)

    def _until(self, ids: AbstractSet[str | None]) -> frozenset[str]:
        """Those, and what alters before the last of them: what comes after it is nothing to them."""
        order = [*self._workload.needs]
        last = max(order.index(one) for one in ids if one is not None)
        wanted = {one for one in order[: last + 1] if one in ids or self._acts(one)}
        return frozenset(
            part_of(self._workload, wanted | choosing.signing_in(self._workload, self.reach)).needs
        )

    def _acts(self, id_: str) -> bool:
        return id_ not in self.reach or self.reach[id_].acts

    def _with_acts(self, ids: Iterable[str | None]) -> frozenset[str]:
        wanted = {one for one in self._workload.needs if self._acts(one)}
        wanted |= {one for one in ids if one is not None} | choosing.signing_in(self._workload, self.reach)
        return frozenset(part_of(self._workload, wanted).needs)

    def _own_signs(self, mode: Mode, ids: Ids, before: Ids) -> frozenset[Sign]:
        """What the baseline differs in from its own contract, in one more run of those requests and in those that it was made from."""
        if (mode, ids, before) not in self._own:
            contract, whole = self.contract(mode, ids), self.contract(mode)
            own = {_sign(one) for one in compare(contract, self._run_again(mode, ids, before))}
            own |= {_sign(one) for run in self._runs[mode] for one in compare(whole, run)}
            self._own[mode, ids, before] = frozenset(own)
        return self._own[mode, ids, before]

    def _run_again(self, mode: Mode, ids: Ids, before: Ids) -> Recording:
        """One more run of the baseline, of those requests."""
        key = mode, ids, before
        if key not in self._run:
            played = self._play(self.sent(mode, ids), self._playing_again(mode, before))
            self._run = {key: played.recording}  # the last alone: they hold every answer
        return self._run[key]

    def _playing_again(self, mode: Mode, before: Ids) -> Playing:
        playing = Playing(mode=mode, state=mode == "in order")
        if mode == "in order" and before != frozenset():
            playing = replace(playing, at_once=self.sent("eight at once", before))
        return playing


def _entered(replay: Replay) -> dict[str, Lines]:
    """By request the first lines of the functions that it ran; nothing where these could not be recorded of all."""
    records = [exchange.record for exchange in replay.exchanges if exchange.record is not None]
    if any(
        note.startswith("lines:")
        for one in (*records, *replay.processes, *replay.outside)
        for note in one.notes
    ):
        return {}
    found = lines_of(replay, good=False)
    return found if any(found.values()) else {}


def _is_in(request: str | None, ids: Ids) -> bool:
    return request is None or ids is None or request in ids


def _sign(difference: Difference) -> Sign:
    return difference.request, difference.part, difference.place
