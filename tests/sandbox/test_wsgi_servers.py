"""Flask and SQLAlchemy under gunicorn's workers and two other servers: what SQLite itself saw is what is recorded."""

import json
from collections.abc import Mapping

import pytest

from auditor.measure.records import ProbeRecord

from .conftest import Boot, Server

APP = """
import json, logging, sys, threading, time
from contextvars import ContextVar
from concurrent.futures import ThreadPoolExecutor
from flask import Flask, request, jsonify
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

logging.basicConfig(level="INFO")
log = logging.getLogger("shop")
app = Flask(__name__)
engine = create_engine("sqlite:///shop.db", connect_args={"check_same_thread": False, "timeout": 30})
SEEN = ContextVar("seen", default=None)

class Base(DeclarativeBase):
    pass

class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship()

def trace(statement):
    if SEEN.get() is not None:
        SEEN.get().append(statement)

@event.listens_for(engine, "connect")
def watch(connection, _):
    connection.set_trace_callback(trace)

Base.metadata.create_all(engine)
with Session(engine) as session:
    if session.get(Author, 1) is None:
        session.add_all([Author(id=n, name="a" * n) for n in range(1, 9)])
        session.add_all([Book(id=n, author_id=n) for n in range(1, 9)])
        session.commit()

@app.get("/ready")
def ready():
    return "ok"

@app.get("/books/<int:count>")
def books(count):
    SEEN.set([])
    names = titles(count)
    log.info("found %s books", count)
    log.debug("nobody hears this")
    return jsonify(names=names, seen=SEEN.get(), header=request.headers.get("X-Auditor-Request"))

def titles(count):
    with Session(engine) as session:
        found = session.scalars(select(Book).order_by(Book.id).limit(count)).all()
        return [book.author.name for book in found]

@app.get("/write/<name>")
def write(name):
    SEEN.set([])
    with Session(engine) as session, session.begin():
        session.add(Author(name=name))
    return jsonify(seen=SEEN.get())

@app.get("/fan/<int:count>")
def fan(count):
    out = []
    thread = threading.Thread(target=lambda: out.append(titles(count)))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        out.append(pool.submit(titles, count).result())
    return jsonify(out)

@app.get("/stream")
def stream():
    def parts():
        yield "begin "
        time.sleep(0.02)
        yield ",".join(titles(3))
    return app.response_class(parts(), mimetype="text/plain")

@app.get("/broken")
def broken():
    raise LookupError("no such thing")

LOOKED_AT = threading.Event()

@app.get("/later")
def later():
    def work():
        LOOKED_AT.wait()
        log.warning("%s titles", len(titles(2)))

    threading.Thread(target=work).start()
    return "soon"

@app.get("/looked-at")
def looked_at():
    LOOKED_AT.set()
    return ""

@app.get("/closed")
def closed():
    answer = app.response_class("soon")
    answer.call_on_close(lambda: titles(2))
    return answer
"""

GUNICORN = ["gunicorn", "--bind", "unix:{door}", "--workers", "1", "app:app"]
SERVERS = {
    "gunicorn-sync": GUNICORN,
    "gunicorn-gthread": [*GUNICORN, "--worker-class", "gthread", "--threads", "8"],
    "gunicorn-gevent": [*GUNICORN, "--worker-class", "gevent"],
    "waitress": ["waitress", "--unix-socket", "{door}", "--threads", "8", "app:app"],
    "werkzeug": ["flask", "--app", "app", "run", "--host", "unix://{door}"],
}


def sql_of(record: ProbeRecord) -> list[str]:
    return [str(effect.text) for effect in record.of_kind("sql")]


def as_sqlite_says(seen: list[str]) -> int:
    return len([text for text in seen if text.split()[0] not in {"BEGIN", "COMMIT", "ROLLBACK"}])


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
def test_statements_are_those_that_sqlite_saw_also_when_requests_come_at_once(
    boot: Boot, command: list[str]
) -> None:
    server = boot({"app.py": APP}, command)
    paths = {f"r{n}": f"/books/{n % 8 + 1}" for n in range(16)}
    for request, answer in server.at_once(paths).items():
        record, said = server.record(request), json.loads(answer.body)
        assert said["header"] is None
        assert (record.method, record.path, record.status) == ("GET", paths[request], 200)
        assert len(sql_of(record)) == as_sqlite_says(said["seen"]) == 1 + len(said["names"])
        assert len(record.of_kind("log")) == 1
        assert record.bytes_out == len(answer.body)
        assert record.notes == ()
    written = json.loads(server.get("/write/zoe", "w").body)["seen"]
    record = server.record("w")
    transactions = [effect.op.upper() for effect in record.of_kind("transaction")]
    assert transactions == [text.split()[0] for text in written if text.split()[0] in {"BEGIN", "COMMIT"}]
    assert len(sql_of(record)) == as_sqlite_says(written)
    assert_same_without(boot, server, command)


