from collections.abc import Callable
from typing import Any

from auditor.model.report import Size
from auditor.trace.cost import CostTable
from auditor.trace.endpoints import endpoints, together, unreached_effects
from auditor.trace.evaluation import Root
from auditor.trace.summary import Summary

Traced = Callable[..., tuple[Any, Any]]

SOURCE = """
import requests
import vendor

def entry(rows, flag):
    if flag:
        requests.get("http://a")
    for row in rows:
        requests.get(row)
        row.mystery()

def apart():
    requests.get("http://b")
"""


def test_an_endpoint_tells_cost_effects_sizes_and_what_was_not_followed(traced: Traced) -> None:
    trace, _ = traced({"app.py": SOURCE})
    (made,), named = endpoints(trace, CostTable(trace.machine))
    assert made.id == "GET /"
    assert made.cost["http"].text == "≥ 0…1 + rows"
    assert [(e.kind, e.line, e.multiplicity) for e in made.effects] == [("http", 9, "rows"), ("http", 7, "1")]
    assert {e for term in made.cost["http"].terms for e in term.effects} == {e.id for e in made.effects}
    assert (named["rows"].file, named["rows"].line) == ("app.py", 8)
    assert [u.line for u in made.coverage.unresolved] == [10]
    assert made.coverage.calls == made.coverage.resolved + 1


def test_a_complete_trace_claims_no_lower_bound(traced: Traced) -> None:
    trace, _ = traced({"app.py": SOURCE.replace("row.mystery()", "pass")})
    (made,), _ = endpoints(trace, CostTable(trace.machine))
    assert made.cost["http"].text == "0…1 + rows"
    assert made.cost["http"].complete


def test_a_chain_too_deep_to_be_followed_makes_a_lower_bound(traced: Traced) -> None:
    links = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n\n" for n in range(400))
    source = f"import requests\n\ndef entry(x):\n    requests.get(x)\n    f0(x)\n\n{links}def f400(x):\n    return requests.get(x)\n"
    trace, _ = traced({"app.py": source})
    (made,), _ = endpoints(trace, CostTable(trace.machine))
    assert made.cost["http"].text in {"≥ 1", "2"}


def test_effects_that_no_endpoint_reaches_are_counted(traced: Traced) -> None:
    trace, _ = traced({"app.py": SOURCE})
    assert unreached_effects(trace) == 1
    assert [r.function.name for r in trace.orphans] == ["apart"]


def test_ids_do_not_move_with_the_lines_above(traced: Traced) -> None:
    before, _ = endpoints((trace := traced({"app.py": SOURCE})[0]), CostTable(trace.machine))
    after, _ = endpoints((trace := traced({"app.py": "\n\n\n" + SOURCE})[0]), CostTable(trace.machine))
    assert [e.id for e in before[0].effects] == [e.id for e in after[0].effects]


def test_what_runs_before_several_endpoints_is_added_up_once(traced: Traced) -> None:
    trace, handler = traced({"app.py": "import requests\n\ndef entry():\n    requests.get('http://x')\n"})
    table = CostTable(trace.machine)
    around = Summary(None, calls=list(handler.summary.calls), done=True)
    roots = [
        Root(handler.function, own, None, (own, around))
        for own in (Summary(None, calls=list(handler.summary.calls), done=True) for _ in range(5))
    ]
    costs = [table.root(root) for root in roots]
    assert costs == [{"http": {(): (2, 2)}}] * 5
    assert len(table.shared) == len(roots) + 1


def test_a_size_is_bounded_only_where_every_loop_of_its_name_is() -> None:
    page, all_ = (
        Size(table="users", file="admin.py", line=9, bound=30),
        Size(table="users", file="run.py", line=3),
    )
    assert together(page, all_) == together(all_, page) == Size(table="users", file="admin.py", line=9)
    longer = Size(table="users", file="b.py", line=1, bound=50)
    assert together(page, longer) == page.model_copy(update={"bound": 50})
