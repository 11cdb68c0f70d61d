"""A question about an endpoint: what is shown of the answer, and what is not."""

import asyncio
from dataclasses import replace
from typing import Any

from test_analyze import APP, FETCH, at

from auditor.stages.answers.chat import ChatAnswer, Statement
from auditor.stages.chat import Reply, chat
from auditor.stages.prompting.shown import Shown


def reply(shop: Any, *texts: str) -> Reply:
    cite = at(shop, APP, FETCH)
    answer = ChatAnswer(
        statements=[Statement(text=text, citations=[cite]) for text in texts], unknown=[], more_code=[]
    )
    desk, _ = shop.desk([answer])
    measured = Shown(kind="requests", text="GET /orders: 88 statements\n  7 x SELECT rates.id FROM rates")
    desk.context = replace(desk.context, shown=(*desk.context.shown, measured))
    return asyncio.run(chat(desk, shop.endpoint, shop.findings, "why?"))


def test_figures_are_those_that_were_counted_and_no_others(shop: Any) -> None:
    good = ("It runs 88 statements.", "The rate is asked for 7 times.", "Each order asks two queries more.")
    found = reply(shop, *good, "It takes 300 ms.", "It runs 89 statements, of which 7 times the rate.")
    assert tuple(one.text for one in found.statements) == good
    assert [one.reason for one in found.dropped] == ["states a figure that nobody has counted"] * 2
