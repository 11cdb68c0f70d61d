"""What each process does when it comes to something first: chance decides which request that is."""

from typing import Any

import pytest
from little_shop import WORKLOAD, Change, World, recorded

from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, make_contract
from auditor.measure.contract.difference import failures
from auditor.measure.contract.recording import Recording

REMARK = {
    "kind": "log",
    "op": "WARNING",
    "text": "no host was named",
    "detail": {"logger": "kombu.transport", "hash": "h0"},
}
AUDIT = {"kind": "log", "op": "INFO", "text": "opened", "detail": {"logger": "shop.audit", "hash": "h0"}}
ASKED = {
    "kind": "http",
    "op": "GET",
    "text": "https://rates.test/eur",
    "detail": {"host": "rates.test", "status": 200},
}


def written(remark: dict[str, Any], *requests: str) -> Change:
    def change(world: World) -> None:
        for request in requests:
            world["effects"].setdefault(request, []).append(remark)

    return change


def told(before: Change, after: Change) -> bool:
    contract = make_contract(WORKLOAD, [recorded(1, before), recorded(2, before)], about=About(tree="t"))
    return bool(failures(compare(contract, recorded(3, after))))


@pytest.mark.parametrize("deed", [REMARK, ASKED], ids=["a remark", "what a memo of the process keeps"])
def test_another_request_may_come_to_it_first(deed: dict[str, Any]) -> None:
    assert not told(written(deed, "buy"), written(deed, "cart"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (written(REMARK, "buy"), written(REMARK)),
        (written(REMARK), written(REMARK, "buy")),
        (written(REMARK, "buy"), written(REMARK, "buy", "cart")),
        (written(REMARK, "buy", "cart"), written(REMARK, "buy")),
        (written(REMARK, "buy"), written({**REMARK, "detail": {**REMARK["detail"], "hash": "h9"}}, "cart")),
        (written(REMARK, "buy"), written({**REMARK, "op": "ERROR"}, "cart")),
        (written(AUDIT, "buy"), written(AUDIT, "cart")),
        (written(ASKED, "buy"), written(ASKED)),
        (written(ASKED), written(ASKED, "buy")),
        (written(ASKED, "buy"), written(ASKED, "buy", "cart")),
        (written({**ASKED, "op": "POST"}, "buy"), written({**ASKED, "op": "POST"}, "cart")),
    ],
    ids=[
        "gone",
        "new",
        "twice",
        "no longer twice",
        "other values",
        "another level",
        "an audit record",
        "not asked any more",
        "asked now",
        "asked twice",
        "not to be asked again",
    ],
)
def test_anything_else_is_a_difference(before: Change, after: Change) -> None:
    assert told(before, after)


def surely_told(before: Recording, after: Recording) -> bool:
    """Whether it is told for sure, and not only if it is seen once more."""
    contract = make_contract(WORKLOAD, [before, before], about=About(tree="t"))
    return bool(failures(compare(contract, after, without_seldom=True)))


NOBODY, BUY, CART = written(ASKED), written(ASKED, "buy"), written(ASKED, "cart")


def test_what_every_request_asks_is_a_difference_whatever_was_asked_before() -> None:
    """A memo that a change brings: of what was asked by each pass, one is left."""
    each = written(ASKED, *(one.id for one in WORKLOAD.requests))
    assert surely_told(recorded(1, each, earlier=each), recorded(1, NOBODY, earlier=BUY))
    assert surely_told(recorded(1, each, earlier=each), recorded(1, BUY, earlier=each))


def test_what_was_asked_in_both_passes_and_now_in_one_is_looked_at_again() -> None:
    """It may be a memo that a change brings, or one that ended with its minute."""
    before, after = recorded(1, BUY, earlier=BUY), recorded(1, NOBODY, earlier=BUY)
    contract = make_contract(WORKLOAD, [before, before], about=About(tree="t"))
    assert failures(compare(contract, after))


def test_a_memo_that_earlier_requests_filled_may_end_within_the_replay() -> None:
    assert not surely_told(recorded(1, BUY, earlier=BUY), recorded(1, NOBODY, earlier=BUY))
    assert not surely_told(recorded(1, NOBODY, earlier=BUY), recorded(1, CART, earlier=BUY))
