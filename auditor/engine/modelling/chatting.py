"""One question about one endpoint, answered from its trace."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.engine.modelling.audit import open_desk, snapshot_lines
from auditor.engine.modelling.opening import hidden_in_snapshot
from auditor.engine.opening import opened
from auditor.engine.passes import examine
from auditor.engine.request import Hushed
from auditor.engine.selection import matching_endpoints
from auditor.model.fault import Fault
from auditor.stages.chat import Reply, chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.engine.modelling.audit import Reconcile
    from auditor.engine.request import AuditRequest, Notes
    from auditor.llm.answer import Bill
    from auditor.llm.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer, which endpoint it is about, and what it cost."""

    endpoint: str
    reply: Reply
    bill: Bill


def answer(
    request: AuditRequest,
    question: str,
    notes: Notes,
    /,
    *,
    open_client: Callable[[Iterable[str]], Client],
    reconcile: Reconcile | None = None,
) -> Answered:
    """Reads the tree that `request` names and asks about its one endpoint.

    Raises:
        Fault: there is no such endpoint, or more than one is meant; the service gives no answer.
    """
    with opened(request) as job:
        notes.step("reading the tree")
        examined = examine(job, Hushed(notes))
        report = reconcile(examined.report, job) if reconcile else examined.report
        found = sorted(matching_endpoints(request.endpoints, [one.id for one in report.endpoints]))
        if len(found) != 1:
            names = ", ".join(found[:5]) or "none"
            raise Fault("a question is about one endpoint", where="--endpoint", hint=f"this means {names}")
        client = open_client(hidden_in_snapshot(job.snapshot))
        desk = open_desk(client, examined, report, found[0], snapshot_lines(job.snapshot))
        endpoint = next(one for one in report.endpoints if one.id == found[0])
        findings = [
            one for one in report.findings if endpoint.id in one.endpoints and one.status != "refuted"
        ]
        notes.step(f"asking {desk.model}")
        reply = asyncio.run(chat(desk, endpoint, findings, question))
    if reply.unanswered:
        raise Fault("the model gave no usable answer", where=desk.model, hint=reply.unanswered, exit_code=3)
    return Answered(endpoint=endpoint.id, reply=reply, bill=desk.bill)
