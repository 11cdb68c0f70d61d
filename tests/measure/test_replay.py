import contextlib
import hashlib
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from little_app import App, Got, Reply, as_json

from auditor.measure.exchange import Witnessed
from auditor.measure.identity import Identity
from auditor.measure.records import ProbeEffect, ProbeRecord
from auditor.measure.replay import Replay, Watch, opaque_id, rehearse, replay
from auditor.measure.request import Request
from auditor.measure.sending import Limits
from auditor.measure.workload import workload_of
from auditor.measure.worth import doubts
from auditor.model.fault import Fault

Serve = Callable[[App], Path]


def run(socket: Path, *requests: Request, **options: object) -> Replay:
    return replay(workload_of(requests), socket, **options)  # type: ignore[arg-type]


def test_what_is_sent_is_what_stands_in_the_workload(serve: Serve) -> None:
    seen: list[Got] = []

    def app(got: Got) -> Reply:
        seen.append(got)
        return as_json({})

    run(
        serve(app),
        Request(id="a", path="/a/../b//%2F/ü", query=(("q", "ü &="), ("q", ""))),
        Request(id="b", method="POST", path="/", body={"x": [1, 1.0, "1", None]}),
        Request(id="c", method="PUT", path="/", body_base64="AP8=", headers=(("Content-Type", "x/y"),)),
        Request(id="d", method="DELETE", path="/", body="plain $${a}", headers=(("Host", "shop.test"),)),
    )
    first, second, third, fourth = seen
    assert first.target == "/a/../b//%2F/%C3%BC?q=%C3%BC+%26%3D&q="
    assert (first.headers["host"], first.headers["accept-encoding"]) == ("localhost", "identity")
    assert "x-auditor-request" not in first.headers
    assert (second.body, second.headers["content-type"]) == (b'{"x":[1,1.0,"1",null]}', "application/json")
    assert (third.body, third.headers["content-type"]) == (b"\x00\xff", "x/y")
    assert (fourth.body, fourth.headers["host"]) == (b"plain ${a}", "shop.test")


