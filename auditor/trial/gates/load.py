"""`load`: with twice as many clients as the application has connections, answers fail no more often and are no later.

Known-good and the candidate are both up, and are asked in turn for a stretch at a time, so that what the machine does meets both.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from auditor.config.load import LoadSettings
from auditor.execution.boot import NotBooted
from auditor.measure.closed_loop import Stretch, closed_loop, in_peace
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.concerned import MOST_ENDPOINTS, Concerned
from auditor.trial.gates.timed import ConcernedBy, not_booted
from auditor.trial.side_by_side import Served, SideBySide
from auditor.trial.trees import Tree

_ORDER: Final = (0, 1, 1, 0, 1, 0, 0, 1)
"""Four stretches each, so that neither is always first: that all four of one are worse has a chance of one in seventy."""
_MARGIN: Final = 1.1
"""A p95 within a tenth is none worse; the stretches of one server differ by as much."""
_LONG: Final = 2.0
"""Stretches; an answer that was asked for is waited for, and should not take longer than what is measured."""
_ERRORS: Final = 0.005
"""Of all answers; more than that, and twice as many as known-good's, in at least two stretches."""


class LoadGate:
    """The gate, on the data of the small scale: what runs out under load are connections."""

    def __init__(
        self,
        stage: SideBySide,
        settings: LoadSettings,
        known_good: Callable[[], Tree],
        concerned: ConcernedBy,
    ) -> None:
        self._stage = stage
        self._settings = settings
        self._known_good = known_good
        self._concerned = concerned

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Failed where errors become more, or the p95 is worse in every stretch."""
        began = time.monotonic()
        chosen = self._concerned(candidate, tree)[:MOST_ENDPOINTS]
        if not chosen:
            text = "no request that can be sent over and over runs what was changed"
            return GateResult(gate="load", outcome="skipped", text=text)
        try:
            requests = sorted({request for one in chosen for request in (one.heaviest, one.lightest)})
            with self._stage.both(self._known_good(), tree, requests) as served:
                common = self._sent(served, chosen)
                stretches = self._stretches(served, common) if common else ([], [])
                died = [not one.server.alive() for one in served]
        except NotBooted as fault:
            return not_booted("load", fault, time.monotonic() - began)
        if not common:
            result = GateResult(
                gate="load", outcome="skipped", text="what runs the change could not be sent to both"
            )
        elif died[1] and not died[0]:
            result = _failed("died", "the candidate died under load", stretches)
        else:
            result = judge_load(*stretches, clients=self._settings.clients)
        return result.model_copy(update={"seconds": time.monotonic() - began})

    @property
    def _stretch_s(self) -> float:
        return self._settings.time_ms / 1000 / _ORDER.count(0)

    def _sent(self, served: Sequence[Served], chosen: Sequence[Concerned]) -> list[str]:
        """Of each endpoint the heaviest request; where all clients could not be answered in some stretches' time, the lightest."""
        common = served[0].ready.keys() & served[1].ready.keys()
        sent = []
        for one in chosen:
            if one.heaviest in common and one.lightest in common:
                (quiet,) = in_peace(served[0].door, [served[0].ready[one.heaviest].message])
                waiting_s = quiet.total_ms / 1000 * self._settings.clients
                sent.append(one.heaviest if waiting_s <= _LONG * self._stretch_s else one.lightest)
        return sorted(set(sent))

    def _stretches(
        self, served: Sequence[Served], requests: Sequence[str]
    ) -> tuple[list[Stretch], list[Stretch]]:
        messages = [[one.ready[request].message for request in requests] for one in served]
        quiet = [in_peace(one.door, each) for one, each in zip(served, messages, strict=True)]
        found: tuple[list[Stretch], list[Stretch]] = ([], [])
        for side in _ORDER:
            found[side].append(
                closed_loop(
                    served[side].door,
                    messages[side],
                    quiet[side],
                    clients=self._settings.clients,
                    seconds=self._stretch_s,
                )
            )
        return found


def judge_load(before: Sequence[Stretch], now: Sequence[Stretch], /, *, clients: int) -> GateResult:
    """From the stretches of known-good and of the candidate."""
    was, is_now = _errors(before), _errors(now)
    evidence = (_figures("known-good", before), _figures("candidate", now))
    if is_now > _ERRORS and is_now > 2 * was and sum(one.failed > 0 for one in now) > 1:
        text = f"{is_now:.1%} of its answers fail with {clients} clients at once, {was:.1%} did"
        return _failed("errors", text, (before, now))
    if min(one.p95_ms for one in now) > _MARGIN * max(one.p95_ms for one in before):
        text = f"with {clients} clients at once one answer in twenty takes longer than {_p95(now)}, it was {_p95(before)}"
        return _failed("p95", text, (before, now))
    return GateResult(
        gate="load",
        outcome="passed",
        text=f"with {clients} clients at once p95 {_p95(before)} → {_p95(now)}, errors {was:.1%} → {is_now:.1%}",
        evidence=evidence,
    )


def _failed(kind: str, text: str, stretches: tuple[Sequence[Stretch], Sequence[Stretch]]) -> GateResult:
    return GateResult(
        gate="load",
        outcome="failed",
        text=text,
        evidence=(_figures("known-good", stretches[0]), _figures("candidate", stretches[1])),
        signature=f"load:{kind}",
        whole=True,
    )


def _errors(stretches: Sequence[Stretch]) -> float:
    answers = sum(len(one.latencies_ms) for one in stretches)
    return sum(one.failed for one in stretches) / answers if answers else 1.0


def _p95(stretches: Sequence[Stretch]) -> str:
    together = Stretch(
        latencies_ms=tuple(ms for one in stretches for ms in one.latencies_ms), failed=0
    ).p95_ms
    return "no end" if together == float("inf") else f"{together:.0f} ms"


def _figures(name: str, stretches: Sequence[Stretch]) -> str:
    answers = sum(len(one.latencies_ms) for one in stretches)
    each = ", ".join("∞" if one.p95_ms == float("inf") else f"{one.p95_ms:.0f}" for one in stretches)
    return (
        f"{name}: {answers} answers, {sum(one.failed for one in stretches)} failed, p95 by stretch {each} ms"
    )
