"""`constraints`: what was learnt, or what the user forbade, before anything is run."""

from auditor.model.trial import GateResult
from auditor.trial.candidate import Candidate
from auditor.trial.constraints import violations


def check_constraints(candidate: Candidate, /) -> GateResult:
    """Refused for the first constraint that the text of the patch breaks; all of them are evidence."""
    found = violations(candidate.files, candidate.constraints)
    if not found:
        text = (
            f"none of {len(candidate.constraints)} constraints is broken"
            if candidate.constraints
            else "none yet"
        )
        return GateResult(gate="constraints", outcome="passed", text=text)
    return GateResult(
        gate="constraints",
        outcome="refused",
        text=str(found[0]),
        evidence=tuple(str(one) for one in found),
        signature=f"constraint:{found[0].constraint.id}",
    )
