"""Each library's calls become the effects they are, once, at the line that made them."""

from pathlib import Path

import pytest

from auditor.measure.records import ProbeRecord, read_spool

from .guest import run_guest


def told(record: ProbeRecord) -> list[tuple[str, str, str | None]]:
    assert record.notes == ()
    return [(effect.kind, effect.op, effect.text) for effect in record.effects]


SERVER = """
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/old"):
            self.send_response(302)
            self.send_header("Location", "/new")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            body = b'{"id":"1","object":"x","choices":[],"content":[],"model":"m","created":1}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_port
base = f"http://127.0.0.1:{port}"
"""


def test_http_calls_count_once_whatever_the_client(tmp_path: Path) -> None:
    script = """
    import asyncio, urllib.request
    import aiohttp, httpx, requests

    def by_urllib():
        urllib.request.urlopen(base + "/a?secret=1").read()
        requests.get(base + "/b", params={"secret": 1})
        requests.get(base + "/old")
        httpx.get(base + "/c?secret=1")
        asyncio.run(several())
        try:
            requests.get("http://127.0.0.1:1/none")
        except requests.ConnectionError:
            pass

    async def several():
        async with httpx.AsyncClient() as client, aiohttp.ClientSession() as session:
            await asyncio.gather(client.get(base + "/d"), client.get(base + "/e"))
            async with session.get(base + "/f?secret=1") as answer:
                await answer.read()

    request(by_urllib)
    """
    (record,) = run_guest(tmp_path, SERVER + _plain(script)).values()
    paths = [
        str(text).partition("/")[2].rpartition("/")[2] for kind, _, text in told(record) if kind == "http"
    ]
    assert paths == ["a", "b", "old", "new", "c", "d", "e", "f", "none"]
    assert {effect.kind for effect in record.effects} == {"http"}
    assert [effect.detail.get("status") for effect in record.effects] == [
        200,
        200,
        302,
        200,
        200,
        200,
        200,
        200,
        None,
    ]
    assert record.effects[-1].detail["error"] in {"ConnectionRefusedError", "NewConnectionError"}
    functions = [str(effect.frame and effect.frame.function).rpartition(".")[2] for effect in record.effects]
    assert functions == ["by_urllib"] * 5 + ["several"] * 3 + ["by_urllib"]


def test_model_calls_are_model_calls_and_not_http_too(tmp_path: Path) -> None:
    script = """
    import openai, anthropic

    def ask():
        client = openai.OpenAI(api_key="x", base_url=base + "/v1", max_retries=0)
        client.chat.completions.create(model="gpt", messages=[])
        other = anthropic.Anthropic(api_key="x", base_url=base, max_retries=0)
        other.messages.create(model="claude", max_tokens=5, messages=[{"role": "user", "content": "hi"}])

    request(ask)
    """
    (record,) = run_guest(tmp_path, SERVER + _plain(script)).values()
    calls = [effect for effect in record.effects if effect.kind in {"llm", "http"}]
    assert [(effect.kind, effect.text, effect.detail["model"]) for effect in calls] == [
        ("llm", "/chat/completions", "gpt"),
        ("llm", "/v1/messages", "claude"),
    ]


def test_logs_below_their_level_do_not_count(tmp_path: Path) -> None:
    script = """
    import logging
    logging.basicConfig(level="INFO", stream=open("/dev/null", "w"))
    log, quiet = logging.getLogger("shop.orders"), logging.getLogger("quiet")
    quiet.setLevel("ERROR")

    def view():
        log.debug("no")
        quiet.warning("no")
        log.info("order %s of %s", 1, "ada")
        log.info("order %s of %s", 2, "ada")
        for end in ("a", "b", "a"):
            log.info("long %s", "x" * 5000 + end)
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("failed")

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert told(record) == [
        ("log", "INFO", "order %s of %s"),
        ("log", "INFO", "order %s of %s"),
        *[("log", "INFO", "long %s")] * 3,
        ("log", "ERROR", "failed"),
    ]
    one, two, *long, three = (effect.detail for effect in record.effects)
    assert long[0]["text"] == long[2]["text"] != long[1]["text"]
    assert one["logger"] == "shop.orders"
    assert one["text"] != two["text"]
    assert three["exception"] == "ZeroDivisionError"


def test_files_programs_sleeps_and_locks(tmp_path: Path) -> None:
    script = """
    import asyncio, json, os, pathlib, subprocess, tempfile, threading, time

    def view():
        with open("a.txt", "w") as file:
            file.write("x")
        pathlib.Path("a.txt").read_text()
        tempfile.TemporaryFile().close()
        subprocess.run(["/bin/true", "secret"])
        os.system("true secret")
        time.sleep(0.001)
        event.wait()
        with condition:
            condition.wait()
        time.sleep(0)
        asyncio.run(held())

    event, condition = threading.Event(), threading.Condition()

    def release():
        # once somebody waits
        while not event._cond._waiters:
            time.sleep(0.001)
        event.set()
        while not condition._waiters:
            time.sleep(0.001)
        with condition:
            condition.notify()

    threading.Thread(target=release).start()

    async def held():
        lock = asyncio.Lock()
        await lock.acquire()
        loop = asyncio.get_running_loop()
        release = lambda: lock.release() if lock._waiters else loop.call_soon(release)
        loop.call_soon(release)
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        await lock.acquire()

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert told(record) == [
        ("file", "open", "a.txt"),
        ("file", "open", "a.txt"),
        ("subprocess", "run", "/bin/true"),
        ("subprocess", "system", "true"),
        ("sleep", "sleep", None),
        ("lock", "acquire", "Event"),
        ("lock", "acquire", "Condition"),
        ("sleep", "sleep", None),
        ("lock", "acquire", "asyncio.Lock"),
    ]


