"""`latency`: at the scale of the contract a change that won by counts or plans does no harm, and one that promises time is faster.

What promises only time is judged at the scale of timing: an index or a cheaper loop shows little among few rows.
"""

import time
from typing import Final

from auditor.execution.boot import NotBooted
from auditor.measure.latency import Question
from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.concerned import MOST_ENDPOINTS
from auditor.trial.gates.timed import Grounds, Said, judged, not_booted
from auditor.trial.trees import Tree

_FASTER: Final[Question] = "faster"
_HARM: Final[Question] = "harm"


class LatencyGate:
    """The gate."""

    def __init__(self, grounds: Grounds, /) -> None:
        self._by = grounds

    def __call__(self, candidate: Candidate, tree: Tree, /) -> GateResult:
        """Failed for what is slower, or not faster where that was all there was to win; void where the machine is too noisy to say so."""
        began = time.monotonic()
        demanded = self._by.winnings(candidate, tree).by == "time"
        every = self._by.concerned(candidate, tree)
        if not every:
            return _untimed(demanded=demanded)
        timing, question = (self._by.full, _FASTER) if demanded else (self._by.small, _HARM)
        chosen = {one.heaviest: one for one in every[:MOST_ENDPOINTS]}
        try:
            timed = timing.judge(self._by.known_good(), tree, dict.fromkeys(chosen, question))
        except NotBooted as fault:
            return not_booted("latency", fault, time.monotonic() - began)
        said = [
            Said(endpoint=chosen[request].endpoint, request=request, question=question, timed=one)
            for request, one in timed.items()
        ]
        result = judged(
            "latency",
            said,
            demanded=demanded,
            scale=timing.stage.scale,
            ledger=timing.stage.scale == self._by.full.stage.scale,
            left_out=len(every) - len(chosen),
        )
        return result.model_copy(update={"seconds": time.monotonic() - began})


def _untimed(*, demanded: bool) -> GateResult:
    text = "no request that only reads runs what was changed, so there is nothing to time"
    if demanded:
        return GateResult(gate="latency", outcome="refused", text=f"can't be judged: {text}", whole=True)
    return GateResult(gate="latency", outcome="skipped", text=text)