def test_it_is_told_how_far_it_has_come(serve: Serve) -> None:
    told: list[tuple[int, int]] = []
    requests = [Request(id=name, path=f"/{name}") for name in "abc"]
    replay(
        workload_of(requests),
        serve(lambda _: as_json({})),
        answered=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_half_characters_and_control_characters_are_sent_or_told(serve: Serve) -> None:
    seen: list[Got] = []

    def app(got: Got) -> Reply:
        seen.append(got)
        return as_json({"v": "a\r\nHost: b"})

    done = run(
        serve(app),
        Request(id="a", path="/\ud800", query=(("q", "\udfff\x00"),), body={"x": "\ud800"}),
        Request(id="b", path="/", headers=(("X", "\ud800"),)),
        Request(id="c", path="/", take={"v": "$.v"}),
        Request(id="d", path="/", headers=(("X", "${v}"),)),
    )
    assert (seen[0].target, seen[0].body) == ("/%ED%A0%80?q=%ED%BF%BF%00", b'{"x":"\xed\xa0\x80"}')
    assert [exchange.answer.ending for exchange in done.exchanges] == [
        "answered",
        "answered",
        "answered",
        "broken",
    ]


def test_values_are_taken_from_body_header_and_cookie(serve: Serve) -> None:
    seen: list[Got] = []

    def app(got: Got) -> Reply:
        seen.append(got)
        return as_json(
            {"items": [{"id": 41}]}, 201, ("Location", "/items/41"), ("Set-Cookie", "t=abc; Path=/")
        )

    take = {"pk": "$.items[0].id", "there": "header:Location", "token": "cookie:t"}
    done = run(
        serve(app),
        Request(id="read", path="/x/${pk}", headers=(("X-Token", "${token}"),)),
        Request(id="make", method="POST", path="/items", take=take),
        Request(id="write", method="POST", path="/", body={"id": "${pk}", "at": "here: ${there}"}),
    )
    assert [got.target for got in seen] == ["/items", "/x/41", "/"]
    assert seen[1].headers["x-token"] == "abc"
    assert json.loads(seen[2].body) == {"id": 41, "at": "here: /items/41"}
    assert [exchange.request.id for exchange in done.exchanges] == ["read", "make", "write"]


def test_what_needs_a_value_that_did_not_come_is_not_sent(serve: Serve) -> None:
    done = run(
        serve(lambda _: as_json({"error": "no"}, 404)),
        Request(id="make", path="/", take={"pk": "$.id"}),
        Request(id="read", path="/${pk}"),
    )
    answer = done.by_id()["read"].answer
    assert (answer.ending, answer.error) == ("not-sent", "no earlier answer held ${pk}")


def test_an_identity_logs_in_and_its_secrets_do_not_show(serve: Serve) -> None:
    seen: list[Got] = []

    def app(got: Got) -> Reply:
        seen.append(got)
        cookie = ("Set-Cookie", f"session=s{len(seen)}; HttpOnly")
        return as_json({"token": "t0p"}, 200, cookie)

    login = Request(id="login", method="POST", path="/login", body="pw", take={"token": "$.token"})
    ann = Identity(name="ann", headers=(("Authorization", "Bearer ${token}"),), login=(login,))
    socket = serve(app)
    run(
        socket,
        Request(id="a", path="/a", identity="ann"),
        Request(id="b", path="/b", identity="ann"),
        Request(id="c", path="/c"),
        identities=[ann],
    )
    assert [got.target for got in seen] == ["/login", "/a", "/b", "/c"]
    assert [got.headers.get("authorization") for got in seen[1:]] == ["Bearer t0p", "Bearer t0p", None]
    assert [got.headers.get("cookie") for got in seen[1:]] == ["session=s1", "session=s1", None]
    assert "Bearer" not in repr(ann)
    assert "pw" not in repr(ann)
    with pytest.raises(Fault, match="there is no identity 'an'"):
        run(socket, Request(id="a", path="/a", identity="an"), identities=[ann])


def test_a_login_that_is_refused_is_said(serve: Serve) -> None:
    ann = Identity(name="ann", login=(Request(id="login", path="/login"),))
    with pytest.raises(Fault, match="login of 'ann': GET /login: was answered with 403"):
        run(serve(lambda _: Reply(403)), Request(id="a", path="/", identity="ann"), identities=[ann])


FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def test_a_form_is_sent_with_what_its_page_shows_against_forged_requests(serve: Serve) -> None:
    seen: list[Got] = []

    def app(got: Got) -> Reply:
        seen.append(got)
        if got.method == "GET" and got.target == "/login":
            page = (
                b"<input type=hidden name='csrfmiddlewaretoken' value=\"t&amp;1\"><input name=user value=x>"
            )
            return Reply(200, [("Set-Cookie", "csrftoken=c1; Path=/")], page)
        if got.target == "/login" and b"csrfmiddlewaretoken=t%261" not in got.body:
            return Reply(403)
        if got.target == "/login":
            return Reply(302, [("Set-Cookie", "sessionid=s1"), ("Set-Cookie", "csrftoken=c2")])
        return as_json({})

    login = Request(id="login", method="POST", path="/login", body="user=ann", headers=FORM)
    ann = Identity(name="ann", login=(login,))
    run(serve(app), Request(id="a", method="POST", path="/a", identity="ann"), identities=[ann])
    assert [(got.method, got.target) for got in seen] == [
        ("POST", "/login"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("POST", "/a"),
    ]
    assert seen[2].body == b"user=ann&csrfmiddlewaretoken=t%261"
    assert seen[2].headers["cookie"] == "csrftoken=c1"
    assert seen[3].headers["cookie"] == "csrftoken=c2; sessionid=s1"
    assert seen[3].headers["x-csrftoken"] == "c2"


@pytest.mark.parametrize("page", [b"", b"<input type=hidden name=next value=/>", b"<input name=csrf_token>"])
def test_a_form_whose_page_shows_no_token_is_refused_as_it_was(serve: Serve, page: bytes) -> None:
    login = Request(id="login", method="POST", path="/login", body="user=ann", headers=FORM)
    ann = Identity(name="ann", login=(login,))
    with pytest.raises(Fault, match="POST /login: was answered with 403"):
        run(
            serve(lambda got: Reply(403) if got.method == "POST" else Reply(200, [], page)),
            Request(id="a", path="/", identity="ann"),
            identities=[ann],
        )


def test_a_long_body_is_cut_and_hashed(serve: Serve) -> None:
    block = bytes(range(256)) * 4096

    def body() -> Iterator[bytes]:
        return itertools.repeat(block, 40)

    done = run(
        serve(lambda _: Reply(body=body())),
        Request(id="a", path="/"),
        limits=Limits(keep_bytes=1000),
    )
    answer = done.exchanges[0].answer
    assert (answer.ending, answer.cut, len(answer.body), answer.body_bytes) == (
        "answered",
        True,
        1000,
        40 << 20,
    )
    assert answer.sha256 == hashlib.sha256(block * 40).hexdigest()


def test_a_body_without_end_is_ended(serve: Serve) -> None:
    done = run(
        serve(lambda _: Reply(body=itertools.repeat(b"x" * 65536))),
        Request(id="a", path="/"),
        limits=Limits(read_bytes=1 << 20),
    )
    answer = done.exchanges[0].answer
    assert (answer.ending, answer.error) == ("broken", "the body is longer than 1,048,576 bytes")


def test_a_body_that_drips_meets_the_deadline(serve: Serve) -> None:
    gate = threading.Event()

    def drip() -> Iterator[bytes]:
        while not gate.wait(0.02):
            yield b"."

    done = run(serve(lambda _: Reply(body=drip())), Request(id="a", path="/"), limits=Limits(deadline_s=0.5))
    gate.set()
    assert done.exchanges[0].answer.ending == "timeout"
    assert done.exchanges[0].answer.status == 200


def test_heads_without_end_meet_the_deadline(listening: tuple[Path, socket.socket]) -> None:
    path, listener = listening

    def hint() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while True:
                connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)

    thread = threading.Thread(target=hint)
    thread.start()
    answer = run(path, Request(id="a", path="/"), limits=Limits(deadline_s=0.5)).exchanges[0].answer
    thread.join()
    assert (answer.ending, answer.status) == ("timeout", None)


def test_no_answer_no_listener_no_http(
    serve: Serve, listening: tuple[Path, socket.socket], tmp_path: Path
) -> None:
    socket_path, _ = listening
    silent = run(socket_path, Request(id="a", path="/"), limits=Limits(deadline_s=0.1))
    assert silent.exchanges[0].answer.ending == "timeout"
    assert run(tmp_path / "none", Request(id="a", path="/")).exchanges[0].answer.ending == "refused"
    short = run(serve(lambda _: Reply(body=b"abc", cut_short=True)), Request(id="a", path="/"))
    assert short.exchanges[0].answer.ending == "broken"
    assert short.exchanges[0].answer.body == b"abc"


def test_redirects_are_not_followed_and_their_circles_found(serve: Serve) -> None:
    to = {"/a": "/b?x=1", "/b?x=1": "http://localhost/a", "/c": "/a", "/d": "/d", "/e": "/f"}
    done = run(
        serve(lambda got: Reply(302, [("Location", to[got.target])])),
        Request(id="a", path="/a"),
        Request(id="b", path="/b", query=(("x", "1"),)),
        *(Request(id=name, path=f"/{name}") for name in "cde"),
    )
    assert [exchange.answer.status for exchange in done.exchanges] == [302] * 5
    circles = [said for said in doubts(done.exchanges) if "circle" in said]
    assert circles == [
        "Redirects lead round in a circle: /a → /b?x=1 → /a.",
        "Redirects lead round in a circle: /d → /d.",
    ]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            as_json([]),
            "No request got a successful answer with something in it (2 empty): nothing can be judged.",
        ),
        (
            Reply(401),
            "2 of 2 requests were not let in, so what lies behind the door can't be judged: sign somebody in by [[identity]] of auditor.toml and name them by `as`.",
        ),
        (
            Reply(404),
            "No request got a successful answer with something in it (2 answered 404): nothing can be judged.",
        ),
    ],
)
def test_a_workload_that_can_judge_nothing_says_so(serve: Serve, reply: Reply, said: str) -> None:
    done = run(serve(lambda _: reply), Request(id="a", path="/"), Request(id="b", path="/b"))
    assert said in doubts(done.exchanges)
    fine = run(serve(lambda _: as_json([1])), Request(id="a", path="/"))
    assert doubts(fine.exchanges) == ()


