"""A small target with a database, a login, a parameter, and an answer that differs by itself."""

import sys
import sysconfig
from dataclasses import replace

import pytest

from auditor.config.user import JailChoice, UserSettings
from auditor.engine.measuring.record import Recorded, RecordRequest, record
from auditor.engine.request import AuditRequest
from auditor.execution.choosing import choose_jail
from auditor.model.fault import Fault

CONNECTED = """
import os, sqlite3, time, uuid
from flask import Flask, abort, jsonify, request

app = Flask(__name__)


def database():
    connection = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    connection.row_factory = sqlite3.Row
    return connection


"""
"""How the small targets begin."""
_ROUTES = """\
@app.get("/people")
def people():
    limit = request.args.get("limit", 0, type=int)
    with database() as connection:
        rows = connection.execute("SELECT id, name FROM people ORDER BY id").fetchall()
        found = []
        for row in rows:
            teams = connection.execute("SELECT name FROM teams WHERE person = ?", [row["id"]]).fetchall()
            found.append({"id": row["id"], "name": row["name"], "teams": [team["name"] for team in teams]})
    return jsonify(people=found[:limit] if limit else found, at=time.time(), trace=str(uuid.uuid4()))


@app.get("/people/<int:person_id>")
def person(person_id):
    with database() as connection:
        row = connection.execute("SELECT id, name FROM people WHERE id = ?", [person_id]).fetchone()
    if row is None:
        abort(404)
    return jsonify(id=row["id"], name=row["name"])


@app.post("/people")
def add():
    name = request.get_json()["name"]
    with database() as connection:
        cursor = connection.execute("INSERT INTO people (name) VALUES (?)", [name])
    app.logger.warning("added %s", name)
    return jsonify(id=cursor.lastrowid), 201


@app.get("/mine")
def mine():
    if request.headers.get("Authorization") != "Bearer t-ada":
        abort(401)
    return jsonify(name="ada")


@app.post("/login")
def login():
    return jsonify(token="t-" + request.get_json()["user"])
"""
APP = CONNECTED + _ROUTES
SEED = """
import os, sqlite3, sys
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
    connection.execute("CREATE TABLE teams (person INTEGER, name TEXT)")
    for number in range(3 * int(sys.argv[1])):
        connection.execute("INSERT INTO people (name) VALUES (?)", [f"p{number}"])
        connection.execute("INSERT INTO teams VALUES (?, ?)", [number + 1, f"t{number}"])
"""
SETTINGS = """
[boot]
command = "gunicorn --workers 1 --bind 127.0.0.1:{port} app:app"
ready = "/people"
python = "PYTHON"
[database]
engine = "sqlite"
seed = "python seed.py {scale}"
full = 4
[[identity]]
name = "ada"
login = {path = "/login", json = {user = "ada"}, token = "$.token"}
"""
WORKLOAD = """
{"id": "list", "path": "/people", "query": [["limit", "2"]]}
{"id": "one", "path": "/people/2"}
{"id": "mine", "path": "/mine", "as": "ada"}
{"id": "add", "method": "POST", "path": "/people", "body": {"name": "new"}, "after": ["list"], "take": {"new": "$.id"}}
{"id": "added", "path": "/people/${new}"}
"""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordRequest, Recorded]:
    """The small target, recorded once for many tests, with edges and somebody who is not let in."""
    asked = asking(tmp_path_factory)
    workload = asked.workload
    assert workload is not None
    workload.write_text(workload.read_text() + '{"id": "nobody", "path": "/mine"}\n')
    asked = replace(asked, edges=True)
    return asked, record(asked, Silent())


def asking(folders: pytest.TempPathFactory) -> RecordRequest:
    """Writes the target and says what is to be recorded; skips where there is no jail."""
    try:
        choose_jail()
    except Fault as fault:
        pytest.skip(str(fault))
    root = folders.mktemp("target")
    for name, text in {"app.py": APP, "seed.py": SEED, "requests.jsonl": WORKLOAD}.items():
        (root / name).write_text(text.lstrip(), "utf-8")
    environment = sysconfig.get_path("data") if sys.prefix != sys.base_prefix else sys.prefix
    (root / "auditor.toml").write_text(SETTINGS.replace("PYTHON", environment), "utf-8")
    user = UserSettings(cache_dir=folders.mktemp("c"), state_dir=folders.mktemp("s"), jail=JailChoice.AUTO)
    audit = AuditRequest(path=root, command="record", cache_dir=None)
    return RecordRequest(audit=audit, user=user, workload=root / "requests.jsonl", edges=False)


class Silent:
    """`Notes` that nobody reads."""

    def stage(self, name: str, /) -> None: ...
    def step(self, text: str, /) -> None: ...
    def progress(self, done: int, total: int, /) -> None: ...
    def warn(self, text: str, /) -> None: ...


@pytest.fixture(scope="module")
def notes_of_module() -> Silent:
    """`Notes` that nobody reads."""
    return Silent()
