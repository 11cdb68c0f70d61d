from collections import Counter
from collections.abc import Callable
from typing import Any

from auditor.index.values import Func

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


def test_what_waits_for_an_argument_is_kept_where_it_was_read_once_nobody_calls_any_more(
    traced: Traced,
) -> None:
    trace, root = traced({"app.py": HANDED_DOWN})
    found = [*root.summary.effects, *root.summary.calls]
    trace.settle()
    assert residuals(trace, "visit") == [("use", "iterate"), ("iterate", "")]
    assert residuals(trace, "fourth") == []
    assert [*root.summary.effects, *root.summary.calls] == found


SIDE_BY_SIDE = """
def register(registry, entry):
    def first():
        return entry, second, third, fourth, fifth, sixth

    def second():
        return entry, first, third, fourth, fifth, sixth

    def third():
        return entry, first, second, fourth, fifth, sixth

    def fourth():
        return entry, first, second, third, fifth, sixth

    def fifth():
        return entry, first, second, third, fourth, sixth

    def sixth():
        return entry, first, second, third, fourth, fifth

    registry.add(first)

def entry(registry):
    register(registry, 1)
"""


def functions_within(value: Any) -> list[Any]:
    """The functions that can be reached from one through the names around them, each object once."""
    found: dict[int, Any] = {}
    queue = [value]
    while queue:
        one = queue.pop()
        if isinstance(one, Func) and id(one) not in found:
            found[id(one)] = one
            queue.extend((one.env or {}).values())
    return list(found.values())


def test_functions_that_name_each_other_are_handed_on_once_each(traced: Traced) -> None:
    trace, _ = traced({"app.py": SIDE_BY_SIDE})
    named = {s.function.name: s for s in trace.machine.summaries.values()}
    [op] = [op for op in named["entry"].residual if op.op == "call" and op.detail[0] == "add"]
    handed = functions_within(op.detail[1][0])
    assert sorted(f.function.name for f in handed) == ["fifth", "first", "fourth", "second", "sixth", "third"]
    assert all(f.env["entry"].value == 1 for f in handed)
