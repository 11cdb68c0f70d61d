"""A shop's answers and deeds as a replay would bring them, with the noise of a real one.

Time stamps, uuids, a token in a form, an etag over both, a list without ORDER BY, a column filled by the clock.
"""

import hashlib
import json
import random
from collections.abc import Callable
from typing import Any

from auditor.measure.answer import Answer
from auditor.measure.contract.recording import Recording, recording_of
from auditor.measure.exchange import Exchange
from auditor.measure.records import ProbeEffect, ProbeError, ProbeRecord
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.measure.workload import Workload, workload_of

World = dict[str, Any]
Change = Callable[[World], object]

WORKLOAD: Workload = workload_of(
    [
        Request(id="list", path="/items"),
        Request(id="cart", path="/cart"),
        Request(id="buy", method="POST", path="/cart", body={"item": 3}),
        Request(id="cart again", path="/cart", after=("buy",)),
        Request(id="page", path="/page"),
        Request(id="image", path="/image"),
        Request(id="wrong", path="/items/x"),
        Request(id="feed", path="/feed"),
        Request(id="remove", method="DELETE", path="/cart/1"),
        Request(id="head", method="HEAD", path="/items"),
    ]
)


def world(seed: int) -> World:
    """Everything as it comes from known-good; two seeds differ in noise alone."""
    dice = random.Random(seed)
    now = f"2026-11-22T04:{dice.randrange(60):02}:{dice.randrange(60):02}.{dice.randrange(10**6):06}Z"
    uuid = "-".join("".join(dice.choices("0123456789abcdef", k=n)) for n in (8, 4, 4, 4, 12))
    token = "".join(dice.choices("abcdefgXYZ0123456789", k=24))
    items = [
        {
            "id": n,
            "name": f"item {n}",
            "price": 10.5 * n,
            "stock": 0 if n == 2 else n,
            "note": None if n == 3 else "",
            "tags": [] if n == 4 else ["a", "b"],
            "seen_at": None if n == 5 else now,
            "sale": n % 2 == 0,
            "extra": {},
        }
        for n in range(1, 8)
    ]
    feed = [{"id": n, "title": f"news {n}", "key": uuid if n == 1 else None} for n in range(1, 11)]
    dice.shuffle(feed)
    plain = [("Content-Type", "application/json"), ("Date", now), ("Vary", "Accept, Cookie")]
    etag = ("ETag", hashlib.md5(now.encode()).hexdigest())
    cart = {"items": [1, 2], "total": 30, "updated": now}
    log = {"kind": "log", "detail": {"logger": "shop.cart", "hash": "h1"}}
    return {
        "answers": {
            "list": {
                "status": 200,
                "headers": [*plain, etag, ("Cache-Control", "private, max-age=60"), ("X-Total", "7")],
                "json": {"items": items, "next": None, "count": 7, "request_id": uuid, "rate": 1.0, "page": 1},
            },
            "cart": {"status": 200, "headers": plain, "json": cart},
            "buy": {
                "status": 201,
                "headers": [
                    *plain,
                    ("Location", "/cart/9"),
                    ("Set-Cookie", f"session={token}; Path=/; HttpOnly"),
                    ("Set-Cookie", "seen=1; Path=/"),
                ],
                "json": {"ok": True, "id": 9},
            },
            "cart again": {"status": 200, "headers": plain, "json": {**cart, "items": [1, 2, 3], "total": 61.5}},
            "page": {
                "status": 200,
                "headers": [("Content-Type", "text/html; charset=utf-8")],
                "text": f'<html>\n<form><input name="csrf" value="{token}"></form>\n'
                f"<p>Rendered at {now[11:19]} for 7 items</p>\n<b>Total: 61.50</b>\n</html>\n",
            },
            "image": {"status": 200, "headers": [("Content-Type", "image/png")], "bytes": b"\x89PNG\x00\xff"},
            "wrong": {"status": 404, "headers": plain, "json": {"error": {"code": "not-found", "field": "id"}}},
            "feed": {"status": 200, "headers": plain, "json": {"news": feed, "by_key": {uuid: {"n": 1}}}},
            "remove": {"status": 204, "headers": [], "bytes": b""},
            "head": {"status": 200, "headers": [("Content-Length", "512")], "bytes": b""},
        },
        "effects": {
            "list": [
                {"kind": "sql", "op": "SELECT", "text": "SELECT * FROM items"},
                {"kind": "http", "op": "GET", "text": "https://rates.test/eur", "detail": {"host": "rates.test"}},
                {"kind": "http", "op": "GET", "text": "https://rates.test/eur", "detail": {"host": "rates.test"}},
                *[{**log, "op": "INFO", "text": "item %s shown"} for _ in range(7)],
                {**log, "op": "DEBUG", "text": "SELECT took %s", "detail": {"logger": "sqlalchemy.engine"}},
            ],
            "buy": [
                {"kind": "mail", "op": "send", "text": "Your order", "detail": {"to": "h9", "body": "h2"}},
                {"kind": "task", "op": "enqueue", "text": "shop.tasks.ship", "detail": {"args": "h3"}},
                {"kind": "http", "op": "POST", "text": "https://pay.test/charge", "detail": {"body": "h4"}},
                {**log, "op": "WARNING", "text": "stock of %s is low"},
                {**log, "op": "INFO", "text": "order %s placed", "detail": {"logger": "shop.audit", "hash": token}},
                {"kind": "file", "op": "open", "text": "receipts/9.txt", "detail": {"mode": "w"}},
                {"kind": "file", "op": "open", "text": "templates/mail.txt", "detail": {"mode": "r"}},
            ],
        },
        "outside": [{**log, "op": "WARNING", "text": "worker started"}],
        "errors": {},
        "before": {"orders": [{"id": 8, "item": 1}], "carts": [{"id": 1, "total": 30, "at": "old"}], "items": []},
        "after": {
            "orders": [{"id": 8, "item": 1}, {"id": 9, "item": 3, "key": uuid, "at": now, "memo": None}],
            "carts": [{"id": 1, "total": 61.5, "at": now}],
            "items": [],
        },
    }  # fmt: skip