class Spool:
    """Hands out a record some looks after the answer, as the real one does."""

    def __init__(self) -> None:
        self.late: list[tuple[int, ProbeRecord]] = []
        self.statements = 0

    def app(self, got: Got) -> Reply:
        self.statements += 3
        if got.target != "/lost":
            self.late.append((2, ProbeRecord(got.headers["x-auditor-request"], 1, path=got.target)))
        return as_json({})

    def records(self) -> list[ProbeRecord]:
        due = [record for left, record in self.late if left <= 0]
        self.late = [(left - 1, record) for left, record in self.late if left > 0]
        return due


def test_each_request_gets_its_record_and_the_witness_counts_between(serve: Serve) -> None:
    spool = Spool()
    spool.late.append((0, ProbeRecord(None, 1, path="boot")))
    watch = Watch(
        records=spool.records,
        witness=lambda: Witnessed(statements=spool.statements, transactions=0),
        record_wait_s=0.3,
    )
    done = run(
        serve(spool.app), *(Request(id=name, path=f"/{name}") for name in ("a", "lost", "b")), watch=watch
    )
    records = {e.request.id: e.record.path if e.record else None for e in done.exchanges}
    assert records == {"a": "/a", "lost": None, "b": "/b"}
    assert [exchange.lost for exchange in done.exchanges] == [False, True, False]
    assert {e.witnessed for e in done.exchanges} == {Witnessed(statements=3, transactions=0)}
    assert [record.path for record in done.outside] == ["boot"]
    assert "The probe's record of 1 request did not come, `lost` first." in doubts(done.exchanges)


