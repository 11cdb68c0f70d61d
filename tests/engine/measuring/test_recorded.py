"""When a recorded workload is given up, because the settings name somebody since as whom it asks nothing."""

from auditor.engine.measuring.recorded import unasked
from auditor.measure.request import Request
from auditor.measure.workload import workload_of


def test_what_somebody_wrote_is_theirs() -> None:
    workload = workload_of([Request(id="front page", path="/")])
    assert unasked(workload, ["ada"]) == ()


def test_nobody_is_missing_where_each_asks() -> None:
    made = Request(id="GET / #1 as ada", path="/").model_copy(update={"identity": "ada"})
    workload = workload_of([made, Request(id="GET / #1", path="/")])
    assert unasked(workload, ["ada"]) == ()
    assert unasked(workload, []) == ()


def test_somebody_named_since_is_missed_in_what_was_made_from_the_routes() -> None:
    workload = workload_of([Request(id="GET / #1", path="/"), Request(id="GET /a/{b} #2", path="/a/1")])
    assert unasked(workload, ["ada", "bob"]) == ("ada", "bob")
