"""`contract` and `side-effects`: the candidate answers, writes and does what the baseline does.

Held against the baseline and not against known-good, so that small losses can't add up; once in order, and once eight at a time.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final, Literal

from auditor.measure.contract.difference import Difference
from auditor.measure.replay import Mode
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.clocks import frozen_clocks
from auditor.trial.cut_off import Cut, cut_off
from auditor.trial.gates.raised import raised
from auditor.trial.playing import Player
from auditor.trial.reference import EFFECTS, EVERYTHING
from auditor.trial.remembering import Memory, shared
from auditor.trial.trees import Tree

_SHOWN: Final = 12
_FOR_EVER: Final = "what is read there is remembered for as long as the process lives, and nothing forgets it when the data is changed"
_ONE_DAY: Final = "what the clock said then is said for as long as the process lives"
_UNTIL_THEN: Final = (
    "what lies beyond is gone without a word, and no request of the workload comes to so many"
)
_MODES: Final[tuple[Mode, ...]] = ("in order", "eight at once")


class ContractGate:
    """Answers, freshness, and nothing that has vanished."""

    def __init__(self, player: Player, endpoint_of: Callable[[str], str], /, *, whole: bool = False) -> None:
        """`whole`: held against the whole workload, not the part that a trial begins with."""
        self._player = player
        self._endpoint_of = endpoint_of
        self._whole = whole

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Failed with the first difference; all of them are evidence."""
        began = time.monotonic()
        parts = EVERYTHING if self._whole else self._player.parts(candidate)
        for mode in _MODES:
            found = self._player.differences(tree, parts, mode, candidate.declared)
            answers = [one for one in found if one.part not in EFFECTS]
            if answers:
                failing = {one.request for one in answers if one.request is not None}
                causes = raised(self._player.replayed(tree, parts, mode).exchanges, failing)
                failed = _failed("contract", answers, self._endpoint_of, mode, time.monotonic() - began)
                return failed.model_copy(update={"evidence": (*causes, *failed.evidence)})
        if self._whole and (none := self._player.of_nothing(tree, candidate.declared)):
            return _failed(
                "contract",
                none,
                self._endpoint_of,
                "in order",
                time.monotonic() - began,
                where=" (no rows there)",
            )
        if kept := shared(candidate.files):
            return _remembers(kept, "the next one who asks is answered with it", time.monotonic() - began)
        if kept := self._player.unforgotten(candidate, tree, parts):
            return _remembers(kept, _FOR_EVER, time.monotonic() - began)
        if kept := frozen_clocks(candidate.files):
            return _remembers(kept, _ONE_DAY, time.monotonic() - began)
        if cuts := cut_off(candidate.files):
            return _cuts(cuts, time.monotonic() - began)
        count = len(self._player.contract("in order", parts.in_order).recording.heard)
        of = "" if parts.in_order is None else f" of {len(self._player.contract('in order').recording.heard)}"
        return GateResult(
            gate="contract",
            outcome="passed",
            text=f"no answer of {count}{of} requests differs, nor eight at once",
            seconds=time.monotonic() - began,
        )


class SideEffects:
    """Rows written, mail, tasks, warnings, calls to others."""

    def __init__(self, player: Player, endpoint_of: Callable[[str], str], /, *, whole: bool = False) -> None:
        """As the contract's."""
        self._player = player
        self._endpoint_of = endpoint_of
        self._whole = whole

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """As the contract, for what is done besides answering; in order only, where each effect has its request."""
        began = time.monotonic()
        parts = EVERYTHING if self._whole else self._player.parts(candidate)
        found = self._player.differences(tree, parts, "in order", candidate.declared)
        effects = [one for one in found if one.part in EFFECTS]
        if effects:
            return _failed("side-effects", effects, self._endpoint_of, "in order", time.monotonic() - began)
        return GateResult(
            gate="side-effects",
            outcome="passed",
            text="it writes and does what the baseline does",
            seconds=time.monotonic() - began,
        )


def _remembers(kept: tuple[Memory, ...], why: str, seconds: float) -> GateResult:
    first = kept[0]
    return GateResult(
        gate="contract",
        outcome="failed",
        text=f"{first.text}: {why}",
        evidence=tuple(f"{one.file}: {one.text}" for one in kept[:_SHOWN]),
        signature=f"contract:remembers:{first.file}:{first.text}",
        seconds=seconds,
    )


def _cuts(cuts: tuple[Cut, ...], seconds: float) -> GateResult:
    return GateResult(
        gate="contract",
        outcome="failed",
        text=f"{cuts[0].text}: {_UNTIL_THEN}",
        evidence=tuple(f"{one.file}: {one.text}" for one in cuts[:_SHOWN]),
        signature=f"contract:cuts:{cuts[0].file}:{cuts[0].text}",
        seconds=seconds,
    )


def _failed(
    gate: Literal["contract", "side-effects"],
    found: Iterable[Difference],
    endpoint_of: Callable[[str], str],
    mode: Mode,
    seconds: float,
    *,
    where: str = "",
) -> GateResult:
    listed = tuple(found)
    first = listed[0]
    endpoint = endpoint_of(first.request) if first.request else ""
    kind = "freshness" if first.part == "freshness" else first.what
    return GateResult(
        gate=gate,
        outcome="failed",
        text=first.sentence() + ("" if mode == "in order" else " (eight at once)") + where,
        evidence=tuple(one.sentence() for one in listed[:_SHOWN]),
        signature=f"{gate}:{kind}:{endpoint}:{first.place}{where}",
        requests=_requests(listed),
        at_once=mode != "in order",
        seconds=seconds,
    )


def _requests(found: Iterable[Difference]) -> tuple[str, ...]:
    """Those that show the first of the differences; none where one is of no request."""
    listed = list(found)
    if any(one.request is None for one in listed):
        return ()
    return tuple(dict.fromkeys(one.request for one in listed if one.request is not None))[:_SHOWN]
