from collections import Counter
from collections.abc import Callable
from typing import Any

Traced = Callable[..., tuple[Any, Any]]

HANDED_DOWN = """
import requests

def visit(rows):
    for row in rows:
        requests.get(row)

def second(rows):
    visit(rows)

def third(rows):
    second(rows)

def fourth(rows):
    third(rows)

def entry():
    fourth([n for n in open("names")])
"""


def residuals(trace: Any, name: str) -> list[tuple[str, str]]:
    summary = next(s for s in trace.machine.summaries.values() if s.function.name == name)
    return [(op.op, str(op.detail[0]) if op.op == "use" else "") for op in summary.residual]


def test_what_waits_for_an_argument_waits_once_in_every_caller(traced: Traced) -> None:
    trace, _ = traced({"app.py": HANDED_DOWN})
    assert residuals(trace, "visit") == [("use", "iterate"), ("iterate", "")]
    assert residuals(trace, "fourth") == residuals(trace, "visit")


def test_a_loop_over_an_argument_is_one_use_of_it(traced: Traced) -> None:
    _, root = traced({"app.py": HANDED_DOWN})
    assert Counter((u.how, u.site.line) for u in root.summary.uses)["iterate", 5] <= 1


def test_a_place_that_was_replayed_is_the_place_where_it_was_read(traced: Traced) -> None:
    trace, _ = traced({"app.py": HANDED_DOWN})
    named = {s.function.name: s for s in trace.machine.summaries.values()}
    assert named["fourth"].residual[0].site is named["visit"].residual[0].site
