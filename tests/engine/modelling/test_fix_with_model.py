"""The six stages on a target that is really booted: a repaired answer, a revert that teaches, two patches kept, a playbook."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from auditor.engine.fixing.fix import fix
from auditor.engine.fixing.request import FixRequest
from auditor.engine.fixing.runs import EVENTS
from auditor.engine.request import Notes
from auditor.llm.client import Client
from auditor.llm.exchange import Request
from auditor.llm.providers.scripted import Cue, Scripted

pytestmark = pytest.mark.long

APP = "shop/app.py"
ASK = '        return {"orders": [told(session, order) for order in found]}\n'
ASK_ONCE = '        rate = rates.current(session)\n        return {"orders": [told(rate, order) for order in found]}\n'
TOLD = "def told(session, order):\n    rate = rates.current(session)\n"
TOLD_ONCE = "def told(rate, order):\n"


def text_of(request: Request[Any]) -> str:
    return "\n".join(block.text for turn in request.turns for block in turn.blocks)


def query_line(request: Request[Any]) -> tuple[int, str]:
    """Number and text of the line that fetches the orders, as the model was shown it last."""
    found = re.findall(r"^ *(\d+)\| +(found = session\.query\(Order\).*)$", text_of(request), re.MULTILINE)
    return int(found[-1][0]), found[-1][1]


def analysis(request: Request[Any]) -> str:
    number, line = query_line(request)
    rate = re.search(r"^ *(\d+)\| +rate = rates\.current\(session\)$", text_of(request), re.MULTILINE)
    finding = re.search(r"(F-\w+) query-in-loop", text_of(request))
    assert rate is not None
    assert finding is not None
    asked = {
        "file": APP,
        "line": int(rate[1]),
        "end_line": int(rate[1]),
        "quote": "rate = rates.current(session)",
    }
    claim = {
        "title": "all orders are fetched and filtered by their total afterwards",
        "bottleneck": "filter-in-python",
        "cost": "rows",
        "severity": "medium",
        "reason": "`wanted` is known before `orders` asks the database",
        "remedy": "put the condition into the query",
        "could_be_wrong": "nobody filters",
        "citations": [{"file": APP, "line": number, "end_line": number, "quote": line}],
    }
    invented = claim | {"title": "`audit_log` is read for each order"}
    judged = {
        "finding": finding[1],
        "verdict": "confirmed",
        "reason": "`current` takes nothing of the order",
        "correction": None,
        "citation": asked,
    }
    design = "One query for the orders that are asked for with their customers, and one for the rate."
    return json.dumps(
        {"design": design, "judgements": [judged], "claims": [claim, invented], "more_code": []}
    )


def plan(request: Request[Any]) -> str:
    by_rule = dict(re.findall(r"(F-\w+) (query-in-loop|filter-in-python)", text_of(request)))
    ids = {rule: name for name, rule in by_rule.items()}
    change = {
        "files": [APP],
        "steps": ["See the title."],
        "verify": ["GET /orders with above=0"],
        "risk": "Orders could be missing.",
        "could_be_wrong": "There are few orders.",
        "rollback": "Revert the commit.",
        "effort": "small",
    }
    first = {
        "key": "c1",
        "phase": 2,
        "title": "Ask for the rate once",
        "findings": [ids["query-in-loop"]],
        "depends_on": [],
        "expected": [{"cost": "sql", "after": "1"}],
    }
    second = {
        "key": "c2",
        "phase": 3,
        "title": "Filter orders in the database",
        "findings": [ids["filter-in-python"]],
        "depends_on": ["c1"],
        "expected": [{"cost": "rows", "after": "1"}],
    }
    return json.dumps({"changes": [first | change, second | change], "left": [], "more_code": []})


def names(_: Request[Any]) -> str:
    words = {"element": "table:orders", "name": "Orders", "description": "What customers have bought."}
    invented = {"element": "table:queue", "name": "Queue", "description": "Where orders wait."}
    return json.dumps({"elements": [words, invented]})


def patch(*edits: tuple[str, str]) -> str:
    written = [{"file": APP, "search": old, "replace": new} for old, new in edits]
    candidate = {"idea": "less is asked for, the same is answered", "edits": written}
    return json.dumps({"candidates": [candidate], "impossible": None, "more_code": []})


def filtered(condition: str) -> Callable[[Request[Any]], str]:
    """In one line, so that there is one part that can be at fault."""

    def write(request: Request[Any]) -> str:
        _, line = query_line(request)
        return patch((line, line.replace(".order_by", f".filter({condition}).order_by")))

    return write


ZERO_IS_A_LIMIT = 'Order.total > request.args.get("above", -1, type=int)'
ABOVE = 'request.args.get("above", type=int)'
ZERO_IS_NONE = f"*([Order.total > {ABOVE}] if {ABOVE} else [])"
SAME = json.dumps({"checked": ["orders[].total", "above=0"], "differences": []})
LESSON = json.dumps({
    "cause": "0 meant no filter and now asks for totals over 0",
    "constraint": {
        "kind": "keep-falsy", "parameter": "above", "endpoint": "GET /orders", "modules": None, "scope": None, "path": None,
    },
    "next": "repair",
    "advice": "keep `if wanted`",
})  # fmt: skip


def playbook(request: Request[Any]) -> str:
    kept = re.findall(r"(C-\w+): (?:Ask for the rate once)", text_of(request))
    learnt = re.findall(r"(K-\w+) keep-falsy", text_of(request))
    return json.dumps({
        "name": "hoist-then-filter",
        "title": "Ask once, then filter in the database",
        "description": "Takes queries out of loops, then moves filters into SQL.",
        "precondition": ["A helper in a loop takes nothing of the loop."],
        "recipe": [
            {"text": "Ask before the loop and hand the answer in.", "change": kept[0]},
            {"text": "Cache everything.", "change": "C-000000"},
        ],
        "verify": ["The same answer for 0."],
        "broke": [{"text": "0 means no filter.", "source": learnt[0]}],
    })  # fmt: skip


SCRIPT: list[Cue] = [
    analysis,
    plan,
    names,
    patch((ASK.replace("found", "orders"), ASK_ONCE), (TOLD, TOLD_ONCE)),
    patch((ASK, ASK_ONCE), (TOLD, TOLD_ONCE)),
    SAME,
    filtered(ZERO_IS_A_LIMIT),
    SAME,
    LESSON,
    filtered(ZERO_IS_NONE),
    SAME,
    playbook,
]
TASKS = [
    "analyze", "plan", "architecture", "implement", "implement", "crosscheck", "implement", "crosscheck", "revert", "culprit",
    "crosscheck", "transfer",
]  # fmt: skip


def test_from_analysis_to_kept_patches_through_a_repair_and_a_revert(shop: FixRequest, silent: Notes) -> None:
    said = Scripted(SCRIPT)
    done = fix(replace(shop, model=lambda _folder, _hidden: Client(said)), silent)
    assert [request.task for request in said.requests] == TASKS
    assert done.stopped is None
    by_title = {(one.title, one.verdict): one for one in done.result.changes}
    assert ("Ask for the rate once", "kept") in by_title
    assert by_title["Filter orders in the database", "reverted"].gate == "contract"
    assert ("Filter orders in the database", "kept") in by_title
    assert [constraint.rule.kind for constraint in done.ledger.constraints] == ["keep-falsy"]
    part = done.result.model
    assert part is not None
    assert {one.what for one in part.dropped} == {"claim", "element", "step"}
    assert {one.id for one in part.prompts} == {*TASKS, "common", "moved", "within"}
    (endpoint,) = part.endpoints
    assert (endpoint.judgements, endpoint.claims) == (1, 1)
    kept = (done.folder.parent.parent / "playbooks" / "hoist-then-filter" / "SKILL.md").read_text()
    assert "1. Ask before the loop and hand the answer in." in kept
    assert "Cache everything" not in kept
    lines = (done.folder / EVENTS).read_text()
    assert '"model-asked"' in lines, "the run says which prompts it was asked with"
    assert all(one.sha256 in lines for one in part.prompts)
    failing = text_of(said.requests[TASKS.index("culprit")])
    assert "zero: GET /orders" in failing
    assert "query above = '0'" in failing
    before = said.requests[TASKS.index("implement", 5)]
    assert said.requests[TASKS.index("culprit")].turns[: len(before.turns)] == before.turns
