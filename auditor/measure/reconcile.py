"""The trace reconciled with what was observed: every effect and finding confirmed, suspected or refuted.

*Confirmed* was seen, with the count. *Suspected* was not exercised, or not so that it could be told. *Refuted* was
exercised and never seen: its line ran, in a request that may be used, and nothing that could be it was observed.
"""

from collections import Counter
from collections.abc import Sequence

from auditor.measure.reconciling.effects import reconciled_effects
from auditor.measure.reconciling.exercise import Exercise, exercises
from auditor.measure.reconciling.findings import reconciled_finding
from auditor.measure.reconciling.repeated import repeated_statements
from auditor.model.observation import Observation, ObservedEndpoint
from auditor.model.reconciled import EndpointMeasured, Measured
from auditor.model.report import Endpoint, Report
from auditor.rules.repeated_statement import RULE
from auditor.trace.endpoints import listed_effects


def reconcile(
    report: Report, observation: Observation, /, *, same_tree: bool | None = None, repeated: bool = True
) -> Report:
    """`report` with statuses and measured figures, and with findings of what repeats and nobody read; its plan is left as it is, and is made anew by whoever plans.

    `same_tree` says whether the code of both is the same, None where that is not known; `repeated` whether statements that
    were seen to repeat, and that no rule had spoken of, are findings too.
    """
    requests = exercises(observation)
    seen = {endpoint.id: endpoint for endpoint in observation.endpoints}
    most = listed_effects(len(report.endpoints))
    endpoints = tuple(
        _endpoint(
            endpoint, seen.get(endpoint.id), [one for one in requests if one.endpoint == endpoint.id], most
        )
        for endpoint in report.endpoints
    )
    findings = tuple(reconciled_finding(finding, requests) for finding in report.findings)
    again = repeated_statements(endpoints, findings, requests) if repeated else ()
    return report.model_copy(
        update={
            "endpoints": endpoints,
            "findings": tuple(
                sorted((*findings, *again), key=lambda one: (one.file, one.line, one.rule, one.id))
            ),
            "rules": (*report.rules, RULE) if again else report.rules,
            "measured": _measured(report, observation, requests, same_tree=same_tree),
        }
    )


def _endpoint(
    endpoint: Endpoint, seen: ObservedEndpoint | None, requests: Sequence[Exercise], most: int
) -> Endpoint:
    if seen is None or not requests:
        return endpoint
    effects, untraced = reconciled_effects(endpoint.effects, requests)
    cut = len(endpoint.effects) >= most  # then what is not listed may have been traced all the same
    measured = EndpointMeasured(
        requests=tuple(one.id for one in requests),
        vector=seen.vector,
        worst=seen.worst,
        untraced=() if cut else untraced,
    )
    return endpoint.model_copy(update={"effects": effects, "measured": measured})


def _measured(
    report: Report, observation: Observation, requests: Sequence[Exercise], *, same_tree: bool | None
) -> Measured:
    reached = {one.endpoint for one in requests}
    known = {endpoint.id for endpoint in report.endpoints}
    elsewhere = Counter(one.endpoint for one in requests if one.endpoint not in known)
    notes = list(observation.notes)
    if same_tree is False:
        notes.append("The code that was measured is not the code that was read: lines may have moved.")
    if elsewhere:
        names = ", ".join(f"`{name}`" for name in sorted(elsewhere)[:3])
        notes.append(f"{sum(elsewhere.values())} requests were for no endpoint of this report: {names}.")
    return Measured(
        requests=len(observation.requests),
        void=sum(bool(request.void) for request in observation.requests),
        witnessed=observation.witnessed,
        same_tree=same_tree,
        source=observation.source,
        environment=observation.environment,
        unreached=tuple(endpoint.id for endpoint in report.endpoints if endpoint.id not in reached),
        notes=tuple(notes),
    )
