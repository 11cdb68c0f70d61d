import json
from dataclasses import replace

import jsonschema
import pytest

from auditor.measure.answer import Answer
from auditor.measure.endpoint_match import Endpoints
from auditor.measure.exchange import Exchange, Witnessed
from auditor.measure.observe import Measured, Subject, observe
from auditor.measure.records import ProbeEffect, ProbeError, ProbeFrame, ProbeRecord, ProbeStage
from auditor.measure.replay import Replay
from auditor.measure.request import Request
from auditor.measure.workload import workload_of
from auditor.model.canonical import canonical_json
from auditor.model.observation import Observation
from auditor.model.schemas import schema_json

WORKLOAD = workload_of([Request(id="one", path="/items/1"), Request(id="two", path="/items/2")])
LOOP = (ProbeFrame("app/views.py", 4, "show"), ProbeFrame("app/prices.py", 9, "price"))


def answer(**fields: object) -> Answer:
    whole = {
        "ending": "answered",
        "status": 200,
        "body": b"[1]",
        "body_bytes": 3,
        "total_ms": 20.0,
        "ttfb_ms": 5.0,
    }
    return Answer(**(whole | fields))  # type: ignore[arg-type]


def record(id_: str, statements: int = 3) -> ProbeRecord:
    sql = tuple(
        ProbeEffect(
            "sql", "SELECT", f"SELECT * FROM prices WHERE id = {n}", rows=1, ms=2.0, stack=LOOP, stage=0
        )
        for n in range(statements)
    )
    mail = ProbeEffect("mail", "send", "Hello", late=True)
    return ProbeRecord(
        id_,
        7,
        method="GET",
        path=f"/items/{1 if id_ == 'one' else 2}",
        cpu_ms=10.0,
        bytes_out=3,
        effects=(*sql, mail),
        stages=(ProbeStage("app/views.py", 4, "price", 6.0),),
        lines={"app/prices.py": (9, 8)},
    )


def run(*records: ProbeRecord, probe: bool = True, **fields: object) -> Replay:
    exchanges = tuple(
        Exchange(request=request, answer=answer(**fields), record=each if probe else None)
        for request, each in zip(WORKLOAD.requests, records, strict=True)
    )
    return Replay(mode="in order", exchanges=exchanges)


def counted(*statements: int) -> list[Replay]:
    return [run(record("one", n), record("two", 5)) for n in statements]


def test_what_agrees_is_measured_and_effects_are_taken_together() -> None:
    timed = [run(record("one"), record("two"), probe=False, total_ms=float(n)) for n in (20, 30, 40)]
    subject = Subject(endpoints=("GET /items/{id}", "POST /items", "TASK x"))
    seen = observe(WORKLOAD, Measured(counted=counted(3, 3, 3), timed=timed), subject=subject)
    one = seen.requests[0]
    assert (one.endpoint, one.void, one.unstable) == ("GET /items/{id}", "", ())
    assert (one.vector.sql.value, one.vector.sql.n, one.vector.rows.value, one.vector.mail.value) == (
        3,
        3,
        3,
        1,
    )
    assert (one.vector.latency_ms.value, one.vector.latency_ms.low, one.vector.latency_ms.high) == (
        30,
        20,
        40,
    )
    assert one.vector.rows_read.kind == "unknown"
    sql, mail = one.effects
    assert (sql.text, sql.count, sql.rows, sql.ms, sql.stage) == (
        "SELECT * FROM prices WHERE id = ?",
        3,
        3,
        6.0,
        "price",
    )
    assert [(frame.file, frame.line) for frame in sql.stack] == [("app/views.py", 4), ("app/prices.py", 9)]
    assert (mail.late, one.lines) == (1, {"app/prices.py": (8, 9)})
    (endpoint,) = seen.endpoints
    assert (endpoint.vector.sql.value, endpoint.worst.sql.value) == (4, 5)
    assert seen.unreached == ("POST /items",)


def test_repeats_that_differ_are_unstable_and_not_used() -> None:
    seen = observe(WORKLOAD, Measured(counted=counted(3, 4, 3)))
    one = seen.requests[0]
    assert one.unstable == ("sql", "rows")
    assert one.vector.sql.value is None
    assert not one.effects[0].steady
    assert seen.endpoints[0].id == "GET /items/1"
    assert seen.notes == ("Counts of 1 requests are unstable, `one` first (sql, rows).",)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"witnessed": Witnessed(statements=4, transactions=0)},
            "the probe saw 3 statements, the database's side 4",
        ),
        (
            {"witnessed": Witnessed(statements=3, transactions=1)},
            "the probe saw 0 transactions, the database's side 1",
        ),
        ({"record": None, "lost": True}, "the probe's record did not come"),
        ({"answer": answer(ending="timeout", error="late")}, "timeout: late"),
        ({"answer": answer(status=500)}, "answered in several ways: 200, 500"),
    ],
)
def test_what_makes_a_request_void(fields: dict[str, object], said: str) -> None:
    replays = counted(3, 3, 3)
    last = replays[-1]
    changed = replace(last.exchanges[0], **fields)  # type: ignore[arg-type]
    replays[-1] = replace(last, exchanges=(changed, last.exchanges[1]))
    seen = observe(WORKLOAD, Measured(counted=replays))
    assert seen.requests[0].void == said
    assert [endpoint.requests for endpoint in seen.endpoints] == [("two",)]


def test_a_witness_that_agrees_is_told() -> None:
    replays = [
        replace(
            replay,
            exchanges=tuple(
                replace(e, witnessed=Witnessed(statements=n, transactions=0))
                for e, n in zip(replay.exchanges, (3, 5), strict=True)
            ),
        )
        for replay in counted(3, 3, 3)
    ]
    seen = observe(WORKLOAD, Measured(counted=replays))
    assert seen.witnessed
    assert [request.void for request in seen.requests] == ["", ""]