def test_hosts_that_are_looked_up(tmp_path: Path) -> None:
    script = """
    import socket

    def view():
        try:
            socket.getaddrinfo("nowhere.invalid", 80)
        except OSError:
            pass
        socket.getaddrinfo("127.0.0.1", 80)

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert told(record) == [("resolve", "getaddrinfo", "nowhere.invalid")]
    assert record.effects[0].detail["error"] == "gaierror"


def test_pool_waits(tmp_path: Path) -> None:
    script = """
    import threading, time
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import QueuePool
    engine = create_engine("sqlite:///x.db", poolclass=QueuePool, pool_size=1, max_overflow=0)

    def release(held):
        while not engine.pool._pool.not_empty._waiters:
            time.sleep(0.001)
        time.sleep(0.02)
        held.close()

    def view():
        threading.Thread(target=release, args=(engine.connect(),)).start()
        with engine.connect() as second:
            second.execute(text("select 1"))

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert [effect.op for effect in record.of_kind("session")] == ["checkout", "connect", "checkout"]
    (wait,) = record.of_kind("pool-wait")
    assert wait.ms is not None
    assert wait.ms > 10


def test_what_a_pool_asks_for_itself_is_told_apart_from_what_the_application_asks_at_a_checkout(
    tmp_path: Path,
) -> None:
    script = """
    from sqlalchemy import create_engine, event, text
    from sqlalchemy.pool import QueuePool
    engine = create_engine("sqlite:///x.db", poolclass=QueuePool, pool_pre_ping=True)
    engine.connect().close()

    @event.listens_for(engine, "checkout")
    def taken(connection, record, proxy):
        connection.execute("select 2")

    def view():
        with engine.connect() as connection:
            connection.execute(text("select 3"))

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert [(effect.text, effect.of_checkout) for effect in record.of_kind("sql")] == [
        ("SELECT 1", True),
        ("select 2", False),
        ("select 3", False),
    ]


def test_an_engine_takes_every_option_that_it_takes_without_us(tmp_path: Path) -> None:
    script = """
    from sqlalchemy import create_engine, text
    engine = create_engine(
        "sqlite://", echo=False, logging_name="shop", hide_parameters=True, query_cache_size=50,
        execution_options={"isolation_level": "AUTOCOMMIT"}, pool_logging_name="pool", echo_pool=False,
    )
    assert (engine.logging_name, engine.hide_parameters) == ("shop", True)

    def view():
        with engine.connect() as connection:
            connection.execute(text("select 1"))

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert "select 1" in [effect.text for effect in record.of_kind("sql")]


def test_a_wrapper_with_the_parameters_of_the_original(tmp_path: Path) -> None:
    script = """
    import inspect
    from auditor_probe import patching

    class Made:
        def __init__(self, one, two=2, *rest, three, four=4, **more):
            self.told = (one, two, rest, three, four, more)

    class Plain:
        def __init__(self, one, *, two=2):
            self.told = (one, two)

    was = [inspect.getfullargspec(owner.__init__) for owner in (Made, Plain)]
    codes = [owner.__init__.__code__.co_varnames for owner in (Made, Plain)]
    for owner in (Made, Plain):
        patching.around(owner, "__init__", lambda made, *rest, **more: None, alike=True)
    assert Made(1, three=3).told == (1, 2, (), 3, 4, {})
    assert Made(1, 5, 6, 7, three=3, four=8, nine=9).told == (1, 5, (6, 7), 3, 8, {"nine": 9})
    assert Plain(1, two=3).told == (1, 3)
    assert [inspect.getfullargspec(owner.__init__) for owner in (Made, Plain)] == was
    for owner, names in zip((Made, Plain), codes):
        assert set(names) >= set(owner.__init__.__code__.co_varnames)
    request(lambda: None)
    """
    run_guest(tmp_path, script)


