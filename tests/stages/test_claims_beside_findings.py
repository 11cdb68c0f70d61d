"""Claims about the second way to an operation, and beside a finding of the same statement about another one."""

import asyncio
from typing import Any

import pytest
from read_shop import FILES, read_target
from test_analyze import APP, FETCH, analysis, at, claim

from auditor.model.report import TermAtStake
from auditor.stages.analyze import Analyzed, analyze

TWO_WAYS = """    rate = rates.current(session)
    return {"id": order.id, "customer": order.customer.name, "total": taxed(session, order, rates.current(session))}


def taxed(session, order, rate):
    again = rates.current(session)
    return order.total * rate.value * again.value
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("market")
    before, _, rest = FILES[APP].partition("    rate = rates.current(session)\n")
    app = before + TWO_WAYS + rest.partition("* rate.value}\n")[2]
    for name, text in {**FILES, APP: app}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return read_target(root, ("lazy-load-in-loop",))


def said(market: Any, *claims: Any) -> Analyzed:
    desk, _ = market.desk([analysis(list(claims))])
    return asyncio.run(analyze(desk, market.examined.scene, market.endpoint, market.findings))


def test_an_operation_is_found_by_every_way_that_leads_to_it(market: Any) -> None:
    """An effect is listed with one way: through `told` directly. The other one goes through `taxed`."""
    line = "again = rates.current(session)"
    assert not any(
        frame.line == market.line(APP, line) for effect in market.endpoint.effects for frame in effect.chain
    )
    done = said(
        market,
        claim(
            at(market, APP, line),
            title="the rate is asked for again",
            bottleneck="duplicate-query",
            cost="sql",
            reason="`taxed` is handed the `rate` that it asks for again",
            could_be_wrong="somebody writes a rate in between",
        ),
    )
    assert done.dropped == ()
    assert [one.rule for one in done.findings if one.said_by] == ["duplicate-query"]


def test_a_claim_about_another_operation_of_a_statement_with_a_finding_is_kept(market: Any) -> None:
    lazy = next(one for one in market.findings if one.rule == "lazy-load-in-loop")
    statement = 'return {"orders": [told(session, order) for order in found]}'
    assert lazy.line == market.line(APP, statement)
    about_the_rate = claim(
        at(market, APP, statement),
        at(market, "shop/rates.py", "return session.query(Rate).order_by(Rate.id.desc()).first()"),
        title="the rate is asked for although it is at hand",
        bottleneck="duplicate-query",
        cost="sql",
        reason="`rate` holds what is asked for again",
        could_be_wrong="somebody writes a rate in between",
    )
    about_the_customer = claim(
        at(market, APP, statement),
        title="each customer is loaded alone",
        bottleneck="query-in-loop",
        cost="sql",
    )
    done = said(market, about_the_rate, about_the_customer)
    assert [one.rule for one in done.findings if one.said_by] == ["duplicate-query"]
    assert [one.reason for one in done.dropped] == [f"is the finding {lazy.id} again"]


def test_a_claim_within_a_finding_of_another_kind_that_stands_on_no_operation_is_kept(market: Any) -> None:
    fetch = at(market, APP, FETCH)
    wide = market.findings[0].model_copy(
        update={
            "rule": "uncached-read", "file": APP, "line": fetch.line - 1, "end_line": fetch.line + 5, "related": (),
            "cost_term": TermAtStake(kind="rows"), "evidence": (), "id": "F-wide",
        }
    )  # fmt: skip
    desk, _ = market.desk([analysis([claim(fetch)])])
    done = asyncio.run(analyze(desk, market.examined.scene, market.endpoint, [wide]))
    assert [one.rule for one in done.findings if one.said_by] == ["unbounded-fetch"]
    alike = wide.model_copy(update={"line": fetch.line, "end_line": fetch.line})
    desk, _ = market.desk([analysis([claim(fetch)])])
    done = asyncio.run(analyze(desk, market.examined.scene, market.endpoint, [alike]))
    assert [one.reason for one in done.dropped] == ["is the finding F-wide again"]


def test_work_that_need_not_be_done_is_another_fault_than_how_it_is_done(market: Any) -> None:
    told = at(market, APP, 'return {"orders": [told(session, order) for order in found]}')
    words = {
        "cost": "sql",
        "title": "what the page leaves out is loaded",
        "reason": "`told` runs for every order",
    }
    done = said(market, claim(told, bottleneck="slice-in-python", **words))
    assert [one.rule for one in done.findings if one.said_by] == ["slice-in-python"]
    assert done.dropped == ()


def test_the_way_that_is_told_of_a_claim_leads_through_its_place(market: Any) -> None:
    line = "again = rates.current(session)"
    words = {
        "bottleneck": "duplicate-query",
        "cost": "sql",
        "title": "the rate is asked for again",
        "reason": "`rate` is at hand",
    }
    (other,) = (one for one in said(market, claim(at(market, APP, line), **words)).findings if one.said_by)
    assert [one.kind for one in other.evidence] == ["note"]
    line = "rate = rates.current(session)"
    (direct,) = (one for one in said(market, claim(at(market, APP, line), **words)).findings if one.said_by)
    assert [one.kind for one in direct.evidence] == ["note", "chain"]
