"""A function that can't be followed for a fault of auditor's own: the others still are."""

import pytest

from auditor.frameworks.entry import EntryPoint
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.model.stumbles import Stumbles
from auditor.trace.analysis import Trace, analyse
from auditor.trace.chains import chains
from auditor.trace.cost import CostTable
from auditor.trace.endpoints import endpoints
from auditor.trace.semantics import Semantics

SOURCE = b"""
import requests

def broken(request):
    requests.get("http://before")
    request.find_it("x")
    requests.get("http://after")

def entry(request):
    broken(request)
    requests.get("http://x")
"""


def find_it(*_: object) -> None:
    """A locator with a fault of its own."""
    raise LookupError("no such thing")


def traced(stumbles: Stumbles | None) -> Trace:
    project = Project([("app.py", "app", lower(SOURCE))])
    handler = next(f for f in project.modules[0].functions if f.name == "entry")
    entry = EntryPoint("http", "GET", "/", "test", handler, None, "app.entry", "app.py", handler.line)
    semantics = Semantics(locators={"find_it": find_it})
    return analyse(project, [entry], knowledge=load(), semantics=semantics, stumbles=stumbles)


def test_it_is_raised_unless_it_may_be_left_out() -> None:
    with pytest.raises(LookupError, match="no such thing"):
        traced(None)


def test_the_rest_is_followed_and_what_is_missing_told() -> None:
    stumbles = Stumbles(go_on=True)
    trace = traced(stumbles)
    (root,) = trace.entries
    found, _ = chains(trace.machine, root.summary, 100)
    assert {chain.steps[-1][1] for chain in found} == {5, 11}
    (endpoint,) = endpoints(trace, CostTable(trace.machine))[0]
    assert endpoint.cost["http"].text == "≥ 2"
    assert len(stumbles.met) == 1
    assert stumbles.met[0].startswith("`app.broken` (app.py:4) was followed only in part")