@pytest.mark.parametrize("worker", ["sync", "gthread", "gevent"])
def test_what_a_request_starts_belongs_to_it(boot: Boot, worker: str) -> None:
    server = boot({"app.py": APP}, SERVERS[f"gunicorn-{worker}"])
    server.at_once({f"f{n}": f"/fan/{n}" for n in (1, 3, 5)})
    for count in (1, 3, 5):
        record = server.record(f"f{count}")
        assert len(sql_of(record)) == 2 * (1 + count)
        for effect in record.of_kind("sql"):
            assert effect.stack[0].function == "fan"
            assert effect.stack[-1].function.startswith("titles")


def test_a_lazy_load_names_its_attribute_and_points_at_its_statement(boot: Boot) -> None:
    server = boot({"app.py": APP}, SERVERS["gunicorn-sync"])
    server.get("/books/2", "r1")
    record = server.record("r1")
    loads = record.of_kind("lazy-load")
    assert [effect.text for effect in loads] == ["Book.author", "Book.author"]
    for load in loads:
        caused = record.effects[load.detail["sql"]]
        assert caused.kind == "sql"
        assert "author" in str(caused.text)
        assert caused.stack == load.stack
    assert [(stage.callee, record.path) for stage in record.stages] == [
        ("titles", "/books/2"),
        (None, "/books/2"),
    ]
    assert [effect.op for effect in record.of_kind("session")] == ["open", "checkout"]


def test_a_streamed_answer_ends_when_it_is_closed(boot: Boot) -> None:
    server = boot({"app.py": APP}, SERVERS["gunicorn-gevent"])
    answer = server.get("/stream", "r1")
    record = server.record("r1")
    assert record.bytes_out == len(answer.body)
    assert len(sql_of(record)) == 4
    assert record.wall_ms is not None
    assert record.ttfb_ms is not None
    assert record.wall_ms >= record.ttfb_ms + 20
    assert record.effects[0].kind == "sleep"


def test_an_exception_that_the_framework_answers_is_kept(boot: Boot) -> None:
    server = boot({"app.py": APP}, SERVERS["gunicorn-sync"])
    assert server.get("/broken", "r1").status == 500
    (error,) = server.record("r1").errors
    assert (error.type, error.message, error.stack[-1].function) == ("LookupError", "no such thing", "broken")


def test_work_after_the_answer_is_still_the_requests(boot: Boot) -> None:
    server = boot({"app.py": APP}, SERVERS["gunicorn-gthread"])
    server.get("/closed", "r0")
    assert [effect.late for effect in server.record("r0").of_kind("sql")] == [True] * 3
    server.get("/later", "r1")
    assert sql_of(server.record("r1")) == []
    server.get("/looked-at")
    server.stop()
    late = [effect for effect in server.record("r1").effects if effect.late]
    assert len([effect for effect in late if effect.kind == "sql"]) == 3
    assert [effect.detail["logger"] for effect in late if effect.kind == "log"] == ["shop"]


def test_workers_write_under_their_own_pid(boot: Boot) -> None:
    server = boot({"app.py": APP}, [*GUNICORN, "--workers", "2", "--preload"])
    server.at_once({f"r{n}": "/books/2" for n in range(8)})
    pids = {server.record(f"r{n}").pid for n in range(8)}
    assert server.process.pid not in pids
    boot_sql = [record for record in server.stop() if record.request is None and record.of_kind("sql")]
    assert {record.pid for record in boot_sql if record.method is None} == {server.process.pid}


def assert_same_without(boot: Boot, with_probe: Server, command: list[str]) -> None:
    without = boot({"app.py": APP}, command, probe=False)
    for path in ("/books/3", "/stream", "/broken", "/fan/2", "/nothing"):
        one, other = with_probe.get(path, "r"), without.get(path)
        assert (one.status, one.body) == (other.status, other.body)
        assert comparable(dict(one.headers)) == comparable(dict(other.headers))


def comparable(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Date"}
