"""The first three stages together: what one endpoint is asked about has a bound."""

from collections.abc import Callable
from typing import Any

from auditor.model.severity import Severity
from auditor.stages.answers.analysis import Analysis
from auditor.stages.answers.architecture import ArchitectureAnswer
from auditor.stages.answers.plan import FindingLeft, PlanAnswer
from auditor.stages.judging import MOST_FINDINGS, judge, model_part
from auditor.stages.prompting.shown import GUTTER

NOTHING = Analysis(design="", judgements=[], claims=[], more_code=[])


def test_of_many_findings_the_weightiest_are_asked_about(shop: Any, wait: Callable[[Any], Any]) -> None:
    like = shop.finding("query-in-loop")
    light = [
        like.model_copy(update={"id": f"F-light{n:02}", "severity": Severity.LOW})
        for n in range(MOST_FINDINGS)
    ]
    heavy = [like.model_copy(update={"id": f"F-heavy{n:02}", "severity": Severity.HIGH}) for n in range(3)]
    report = shop.examined.report.model_copy(update={"findings": (*light, *heavy)})
    put = [one.id for one in (*light[: MOST_FINDINGS - 3], *heavy)]
    left = PlanAnswer(
        changes=[], left=[FindingLeft(finding=name, reason="later") for name in put], more_code=[]
    )
    desk, said = shop.desk([NOTHING, left, ArchitectureAnswer(elements=[])])
    judged = wait(judge(desk, shop.examined.scene, report))
    asked = "\n".join(block.text for block in said.requests[0].turns[0].blocks)
    assert [one.id for one in judged.findings] == put
    assert all(f"{GUTTER}{name} " in asked for name in put)
    assert "F-light29" not in asked
    assert judged.unasked == 3
    assert not judged.unanswered
    part = model_part([judged], "scripted:test", (), desk.bill)
    assert part.endpoints[0].unasked == 3
