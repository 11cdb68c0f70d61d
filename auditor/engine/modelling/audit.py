"""An audit with a model: what was read, then judged, planned and named, endpoint by endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

from auditor.engine.modelling.opening import hidden_in_snapshot
from auditor.engine.passes import Examined, examine
from auditor.engine.selection import matching_endpoints
from auditor.llm.answer import Bill
from auditor.model.fault import Fault
from auditor.repo.decode import decode
from auditor.repo.errors import Undecodable, Unreadable
from auditor.stages.context.endpoint import BUDGET, endpoint_context
from auditor.stages.desk import Desk
from auditor.stages.judging import Judged, judge, with_judged
from auditor.stages.planning.gain import endpoint_weight

if TYPE_CHECKING:
    from auditor.engine.request import Analyse, Job, Notes
    from auditor.llm.client import Client
    from auditor.model.judged import PromptUsed
    from auditor.model.report import Report
    from auditor.repo.snapshot import Snapshot
    from auditor.stages.context.endpoint import EndpointContext
    from auditor.stages.context.fitting import Lines

ENDPOINTS: Final = 3
"""So many endpoints are judged where none is named, the costliest."""

Reconcile = Callable[["Report", "Job"], "Report"]


def judged_analysis(
    open_client: Callable[[Iterable[str]], Client], /, *, reconcile: Reconcile | None = None
) -> Analyse:
    """The passes of an audit, with the stages of a model after them.

    `open_client` opens the model, given the target's secrets. `reconcile` puts what was measured into the report before it is judged. The spending limit reached on the way ends the judging, not the
    audit; a model that can't be reached at the first question ends both.
    """

    def analyse(job: Job, notes: Notes, /) -> Report:
        examined = examine(job, notes)
        report = reconcile(examined.report, job) if reconcile else examined.report
        lines = snapshot_lines(job.snapshot)
        client = open_client(hidden_in_snapshot(job.snapshot))
        return _judged(client, examined, report, lines, _chosen(report, job), notes)

    return analyse


def snapshot_lines(snapshot: Snapshot, /) -> Lines:
    """The lines of a snapshot's Python files and templates; none for anything else, so that nothing else can be sent."""
    files = {file.path: file for file in snapshot.files if file.is_python or file.role == "template"}

    @cache
    def lines(path: str) -> list[str]:
        file = files.get(path)
        if file is None:
            return []
        try:
            return decode(snapshot.read(file)).text.split("\n")
        except (Undecodable, Unreadable):
            return []

    return lines


def open_desk(
    client: Client, examined: Examined, report: Report, endpoint: str, lines: Lines, /, *, seen: str = ""
) -> Desk:
    """The desk for one endpoint, with a context for a model of the usual size and a smaller one for the others.

    `seen` is what its requests were seen to ask.
    """

    def context(budget: int) -> EndpointContext:
        return endpoint_context(examined.scene, report, endpoint, lines, budget=budget, seen=seen)

    return Desk(
        client=client,
        model=client.provider.model,
        context=context(BUDGET),
        project=examined.scene.project,
        lines=lines,
        shrunk=context(BUDGET // 3),
    )


def costliest(report: Report, endpoints: Iterable[str], /) -> list[str]:
    """`endpoints` in the order in which they are worth a question: those with findings first, then by what they cost."""
    found = {name for finding in report.findings for name in finding.endpoints}
    weights = {one.id: endpoint_weight(one, report.sizes) for one in report.endpoints}
    costly = (name for name in endpoints if weights.get(name, 0.0) > 0)
    return sorted(costly, key=lambda name: (name not in found, -weights[name], name))


def _chosen(report: Report, job: Job) -> list[str]:
    ids = [endpoint.id for endpoint in report.endpoints]
    if job.request.endpoints:
        return costliest(report, matching_endpoints(job.request.endpoints, ids))
    return costliest(report, ids)[:ENDPOINTS]


def _judged(
    client: Client, examined: Examined, report: Report, lines: Lines, endpoints: list[str], notes: Notes
) -> Report:
    judged: list[Judged] = []
    used: dict[str, PromptUsed] = {}
    bill = Bill()
    with asyncio.Runner() as runner:
        for number, endpoint in enumerate(endpoints):
            notes.step(f"asking {client.provider.model} about {endpoint}")
            notes.progress(number, len(endpoints))
            desk = open_desk(client, examined, report, endpoint, lines)
            try:
                judged.append(runner.run(judge(desk, examined.scene, report)))
            except Fault as fault:
                if not judged:
                    raise
                notes.warn(f"{fault}; the model has judged {len(judged)} of {len(endpoints)} endpoints")
                break
            finally:
                used |= desk.used
                bill += desk.bill
            for reason in judged[-1].unanswered:
                notes.warn(f"{endpoint}: no usable answer, so what the program knows stands: {reason}")
    return with_judged(report, judged, model=client.provider.model, prompts=used.values(), bill=bill)
