"""What a call gives is supposed from a declared type without following what the call is handed."""

from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.index.symbols import Function
from auditor.index.values import ExtInst, Sym
from auditor.knowledge.load import load
from auditor.trace.analysis import Trace, analyse
from auditor.trace.context import REPLAY_BUDGET
from auditor.trace.semantics import Semantics

READS = 40
HANDED = REPLAY_BUDGET // READS + 1
"""As often as would use the budget up, if each time were followed."""

LATE = f"""
import asyncio
import requests

def late(job):
    {"; ".join(f"job.fetch_{n}(requests)" for n in range(READS))}

def start(loop: asyncio.AbstractEventLoop, job, then):
{chr(10).join("    loop.call_later(1, late, job)" for _ in range(HANDED))}
    then.run()

def work():
    requests.get("http://later")

def entry():
    asyncio.get_event_loop().call_later(1, work)
"""

GIVEN = """
import asyncio

class Maker:
    def make(self, fill):
        return fill()

class Other(Maker):
    def make(self, fill):
        return fill()

def one():
    return asyncio.get_event_loop()

def use(maker: Maker):
    return maker.make(one)
"""


def traced(source: str) -> Trace:
    project = Project([("app.py", "app", lower(source.encode()))])
    return analyse(project, [], knowledge=load(), semantics=Semantics())


def test_functions_that_a_declared_loop_is_handed_use_no_budget_before_the_loop_is_known() -> None:
    trace = traced(LATE)
    start = trace.machine.summaries[id(function(trace, "start"))]
    assert not start.truncated
    assert [op.detail[0] for op in start.residual if not op.frames][-1] == "run"


def test_what_a_known_loop_is_handed_is_followed() -> None:
    trace = traced(LATE)
    entry = trace.machine.summaries[id(function(trace, "entry"))]
    assert [call.callee.name for call in entry.calls] == ["work"]


def test_what_the_projects_own_code_is_handed_is_still_followed_for_what_it_gives() -> None:
    trace = traced(GIVEN)
    given = trace.machine.summaries[id(function(trace, "use"))].returns
    assert isinstance(given, Sym)
    assert isinstance(given.hint, ExtInst)


def function(trace: Trace, name: str) -> Function:
    return next(f for m in trace.project.modules for f in m.functions if f.name == name)
