"""Phase 0: the change that makes every later one measurable."""

from collections.abc import Sequence
from typing import Final

from auditor.model.plan import Change
from auditor.model.report import Coverage, Endpoint
from auditor.model.text import code
from auditor.stages.planning.identity import change_ids

ENDPOINTS: Final = 5
"""Timing more endpoints than that at first gives figures nobody reads."""


def measuring_change(worst_first: Sequence[Endpoint], coverage: Coverage) -> Change:
    """Per-stage timing of the costliest endpoints that the plan treats; `worst_first` is not empty."""
    chosen = worst_first[:ENDPOINTS]
    return Change(
        id=change_ids([["measure", *(endpoint.id for endpoint in chosen)]])[0],
        title=_title(chosen),
        endpoints=tuple(endpoint.id for endpoint in chosen),
        files=tuple(sorted({endpoint.file for endpoint in chosen})),
        why="Without figures from before, no later phase can show that it helped.",
        steps=(
            "For each request, record queries, connections and outside calls with their time, and rows.",
            "Write one structured record a request with the endpoint and a request id; keep a day of them.",
        ),
        effort="small",
        risk="New imports and module-level code run when a worker boots: try the production server first.",
        could_be_wrong=_doubt(coverage),
        verify="The stages of a request add up to its total within a tenth.\n"
        "Under the production server a worker boots and answers several requests at once.\n"
        "Median latency with and without the timing differs by less than a millisecond.",
        rollback="Revert the commit; nothing reads the figures yet.",
    )


def _title(chosen: Sequence[Endpoint]) -> str:
    if len(chosen) == 1:
        return f"Time each stage of {code(chosen[0].id)}"
    return f"Time each stage of the {len(chosen)} costliest endpoints that this plan treats"


def _doubt(coverage: Coverage) -> str:
    doubt = "These endpoints cost most in the source; traffic may make others matter more."
    if coverage.calls and coverage.resolved_calls < coverage.calls:
        share = 100 * coverage.resolved_calls // coverage.calls
        doubt += f" {share} % of the calls on the way could be followed."
    return doubt
