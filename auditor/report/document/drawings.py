"""Which endpoints are drawn, and which of their effects."""

from collections.abc import Iterable
from typing import Final

from auditor.model.report import Endpoint, Report
from auditor.report.document.escape import code
from auditor.report.document.flow import flowchart

DRAWN: Final = 3


def flows(costliest: Iterable[Endpoint], report: Report) -> list[str]:
    """Blocks with the worst chains of the first endpoints that have chains worth changing."""
    blocks: list[str] = []
    for endpoint in costliest:
        picture = flowchart(endpoint, _at_stake(endpoint, report))
        if picture and len(blocks) < 2 * DRAWN:
            blocks += [f"The chains that changes below would shorten, in {code(endpoint.id)}:", picture]
    return blocks


def _at_stake(endpoint: Endpoint, report: Report) -> list[str]:
    """The repeated effects of `endpoint` that changes would touch, of the most worthwhile change first."""
    findings = {finding.id: finding for finding in report.findings}
    repeated = {effect.id for effect in endpoint.effects if effect.multiplicity != "1"}
    changes = [change for change in report.plan.changes if endpoint.id in change.endpoints]
    terms = [findings[name].cost_term for change in changes for name in change.findings if name in findings]
    named = (effect for term in terms if term is not None for effect in term.effects)
    return list(dict.fromkeys(effect for effect in named if effect in repeated))