def recorded(seed: int, change: Change = lambda _: None, *, earlier: Change | None = None) -> Recording:
    """A recording with that noise, after `change` has altered what came.

    `earlier`: what the same server was asked before brought what that makes of it.
    """
    made = world(seed)
    change(made)
    before: tuple[Replay, ...] = ()
    if earlier is not None:
        came = world(seed)
        earlier(came)
        before = (_replay(came),)
    return recording_of(_replay(made), before=made["before"], after=made["after"], earlier=before)


def _replay(made: World) -> Replay:
    exchanges = [
        Exchange(
            request=request,
            answer=_answer(made["answers"][request.id]),
            record=None if request.id in made.get("lost", ()) else _record(made, request.id),
            lost=request.id in made.get("lost", ()),
        )
        for request in WORKLOAD.requests
        if request.id in made["answers"]
    ]
    outside = (ProbeRecord(request=None, pid=1, effects=_effects(made["outside"])),)
    return Replay(mode="in order", exchanges=tuple(exchanges), outside=outside)


def _answer(parts: World) -> Answer:
    if "ending" in parts:
        return Answer(ending=parts["ending"])
    body = parts.get("bytes")
    if body is None:
        body = parts["text"].encode() if "text" in parts else json.dumps(parts["json"]).encode()
    return Answer(
        ending="answered",
        status=parts["status"],
        headers=tuple((name.lower(), value) for name, value in parts["headers"]),
        body=body,
        body_bytes=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )


def _record(made: World, id_: str) -> ProbeRecord:
    errors = tuple(ProbeError(name, said, ()) for name, said in made["errors"].get(id_, ()))
    return ProbeRecord(request=id_, pid=1, effects=_effects(made["effects"].get(id_, ())), errors=errors)


def _effects(trees: list[World]) -> tuple[ProbeEffect, ...]:
    return tuple(ProbeEffect(**tree) for tree in trees)