def test_a_timeout_is_counted_and_not_dropped() -> None:
    timed = [run(record("one"), record("two"), probe=False, total_ms=20.0) for _ in range(2)]
    timed.append(run(record("one"), record("two"), probe=False, ending="timeout", total_ms=30_000.0))
    number = observe(WORKLOAD, Measured(counted=counted(3, 3, 3), timed=timed)).requests[0].vector.latency_ms
    assert (number.n, number.high) == (3, 30_000)
    assert number.basis == "2 replays without the probe and 1 that took longer than was waited"


def test_errors_are_named_once() -> None:
    failing = [run(replace(record("one"), errors=(ProbeError("ValueError", "no", LOOP),)), record("two"))] * 3
    assert observe(WORKLOAD, Measured(counted=failing)).requests[0].errors == ("ValueError: no",)


def test_it_follows_its_schema_and_reads_back_the_same() -> None:
    seen = observe(WORKLOAD, Measured(counted=counted(3, 3, 3), counted_warm=counted(1, 1, 1)))
    text = canonical_json(seen)
    jsonschema.validate(json.loads(text), json.loads(schema_json("observation")))
    assert Observation.model_validate_json(text) == seen
    assert seen.requests[0].vector_warm is not None
    assert json.loads(text)["schema"] == "auditor/observation@1"


@pytest.mark.parametrize(
    ("method", "path", "id_"),
    [
        ("GET", "/items/7", "GET /items/{id}"),
        ("HEAD", "/items/7/", "GET /items/{id}"),
        ("GET", "/items/new", "GET /items/new"),
        ("GET", "/items/7/prices", "GET /items/{id}/prices"),
        ("PUT", "/items/7", "ANY /items/{id}"),
        ("GET", "/files/a/b/c.txt", "GET /files/{path}"),
        ("DELETE", "/nothing", "DELETE /nothing"),
        ("GET", "/v1.0/x", "GET /v1.0/x"),
        ("GET", "/v1a0/x", "GET /v1a0/x"),
    ],
)
def test_which_endpoint_a_request_is_for(method: str, path: str, id_: str) -> None:
    routes = (
        "GET /items/{id}",
        "ANY /items/{id}",
        "GET /items/new",
        "GET /items/{id}/prices",
        "GET /files/{path}",
        "GET /v1.0/x",
        "TASK a.b",
    )
    assert Endpoints.of(routes).match(method, path) == id_


def test_a_driver_that_is_not_seen_is_said() -> None:
    replay = replace(
        run(record("one"), record("two")),
        outside=(ProbeRecord(None, 7, unseen="asyncmy"), ProbeRecord(None, 7)),
    )
    seen = observe(WORKLOAD, Measured(counted=[replay, replay]))
    assert seen.unseen == ("asyncmy",)
    assert [note for note in seen.notes if "`asyncmy`" in note] == [seen.notes[-1]]
    assert observe(WORKLOAD, Measured(counted=counted(3, 3, 3))).unseen == ()


@pytest.mark.parametrize(
    ("path", "id_"),
    [
        ("/invoices/ledger.csv", "GET /invoices/ledger.csv"),
        ("/invoices/R0001/", "GET /invoices/{number}/"),
        ("/invoices/R0001", "GET /invoices/{number}"),
        ("/invoices/latest/", "GET /invoices/latest/"),
        ("/invoices/R0001/lines", "GET /invoices/{number}/lines/"),
    ],
)
def test_the_slash_at_the_end_is_no_segment(path: str, id_: str) -> None:
    routes = (
        "GET /invoices/{number}/",
        "GET /invoices/{number}",
        "GET /invoices/ledger.csv",
        "GET /invoices/latest/",
        "GET /invoices/{number}/lines/",
    )
    assert Endpoints.of(routes).match("GET", path) == id_


def two_ways(*statuses: tuple[int, str]) -> Observation:
    """One endpoint asked twice, answered with these statuses and locations; the first costs more."""
    subject = Subject(endpoints=("GET /items/{id}",))
    exchanges = [
        Exchange(
            request=request,
            answer=answer(status=status, headers=(("location", to),) if to else ()),
            record=record(request.id, cost),
        )
        for request, (status, to), cost in zip(WORKLOAD.requests, statuses, (9, 1), strict=True)
    ]
    replay = Replay(mode="in order", exchanges=tuple(exchanges))
    return observe(WORKLOAD, Measured(counted=[replay] * 3), subject=subject)


@pytest.mark.parametrize(
    ("first", "second", "requests", "mean"),
    [
        ((200, ""), (200, ""), ("one", "two"), 5.0),
        ((200, ""), (404, ""), ("one", "two"), 5.0),
        ((200, ""), (302, "/items/2/done"), ("one", "two"), 5.0),
        ((401, ""), (403, ""), ("one", "two"), 5.0),
        ((200, ""), (401, ""), ("one",), 9.0),
        ((200, ""), (302, "/accounts/login/?next=/items/2"), ("one",), 9.0),
        ((403, ""), (200, ""), ("two",), 1.0),
    ],
    ids=["both", "not there", "led on", "nobody let in", "refused", "sent to sign in", "the first refused"],
)
def test_what_is_turned_away_is_in_no_mean_of_what_lets_others_in(
    first: tuple[int, str], second: tuple[int, str], requests: tuple[str, ...], mean: float
) -> None:
    observation = two_ways(first, second)
    (endpoint,) = observation.endpoints
    assert (endpoint.requests, endpoint.vector.sql.value) == (requests, mean)
    assert any("turned away" in note for note in observation.notes) is (len(requests) == 1)