def test_a_driver_without_a_hook_is_seen_through_sqlalchemy(tmp_path: Path) -> None:
    script = """
    import sqlite3
    real = sqlite3.connect.__wrapped__
    from sqlalchemy import create_engine, text
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
    SQLiteDialect_pysqlite.driver = "unheard-of"
    engine = create_engine("sqlite://", creator=lambda: real(":memory:"))

    def view():
        with engine.connect() as connection:
            connection.execute(text("select :n"), {"n": 1}).all()

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    (effect,) = [effect for effect in record.of_kind("sql") if "select ?" in str(effect.text)]
    assert effect.shape == "(int)"


def test_a_frame_that_goes_on_is_told_where_it_stands(tmp_path: Path) -> None:
    script = """
    import sqlite3

    def view():
        connection = sqlite3.connect(":memory:")
        for number in range(3):
            connection.execute("select 1")
            twice(connection)
            connection.execute("select 2")
        connection.execute("select 3")

    def twice(connection):
        connection.execute("select 4"), connection.execute("select 5")

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    lines = {"1": (7,), "2": (9,), "3": (10,), "4": (8, 13), "5": (8, 13)}
    told = [(str(effect.text)[-1], effect.stack[1:]) for effect in record.of_kind("sql")]
    assert [number for number, _ in told] == [*"1452" * 3, "3"]
    for number, stack in told:
        assert tuple(frame.line for frame in stack) == tuple(line + 1 for line in lines[number])


def test_shapes_are_those_of_these_values_not_of_others_like_them(tmp_path: Path) -> None:
    script = """
    from auditor_probe.statements import shape_of

    for _ in range(2):
        assert shape_of(("abc", 3)) == "(str:3,int)"
        assert shape_of(("abcd", 3)) == "(str:4,int)"
        assert shape_of((3, 3)) == "(int,int)"
        assert shape_of((True, None)) == "(bool,NoneType)"
        assert shape_of((b"ab", 1)) == "(bytes:2,int)"
        assert shape_of((b"abc", 1)) == "(bytes:3,int)"
        assert shape_of([[1, 2], 1]) == "(list:2,int)"
        assert shape_of([[1], 1]) == "(list:1,int)"
        assert shape_of({"a": 1, "b": "xy"}) == "(a=int,b=str:2)"
        assert shape_of({"b": 1, "a": "xy"}) == "(b=int,a=str:2)"
        assert shape_of({"a": b"1"}) == "(a=bytes:1)"
        assert shape_of({"a": b"12"}) == "(a=bytes:2)"
        assert shape_of(tuple(range(30))).endswith(",+6)")
    request(lambda: None)
    """
    run_guest(tmp_path, script)


def _plain(script: str) -> str:
    import textwrap

    return textwrap.dedent(script)


@pytest.mark.parametrize(
    ("where", "said"), [("site", ["asyncmy", "grpc", "mysql.connector", "valkey"]), ("tree/vendored", [])]
)
def test_a_driver_without_a_hook_is_said_where_it_is_no_module_of_the_application(
    tmp_path: Path, where: str, said: list[str]
) -> None:
    place = tmp_path / where
    (place / "mysql").mkdir(parents=True)
    for name in (
        "asyncmy.py",
        "grpc.py",
        "mysql/__init__.py",
        "mysql/connector.py",
        "unheard_of.py",
        "valkey.py",
    ):
        (place / name).write_text("")
    run_guest(
        tmp_path,
        f"""
        import sys
        sys.path.insert(0, {str(place)!r})
        import asyncmy, grpc, mysql.connector, valkey, unheard_of, sqlite3
        request(lambda: None)
        """,
    )
    assert [record.unseen for record in read_spool(tmp_path / "spool") if record.unseen] == said


def test_a_lock_that_a_library_keeps_is_its_own(tmp_path: Path) -> None:
    place = tmp_path / "site"
    place.mkdir()
    (place / "library.py").write_text("async def use(lock):\n    async with lock:\n        pass\n")
    script = f"""
    import asyncio, sys
    sys.path.insert(0, {str(place)!r})
    import library

    async def own(lock):
        async with lock:
            pass

    async def work():
        for use in (library.use, own):
            lock = asyncio.Lock()
            await lock.acquire()
            waiting = asyncio.create_task(use(lock))
            await asyncio.sleep(0)
            lock.release()
            await waiting

    request(lambda: asyncio.run(work()))
    """
    (record,) = run_guest(tmp_path, script).values()
    assert [(effect.text, effect.stack[-1].function) for effect in record.of_kind("lock")] == [
        ("asyncio.Lock", "own")
    ]


def test_a_program_that_is_spawned_counts_once(tmp_path: Path) -> None:
    script = """
    import os, subprocess

    def view():
        os.waitpid(os.posix_spawn("/bin/true", ["true", "secret"], {}), 0)
        os.waitpid(os.posix_spawnp("true", ["true"], os.environ), 0)
        subprocess.run(["/bin/true"], close_fds=False)

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert told(record) == [
        ("subprocess", "spawn", "/bin/true"),
        ("subprocess", "spawn", "true"),
        ("subprocess", "run", "/bin/true"),
    ]
