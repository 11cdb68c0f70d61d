"""What the probe wraps still is what it was: identity, types, signatures, pickles, life times, errors, monkey patching."""

from pathlib import Path

import pytest

from auditor.measure.records import read_spool

from .guest import run_guest

HEAD = """
import gc, inspect, io, pickle, sqlite3, sys, threading, time, weakref
"""


def test_wrapped_functions_look_like_themselves(tmp_path: Path) -> None:
    run_guest(
        tmp_path,
        HEAD
        + """
import copy, logging
assert pickle.loads(pickle.dumps(open)) is open and io.open is open
assert pickle.loads(pickle.dumps(time.sleep)) is time.sleep and copy.deepcopy(time.sleep) is time.sleep
assert pickle.loads(pickle.dumps(logging.Logger.callHandlers)) is logging.Logger.callHandlers
class Holder:
    opener = open
    pause = time.sleep
Holder().pause(0)
Holder().opener("script.py").close()
assert str(inspect.signature(threading.Thread.start)) == "(self)"
assert logging.Logger.callHandlers.__qualname__ == "Logger.callHandlers"
assert inspect.iscoroutinefunction(__import__("asyncio").sleep)
for module in list(sys.modules.values()):
    for name, value in list(vars(module).items()):
        if getattr(value, "_auditor_original", None) is not None and hasattr(value, "__module__"):
            assert not value.__module__.startswith("auditor_probe"), (module, name)
request(lambda: None)
""",
    )


def test_statements_without_a_letter_run_at_once(tmp_path: Path) -> None:
    records = run_guest(
        tmp_path,
        HEAD
        + """
def view():
    connection = sqlite3.connect(":memory:")
    for text in (" " * 300 + ";", "/**/" * 100 + ";", "/* a */ -- b\\n" * 100 + " ( 1 )", "/***/ /* * / **/ (select 1)"):
        try:
            connection.execute(text)
        except sqlite3.Error:
            pass
request(view)
""",
    )
    assert len(records["r1"].of_kind("sql")) <= 4


def test_connections_stay_what_they_are(tmp_path: Path) -> None:
    run_guest(
        tmp_path,
        HEAD
        + """
class Own(sqlite3.Connection):
    pass

def failure(connection):
    try:
        connection.execute("select nothing")
    except Exception as error:
        return type(error), error.args, error.__cause__, error.__context__

def view():
    for factory in (sqlite3.Connection, Own):
        connection = sqlite3.connect(":memory:", factory=factory)
        assert isinstance(connection, factory) and type(connection).__name__ == factory.__name__
        cursor = connection.cursor()
        assert isinstance(cursor, sqlite3.Cursor) and type(cursor).__module__ == "sqlite3"
        assert cursor.execute("select 1") is cursor and cursor.connection is connection
        assert connection.execute("select 1 as a").description[0][0] == "a"
        connection.row_factory = sqlite3.Row
        assert connection.execute("select 1 as a").fetchone()["a"] == 1
        assert [tuple(row) for row in connection.execute("select 1 union select 2")] == [(1,), (2,)]
        connection.executescript("create table t (n); insert into t values (1)")
        assert failure(connection) == failure(sqlite3.connect.__wrapped__(":memory:"))
        try:
            connection.execute("select ?", (1, 2))
        except sqlite3.ProgrammingError:
            pass
        connection.close()
        try:
            connection.execute("select 1")
        except sqlite3.ProgrammingError as error:
            assert str(error) == "Cannot operate on a closed database."
        try:
            connection.cursor(1, 2, 3)
        except (TypeError, sqlite3.ProgrammingError):
            pass

request(view)
""",
    )


def test_nothing_is_kept_alive(tmp_path: Path) -> None:
    run_guest(
        tmp_path,
        HEAD
        + """
class Thing:
    pass

dead = []

def work(thing):
    connection = sqlite3.connect(":memory:")
    connection.execute("select 1").fetchall()
    threading.Thread(target=lambda: thing).start()
    dead.append(weakref.ref(thing))
    dead.append(weakref.ref(connection.cursor()))

def view():
    gc.disable()
    work(Thing())
    deadline = time.monotonic() + 20
    while any(ref() is not None for ref in dead) and time.monotonic() < deadline:
        time.sleep(0.001)  # until the thread has ended
    assert [ref() for ref in dead] == [None, None]
    gc.enable()

request(view)
""",
    )


@pytest.mark.parametrize(
    "when", ["import gevent.monkey; gevent.monkey.patch_all()", "import eventlet; eventlet.monkey_patch()"]
)
@pytest.mark.filterwarnings("ignore")
def test_greenlets_carry_their_request(tmp_path: Path, when: str) -> None:
    records = run_guest(
        tmp_path,
        f"""
import warnings
warnings.simplefilter("ignore")
{when}
import sqlite3, threading, time
from concurrent.futures import ThreadPoolExecutor

def step(n):
    time.sleep(0.001)
    sqlite3.connect(":memory:").execute("select %d" % n).fetchall()

def view_of(n):
    def view():
        if "gevent" in {when!r}:
            import gevent
            gevent.joinall([gevent.spawn(step, n) for _ in range(3)])
        else:
            import eventlet
            for thread in [eventlet.spawn(step, n) for _ in range(3)]:
                thread.wait()
        threads = [threading.Thread(target=step, args=(n,)) for _ in range(2)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    return view

workers = [threading.Thread(target=request, args=(view_of(n), "r%d" % n)) for n in range(5)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
""",
    )
    assert sorted(records) == ["r0", "r1", "r2", "r3", "r4"]
    for name, record in records.items():
        assert [effect.text for effect in record.of_kind("sql")] == [f"select {name[1:]}"] * 5
        assert len(record.of_kind("sleep")) == 5
        assert record.notes == ()
        for effect in record.of_kind("sql"):
            functions = [frame.function.rpartition(".")[2] for frame in effect.stack]
            assert functions[-1] == "step"
            assert "view" in functions


