"""What was measured, in a report for people."""

import json
from pathlib import Path

import pytest

from auditor.model.numbers import Number
from auditor.model.reconciled import EndpointMeasured, Measured, Untraced
from auditor.model.report import Evidence, Report
from auditor.model.vector import Vector
from auditor.report import render
from auditor.report.document.measured import target_words
from auditor.report.terminal import render_screen
from auditor.stages.plan import planned_anew

SHOP = Report.model_validate_json((Path(__file__).parent / "fixtures" / "shop.json").read_text("utf-8"))


def number(value: float) -> Number:
    return Number(value=value, kind="measured", n=3)


def measured(
    status: str = "confirmed", *, latency_ms: float | None = None, target_ms: int | None = None
) -> Report:
    """The shop with one finding judged and one endpoint measured."""
    first, *others = SHOP.findings
    words = Evidence(kind="measured", text="seen 66 times in one request (`list`)")
    judged = first.model_copy(
        update={"status": status, "observed": number(66), "evidence": (words, *first.evidence)}
    )
    vector = Vector(sql=number(70), latency_ms=Number() if latency_ms is None else number(latency_ms))
    seen = EndpointMeasured(
        requests=("list",),
        vector=vector,
        worst=vector,
        untraced=(
            Untraced(
                kind="sql", text="SELECT a|b FROM c", file="x.py", line=3, function="f", observed=number(4)
            ),
        ),
    )
    endpoint, *rest = SHOP.endpoints
    return planned_anew(
        SHOP.model_copy(
            update={
                "findings": (judged, *others),
                "endpoints": (endpoint.model_copy(update={"measured": seen}), *rest),
                "plan": SHOP.plan.model_copy(update={"target_ms": target_ms}),
                "measured": Measured(requests=1, same_tree=False, unreached=tuple(one.id for one in rest)),
            }
        )
    )


def test_without_a_measurement_nothing_is_said_of_one() -> None:
    assert (
        "measured" not in render(SHOP, "markdown").split("## What the costliest")[0].split("## Do")[0].lower()
    )
    assert "## What was measured" not in render(SHOP, "markdown")


def test_the_plan_says_what_was_seen_and_what_was_not() -> None:
    document = render(measured(), "markdown")
    assert "Nothing was run" not in document
    assert "**What was measured is other code than what was read.**" in document
    assert "seen 66 times in one request (`list`)" in document
    assert "4 × sql" in document
    assert "`x.py:3`" in document
    assert "got no usable request" in document


def test_a_confirmed_change_comes_first() -> None:
    report = measured()
    first = next(change for change in report.plan.changes if change.rank == 1)
    assert SHOP.findings[0].id in first.findings
    assert "Measured: seen 66 times" in first.why


def test_what_was_refuted_is_not_planned_and_is_listed() -> None:
    report = measured("refuted")
    planned = {name for change in report.plan.changes for name in change.findings}
    assert SHOP.findings[0].id not in planned
    assert "**Refuted**, and so left out of the plan:" in render(report, "markdown")
    run = json.loads(render(report, "sarif"))["runs"][0]
    assert len(run["results"]) == len(SHOP.findings) - 1


def test_sarif_tells_status_and_count() -> None:
    results = json.loads(render(measured(), "sarif"))["runs"][0]["results"]
    (found,) = [one for one in results if one["properties"]["status"] == "confirmed"]
    assert found["properties"]["observed"] == 66


def test_the_screen_tells_them_too() -> None:
    screen = render_screen(measured(), width=200, colour=False, plan_path=None)
    assert "Measured: 1 request, 1 confirmed, 0 refuted." in screen
    assert "Nothing was run" not in screen


@pytest.mark.parametrize(
    ("latency_ms", "words"),
    [
        (None, "can't be judged yet, because requests were counted and not timed"),
        (400.0, "met by 1 timed endpoint"),
        (9140.0, "missed by 1 of 1 timed endpoint: "),
    ],
)
def test_a_target_is_judged_by_what_was_timed(latency_ms: float | None, words: str) -> None:
    assert words in target_words(measured(latency_ms=latency_ms, target_ms=500))


def test_without_a_measurement_a_target_can_not_be_judged() -> None:
    report = SHOP.model_copy(update={"plan": SHOP.plan.model_copy(update={"target_ms": 500})})
    assert "because no request has been measured" in target_words(report)
    assert (
        target_words(SHOP.model_copy(update={"plan": SHOP.plan.model_copy(update={"target_ms": None})})) == ""
    )
