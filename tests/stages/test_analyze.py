"""Stage 1: judgements and claims that hold come through, marked; forty planted false ones do not."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from auditor.llm.exchange import Data, Instruction, Reply
from auditor.llm.usage import Usage
from auditor.model.canonical import canonical_json
from auditor.model.report import Report
from auditor.report.formats.markdown import render
from auditor.stages.analyze import DOUBTED, analyze
from auditor.stages.answers.analysis import Analysis, Claim, FindingJudged
from auditor.stages.answers.citation import Citation
from auditor.stages.judging import judge, with_judged
from auditor.stages.prompting.library import prompts

NOTHING_PLANNED = "{}"
NO_WORDS = "{}"
APP, RATES = "shop/app.py", "shop/rates.py"
FETCH = "found = session.query(Order).order_by(Order.id).all()"
LOOP = "found = [order for order in found if order.total > wanted]"
ASK = "return session.query(Rate).order_by(Rate.id.desc()).first()"


def at(shop: Any, path: str, quote: str, **changed: Any) -> Citation:
    line = shop.line(path, quote.split("\n", maxsplit=1)[0])
    given = {"file": path, "line": line, "end_line": line + quote.count("\n"), "quote": quote}
    return Citation.model_validate(given | changed)


def claim(*citations: Citation, **changed: Any) -> Claim:
    given = {
        "title": "every order is fetched whatever is asked for",
        "bottleneck": "unbounded-fetch",
        "cost": "rows",
        "severity": "medium",
        "reason": "`orders` fetches all rows and the answer has no page",
        "remedy": "ask for a page with limit() in the database",
        "could_be_wrong": "the table is small for good",
        "citations": list(citations),
    }
    return Claim.model_validate(given | changed)


def analysis(claims: list[Claim] = [], judgements: list[FindingJudged] = [], **changed: Any) -> Analysis:  # noqa: B006
    given = {
        "design": "One query with its joins.",
        "judgements": judgements,
        "claims": claims,
        "more_code": [],
    }
    return Analysis.model_validate(given | changed)


def true_claims(shop: Any) -> list[Claim]:
    return [
        claim(at(shop, APP, FETCH)),
        claim(
            at(shop, RATES, ASK),
            title="the current rate is asked for anew wherever it is needed",
            bottleneck="uncached-read",
            cost="sql",
            reason="`current` has no arguments but the session, so each call gives the same row",
            could_be_wrong="somebody writes a rate while a request runs",
        ),
        claim(
            at(shop, APP, LOOP),
            title="orders are filtered by their total in Python",
            bottleneck="filter-in-python",
            cost="cpu",
            reason="`wanted` is known before anything is fetched",
        ),
    ]


def false_claims(shop: Any) -> list[Claim]:
    fetch = at(shop, APP, FETCH)
    line = fetch.line

    def moved(**changed: Any) -> Claim:
        return claim(fetch.model_copy(update=changed))

    health = shop.line(APP, "def health")
    wrong_places = [
        moved(line=line + 1, end_line=line + 1),
        moved(line=line - 1, end_line=line - 1),
        moved(line=line + 7, end_line=line + 7),
        moved(line=0, end_line=line),
        moved(line=-3, end_line=-3),
        moved(line=line, end_line=line - 1),
        moved(line=1, end_line=line + 5),
        moved(line=9_000, end_line=9_001),
        moved(line=health, end_line=health),
    ]
    wrong_quotes = [
        moved(quote=FETCH.replace("Order.id", "Order.total")),
        moved(quote=FETCH.upper()),
        moved(quote="for order in session.query(Order): order.customer"),
        moved(quote=ASK),
        moved(quote=""),
        moved(quote="(Or"),
        moved(quote=FETCH + "\n        audit(found)"),
        moved(quote="with Session() as session:\n" + FETCH),
        moved(quote="…"),
    ]
    wrong_files = [
        moved(file="shop/orders.py"),
        moved(file="/etc/passwd"),
        moved(file="../shop/app.py"),
        moved(file=".env"),
        moved(file="shop/db.py", line=1, end_line=1, quote="from sqlalchemy import create_engine"),
    ]
    invented = [
        claim(fetch, reason="it runs SELECT * FROM audit_log for each order"),
        claim(fetch, title="`load_permissions` is called for every order"),
        claim(fetch, cost="http", title="the payment service is called here"),
        claim(fetch, cost="log", title="each order is written to the log"),
        claim(fetch, cost="mail", title="a mail is sent here"),
        claim(at(shop, APP, "from shop import rates"), cost="sql", title="importing runs a query"),
        claim(
            at(shop, APP, 'wanted = request.args.get("above", type=int)'),
            cost="sql",
            bottleneck="query-in-loop",
        ),
        claim(at(shop, APP, LOOP), cost="cpu", title="a query runs for each order here"),
        claim(
            at(shop, APP, 'wanted = request.args.get("above", type=int)'),
            cost="cpu",
            title="a loop in a loop",
        ),
        claim(at(shop, "shop/models.py", "customer = relationship(Customer)"), cost="rows"),
    ]
    figures = [
        claim(fetch, reason="this alone takes 300 ms"),
        claim(fetch, title="runs 40 queries for ten orders"),
        claim(fetch, reason="ninety rows would do, and 10x rows are fetched, 90 % of them in vain"),
        claim(fetch, reason="there are dozens of queries here"),
    ]
    again = [
        claim(at(shop, APP, 'return {"orders": [told(session, order) for order in found]}'), cost="sql"),
        claim(fetch, fetch.model_copy(update={"quote": "what is not there"})),
        claim(),
    ]
    return [*wrong_places, *wrong_quotes, *wrong_files, *invented, *figures, *again]


def test_what_holds_becomes_a_finding_with_the_cost_that_the_trace_has(
    shop: Any,
    wait: Callable[[Any], Any],
) -> None:
    desk, _ = shop.desk([analysis(true_claims(shop))])
    done = wait(analyze(desk, shop.examined.scene, shop.endpoint, shop.findings))
    assert done.dropped == ()
    made = [finding for finding in done.findings if finding.said_by]
    assert [finding.rule for finding in made] == ["unbounded-fetch", "uncached-read", "filter-in-python"]
    assert {finding.said_by for finding in made} == {"scripted:test"}
    assert made[0].cost_term is not None
    assert made[0].cost_term.sizes == ()
    assert made[1].cost_term is not None
    assert made[1].cost_term.sizes == ("orders",), "the trace says how often, whatever the model thinks"
    assert [(f.file, f.line) for f in made] == [
        (APP, shop.line(APP, FETCH)), (RATES, shop.line(RATES, ASK)), (APP, shop.line(APP, LOOP)),
    ]  # fmt: skip
    assert all(finding.status == "suspected" for finding in made)


def test_of_forty_planted_false_claims_none_comes_through(shop: Any, wait: Callable[[Any], Any]) -> None:
    planted = false_claims(shop)
    assert len(planted) == 40
    seen = 0
    for start in range(0, 40, 20):  # an answer holds so many at most
        part = planted[start : start + 20]
        desk, _ = shop.desk([analysis([*true_claims(shop), *part])])
        done = wait(analyze(desk, shop.examined.scene, shop.endpoint, shop.findings))
        assert len([finding for finding in done.findings if finding.said_by]) == 3
        assert len(done.dropped) == len(part), [one.reason for one in done.dropped]
        seen += len(done.dropped)
    assert seen == 40


@pytest.mark.parametrize("number", range(40))
def test_each_false_claim_is_dropped_for_a_reason_of_its_own(
    shop: Any,
    wait: Callable[[Any], Any],
    number: int,
) -> None:
    desk, _ = shop.desk([analysis([false_claims(shop)[number]])])
    done = wait(analyze(desk, shop.examined.scene, shop.endpoint, shop.findings))
    assert [finding.id for finding in done.findings] == [finding.id for finding in shop.findings]
    assert len(done.dropped) == 1
    assert not re.search(r"None|Traceback", done.dropped[0].reason)


def judged(shop: Any, rule: str, verdict: str, quote: str, path: str = APP, **changed: Any) -> FindingJudged:
    given = {
        "finding": shop.finding(rule).id,
        "verdict": verdict,
        "reason": "`told` reads it for each order",
        "correction": None,
        "citation": at(shop, path, quote),
    }
    return FindingJudged.model_validate(given | changed)


def test_judgements_are_marked_and_a_rejected_finding_sinks_and_stays(
    shop: Any,
    wait: Callable[[Any], Any],
) -> None:
    said = [
        judged(shop, "lazy-load-in-loop", "confirmed", '"customer": order.customer.name'),
        judged(shop, "query-in-loop", "rejected", "rate = rates.current(session)"),
    ]
    desk, _ = shop.desk([analysis(judgements=said)])
    done = wait(analyze(desk, shop.examined.scene, shop.endpoint, shop.findings))
    by_rule = {finding.rule: finding for finding in done.findings}
    lazy, query = by_rule["lazy-load-in-loop"], by_rule["query-in-loop"]
    assert lazy.judgement is not None
    assert (lazy.judgement.verdict, lazy.judgement.line) == (
        "confirmed",
        shop.line(APP, "order.customer.name"),
    )
    assert lazy.confidence == shop.finding("lazy-load-in-loop").confidence
    assert query.judgement is not None
    assert query.judgement.by == "scripted:test"
    assert query.confidence == pytest.approx(DOUBTED * shop.finding("query-in-loop").confidence, abs=1e-3)


def test_judgements_that_do_not_hold_are_dropped(shop: Any, wait: Callable[[Any], Any]) -> None:
    good = judged(shop, "query-in-loop", "confirmed", "rate = rates.current(session)")
    measured = [
        one.model_copy(update={"status": "confirmed"}) if one.rule == "lazy-load-in-loop" else one
        for one in shop.findings
    ]
    said = [
        judged(shop, "query-in-loop", "rejected", "rate = rates.current(session)", finding="F-0000000000"),
        judged(shop, "lazy-load-in-loop", "rejected", '"customer": order.customer.name'),
        judged(shop, "query-in-loop", "corrected", "rate = rates.current(session)"),
        good.model_copy(update={"reason": "it happens 500 times"}),
        good.model_copy(update={"reason": " "}),
        good.model_copy(update={"citation": at(shop, APP, FETCH).model_copy(update={"quote": "nothing"})}),
        good,
        good,
    ]
    desk, _ = shop.desk([analysis(judgements=said)])
    done = wait(analyze(desk, shop.examined.scene, shop.endpoint, measured))
    assert len(done.dropped) == 7
    assert [finding.rule for finding in done.findings if finding.judgement is not None] == ["query-in-loop"]


def test_code_that_is_asked_for_is_added_once_and_may_be_cited(shop: Any, wait: Callable[[Any], Any]) -> None:
    asks = analysis(more_code=["shop.rates.unused", "shop.nothing"])
    desk, said = shop.desk([asks, analysis(true_claims(shop))])
    done = wait(analyze(desk, shop.examined.scene, shop.endpoint, shop.findings))
    assert len([one for one in done.findings if one.said_by]) == 3
    first, second = said.requests
    assert second.turns[: len(first.turns)] == first.turns, (
        "what was sent stands unchanged before what is added"
    )
    added = [block.text for block in second.turns[-1].blocks if isinstance(block, Data)]
    assert any("def unused(session, ids):" in text for text in added)
    assert any("shop.nothing: is not defined" in text for text in added)
    assert set(desk.used) == {"common", "analyze", "more-code"}


def test_without_an_answer_the_findings_are_as_the_rules_left_them(
    shop: Any, wait: Callable[[Any], Any]
) -> None:
    cut = Reply(text='{"design": "', stop="length", usage=Usage(output_tokens=5))
    desk, _ = shop.desk([cut])
    done = wait(analyze(desk, shop.examined.scene, shop.endpoint, shop.findings))
    assert done.findings == tuple(shop.findings)
    assert "cut off" in done.unanswered
    assert desk.bill.calls == 1


def test_nothing_of_the_target_stands_in_the_static_part_or_in_an_instruction(
    shop: Any, wait: Callable[[Any], Any]
) -> None:
    desk, said = shop.desk([analysis()])
    wait(analyze(desk, shop.examined.scene, shop.endpoint, shop.findings))
    (request,) = said.requests
    ours = [request.system]
    ours += [block.text for turn in request.turns for block in turn.blocks if isinstance(block, Instruction)]
    for word in ("shop.", "told(", "Order(", "IGNORE ALL", "/orders", "F-"):
        assert not any(word in text for text in ours), word


def test_no_word_of_a_false_claim_stands_in_a_report(shop: Any, wait: Callable[[Any], Any]) -> None:
    desk, _ = shop.desk([analysis(false_claims(shop)[:20]), *[NOTHING_PLANNED] * 3, *[NO_WORDS] * 3])
    judged = wait(judge(desk, shop.examined.scene, shop.examined.report))
    report = with_judged(
        shop.examined.report, [judged], model=desk.model, prompts=desk.used.values(), bill=desk.bill
    )
    assert report.model is not None
    assert len(report.model.dropped) == 20
    for text in (report.model_dump_json(), render(report)):
        for word in ("every order is fetched", "whatever is asked for", "audit(found)", "/etc/passwd"):
            assert word not in text


def test_a_report_marks_who_said_what(shop: Any, wait: Callable[[Any], Any]) -> None:
    said = [judged(shop, "query-in-loop", "rejected", "rate = rates.current(session)")]
    desk, _ = shop.desk([analysis(true_claims(shop), said), *[NOTHING_PLANNED] * 3, *[NO_WORDS] * 3])
    done = wait(judge(desk, shop.examined.scene, shop.examined.report))
    report = with_judged(
        shop.examined.report, [done], model=desk.model, prompts=desk.used.values(), bill=desk.bill
    )
    document = render(report)
    assert "claimed by `scripted:test`; its place and its cost were checked" in document
    assert "rejected by `scripted:test`" in document
    assert "What `scripted:test` said" in document
    assert "One query with its joins." in document
    assert f"analyze@{prompts()['analyze'].spec.version}" in document
    assert {rule.id for rule in report.rules} >= {finding.rule for finding in report.findings}
    assert Report.model_validate_json(canonical_json(report)) == report
