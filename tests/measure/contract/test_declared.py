from collections.abc import Callable

import pytest
from little_shop import WORKLOAD, World, recorded

from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, make_contract
from auditor.measure.contract.declared import Declared, Unordered
from auditor.measure.contract.difference import failures
from auditor.measure.contract.freshness import Reread, rereads

CONTRACT = make_contract(WORKLOAD, [recorded(1), recorded(2), recorded(3)], about=About())
FEWER = Declared(fewer_records=True, fewer_reads=True)


def one_record(w: World) -> None:
    kept: list[World] = []
    for effect in w["effects"]["list"]:
        if effect not in kept:
            kept.append(effect)
    w["effects"]["list"] = kept


def test_fewer_quiet_records_and_reads_are_allowed_when_declared_and_shown_all_the_same() -> None:
    candidate = recorded(5, one_record)
    assert len(failures(compare(CONTRACT, candidate))) == 2
    found = compare(CONTRACT, candidate, declared=FEWER)
    assert failures(found) == ()
    reads, records = [d.sentence() for d in found]
    assert reads.startswith(
        '`list`: effect `http["GET https://rates.test/eur"]` lacks `{"host": "rates.test"}`'
    )
    assert reads.endswith(" – declared: fewer GET calls, each address remains")
    assert '`log["INFO item %s shown"]` lacks `{"logger": "shop.cart", "hash": "h1"} (6 times)`' in records


def merged_record(w: World, **other: object) -> None:
    """One record in the place of seven, which tells of all of them."""
    records = [e for e in w["effects"]["list"] if e["text"] == "item %s shown"]
    rest = [e for e in w["effects"]["list"] if e not in records]
    told = {"detail": {"logger": "shop.cart", "hash": "of seven"}, **other}
    w["effects"]["list"] = [*rest, {**records[0], **told}]


def test_one_record_may_tell_of_several_where_fewer_were_declared() -> None:
    candidate = recorded(5, merged_record)
    assert failures(compare(CONTRACT, candidate))
    found = compare(CONTRACT, candidate, declared=FEWER)
    assert failures(found) == ()
    assert {d.allowed for d in found} == {
        "records below WARNING that tell of several at once, every template remains"
    }


@pytest.mark.parametrize(
    "other",
    [
        {"op": "DEBUG"},
        {"text": "items %s shown"},
        {"detail": {"logger": "shop.other", "hash": "of seven"}},
        {"detail": {"logger": "shop.cart", "hash": "of seven", "exception": "KeyError"}},
    ],
)
def test_it_keeps_its_level_template_logger_and_exception(other: dict[str, object]) -> None:
    candidate = recorded(5, lambda w: merged_record(w, **other))
    assert failures(compare(CONTRACT, candidate, declared=FEWER))


@pytest.mark.parametrize("op", ["WARNING", "INFO"])
def test_loud_and_audit_records_keep_their_values_whatever_is_declared(op: str) -> None:
    def told(w: World) -> None:
        for effect in w["effects"]["buy"]:
            if effect["kind"] == "log" and effect["op"] == op:
                effect["detail"] = {**effect["detail"], "level": "of several"}

    assert failures(compare(CONTRACT, recorded(5, told), declared=FEWER))


def test_a_template_that_is_gone_altogether_is_not() -> None:
    def silent(w: World) -> None:
        w["effects"]["list"] = [e for e in w["effects"]["list"] if e["kind"] != "log"]

    assert failures(compare(CONTRACT, recorded(5, silent), declared=FEWER))


def test_more_records_or_fewer_loud_ones_are_not() -> None:
    def more(w: World) -> None:
        w["effects"]["list"] += [e for e in w["effects"]["list"] if e["kind"] == "log"]

    def fewer_loud(w: World) -> None:
        w["effects"]["buy"] = [e for e in w["effects"]["buy"] if e["op"] != "WARNING"]

    for change in (more, fewer_loud):
        assert failures(compare(CONTRACT, recorded(5, change), declared=FEWER))


def test_an_order_that_was_declared_free_may_change_and_is_told() -> None:
    def turned(w: World) -> None:
        w["answers"]["list"]["json"]["items"].reverse()

    def turned_and_changed(w: World) -> None:
        turned(w)
        w["answers"]["list"]["json"]["items"][0]["name"] = "other"

    free = Declared(unordered=(Unordered(request="list", place="$.items"),))
    assert failures(compare(CONTRACT, recorded(5, turned)))
    found = compare(CONTRACT, recorded(5, turned), declared=free)
    assert [(d.what, d.place, d.allowed) for d in found] == [("order", "$.items", "its order means nothing")]
    left = failures(compare(CONTRACT, recorded(5, turned_and_changed), declared=free))
    assert [(d.place, d.before, d.after) for d in left] == [("$.items[*].name", '"item 7"', '"other"')]


def test_work_that_is_done_later_still_counts_once() -> None:
    def later(w: World) -> None:
        mail = w["effects"]["buy"].pop(0)
        w["outside"].append(mail)

    def later_and_twice(w: World) -> None:
        w["outside"].append(w["effects"]["buy"][0])

    assert compare(CONTRACT, recorded(5, later)) == ()
    assert failures(compare(CONTRACT, recorded(5, later_and_twice)))


def test_it_is_known_where_freshness_can_be_judged() -> None:
    assert rereads(CONTRACT) == (Reread("cart", "buy", "cart again"),)


def test_a_status_that_varies_by_itself_is_known_as_unsteady() -> None:
    def fails(w: World) -> None:
        w["answers"]["cart"]["status"] = 503

    def other(w: World) -> None:
        w["answers"]["cart"]["status"] = 500

    contract = make_contract(WORKLOAD, [recorded(1), recorded(2, fails)], about=About())
    assert contract.unsteady == ("cart",)
    assert compare(contract, recorded(3, fails)) == ()
    assert compare(contract, recorded(3, other))


def test_what_the_settings_exclude_is_compared_by_presence_and_type() -> None:
    def change(**fields: object) -> Callable[[World], None]:
        return lambda w: w["answers"]["list"]["json"]["items"][1].update(fields)

    places = ["$.items[0].price", "$.items[*].tags", "$.no.such"]
    contract = make_contract(WORKLOAD, [recorded(1), recorded(2)], about=About(), excluded=places)
    assert compare(contract, recorded(3, change(price=1, tags=[]))) == ()
    for fields in ({"price": None}, {"price": "1"}, {"tags": None}, {"stock": 9}):
        assert compare(contract, recorded(3, change(**fields))), fields
    assert compare(contract, recorded(3, lambda w: w["answers"]["list"]["json"]["items"][1].pop("price")))
