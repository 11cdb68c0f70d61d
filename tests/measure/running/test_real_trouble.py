"""A real deadlock, and connections that are really used up, on an embedded PostgreSQL: what the round is, and whose doing it is.

Two who move between the same accounts meet at a barrier after their first lock, so the database has to end one of them, each time; which
of the two that is, is its choice.
"""

import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from auditor.config.user import JailChoice, UserSettings
from auditor.execution.choosing import choose_jail
from auditor.execution.world import World
from auditor.measure.request import Request
from auditor.measure.running.bench import open_bench
from auditor.measure.running.rounds import Playing, Round, play_round
from auditor.measure.running.trouble import DatabaseTrouble, Steadying, troubles
from auditor.measure.workload import workload_of
from auditor.model.fault import Fault

APP = """
import os, threading
from flask import Flask, jsonify
from sqlalchemy import NullPool, create_engine, text

app = Flask(__name__)
engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool)
both = threading.Barrier(2)
TAKE = text("UPDATE accounts SET balance = balance + 1 WHERE id = :id")


@app.get("/ready")
def ready():
    return "ok"


@app.get("/move/<int:one>/<int:other>")
def move(one, other):
    with engine.begin() as connection:
        connection.execute(TAKE, {"id": one})
        both.wait(30)
        connection.execute(TAKE, {"id": other})
    return jsonify(moved=True)


@app.get("/apart/<int:one>/<int:other>")
def apart(one, other):
    both.wait(30)
    with engine.begin() as connection:
        for each in sorted((one, other)):
            connection.execute(TAKE, {"id": each})
    return jsonify(moved=True)


@app.get("/many/<int:number>")
def many(number):
    held = []
    try:
        for _ in range(number):
            held.append(engine.connect())
            held[-1].execute(text("SELECT 1"))
    finally:
        for one in held:
            one.close()
    return jsonify(held=len(held))
"""
SEED = """
import os, psycopg2
with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL)")
    cursor.execute("INSERT INTO accounts VALUES (1, 0), (2, 0)")
"""
SETTINGS = """
[boot]
command = "gunicorn --worker-class gthread --threads 8 --bind 127.0.0.1:{port} app:app"
ready = "/ready"
python = "PYTHON"
[database]
engine = "postgresql"
seed = "python seed.py"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    try:
        choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))
    root = tmp_path_factory.mktemp("bank")
    environment = sysconfig.get_path("data") if sys.prefix != sys.base_prefix else sys.prefix
    for name, text in {
        "app.py": APP,
        "seed.py": SEED,
        "auditor.toml": SETTINGS.replace("PYTHON", environment),
    }.items():
        (root / name).write_text(text.lstrip(), "utf-8")
    with TemporaryDirectory(prefix="t") as state:  # the names of sockets have to be short
        user = UserSettings(
            cache_dir=tmp_path_factory.mktemp("c"), state_dir=Path(state), jail=JailChoice.AUTO
        )
        with open_bench(root, user).world(1) as made:
            made.prepare()
            yield made


def plays(world: World, *paths: str) -> Callable[[], Round]:
    sent = workload_of([Request(id=path, path=path) for path in paths])
    return lambda: play_round(world, sent, (), Playing(mode="eight at once", state=False))


MEETING = ("/move/1/2", "/move/2/1")


def test_a_deadlock_is_told_of_the_request_that_the_database_ended(world: World) -> None:
    found = troubles(plays(world, *MEETING)())
    assert len(found) == 1
    assert "deadlock detected" in next(iter(found.values()))


def test_a_change_that_locks_in_two_orders_answers_for_its_deadlocks(world: World) -> None:
    """Known-good takes the same rows in one order and has none."""
    played = Steadying().candidate("tree", plays(world, *MEETING), plays(world, "/apart/1/2", "/apart/2/1"))
    assert len(troubles(played)) == 1


def test_connections_that_are_used_up_are_told_and_a_few_are_not(world: World) -> None:
    found = troubles(plays(world, "/many/3", "/many/200")())
    assert list(found) == ["/many/200"]
    assert "connection" in found["/many/200"]


def test_a_round_that_is_in_trouble_elsewhere_each_time_is_void(world: World) -> None:
    rounds = iter([plays(world, f"/many/{number}") for number in (200, 201, 202)])

    def play() -> Round:
        return next(rounds)()

    with pytest.raises(DatabaseTrouble, match=r"what was measured is void: OperationalError.*connection"):
        Steadying().known_good(play)
