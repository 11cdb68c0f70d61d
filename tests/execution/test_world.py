"""A target, its private copy and its database."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.config.command import Command, parse_command
from auditor.execution.choosing import choose_jail
from auditor.execution.knock import knock
from auditor.execution.world import World
from auditor.model.fault import Fault

MakeWorld = Callable[..., World]

APP = """
import os, sqlite3
from flask import Flask, request
app = Flask(__name__)
def database():
    return sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
@app.get("/")
def index():
    return {"names": [name for (name,) in database().execute("SELECT name FROM people ORDER BY name")]}
@app.get("/add/<name>")
def add(name):
    with database() as connection:
        connection.execute("INSERT INTO people VALUES (?)", [name])
    with open("notes.txt", "a") as notes:
        notes.write(name)
    return "ok"
@app.get("/notes")
def notes():
    return open("notes.txt").read()
"""
SEED = """
import os, sqlite3, sys
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    connection.execute("CREATE TABLE people (name TEXT)")
    connection.executemany("INSERT INTO people VALUES (?)", [[f"p{n}"] for n in range(int(sys.argv[1]))])
open("seeded", "w").write("yes")
"""
FILES = {"app.py": APP, "seed.py": SEED, "notes.txt": "-"}
SETTINGS = """
[boot]
command = "gunicorn --workers 1 --bind 127.0.0.1:{port} app:app"
[database]
engine = "sqlite"
seed = "python seed.py {scale}"
"""


def test_a_target_boots_with_its_data_and_goes_back_to_it(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world(FILES, SETTINGS, scale=2)
    assert world.prepare()
    with world.boot() as server:
        assert server.report.ok
        assert server.report.workers == 1
        assert knock(server.door, "/", timeout_s=5).body == b'{"names":["p0","p1"]}\n'
        assert knock(server.door, "/add/new", timeout_s=5).status == 200
        assert knock(server.door, "/notes", timeout_s=5).body == b"-new"
        with pytest.raises(Fault, match="still runs"):
            world.reset()
    assert world.dump() == {"people": ({"name": "new"}, {"name": "p0"}, {"name": "p1"})}
    world.reset()
    with world.boot() as server:
        assert knock(server.door, "/", timeout_s=5).body == b'{"names":["p0","p1"]}\n'
        assert knock(server.door, "/notes", timeout_s=5).body == b"-"
    assert sorted(path.name for path in (tmp_path / "target").iterdir()) == ["app.py", "notes.txt", "seed.py"]


def test_a_prepared_state_is_found_again(make_world: MakeWorld, tmp_path: Path) -> None:
    first = make_world(FILES, SETTINGS, templates=tmp_path / "templates")
    assert first.prepare()
    second = make_world(FILES, SETTINGS, templates=tmp_path / "templates")
    assert not second.prepare()
    assert second.dump() == first.dump() == {"people": ({"name": "p0"},)}
    assert second.run(Command("", ("cat", "seeded"))).output == "yes"
    larger = make_world(FILES, SETTINGS, templates=tmp_path / "templates", scale=3)
    assert larger.prepare()


def test_a_database_in_the_tree_is_set_back_with_the_rest(make_world: MakeWorld) -> None:
    settings = SETTINGS.replace('engine = "sqlite"', 'engine = "sqlite"\npath = "var/app.db"')
    world = make_world({**FILES, "var/keep": ""}, settings)
    world.prepare()
    with world.boot() as server:
        assert knock(server.door, "/add/new", timeout_s=5).status == 200
    assert len(world.dump()["people"]) == 2
    world.reset()
    assert len(world.dump()["people"]) == 1
    with world.boot() as server:
        assert knock(server.door, "/notes", timeout_s=5).body == b"-"


OWN = "import sqlite3\nsqlite3.connect('var/own.db').execute('CREATE TABLE t (x)')\n"


def test_data_kept_where_nobody_looks_is_refused(make_world: MakeWorld) -> None:
    beside = make_world({**FILES, "seed.py": SEED + OWN, "var/keep": ""}, SETTINGS)
    beside.prepare()
    assert beside.dump() == {"people": ({"name": "p0"},)}
    world = make_world({**FILES, "seed.py": OWN, "var/keep": ""}, SETTINGS)
    with pytest.raises(Fault, match=r"keeps its data in var/own\.db") as raised:
        world.prepare()
    assert 'path = "var/own.db"' in raised.value.hint
    none_yet = make_world({**FILES, "seed.py": "x = 1\n", "notes.txt": "SQLite format 3"}, SETTINGS)
    none_yet.prepare()
    assert none_yet.dump() == {}


def test_a_seed_that_fails_says_where_it_began(make_world: MakeWorld) -> None:
    world = make_world({**FILES, "seed.py": "def go():\n    raise ValueError('no rows')\ngo()\n"}, SETTINGS)
    with pytest.raises(Fault, match=r"ValueError: no rows \(seed\.py:2, in go\)"):
        world.prepare()


def test_nothing_stays_when_a_world_is_closed(make_world: MakeWorld, state: Path) -> None:
    world = make_world(FILES, SETTINGS)
    world.prepare()
    server = world.boot()
    world.close()
    assert not server.alive()
    assert [entry for folder in (state / "tmp").iterdir() for entry in folder.iterdir()] == []


MIGRATING = SETTINGS.replace("[database]", 'migrate = "python migrate.py"\n[database]')
MIGRATE = """
import os, sqlite3
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS versions (number INT)")
    connection.execute("INSERT INTO versions VALUES (NUMBER)")
