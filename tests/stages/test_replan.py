"""Stage 2 with a model: complete, ordered, of changes that stand alone; else the program's plan stays."""

from collections.abc import Callable
from typing import Any

import pytest

from auditor.model.report import CostTerm
from auditor.stages.answers.plan import ChangePlanned, FindingLeft, PlanAnswer
from auditor.stages.checking.formulas import grows, is_less, read_formula
from auditor.stages.checking.plans import plan_problems
from auditor.stages.replan import merged_plan, replan

SIZES = {"orders", "spaces", "add_ons"}
FILES = {"shop/app.py", "shop/rates.py", "shop/models.py"}


def change(shop: Any, rule: str, key: str = "c1", **changed: Any) -> ChangePlanned:
    given = {
        "key": key,
        "phase": 2,
        "title": "Load customers with the orders",
        "findings": [shop.finding(rule).id],
        "files": ["shop/app.py"],
        "depends_on": [],
        "expected": [{"cost": "sql", "after": "1"}],
        "steps": ["Add selectinload(Order.customer) to the query."],
        "verify": ["GET /orders: statements fall", "no order"],
        "risk": "More memory.",
        "could_be_wrong": "Customers are in the session already.",
        "rollback": "Revert the commit.",
        "effort": "small",
    }
    return ChangePlanned.model_validate(given | changed)


def plan(*changes: ChangePlanned, left: list[FindingLeft] | None = None) -> PlanAnswer:
    return PlanAnswer(changes=list(changes), left=left or [], more_code=[])


def both(shop: Any) -> PlanAnswer:
    return plan(
        change(shop, "lazy-load-in-loop"),
        change(shop, "query-in-loop", "c2", title="Ask for the rate once", depends_on=["c1"]),
    )


def test_a_plan_that_holds_takes_the_place_of_the_programs(shop: Any, wait: Callable[[Any], Any]) -> None:
    report = shop.examined.report
    desk, said = shop.desk([both(shop)])
    done = wait(replan(desk, report, shop.endpoint, shop.findings))
    assert [(phase, made.title) for phase, made in done.changes] == [
        (2, "Load customers with the orders"),
        (2, "Ask for the rate once"),
    ]
    first, second = (made for _, made in done.changes)
    assert first.expected == {"sql": "orders → 1"}, "what there is now comes from the trace"
    assert second.depends_on == (first.id,)
    merged = merged_plan(report.plan, [done])
    listed = [one for one in merged.changes if one.rank]
    assert [one.id for one in listed[:2]] == [first.id, second.id]
    assert [one.rank for one in listed] == list(range(1, len(listed) + 1))
    treated = [name for one in merged.changes for name in one.findings]
    assert len(treated) == len(set(treated))
    assert any(one.rank == 0 for one in merged.changes), "measuring stays"
    assert len(said.requests) == 1


def test_what_is_wrong_is_sent_back_and_the_mended_plan_is_taken(
    shop: Any, wait: Callable[[Any], Any]
) -> None:
    desk, said = shop.desk([plan(change(shop, "lazy-load-in-loop")), both(shop)])
    done = wait(replan(desk, shop.examined.report, shop.endpoint, shop.findings))
    assert len(done.changes) == 2
    told = said.requests[1].turns[-1].blocks
    assert any("neither treated nor left" in block.text for block in told)


def test_a_plan_that_stays_wrong_is_none(shop: Any, wait: Callable[[Any], Any]) -> None:
    wrong = plan(change(shop, "lazy-load-in-loop"))
    desk, _ = shop.desk([wrong, wrong, wrong])
    done = wait(replan(desk, shop.examined.report, shop.endpoint, shop.findings))
    assert done.changes == ()
    assert "neither treated nor left" in done.unanswered
    assert merged_plan(shop.examined.report.plan, [done]) == shop.examined.report.plan


def test_findings_that_are_left_are_no_change_any_more(shop: Any, wait: Callable[[Any], Any]) -> None:
    other = shop.finding("query-in-loop").id
    answer = plan(
        change(shop, "lazy-load-in-loop"), left=[FindingLeft(finding=other, reason="there is one order")]
    )
    desk, _ = shop.desk([answer])
    done = wait(replan(desk, shop.examined.report, shop.endpoint, shop.findings))
    merged = merged_plan(shop.examined.report.plan, [done])
    assert other not in [name for one in merged.changes for name in one.findings]
    assert done.left == ((other, "there is one order"),)


