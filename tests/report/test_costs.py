"""Which endpoints the table of costs begins with."""

from auditor.model.cost_text import kind_cost
from auditor.model.report import CostTerm, Endpoint
from auditor.report.document.costs import notable


def endpoint(name: str, *sizes: str) -> Endpoint:
    return Endpoint(
        id=name,
        handler="app.f",
        file="app.py",
        line=1,
        framework="flask",
        cost={"sql": kind_cost([CostTerm(sizes=sizes)])},
    )


def test_requests_come_before_commands_and_tasks_whatever_these_cost() -> None:
    found = notable(
        [endpoint("COMMAND a", "x", "y"), endpoint("GET /b", "x"), endpoint("TASK c", "x", "y", "z")]
    )
    assert [one.id for one in found] == ["GET /b", "TASK c", "COMMAND a"]
