"""`contract` and `side-effects`: the candidate answers, writes and does what the baseline does.

Held against the baseline and not against known-good, so that small losses can't add up; once in order, and once eight at a time.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final, Literal

from auditor.measure.contract.compare import compare
from auditor.measure.contract.difference import Difference, failures
from auditor.measure.replay import Mode
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.playing import Player
from auditor.trial.trees import Tree

_EFFECTS: Final = frozenset({"effects", "deferred", "database"})
_SHOWN: Final = 12
_MODES: Final[tuple[Mode, ...]] = ("in order", "eight at once")


class ContractGate:
    """Answers, freshness, and nothing that has vanished."""

    def __init__(self, player: Player, endpoint_of: Callable[[str], str]) -> None:
        self._player = player
        self._endpoint_of = endpoint_of

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Failed with the first difference; all of them are evidence."""
        began = time.monotonic()
        for mode in _MODES:
            answers = [one for one in _sure(self._player, mode, tree, candidate) if one.part not in _EFFECTS]
            if answers:
                note = "" if mode == "in order" else " (eight at once)"
                return _failed("contract", answers, self._endpoint_of, note, time.monotonic() - began)
        count = len(self._player.contract("in order").recording.heard)
        return GateResult(
            gate="contract",
            outcome="passed",
            text=f"no answer of {count} requests differs, nor eight at once",
            seconds=time.monotonic() - began,
        )


class SideEffects:
    """Rows written, mail, tasks, warnings, calls to others."""

    def __init__(self, player: Player, endpoint_of: Callable[[str], str]) -> None:
        self._player = player
        self._endpoint_of = endpoint_of

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """As the contract, for what is done besides answering; in order only, where each effect has its request."""
        began = time.monotonic()
        found = _sure(self._player, "in order", tree, candidate)
        effects = [one for one in found if one.part in _EFFECTS]
        if effects:
            return _failed("side-effects", effects, self._endpoint_of, "", time.monotonic() - began)
        return GateResult(
            gate="side-effects",
            outcome="passed",
            text="it writes and does what the baseline does",
            seconds=time.monotonic() - began,
        )


def _sure(player: Player, mode: Mode, tree: Tree, candidate: Candidate) -> tuple[Difference, ...]:
    """Differences that are the candidate's: seen again, and not seen in one more run of the baseline."""
    played = player.at_once(tree) if mode == "eight at once" else player.in_order(tree)
    found = failures(compare(player.contract(mode), played.recording, declared=candidate.declared))
    if not found:
        return ()
    contract = player.learn_more_noise(mode)
    first = failures(compare(contract, played.recording, declared=candidate.declared))
    again = player.again(tree, mode)
    second = failures(compare(contract, again.recording, declared=candidate.declared))
    own = player.own_differences(mode)
    return tuple(one for one in first or second if (one.request, one.part, one.place) not in own)


def _failed(
    gate: Literal["contract", "side-effects"],
    found: Iterable[Difference],
    endpoint_of: Callable[[str], str],
    note: str,
    seconds: float,
) -> GateResult:
    listed = tuple(found)
    first = listed[0]
    endpoint = endpoint_of(first.request) if first.request else ""
    kind = "freshness" if first.part == "freshness" else first.what
    return GateResult(
        gate=gate,
        outcome="failed",
        text=first.sentence() + note,
        evidence=tuple(one.sentence() for one in listed[:_SHOWN]),
        signature=f"{gate}:{kind}:{endpoint}:{first.place}",
        seconds=seconds,
    )