def test_a_child_that_is_forked_in_a_request_writes_its_own_lines(tmp_path: Path) -> None:
    record = run_guest(
        tmp_path,
        """
import os, sqlite3

def view():
    child = os.fork()
    if child == 0:
        sqlite3.connect(":memory:").execute("select 'child'")
        os._exit(0)
    os.waitpid(child, 0)
    sqlite3.connect(":memory:").execute("select 'parent'")

request(view)
""",
    )["r1"]
    told = [(effect.text, effect.late) for effect in record.of_kind("sql")]
    assert told == [("select 'parent'", False), ("select 'child'", True)]


def test_lines_that_ran(tmp_path: Path) -> None:
    record = run_guest(
        tmp_path,
        """
import threading

def view():
    if True:
        one = 1
    else:
        one = 2
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()

def other():
    pass

request(view)
""",
        env={"AUDITOR_LINES": "1"},
    )["r1"]
    source = (tmp_path / "tree" / "script.py").read_text().splitlines()
    ran = [source[number - 1].strip() for number in record.lines["script.py"]]
    assert "one = 1" in ran
    assert "pass" in ran
    assert "one = 2" not in ran


def test_of_functions_the_first_line_is_told_wherever_they_run(tmp_path: Path) -> None:
    record = run_guest(
        tmp_path,
        """
import functools, threading

@functools.lru_cache
def kept():
    return 1

def view():
    kept()
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()

def other():
    pass

def idle():
    pass

request(view)
""",
        env={"AUDITOR_LINES": "functions"},
    )["r1"]
    source = (tmp_path / "tree" / "script.py").read_text().splitlines()
    ran = [source[number - 1] for number in record.lines["script.py"]]
    assert ran == ["@functools.lru_cache", "def view():", "def other():"]


@pytest.mark.parametrize("rows", [3, 300])
def test_calls_are_counted_with_the_lines_the_libraries_too(tmp_path: Path, rows: int) -> None:
    record = run_guest(
        tmp_path,
        f"""
import copy

def view():
    for _ in range({rows}):
        copy.copy([])
    one()

def one():
    pass

request(view)
""",
        env={"AUDITOR_LINES": "1"},
    )["r1"]
    assert record.calls is not None
    assert rows < record.calls < 2 * rows + 100  # some are the probe's own


def test_a_failing_hook_is_a_note_and_nothing_else(tmp_path: Path) -> None:
    record = run_guest(
        tmp_path,
        """
import logging, sys
logging.basicConfig(level="INFO", stream=open("/dev/null", "w"))

class Odd:
    def __str__(self):
        raise RuntimeError("not printable")

def view():
    handlers, logging.getLogger().handlers = logging.getLogger().handlers, []
    logging.lastResort = None
    logging.raiseExceptions = False
    logging.getLogger().info("%s", Odd())
    logging.getLogger().handlers = handlers

request(view)
""",
    )["r1"]
    assert [effect.op for effect in record.effects if effect.kind == "log"] == ["INFO"]
    assert len(record.notes) == 1
    assert "not printable" in record.notes[0]


def test_what_a_greenlet_calls_first_is_seen_too(tmp_path: Path) -> None:
    script = """
    import gevent.monkey; gevent.monkey.patch_all()
    import gevent, sqlite3

    def view():
        cursor = sqlite3.connect(":memory:").cursor()
        gevent.joinall([gevent.spawn(cursor.execute, "select 1")], raise_error=True)

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert record.notes == ()
    assert [(effect.text, effect.stack[-1].function) for effect in record.of_kind("sql")] == [
        ("select 1", "view")
    ]


def test_a_thread_that_outlives_its_request_makes_requests_of_its_own(tmp_path: Path) -> None:
    script = """
    import threading
    from flask import Flask
    app = Flask("shop")
    over = threading.Event()

    @app.get("/inner")
    def inner():
        return ""

    def work():
        over.wait()
        app.test_client().get("/inner").close()

    worker = threading.Thread(target=work)
    request(worker.start)
    over.set()
    worker.join()
    """
    run_guest(tmp_path, script)
    asked = [record.path for record in read_spool(tmp_path / "spool") if record.method]
    assert asked[1:] == ["/inner"]


def test_threads_that_write_at_once_share_one_descriptor_and_lose_nothing(tmp_path: Path) -> None:
    script = """
    import os, sys, threading
    from auditor_probe import record, spool

    def write(number):
        for place in range(200):
            spool.append(record.entry_of("%d-%d" % (number, place), []))

    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [os.readlink(os.path.join("/proc/self/fd", name)) for name in os.listdir("/proc/self/fd")
            if os.path.islink(os.path.join("/proc/self/fd", name))]
    assert sum(name.endswith(".spool") for name in held) == 1, held
    kept = spool._kept[1]
    os.close(kept)
    reused = os.open("script.py", os.O_RDONLY)
    assert reused == kept
    request(lambda: None)
    assert os.lseek(reused, 0, 1) == 0
    """
    found = run_guest(tmp_path, script)
    assert set(found) == {"r1", *(f"{number}-{place}" for number in range(6) for place in range(200))}
