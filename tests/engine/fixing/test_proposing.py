"""In which order findings are treated."""

from auditor.engine.fixing.proposing import in_turn
from auditor.model.report import Finding


def finding(rule: str, number: int) -> Finding:
    return Finding.model_construct(id=f"F-{number}", rule=rule)


def test_the_plans_order_stays() -> None:
    listed = [finding("query-in-loop", 2), finding("missing-index", 1), finding("query-in-loop", 3)]
    assert in_turn(listed) == listed


def test_what_spares_a_request_its_work_comes_before_what_makes_it_cheaper() -> None:
    listed = [finding("query-in-loop", 1), finding("work-before-guard", 2), finding("work-before-guard", 3)]
    assert [one.id for one in in_turn(listed)] == ["F-2", "F-3", "F-1"]


def test_what_is_remembered_comes_last_since_it_hides_what_others_gain() -> None:
    listed = [finding("uncached-config", 1), finding("session-sprawl", 2), finding("work-before-guard", 3)]
    assert [one.id for one in in_turn(listed)] == ["F-3", "F-2", "F-1"]