WRONG: list[tuple[str, Callable[[Any], PlanAnswer]]] = [
    ("there is no finding 'F-x'", lambda s: plan(*both(s).changes, change(s, "query-in-loop", "c3", findings=["F-x"]))),
    ("treated or left 2 times", lambda s: plan(*both(s).changes, change(s, "query-in-loop", "c3", depends_on=["c1", "c2"]))),
    ("neither treated nor left", lambda s: plan(change(s, "query-in-loop"))),
    ("left without a reason", lambda s: plan(change(s, "query-in-loop"), left=[FindingLeft(finding=s.finding("lazy-load-in-loop").id, reason=" ")])),
    ("used twice", lambda s: plan(change(s, "lazy-load-in-loop"), change(s, "query-in-loop", "c1", depends_on=["c1"]))),
    ("which is no change before it", lambda s: plan(change(s, "lazy-load-in-loop", depends_on=["c2"]), change(s, "query-in-loop", "c2", depends_on=["c1"]))),
    ("comes after a change of phase 5", lambda s: plan(change(s, "lazy-load-in-loop", phase=5), change(s, "query-in-loop", "c2", depends_on=["c1"]))),
    ("does not depend on it", lambda s: plan(change(s, "lazy-load-in-loop"), change(s, "query-in-loop", "c2"))),
    ("has no steps", lambda s: plan(change(s, "lazy-load-in-loop", steps=[" "]), both(s).changes[1])),
    ("has no verify", lambda s: plan(change(s, "lazy-load-in-loop", verify=[]), both(s).changes[1])),
    ("has no rollback", lambda s: plan(change(s, "lazy-load-in-loop", rollback=""), both(s).changes[1])),
    ("the title of c1", lambda s: plan(change(s, "lazy-load-in-loop", title="x" * 101), both(s).changes[1])),
    ("not on the way of the endpoint", lambda s: plan(change(s, "lazy-load-in-loop", files=["shop/app.py", "tests/test_app.py"]), both(s).changes[1])),
    ("edits none of", lambda s: plan(change(s, "lazy-load-in-loop", files=["shop/rates.py"]), both(s).changes[1])),
    ("more than there is now", lambda s: plan(change(s, "lazy-load-in-loop", expected=[{"cost": "sql", "after": "2·orders"}]), both(s).changes[1])),
    ("takes nothing away", lambda s: plan(change(s, "lazy-load-in-loop", expected=[{"cost": "sql", "after": "orders"}]), both(s).changes[1])),
    ("takes nothing away", lambda s: plan(change(s, "lazy-load-in-loop", expected=[]), both(s).changes[1])),
    ("neither a number nor a size", lambda s: plan(change(s, "lazy-load-in-loop", expected=[{"cost": "sql", "after": "few"}]), both(s).changes[1])),
    ("none of its findings costs", lambda s: plan(change(s, "lazy-load-in-loop", expected=[{"cost": "http", "after": "1"}]), both(s).changes[1])),
]  # fmt: skip


@pytest.mark.parametrize(("said", "answer"), WRONG, ids=[said for said, _ in WRONG])
def test_every_way_not_to_be_a_plan_is_said(
    shop: Any, said: str, answer: Callable[[Any], PlanAnswer]
) -> None:
    problems = plan_problems(answer(shop), shop.findings, sizes=SIZES, files=FILES)
    assert any(said in problem for problem in problems), problems
    assert plan_problems(both(shop), shop.findings, sizes=SIZES, files=FILES) == []


def terms(text: str) -> tuple[CostTerm, ...]:
    read = read_formula(text, SIZES)
    assert not isinstance(read, str), read
    return read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4 + 3·spaces", 2),
        ("spaces·add_ons", 1),
        ("2·spaces²", 1),
        ("1", 1),
        ("spaces*2 + 1 + spaces", 2),
        ("0", 0),
    ],
)
def test_formulas_are_read_as_reports_write_them(text: str, shown: int) -> None:
    assert len(terms(text)) == shown


@pytest.mark.parametrize(
    "text", ["", "few", "3 queries", "-1", "1/2", "spaces^2", "__import__", "9" * 50, "+".join("1" * 30)]
)
def test_anything_else_is_no_formula(text: str) -> None:
    assert isinstance(read_formula(text, SIZES), str)


@pytest.mark.parametrize(
    ("after", "before", "more"),
    [
        ("1", "3·spaces", False),
        ("spaces", "spaces·add_ons", False),
        ("2 + spaces", "1 + spaces·add_ons", True),
        ("2 + 3·spaces", "2 + 3·spaces", False),
        ("2 + 4·spaces", "2 + 3·spaces", True),
        ("add_ons", "3·spaces", True),
        ("5", "4", True),
    ],
)
def test_what_may_be_more_for_some_data_is_more(after: str, before: str, more: bool) -> None:  # noqa: FBT001
    assert grows(terms(after), terms(before)) is more
    assert not (more and is_less(terms(after), terms(before)))
    assert is_less(terms(after), terms(before)) is (not more and after != before)