def test_where_no_record_comes_at_all_the_waits_are_short(serve: Serve) -> None:
    looks: list[str] = []
    requests = [Request(id=str(n), path="/") for n in range(8)]
    socket = serve(lambda got: looks.append("sent") or as_json({}))

    def none_ever() -> list[ProbeRecord]:
        looks.append("looked")
        return []

    done = run(socket, *requests, watch=Watch(records=none_ever, record_wait_s=0.5))
    assert all(exchange.lost for exchange in done.exchanges)
    behind_last = looks[::-1].index("sent")
    assert behind_last <= 0.5 * 0.05 / 0.002 + 3  # a look is at least 2 ms behind the one before


def test_no_record_is_waited_for_when_nobody_listens(tmp_path: Path) -> None:
    spool = Spool()
    requests = [Request(id=str(n), path="/") for n in range(50)]
    watch = Watch(records=spool.records, record_wait_s=60)
    done = run(tmp_path / "none", *requests, watch=watch)
    assert {exchange.answer.ending for exchange in done.exchanges} == {"refused"}


def test_what_a_request_does_late_is_put_back(serve: Serve) -> None:
    spool = Spool()
    mail = ProbeEffect("mail", "send", "late")

    def quiet() -> None:
        opaque = opaque_id(Request(id="a", path="/a"))
        spool.late += [
            (0, ProbeRecord(opaque, 1, effects=(mail,), late=True)),
            (0, ProbeRecord(None, 2, started={"python": "3.11"})),
        ]

    done = run(serve(spool.app), Request(id="a", path="/a"), watch=Watch(records=spool.records, quiet=quiet))
    record = done.exchanges[0].record
    assert record is not None
    assert record.effects == (mail,)
    assert done.outside == ()


def test_eight_are_under_way_at_once_and_needs_are_kept(serve: Serve) -> None:
    together = threading.Barrier(8)

    def app(got: Got) -> Reply:
        if got.target.startswith("/free"):
            together.wait(10)
        return as_json({"id": got.target})

    done = run(
        serve(app),
        Request(id="after", path="/x", query=(("v", "${v}"),)),
        *(Request(id=f"free{n}", path=f"/free{n}", take={"v": "$.id"} if n == 3 else {}) for n in range(8)),
        mode="eight at once",
    )
    assert json.loads(done.by_id()["after"].answer.body) == {"id": "/x?v=%2Ffree3"}
    assert all(exchange.answer.ending == "answered" for exchange in done.exchanges)


def test_only_a_role_and_what_it_needs(serve: Serve) -> None:
    done = run(
        serve(lambda _: as_json({"v": 1})),
        Request(id="make", path="/", take={"v": "$.v"}, roles=("contract",)),
        Request(id="timed", path="/${v}", roles=("time",)),
        Request(id="other", path="/", roles=("contract",)),
        role="time",
    )
    assert [exchange.request.id for exchange in done.exchanges] == ["make", "timed"]


def test_what_is_timed_is_ready_to_be_sent(serve: Serve) -> None:
    ann = Identity(name="ann", headers=(("Authorization", "Bearer t"),))
    requests = [
        Request(id="make", method="POST", path="/", take={"v": "$.v"}, roles=("contract",)),
        Request(id="timed", path="/${v}").model_copy(update={"identity": "ann"}),
        Request(id="other", path="/${none}"),
        Request(id="taker", path="/", take={"none": "$.none"}),
    ]
    ready = rehearse(workload_of(requests), serve(lambda _: as_json({"v": 7})), identities=[ann])
    assert {id_: one.message.target for id_, one in ready.items()} == {"timed": "/7", "taker": "/"}
    assert ("authorization", "Bearer t") in ready["timed"].message.headers
    assert "Bearer" not in repr(ready["timed"])
    assert 0 < ready["timed"].total_ms < 60_000
