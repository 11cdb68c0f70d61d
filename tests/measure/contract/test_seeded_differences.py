"""Every way of no longer doing the same that we could think of is caught; noise is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from little_shop import WORKLOAD, Change, World, recorded, world

from auditor.measure.contract.compare import compare
from auditor.measure.contract.contract import About, Contract, make_contract
from auditor.measure.contract.difference import failures
from auditor.measure.contract.store import load_contract, save_contract


@pytest.fixture(scope="module")
def contract() -> Contract:
    return make_contract(WORKLOAD, [recorded(1), recorded(2), recorded(3)], about=About(tree="t"))


def body(id_: str, act: Callable[[Any], object]) -> Change:
    return lambda w: act(w["answers"][id_]["json"])


def item(at: int, **fields: object) -> Change:
    return body("list", lambda tree: tree["items"][at].update(fields))


def header(id_: str, name: str, value: str | None) -> Change:
    def act(w: World) -> None:
        kept = [(n, v) for n, v in w["answers"][id_]["headers"] if n != name]
        w["answers"][id_]["headers"] = kept if value is None else [*kept, (name, value)]

    return act


def text(old: str, new: str) -> Change:
    def act(w: World) -> None:
        assert old in w["answers"]["page"]["text"]
        w["answers"]["page"]["text"] = w["answers"]["page"]["text"].replace(old, new)

    return act


def effect(id_: str, kind: str, level: str | None, act: Callable[[list[World], World], object]) -> Change:
    def change(w: World) -> None:
        effects = w["effects"][id_]
        found = next(e for e in effects if e["kind"] == kind and e["op"] == (level or e["op"]))
        act(effects, found)

    return change


def gone(id_: str, kind: str, op: str | None = None) -> Change:
    return effect(id_, kind, op, lambda effects, found: effects.remove(found))


def again(id_: str, kind: str, op: str | None = None) -> Change:
    return effect(id_, kind, op, lambda effects, found: effects.append(found))


def altered(id_: str, kind: str, level: str | None = None, **fields: object) -> Change:
    return effect(
        id_,
        kind,
        level,
        lambda effects, found: effects.__setitem__(effects.index(found), {**found, **fields}),
    )


def rows(act: Callable[[Any], object]) -> Change:
    return lambda w: act(w["after"])


def stale_cart(w: World) -> None:
    w["answers"]["cart again"] = w["answers"]["cart"]


SEEDED: dict[str, Change] = {
    # values that look alike
    "null for zero": item(1, stock=None),
    "zero for false": item(0, sale=0),
    "one for true": item(1, sale=1),
    "text for a number": item(0, id="1"),
    "integer for 1.0": body("list", lambda tree: tree.update(rate=1)),
    "1.0 for an integer": body("list", lambda tree: tree.update(page=1.0)),
    "empty text for null": item(2, note=""),
    "null for empty text": item(0, note=None),
    "null for an empty list": item(3, tags=None),
    "object for an empty list": item(3, tags={}),
    "list for an empty object": item(0, extra=[]),
    "false for null": body("list", lambda tree: tree.update(next=False)),
    "price off by a cent": item(4, price=52.51),
    "number with a lost digit": body("cart again", lambda tree: tree.update(total=61.0)),
    # fields and items
    "field gone": body("list", lambda tree: tree.pop("next")),
    "field gone in one item": body("list", lambda tree: tree["items"][3].pop("note")),
    "field new": body("list", lambda tree: tree.update(debug=1)),
    "item gone": body("list", lambda tree: tree["items"].pop()),
    "item twice": body("list", lambda tree: tree["items"].append(tree["items"][0])),
    "order of an ordered list": body("list", lambda tree: tree["items"].reverse()),
    "two items swapped": body("list", lambda tree: tree["items"].insert(0, tree["items"].pop(1))),
    "all items gone": body("list", lambda tree: tree["items"].clear()),
    "unordered list with another item": body("feed", lambda tree: tree["news"][0].update(title="other")),
    "unordered list lacks one": body("feed", lambda tree: tree["news"].pop()),
    "error's code": body("wrong", lambda tree: tree["error"].update(code="missing")),
    # noise that is no noise any more
    "noisy time became null": item(0, seen_at=None),
    "null among noisy times filled": item(4, seen_at="2026-11-22T04:00:00Z"),
    "noisy id became a number": body("list", lambda tree: tree.update(request_id=7)),
    "noisy id is empty": body("list", lambda tree: tree.update(request_id="")),
    "noisy id is no uuid": body("list", lambda tree: tree.update(request_id="none")),
    "noisy id gone": body("list", lambda tree: tree.pop("request_id")),
    "noisy key holds another shape": body("feed", lambda tree: tree.update(by_key={"k": {"n": "1"}})),
    "noisy keys all gone": body("feed", lambda tree: tree.update(by_key={})),
    # status, headers, forms
    "status": lambda w: w["answers"]["buy"].update(status=200),
    "500 instead of 404": lambda w: w["answers"]["wrong"].update(status=500),
    "content type": header("list", "Content-Type", "text/json"),
    "cache control": header("list", "Cache-Control", "public, max-age=60"),
    "vary lost": header("list", "Vary", None),
    "location": header("buy", "Location", "/cart/8"),
    "count in a header": header("list", "X-Total", "8"),
    "noisy etag gone": header("list", "ETag", None),
    "new header": header("list", "X-Debug", "1"),
    "cookie gone": header("buy", "Set-Cookie", "seen=1; Path=/"),
    "cookie without HttpOnly": lambda w: w["answers"]["buy"].update(
        headers=[(n, v.replace("; HttpOnly", "")) for n, v in w["answers"]["buy"]["headers"]]
    ),
    "length told by HEAD": header("head", "Content-Length", "511"),
    "body where there was none": lambda w: w["answers"]["remove"].update(bytes=b"x"),
    "JSON that is none": lambda w: w["answers"]["cart"].update(bytes=b"{'items': [1, 2]}"),
    "JSON with a key twice": lambda w: w["answers"]["wrong"].update(
        bytes=b'{"error": {"code": "not-found", "field": "id", "field": "id"}}'
    ),
    "not a number": body("list", lambda tree: tree.update(rate=float("nan"))),
    "huge integer": lambda w: w["answers"]["buy"].update(bytes=b'{"ok": true, "id": ' + b"9" * 5000 + b"}"),
    "not UTF-8": lambda w: w["answers"]["buy"].update(bytes=b'{"ok": true, "id": "\xff"}'),
    "page: a number": text("61.50", "61.5"),
    "page: a word in a noisy line": text("7 items", "8 items"),
    "page: a line less": text("<b>Total: 61.50</b>\n", ""),
    "page: the end of the line": text("</html>\n", "</html>"),
    "page: token gone": lambda w: w["answers"]["page"].update(text="<html>\n<form></form>\n" + w["answers"]["page"]["text"].split("\n", 2)[2]),
    "image: a byte": lambda w: w["answers"]["image"].update(bytes=b"\x89PNG\x00\xfe"),
    # what vanished
    "request not sent": lambda w: w["answers"].pop("feed"),
    "no answer in time": lambda w: w["answers"]["feed"].update(ending="timeout"),
    "connection broken": lambda w: w["answers"]["feed"].update(ending="broken"),
    "record lost": lambda w: w.update(lost=["cart"]),
    # deeds
    "mail not sent": gone("buy", "mail"),
    "mail sent twice": again("buy", "mail"),
    "mail with another text": altered("buy", "mail", detail={"to": "h9", "body": "h3"}),
    "mail with another subject": altered("buy", "mail", text="Your Order"),
    "task not enqueued": gone("buy", "task"),
    "task with other arguments": altered("buy", "task", detail={"args": "h5"}),
    "charged twice": again("buy", "http"),
    "not charged": gone("buy", "http"),
    "charged elsewhere": altered("buy", "http", text="https://pay.test/hold"),
    "PUT instead of POST": altered("buy", "http", op="PUT"),
    "warning gone": gone("buy", "log", "WARNING"),
    "warning with another value": altered("buy", "log", "WARNING", detail={"logger": "shop.cart", "hash": "h2"}),
    "warning became an error": altered("buy", "log", "WARNING", op="ERROR"),
    "audit record gone": gone("buy", "log", "INFO"),
    "audit record with another logger": altered("buy", "log", "INFO", detail={"logger": "shop.cart", "hash": "h"}),
    "fewer INFO records, undeclared": gone("list", "log", "INFO"),
    "fewer GET calls, undeclared": gone("list", "http", "GET"),
    "more GET calls": again("list", "http", "GET"),
    "receipt not written": gone("buy", "file"),
    "exception left the application": lambda w: w["errors"].update(cart=[("ValueError", "no")]),
    "warning outside requests gone": lambda w: w["outside"].clear(),
    # the database
    "row not written": rows(lambda after: after["orders"].pop()),
    "row written twice": rows(lambda after: after["orders"].append({**after["orders"][1], "id": 10})),
    "row with another value": rows(lambda after: after["orders"][1].update(item=2)),
    "row with 0 for null": rows(lambda after: after["orders"][1].update(memo=0)),
    "row whose clock column is null": rows(lambda after: after["orders"][1].update(at=None)),
    "row without its key": rows(lambda after: after["orders"][1].update(key="")),
    "change not made": rows(lambda after: after["carts"][0].update(total=30)),
    "change to text": rows(lambda after: after["carts"][0].update(total="61.5")),
    "row deleted": rows(lambda after: after["orders"].pop(0)),
    "row in another table": rows(lambda after: after["items"].append({"id": 1})),
    # freshness
    "what was written is not read": stale_cart,
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDED)
def test_a_seeded_difference_is_caught(contract: Contract, name: str) -> None:
    for seed in (4, 5, 6):
        assert failures(compare(contract, recorded(seed, SEEDED[name]))), "not caught"


def test_there_are_enough_of_them() -> None:
    assert len(SEEDED) >= 40
    for name, change in SEEDED.items():
        changed = world(4)
        change(changed)
        assert repr(changed) != repr(world(4)), name


def test_a_thousand_comparisons_with_itself_find_nothing(contract: Contract) -> None:
    found = [(seed, d.sentence()) for seed in range(4, 1004) for d in compare(contract, recorded(seed))]
    assert found == []


def test_what_is_stored_judges_the_same(contract: Contract, tmp_path: Path) -> None:
    save_contract(contract, tmp_path / "c")
    stored = load_contract(tmp_path / "c")
    assert stored == contract
    for name in list(SEEDED)[::7]:
        candidate = recorded(7, SEEDED[name])
        assert compare(stored, candidate) == compare(contract, candidate)


def test_how_a_person_reads_them(contract: Contract) -> None:
    def said(name: str) -> list[str]:
        return [d.sentence() for d in compare(contract, recorded(9, SEEDED[name]))]

    assert said("null for zero") == ["`list`: `$.items[*].stock` was `0` and is `null`"]
    assert said("status") == ["`buy`: the status was `201` and is `200`"]
    assert said("field gone") == ["`list`: `$.next` is missing, it was `null`"]
    assert said("order of an ordered list")[0].startswith(
        "`list`: `$.items` holds the same items in another order"
    )
    assert said("mail not sent") == [
        '`buy`: effect `mail` is missing, it was `{"send Your order": [{"to": "h9", "body": "h2"}]}`'
    ]
    assert said("JSON that is none") == ["`cart`: the body was `json` and is `text`"]
    assert said("request not sent") == ["`feed`: it was answered with 200, and now it was not sent at all"]
    assert said("what was written is not read")[-1] == (
        "`cart again`: still reads as before `buy`: what was written is not read"
    )
