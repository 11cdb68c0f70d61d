"""What a candidate does that would end a run: it is the candidate's fault, and no other's, since the baseline does not do it."""

import time
from typing import Final

from auditor.execution.boot import NotBooted
from auditor.execution.ran import CommandFailed
from auditor.measure.identity import NotLetIn
from auditor.measure.running.rounds import Misbehaved
from auditor.model.trial import GateName, GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.loop import Gate
from auditor.trial.trees import Tree

AT_FAULT: Final = (NotBooted, Misbehaved, NotLetIn, CommandFailed)
"""Faults of a target. That it is not the surroundings is known because the baseline was played before, in the same ones."""


def blaming(name: GateName, gate: Gate, /) -> Gate:
    """The gate, which fails where the candidate does not come up, dies, lets nobody in or goes on working by itself."""

    def asked(candidate: Candidate, tree: Tree, /) -> GateResult:
        began = time.monotonic()
        try:
            return gate(candidate, tree)
        except AT_FAULT as fault:
            return GateResult(
                gate=name,
                outcome="failed",
                text=fault.what,
                evidence=(str(fault),),
                signature=f"{name}!{type(fault).__name__}",
                seconds=time.monotonic() - began,
            )

    return asked