"""


def test_a_changed_tree_starts_from_the_data_of_another(make_world: MakeWorld, tmp_path: Path) -> None:
    files = {**FILES, "migrate.py": MIGRATE.replace("NUMBER", "1")}
    first = make_world(files, MIGRATING, templates=tmp_path / "templates", scale=2)
    first.prepare()
    second = make_world(
        tmp_path / "target",
        MIGRATING,
        templates=tmp_path / "templates",
        scale=2,
        replaced={
            "migrate.py": MIGRATE.replace("NUMBER", "2").encode(),
            "seed.py": b"raise SystemExit('not again')",
        },
        based_on=first.template,
    )
    assert second.prepare()
    assert second.dump()["versions"] == ({"number": 1}, {"number": 2})
    assert len(second.dump()["people"]) == 2
    second.reset()
    assert len(second.dump()["versions"]) == 2
    assert second.run(Command("", ("cat", "seeded"))).output == "yes"
    assert not second.was_idle
    third = make_world(
        tmp_path / "target",
        MIGRATING,
        templates=tmp_path / "templates",
        scale=2,
        replaced={"migrate.py": b"raise SystemExit('not wanted')"},
        based_on=first.template,
    )
    third.prepare(migrate=False)
    assert third.was_spared
    assert third.dump() == first.dump()


def test_a_migrate_with_nothing_to_do_is_told_from_one_that_wrote(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    templates = tmp_path / "templates"
    first = make_world({**FILES, "migrate.py": ""}, MIGRATING, templates=templates)
    first.prepare()
    for does, idle in {
        "c.execute('CREATE TABLE IF NOT EXISTS people (name TEXT)').fetchall()": True,
        "c.execute('UPDATE people SET name = 1')": False,
        "open('made', 'w').close()": False,
    }.items():
        text = (
            f"import os, sqlite3\nwith sqlite3.connect(os.environ['DATABASE_URL'][10:]) as c:\n    {does}\n"
        )
        second = make_world(
            tmp_path / "target",
            MIGRATING,
            templates=templates,
            replaced={"migrate.py": text.encode()},
            based_on=first.template,
        )
        assert second.prepare()
        assert (second.was_spared, second.was_idle) == (False, idle), does


def test_without_a_jail_the_same_things_happen_on_the_host(make_world: MakeWorld) -> None:
    settings = SETTINGS.replace("[boot]", "[boot]\nport = 18431")
    world = make_world(FILES, settings, jail=choose_jail("none"))
    world.prepare()
    with world.boot() as server:
        assert knock(server.door, "/add/new", timeout_s=5).status == 200
        assert knock(server.door, "/notes", timeout_s=5).body == b"-new"
    world.reset()
    with world.boot() as server:
        assert knock(server.door, "/notes", timeout_s=5).body == b"-"
        server.stop()
        assert not server.alive()


ASKS = "import socket; socket.getaddrinfo('db.shop.test', 5432)\n"


def test_a_migration_that_looks_for_a_host_that_nobody_is_names_it(make_world: MakeWorld) -> None:
    world = make_world({**FILES, "migrate.py": ASKS}, MIGRATING)
    with pytest.raises(Fault, match="gaierror") as failed:
        world.prepare()
    assert failed.value.hint.startswith("it looked up db.shop.test: if that is its database")


def test_a_migration_that_fails_without_a_word_gets_no_advice(make_world: MakeWorld) -> None:
    world = make_world({**FILES, "migrate.py": "raise SystemExit(4)\n"}, MIGRATING)
    with pytest.raises(Fault) as failed:
        world.prepare()
    assert (failed.value.what, failed.value.hint) == ("'python migrate.py' exited 4: it says nothing", "")


def test_a_database_that_has_died_is_no_fault_of_the_target(make_world: MakeWorld) -> None:
    app = """
import os, psycopg2
def app(environ, start_response):
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
        connection.cursor().execute("SELECT 1")
    start_response("200 OK", [])
    return [b""]
"""
    settings = """
[boot]
command = "gunicorn --bind 127.0.0.1:{port} app:app"
ready = "/"
ready_timeout = "4s"
[database]
engine = "postgresql"
"""
    world = make_world({"app.py": app}, settings)
    world.prepare()
    world._database._server.kill()  # type: ignore[attr-defined]
    with pytest.raises(Fault, match="the database has died, so what was measured is void"):
        world.boot()
    with pytest.raises(Fault, match="the database has died, so what was measured is void"):
        world.run(parse_command("python -c 'import app; app.app({}, print)'", where="test"))


def test_the_folder_of_a_world_that_is_gone_is_nobodys_again(make_world: MakeWorld) -> None:
    first = make_world({"app.py": "app = None\n"})
    one = first._folder
    first.close()
    assert not one.exists()
    assert make_world({"app.py": "app = None\n"})._folder != one
